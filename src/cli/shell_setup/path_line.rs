//! The line that puts the shims folder first in PATH, and the quoting that it takes.
//!
//! Knows the languages of the shells, not their files.

use std::path::Path;

use usher_shims::error::{Error, ErrorKind, Result, Shown};

use super::Shell;
use super::block::{CLOSE, OPEN};

/// The folder of the system's programs that a shim can have the name of.
pub const SYSTEM: &str = "/usr/bin";

/// The line, without a line end, that puts `shims` first in PATH and exports it.
///
/// It changes nothing if PATH contains the folder already before [`SYSTEM`]: a folder that was
/// prepended since (of an activated venv, for example) must stay first in nested shells. Behind it the
/// shims would never run. It works under `set -eu` and without a PATH.
///
/// Refuses what PATH can't contain: a relative folder, a colon, and text that isn't UTF-8.
///
/// A folder in the home folder is written with `$HOME`: dotfiles are shared between machines.
pub fn path_line(shell: Shell, shims: &Path, home: Option<&Path>) -> Result<String> {
    let folder = folder_word(shell, path_entry(shims)?, home);
    Ok(match shell {
        Shell::Bash | Shell::Zsh | Shell::Sh => {
            let before = format!("${{PATH:+${{PATH%%{SYSTEM}:*}}}}");
            posix("PATH", &before, &folder) + "; export PATH ;; esac"
        }
        Shell::Fish => fish(&folder),
        Shell::Nushell => nushell(&folder),
        Shell::Elvish => elvish(&folder),
    })
}

/// The line that lets zsh find its functions in a folder, as [`path_line`] does for programs.
pub(super) fn function_path_line(functions: &Path, home: Option<&Path>) -> Result<String> {
    let folder = folder_word(Shell::Zsh, path_entry(functions)?, home);
    Ok(posix("FPATH", "${FPATH-}", &folder) + " ;; esac")
}

/// A folder as one word of a shell.
fn folder_word(shell: Shell, folder: &str, home: Option<&Path>) -> String {
    let home = home.and_then(Path::to_str).filter(|home| home.starts_with('/') && *home != "/");
    let below = home.and_then(|home| folder.strip_prefix(home.trim_end_matches('/')));
    match (shell, below.filter(|below| below.starts_with('/'))) {
        (_, Some(below)) => word_in_home(shell, below),
        (_, None) => quoted(shell, folder),
    }
}

/// A text as one word of a shell that is nothing but itself.
pub fn quoted(shell: Shell, text: &str) -> String {
    match shell {
        Shell::Bash | Shell::Zsh | Shell::Sh => quoted_for_posix(text),
        Shell::Fish => quoted_for_fish(text),
        Shell::Nushell => format!("\"{}\"", escaped(text, &['\\', '"'])),
        Shell::Elvish => format!("'{}'", text.replace('\'', "''")),
    }
}

/// The path below the home folder, as one word.
fn word_in_home(shell: Shell, below: &str) -> String {
    match shell {
        Shell::Bash | Shell::Zsh | Shell::Sh => {
            format!("\"$HOME{}\"", escaped(below, &['\\', '"', '$', '`']))
        }
        Shell::Fish => format!("\"$HOME{}\"", escaped(below, &['\\', '"', '$'])),
        Shell::Nushell => format!("($env.HOME + {})", quoted(shell, below)),
        Shell::Elvish => format!("$E:HOME{}", quoted(shell, below)),
    }
}

fn escaped(text: &str, special: &[char]) -> String {
    let escape = |c: char| if special.contains(&c) { format!("\\{c}") } else { c.to_string() };
    text.chars().map(escape).collect()
}

fn path_entry(shims: &Path) -> Result<&str> {
    let refusal = |cause: &str| {
        Error::new(ErrorKind::Usage, format!("the folder {} can't be on PATH", Shown(shims)))
            .because(cause)
            .hint("choose another folder with USHER_HOME")
    };
    let Some(folder) = shims.to_str() else {
        return Err(refusal("its name isn't UTF-8"));
    };
    if !shims.is_absolute() {
        return Err(refusal("it isn't absolute"));
    }
    if folder.contains([':', '\0']) {
        return Err(refusal("it has a colon, which separates folders there"));
    }
    if folder.contains(OPEN) || folder.contains(CLOSE) {
        return Err(refusal("usher couldn't find its own block again"));
    }
    Ok(folder)
}

/// Puts a folder first in a list unless a part of the list has it, up to the end of that command.
fn posix(list: &str, part: &str, folder: &str) -> String {
    format!("case \":{part}:\" in *:{folder}:*) ;; *) {list}={folder}\"${{{list}:+:${list}}}\"")
}

