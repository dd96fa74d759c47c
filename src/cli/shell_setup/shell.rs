//! The shells that usher can set up, and where a user keeps their files.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use usher_shims::error::{Error, ErrorKind, Escaped};

use crate::sys::System;

/// A shell that usher can set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// GNU bash.
    Bash,
    /// The Z shell.
    Zsh,
    /// fish.
    Fish,
    /// Any other POSIX shell (dash, ash, ksh): as a login shell it reads `.profile`.
    Sh,
    /// Nushell.
    Nushell,
    /// Elvish.
    Elvish,
}

impl Shell {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Bash, Self::Zsh, Self::Fish, Self::Sh, Self::Nushell, Self::Elvish];

    /// The names of all of them, for a message.
    pub const NAMES: &str = "bash, zsh, fish, sh, nushell and elvish";

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Sh => "sh",
            Self::Nushell => "nushell",
            Self::Elvish => "elvish",
        }
    }

    /// The name of `use` that isn't a keyword of the shell.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::Bash | Self::Zsh | Self::Fish | Self::Sh => "use",
            Self::Nushell | Self::Elvish => "usher",
        }
    }
}

impl fmt::Display for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Shell {
    type Err = Error;

    /// From a name, or from a path, as in `$SHELL`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let name = text.rsplit_once('/').map_or(text, |(_, name)| name);
        match name {
            "bash" | "rbash" => Ok(Self::Bash),
            "zsh" | "rzsh" => Ok(Self::Zsh),
            "fish" => Ok(Self::Fish),
            "nu" | "nushell" => Ok(Self::Nushell),
            "elvish" => Ok(Self::Elvish),
            "sh" | "dash" | "ash" | "ksh" | "ksh93" | "mksh" | "oksh" | "yash" => Ok(Self::Sh),
            _ => Err(Error::new(
                ErrorKind::Usage,
                format!("usher can't set up the shell `{}`", Escaped(text)),
            )
            .because(format!("known shells: {}", Self::NAMES))
            .hint("put usher's shims folder first in PATH, where your shell sets it")),
        }
    }
}

/// Where a user keeps shell files, and on which system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellFolders {
    /// The home folder.
    pub home: PathBuf,
    /// `$ZDOTDIR`: where zsh looks instead of the home folder.
    pub zdotdir: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME`; `~/.config` without it.
    pub xdg_config: Option<PathBuf>,
    /// What else login shells read depends on it.
    pub(crate) system: System,
}

/// Reads the text of a file; `None` if there is no such file. [`super::read`] reads the disk.
pub type ReadFile<'a> = &'a dyn Fn(&Path) -> io::Result<Option<String>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_are_parsed_from_name_or_path() {
        for (text, shell) in [
            ("bash", Some(Shell::Bash)),
            ("/usr/bin/zsh", Some(Shell::Zsh)),
            ("/opt/my shells/fish", Some(Shell::Fish)),
            ("/bin/dash", Some(Shell::Sh)),
            ("/bin/sh", Some(Shell::Sh)),
            ("nu", Some(Shell::Nushell)),
            ("/opt/bin/elvish", Some(Shell::Elvish)),
            ("tcsh", None),
            ("Bash", None),
            ("bash/", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok(), shell, "{text:?}");
        }
    }

    #[test]
    fn shell_names_round_trip() {
        for shell in Shell::ALL {
            assert_eq!(shell.to_string().parse(), Ok(shell));
            assert!(Shell::NAMES.contains(shell.name()), "{shell}");
        }
    }
}
