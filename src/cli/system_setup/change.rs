//! A change to a file of the machine's, and how those files are read: from the disk, or from a table in
//! memory for tests.

use std::io;
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, Result};

use crate::cli::shell_setup::FileChange;

/// The permission bits of what all accounts read.
pub(super) const FOR_ALL: u32 = 0o644;

/// The permission bits of a file of sudo's; with others it refuses the file.
pub(super) const FOR_SUDO: u32 = 0o440;

/// The machine's files: the disk, or a table in memory for tests.
pub trait MachineFiles {
    /// The text of a file; `None` if there is none.
    fn read(&self, path: &Path) -> io::Result<Option<String>>;
    /// The names in a folder, sorted; `None` if there is no such folder.
    fn list(&self, folder: &Path) -> io::Result<Option<Vec<String>>>;
}

/// What changes, and what can't be changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SystemPlan {
    /// The changes, in the order in which they are made.
    pub changes: Vec<SystemChange>,
    /// What an administrator has to know or to do by hand.
    pub notes: Vec<String>,
}

/// A change to a file of the machine's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemChange {
    /// The texts.
    pub file: FileChange,
    /// The permission bits if the file is new.
    pub bits: u32,
}

impl SystemPlan {
    pub(super) fn push(
        &mut self,
        path: PathBuf,
        before: Option<String>,
        after: Option<String>,
        bits: u32,
    ) {
        if before != after {
            self.changes.push(SystemChange { file: FileChange { path, before, after }, bits });
        }
    }
}

/// The text of a file; `None` if there is none.
pub(super) fn read(files: &dyn MachineFiles, path: &Path) -> Result<Option<String>> {
    files.read(path).map_err(|error| Error::io("read", path, error))
}
