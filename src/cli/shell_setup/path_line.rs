//! The line that puts the shims folder first in PATH, and the quoting that it takes.
//!
//! Knows the languages of the shells, not their files.

use std::path::Path;

use usher_shims::error::{Error, ErrorKind, Result, Shown};

use super::Shell;
use super::block::{CLOSE, OPEN};

/// The line, without a line end, that puts `shims` first in PATH and exports it.
///
/// It changes nothing if PATH contains the folder already, at any position: a folder that was
/// prepended since (of an activated venv, for example) must stay first in nested shells. It works
/// under `set -eu` and without a PATH.
///
/// Refuses what PATH can't contain: a relative folder, a colon, and text that isn't UTF-8.
pub fn path_line(shell: Shell, shims: &Path) -> Result<String> {
    let folder = path_entry(shims)?;
    Ok(match shell {
        Shell::Bash | Shell::Zsh | Shell::Sh => posix(&quoted_for_posix(folder)),
        Shell::Fish => fish(&quoted_for_fish(folder)),
    })
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

fn posix(folder: &str) -> String {
    format!(
        "case \":${{PATH-}}:\" in *:{folder}:*) ;; \
         *) PATH={folder}\"${{PATH:+:$PATH}}\"; export PATH ;; esac"
    )
}

fn fish(folder: &str) -> String {
    format!("contains -- {folder} $PATH; or set -gx PATH {folder} $PATH")
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
        let posix = r#"case ":${PATH-}:" in *:'/home/a b/shims':*) ;; *) PATH='/home/a b/shims'"${PATH:+:$PATH}"; export PATH ;; esac"#;
        let fish = "contains -- '/home/a b/shims' $PATH; or set -gx PATH '/home/a b/shims' $PATH";
        for (shell, line) in
            [(Shell::Bash, posix), (Shell::Zsh, posix), (Shell::Sh, posix), (Shell::Fish, fish)]
        {
            assert_eq!(path_line(shell, shims).unwrap(), line, "{shell}");
        }
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
                let error = path_line(shell, folder).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Usage, "{folder:?}");
            }
        }
    }
}
