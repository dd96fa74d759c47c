//! In which files a shell must find the PATH line, and where in them.
//!
//! Knows what each shell reads and when, from its manual; not what the line or its block look like.

use std::path::{Path, PathBuf};

use usher_shims::error::{Error, Result};

use super::block::BlockPosition;
use super::shell::{ReadFile, Shell, ShellFolders};
use crate::sys::System;

/// A file that a shell reads when it starts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ShellFile {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Its text; `None` if it doesn't exist.
    pub(super) text: Option<String>,
    /// Where in it a new block belongs.
    pub(super) position: BlockPosition,
    /// Whether it needs a block. If not, it is only searched for the block of an earlier version.
    pub(super) needs_block: bool,
}

/// All files of a shell that need the block or may contain one.
pub(super) fn shell_files(
    shell: Shell,
    folders: &ShellFolders,
    read: ReadFile,
) -> Result<Vec<ShellFile>> {
    match shell {
        Shell::Bash => bash(&folders.home, read),
        Shell::Zsh => zsh(folders, read),
        // A file of our own in `conf.d`, which every fish reads.
        Shell::Fish => one(config(folders).join("fish/conf.d/usher.fish"), read),
        Shell::Sh => one(folders.home.join(".profile"), read),
        // A file of our own among those that Nushell loads by itself, since 0.102.
        Shell::Nushell => one(nushell(folders).join("autoload/usher.nu"), read),
        Shell::Elvish => one(config(folders).join("elvish/rc.elv"), read),
    }
}

/// Files of the user's that a shell reads later, which get no block.
pub(super) fn later_files(shell: Shell, folders: &ShellFolders) -> Vec<PathBuf> {
    let folder = folders.zdotdir.as_ref().filter(|folder| !folder.as_os_str().is_empty());
    let of_zsh = folder.unwrap_or(&folders.home);
    match shell {
        Shell::Zsh => match folders.system {
            System::Linux => vec![of_zsh.join(".zprofile"), of_zsh.join(".zshrc")],
            System::MacOs => vec![of_zsh.join(".zshrc")],
        },
        Shell::Fish => vec![config(folders).join("fish/config.fish")],
        Shell::Nushell => vec![nushell(folders).join("config.nu")],
        Shell::Bash | Shell::Sh | Shell::Elvish => Vec::new(),
    }
}

fn one(path: PathBuf, read: ReadFile) -> Result<Vec<ShellFile>> {
    Ok(vec![needs_block(path, BlockPosition::End, read)?])
}

/// `.bashrc` for interactive shells and for `ssh host command`, and what login shells read.
///
/// The usual `.bashrc` returns at once in a shell that isn't interactive, so the line is put before
/// that. Of `.bash_profile`, `.bash_login` and `.profile` a login shell reads the first that exists
/// and no other; making one of the first two would hide the user's `.profile`.
fn bash(home: &Path, read: ReadFile) -> Result<Vec<ShellFile>> {
    let rc = needs_block(home.join(".bashrc"), BlockPosition::Top, read)?;
    let mut profile = needs_block(home.join(".profile"), BlockPosition::End, read)?;
    let mut first = needs_block(home.join(".bash_profile"), BlockPosition::End, read)?;
    let mut second = needs_block(home.join(".bash_login"), BlockPosition::End, read)?;
    let lacks = |file: &ShellFile| file.text.as_deref().is_some_and(|text| !sources_bashrc(text));
    first.needs_block = lacks(&first);
    second.needs_block = first.text.is_none() && lacks(&second);
    profile.needs_block = !first.needs_block && !second.needs_block;
    Ok(vec![rc, first, second, profile])
}

/// `.zshenv`, which every zsh reads; and on macOS `.zprofile`, which login shells read.
///
/// zsh looks in `$ZDOTDIR` if it is set when it starts, else in the home folder. Where a `.zshenv`
/// in the home folder is what sets it, both are read, by different shells.
///
/// On macOS every window of a terminal has a login shell. Its `/etc/zprofile`, which is read after
/// `.zshenv`, puts the system's folders first in PATH (`path_helper`): the shims must get there again.
fn zsh(folders: &ShellFolders, read: ReadFile) -> Result<Vec<ShellFile>> {
    let at_home = needs_block(folders.home.join(".zshenv"), BlockPosition::End, read)?;
    let zdotdir = folders.zdotdir.as_ref().filter(|folder| !folder.as_os_str().is_empty());
    let zdotdir = zdotdir.filter(|folder| **folder != folders.home);
    let mut files = match zdotdir {
        None => vec![at_home],
        Some(folder) => vec![
            needs_block(folder.join(".zshenv"), BlockPosition::End, read)?,
            ShellFile { needs_block: at_home.text.is_some(), ..at_home },
        ],
    };
    if folders.system == System::MacOs {
        let folder = zdotdir.unwrap_or(&folders.home);
        files.push(needs_block(folder.join(".zprofile"), BlockPosition::End, read)?);
    }
    Ok(files)
}

