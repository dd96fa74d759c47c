//! A version on disk: where it is, and in whose store.

use std::path::PathBuf;

use crate::version::Version;

/// A version on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    /// Which version; `None` where only its folder's name is known.
    pub version: Option<Version>,
    /// Its folder, or for the operating system's the folder that holds the program.
    pub root: PathBuf,
    /// In which store it lies.
    pub store: Store,
}

/// Whose a toolchain is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// usher's own.
    Own,
    /// The administrator's.
    Shared,
    /// Another version manager's, by name.
    Adopted(String),
    /// The operating system's; its programs end in this.
    System(String),
    /// A folder that a person named.
    Folder,
}

impl Toolchain {
    /// The folder that holds its programs.
    pub fn programs(&self) -> PathBuf {
        match self.store {
            Store::System(_) => self.root.clone(),
            Store::Own | Store::Shared | Store::Adopted(_) | Store::Folder => self.root.join("bin"),
        }
    }

    /// Where one of its programs would be.
    ///
    /// The operating system's carry the version: `pip` beside `python3.11` is `pip3.11`.
    pub fn program(&self, name: &str) -> PathBuf {
        let Store::System(suffix) = &self.store else { return self.programs().join(name) };
        let base = match suffix.is_empty() {
            true => name,
            false => name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'),
        };
        self.programs().join(format!("{base}{suffix}"))
    }
}