fn nushell(folder: &str) -> String {
    let path = "$env.PATH | split row (char esep)";
    let before = format!("{path} | take until {{|folder| $folder == \"{SYSTEM}\" }}");
    format!("if {folder} not-in ({before}) {{ $env.PATH = ({path} | prepend {folder}) }}")
}

fn elvish(folder: &str) -> String {
    let before =
        format!("(each {{|folder| if (eq $folder {SYSTEM}) {{ break }}; put $folder }} $paths)");
    format!("if (not (has-value [{before}] {folder})) {{ set paths = [{folder} $@paths] }}")
}

fn fish(folder: &str) -> String {
    let before = format!("$PATH[1..(contains -i -- {SYSTEM} $PATH; or echo -1)]");
    format!("contains -- {folder} {before}; or set -gx PATH {folder} $PATH")
}

/// POSIX 2.2.2: between single quotes everything is itself, save the single quote.
pub fn quoted_for_posix(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Between fish's single quotes a backslash escapes itself and the single quote.
pub fn quoted_for_fish(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn path_line_for_each_shell() {
        let shims = Path::new("/home/a b/shims");
        let posix = r#"case ":${PATH:+${PATH%%/usr/bin:*}}:" in *:'/home/a b/shims':*) ;; *) PATH='/home/a b/shims'"${PATH:+:$PATH}"; export PATH ;; esac"#;
        let fish = "contains -- '/home/a b/shims' $PATH[1..(contains -i -- /usr/bin $PATH; or echo -1)]; or set -gx PATH '/home/a b/shims' $PATH";
        let nushell = r#"if "/home/a b/shims" not-in ($env.PATH | split row (char esep) | take until {|folder| $folder == "/usr/bin" }) { $env.PATH = ($env.PATH | split row (char esep) | prepend "/home/a b/shims") }"#;
        let elvish = "if (not (has-value [(each {|folder| if (eq $folder /usr/bin) { break }; put $folder } $paths)] '/home/a b/shims')) { set paths = ['/home/a b/shims' $@paths] }";
        for (shell, line) in [
            (Shell::Bash, posix),
            (Shell::Zsh, posix),
            (Shell::Sh, posix),
            (Shell::Fish, fish),
            (Shell::Nushell, nushell),
            (Shell::Elvish, elvish),
        ] {
            for home in [None, Some("/home/a"), Some("/"), Some("home")] {
                let line_for = path_line(shell, shims, home.map(Path::new)).unwrap();
                assert_eq!(line_for, line, "{shell} with {home:?}");
            }
        }
    }

    #[test]
    fn a_folder_at_home_is_written_with_the_variable() {
        let folder = r#"/h/$a "b" `c` it's \"#;
        for (shell, word) in [
            (Shell::Sh, r#""$HOME/\$a \"b\" \`c\` it's \\""#),
            (Shell::Fish, r#""$HOME/\$a \"b\" `c` it's \\""#),
            (Shell::Nushell, r#"($env.HOME + "/$a \"b\" `c` it's \\")"#),
            (Shell::Elvish, r#"$E:HOME'/$a "b" `c` it''s \'"#),
        ] {
            for home in ["/h", "/h/"] {
                let line = path_line(shell, Path::new(folder), Some(Path::new(home))).unwrap();
                assert!(line.contains(word), "{line}");
            }
        }
        let line = function_path_line(Path::new("/h/functions"), Some(Path::new("/h"))).unwrap();
        assert_eq!(
            line,
            r#"case ":${FPATH-}:" in *:"$HOME/functions":*) ;; *) FPATH="$HOME/functions""${FPATH:+:$FPATH}" ;; esac"#
        );
    }

    #[test]
    fn names_are_quoted() {
        for (name, posix, fish) in [
            ("plain", "'plain'", "'plain'"),
            ("", "''", "''"),
            ("it's", r"'it'\''s'", r"'it\'s'"),
            ("''", r"''\'''\'''", r"'\'\''"),
            (r"a\b\", r"'a\b\'", r"'a\\b\\'"),
            (r"\'", r"'\'\'''", r"'\\\''"),
            ("$HOME `ls` $(ls) \"", "'$HOME `ls` $(ls) \"'", "'$HOME `ls` $(ls) \"'"),
            ("a\nb", "'a\nb'", "'a\nb'"),
        ] {
            assert_eq!(quoted_for_posix(name), posix, "{name:?}");
            assert_eq!(quoted_for_fish(name), fish, "{name:?}");
        }
    }

    #[test]
    fn folders_that_path_cannot_contain_are_refused() {
        for folder in [
            &b"shims"[..],
            b"/a:b",
            b"/a\xff",
            b"/a\0b",
            b"/a\n# <<< usher <<<\n",
            b"/# >>> usher >>>",
        ] {
            let folder = Path::new(OsStr::from_bytes(folder));
            for shell in Shell::ALL {
                let error = path_line(shell, folder, None).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Usage, "{folder:?}");
            }
        }
    }
}