/// Nushell's own folder: on macOS it is where programs with windows keep their files.
fn nushell(folders: &ShellFolders) -> PathBuf {
    match (folders.system, &folders.xdg_config) {
        (System::MacOs, None) => folders.home.join("Library/Application Support/nushell"),
        (System::Linux | System::MacOs, _) => config(folders).join("nushell"),
    }
}

/// The folder of configuration files.
fn config(folders: &ShellFolders) -> PathBuf {
    match &folders.xdg_config {
        // The XDG base directory specification: a relative path is to be ignored.
        Some(folder) if folder.is_absolute() => folder.clone(),
        Some(_) | None => folders.home.join(".config"),
    }
}

fn needs_block(path: PathBuf, position: BlockPosition, read: ReadFile) -> Result<ShellFile> {
    let text = read(&path).map_err(|error| Error::io("read", &path, error))?;
    Ok(ShellFile { path, text, position, needs_block: true })
}

/// Whether a login file reads `.bashrc` in every case.
///
/// A file that checks whether the shell is interactive counts as one that doesn't: having the line
/// twice does no harm.
fn sources_bashrc(text: &str) -> bool {
    let code = || text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let checks = code().any(|line| line.contains("$-") || line.contains("PS1"));
    !checks && code().any(is_sourcing_bashrc)
}

