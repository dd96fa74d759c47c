//! An environment as shell code.

use std::fmt::Write as _;

use super::EnvReport;
use crate::cli::shell_setup::{Shell, quoted, quoted_for_fish, quoted_for_posix};

/// Code that sets PATH and the variables, and unsets those of other versions; running it twice changes nothing.
pub fn shell_code(environment: &EnvReport, shell: Shell) -> String {
    let path = &environment.path;
    let mut code = match (shell, path.is_empty()) {
        (_, true) => String::new(),
        (Shell::Bash | Shell::Zsh | Shell::Sh, false) => posix_path(&path.join(":")),
        (Shell::Fish, false) => fish_path(path),
        (Shell::Nushell, false) => nushell_path(path),
        (Shell::Elvish, false) => elvish_path(path),
    };
    for (name, value) in &environment.variables {
        // Writing into memory never fails.
        let _ = match shell {
            Shell::Bash | Shell::Zsh | Shell::Sh => {
                writeln!(code, "{name}={}; export {name}", quoted_for_posix(value))
            }
            Shell::Fish => writeln!(code, "set -gx {name} {}", quoted_for_fish(value)),
            Shell::Nushell => writeln!(code, "$env.{name} = {}", quoted(shell, value)),
            Shell::Elvish => writeln!(code, "set-env {name} {}", quoted(shell, value)),
        };
    }
    for name in &environment.unset {
        let _ = match shell {
            Shell::Bash | Shell::Zsh | Shell::Sh => writeln!(code, "unset {name}"),
            Shell::Fish => writeln!(code, "set -e {name}"),
            Shell::Nushell => writeln!(code, "hide-env --ignore-errors {name}"),
            Shell::Elvish => writeln!(code, "unset-env {name}"),
        };
    }
    code
}

fn posix_path(folders: &str) -> String {
    let folders = quoted_for_posix(folders);
    format!(
        "case \"${{PATH-}}:\" in {folders}:*) ;; \
         *) PATH={folders}\"${{PATH:+:$PATH}}\"; export PATH ;; esac\n"
    )
}

/// fish joins the folders of a quoted PATH with colons.
fn fish_path(folders: &[String]) -> String {
    let whole = quoted_for_fish(&folders.join(":"));
    let each: Vec<String> = folders.iter().map(|folder| quoted_for_fish(folder)).collect();
    let (count, each) = (folders.len(), each.join(" "));
    format!("test \"$PATH[1..{count}]\" = {whole}; or set -gx PATH {each} $PATH\n")
}

fn nushell_path(folders: &[String]) -> String {
    let each = quoted_list(Shell::Nushell, folders);
    let (count, path) = (folders.len(), "$env.PATH | split row (char esep)");
    format!(
        "if ({path} | first {count}) != [{each}] {{ $env.PATH = ({path} | prepend [{each}]) }}\n"
    )
}

fn elvish_path(folders: &[String]) -> String {
    let each = quoted_list(Shell::Elvish, folders);
    format!(
        "if (not-eq [(take {} $paths)] [{each}]) {{ set paths = [{each} $@paths] }}\n",
        folders.len()
    )
}

fn quoted_list(shell: Shell, texts: &[String]) -> String {
    texts.iter().map(|text| quoted(shell, text)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_for_each_shell() {
        let environment = EnvReport {
            path: vec!["/a b/bin".into(), "/it's".into()],
            variables: vec![("JAVA_HOME", "/a $b".into())],
            unset: vec!["GOROOT"],
            tools: Vec::new(),
        };
        let posix = "case \"${PATH-}:\" in '/a b/bin:/it'\\''s':*) ;; *) \
                     PATH='/a b/bin:/it'\\''s'\"${PATH:+:$PATH}\"; export PATH ;; esac\n\
                     JAVA_HOME='/a $b'; export JAVA_HOME\nunset GOROOT\n";
        let fish = "test \"$PATH[1..2]\" = '/a b/bin:/it\\'s'; \
                    or set -gx PATH '/a b/bin' '/it\\'s' $PATH\n\
                    set -gx JAVA_HOME '/a $b'\nset -e GOROOT\n";
        let nushell = "if ($env.PATH | split row (char esep) | first 2) != [\"/a b/bin\" \"/it's\"] \
                       { $env.PATH = ($env.PATH | split row (char esep) | \
                       prepend [\"/a b/bin\" \"/it's\"]) }\n\
                       $env.JAVA_HOME = \"/a $b\"\nhide-env --ignore-errors GOROOT\n";
        let elvish = "if (not-eq [(take 2 $paths)] ['/a b/bin' '/it''s']) \
                      { set paths = ['/a b/bin' '/it''s' $@paths] }\n\
                      set-env JAVA_HOME '/a $b'\nunset-env GOROOT\n";
        for (shell, expected) in [
            (Shell::Sh, posix),
            (Shell::Bash, posix),
            (Shell::Zsh, posix),
            (Shell::Fish, fish),
            (Shell::Nushell, nushell),
            (Shell::Elvish, elvish),
        ] {
            assert_eq!(shell_code(&environment, shell), expected, "{shell}");
        }
        assert_eq!(shell_code(&EnvReport::default(), Shell::Fish), "");
    }
}
