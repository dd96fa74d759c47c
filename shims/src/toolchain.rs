//! An installed version: its folder and its store.

use std::path::{Path, PathBuf};

use crate::name::Name;
use crate::version::Version;

/// The file in a toolchain of usher's that records its source and its files.
pub const RECEIPT: &str = ".usher-receipt.json";

/// An installed version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    /// The version; `None` if only its folder's name is known.
    pub version: Option<Version>,
    /// Its folder; for the operating system's, the folder of the program.
    pub root: PathBuf,
    /// Its store.
    pub store: Store,
}

/// The store of a toolchain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// usher's own.
    Own,
    /// The administrator's.
    Shared,
    /// Another version manager's, by name.
    Adopted(String),
    /// None: a folder that the user linked under this name.
    Linked(Name),
    /// The operating system's; its programs have this suffix.
    System(String),
    /// A folder that the user named.
    Folder,
}

impl Toolchain {
    /// Its version, or the word that it is linked under; `None` if only its folder is known.
    pub fn name(&self) -> Option<&str> {
        match (&self.version, &self.store) {
            (Some(version), _) => Some(version.as_str()),
            (None, Store::Linked(name)) => Some(name.as_str()),
            (None, _) => None,
        }
    }

    /// The folder of its programs.
    pub fn programs(&self) -> PathBuf {
        match self.store {
            Store::System(_) => self.root.clone(),
            Store::Own | Store::Shared | Store::Adopted(_) | Store::Linked(_) | Store::Folder => {
                self.root.join("bin")
            }
        }
    }

    /// The path of one of its programs, which may not exist.
    ///
    /// The operating system's have a suffix: `pip` beside `python3.11` is `pip3.11`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.program_in(&self.programs(), name)
    }

    /// The path of a program for daemons and administrators, which may not exist: those are in `sbin`,
    /// beside `bin`.
    pub fn daemon(&self, name: &str) -> Option<PathBuf> {
        let folder = self.programs().parent()?.join("sbin");
        Some(self.program_in(&folder, name))
    }

    fn program_in(&self, folder: &Path, name: &str) -> PathBuf {
        let Store::System(suffix) = &self.store else { return folder.join(name) };
        let base = match suffix.is_empty() {
            true => name,
            false => name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'),
        };
        folder.join(format!("{base}{suffix}"))
    }
}