fn is_sourcing_bashrc(line: &str) -> bool {
    let separator = |c: char| c.is_whitespace() || ";&|(){}".contains(c);
    let words: Vec<&str> = line.split(separator).filter(|word| !word.is_empty()).collect();
    words.windows(2).any(|pair| {
        let [command, file] = pair else {
            return false;
        };
        matches!(*command, "." | "\\." | "source")
            && file.trim_matches(['"', '\'']).ends_with("/.bashrc")
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io;

    use super::*;

    fn check(shell: Shell, folders: &ShellFolders, present: &[(&str, &str)], expected: &[&str]) {
        let present: BTreeMap<&Path, &str> =
            present.iter().map(|(path, text)| (Path::new(path), *text)).collect();
        let read = |path: &Path| -> io::Result<Option<String>> {
            Ok(present.get(path).map(|text| (*text).to_owned()))
        };
        let files = shell_files(shell, folders, &read).unwrap();
        let needs_block: Vec<String> = files
            .iter()
            .filter(|file| file.needs_block)
            .map(|file| format!("{:?} {}", file.position, file.path.display()))
            .collect();
        assert_eq!(needs_block, expected, "{shell} with {present:?}");
    }

    fn home() -> ShellFolders {
        ShellFolders { home: "/h".into(), zdotdir: None, xdg_config: None, system: System::Linux }
    }

    fn on_macos() -> ShellFolders {
        ShellFolders { system: System::MacOs, ..home() }
    }

    #[test]
    fn bash_reads_one_login_file_and_its_bashrc() {
        let (profile, login) = ("/h/.profile", "/h/.bash_login");
        let bash_profile = "/h/.bash_profile";
        let sources = "[ -f ~/.bashrc ] && . ~/.bashrc\n";
        for (present, expected) in [
            (&[][..], ["Top /h/.bashrc", "End /h/.profile"]),
            (&[(profile, sources)], ["Top /h/.bashrc", "End /h/.profile"]),
            (&[(bash_profile, "x")], ["Top /h/.bashrc", "End /h/.bash_profile"]),
            (&[(bash_profile, "")], ["Top /h/.bashrc", "End /h/.bash_profile"]),
            (&[(bash_profile, sources)], ["Top /h/.bashrc", "End /h/.profile"]),
            (&[(login, "x")], ["Top /h/.bashrc", "End /h/.bash_login"]),
            (&[(login, sources)], ["Top /h/.bashrc", "End /h/.profile"]),
            (&[(bash_profile, "x"), (login, "x")], ["Top /h/.bashrc", "End /h/.bash_profile"]),
            (&[(bash_profile, sources), (login, "x")], ["Top /h/.bashrc", "End /h/.profile"]),
        ] {
            check(Shell::Bash, &home(), present, &expected);
        }
    }

    #[test]
    fn zsh_reads_zshenv_in_zdotdir_or_home() {
        let with = |zdotdir: &str| ShellFolders { zdotdir: Some(zdotdir.into()), ..home() };
        let (at_home, elsewhere) = ("End /h/.zshenv", "End /z/.zshenv");
        for (folders, present, expected) in [
            (home(), &[][..], &[at_home][..]),
            (with("/z"), &[], &[elsewhere]),
            (with("/z"), &[("/h/.zshenv", "export ZDOTDIR=/z")], &[elsewhere, at_home]),
            (with("/h"), &[], &[at_home]),
            (with(""), &[], &[at_home]),
        ] {
            check(Shell::Zsh, &folders, present, expected);
        }
    }

    #[test]
    fn on_macos_zsh_gets_path_again_after_the_systems_own_folders() {
        let with = |zdotdir: &str| ShellFolders { zdotdir: Some(zdotdir.into()), ..on_macos() };
        let (env, profile) = ("End /h/.zshenv", "End /h/.zprofile");
        let sets = [("/h/.zshenv", "export ZDOTDIR=/z")];
        for (folders, present, expected) in [
            (on_macos(), &[][..], &[env, profile][..]),
            (with("/h"), &[], &[env, profile]),
            (with("/z"), &[], &["End /z/.zshenv", "End /z/.zprofile"]),
            (with("/z"), &sets, &["End /z/.zshenv", env, "End /z/.zprofile"]),
        ] {
            check(Shell::Zsh, &folders, present, expected);
        }
        let zshrc = [PathBuf::from("/h/.zshrc")];
        assert_eq!(later_files(Shell::Zsh, &on_macos()), zshrc);
    }

    #[test]
    fn other_shells_have_one_file_each() {
        let with = |folder: &str| ShellFolders { xdg_config: Some(folder.into()), ..home() };
        for (shell, folders, expected) in [
            (Shell::Fish, home(), "End /h/.config/fish/conf.d/usher.fish"),
            (Shell::Fish, with("/c"), "End /c/fish/conf.d/usher.fish"),
            (Shell::Fish, with("c"), "End /h/.config/fish/conf.d/usher.fish"),
            (Shell::Fish, with(""), "End /h/.config/fish/conf.d/usher.fish"),
            (Shell::Sh, home(), "End /h/.profile"),
            (Shell::Nushell, home(), "End /h/.config/nushell/autoload/usher.nu"),
            (Shell::Nushell, with("/c"), "End /c/nushell/autoload/usher.nu"),
            (
                Shell::Nushell,
                on_macos(),
                "End /h/Library/Application Support/nushell/autoload/usher.nu",
            ),
            (
                Shell::Nushell,
                ShellFolders { system: System::MacOs, ..with("/c") },
                "End /c/nushell/autoload/usher.nu",
            ),
            (Shell::Elvish, home(), "End /h/.config/elvish/rc.elv"),
            (Shell::Elvish, on_macos(), "End /h/.config/elvish/rc.elv"),
            (Shell::Fish, on_macos(), "End /h/.config/fish/conf.d/usher.fish"),
        ] {
            check(shell, &folders, &[], &[expected]);
        }
    }

    #[test]
    fn only_unconditional_sourcing_of_bashrc_counts() {
        for (text, sources) in [
            (". ~/.bashrc", true),
            ("source \"$HOME/.bashrc\"", true),
            ("if [ -f \"$HOME\"/.bashrc ]; then . \"$HOME\"/.bashrc; fi", true),
            ("[[ -r ~/.bashrc ]] && \\. ~/.bashrc", true),
            ("test -r ~/.bashrc&&{ source ~/.bashrc;}", true),
            ("# . ~/.bashrc", false),
            ("cat ~/.bashrc", false),
            (". ~/.profile", false),
            (". /etc/bash.bashrc", false),
            ("case $- in *i*) . ~/.bashrc;; esac", false),
            ("if [ \"$PS1\" ]; then\n  . ~/.bashrc\nfi", false),
            ("", false),
        ] {
            assert_eq!(sources_bashrc(text), sources, "{text:?}");
        }
    }

    #[test]
    fn an_unreadable_startup_file_is_an_error() {
        let read = |_: &Path| Err(io::Error::from(io::ErrorKind::PermissionDenied));
        let error = shell_files(Shell::Sh, &home(), &read).unwrap_err();
        assert!(error.to_string().starts_with("can't read /h/.profile"), "{error}");
    }
}
