//! The toolchains of a store with usher's layout, intact or not, and what else is in it. Only folders
//! are opened here, and names read.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use usher_shims::error::{Error, Result};
use usher_shims::toolchain::Store;

use super::location::{InstallLocation, version_of_folder};
use crate::files::account::with_owners_rights;
use crate::registry::{KnownTool, Registry};

/// Something in a store that doesn't belong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnexpectedEntry {
    /// Where it is.
    pub path: PathBuf,
    /// What is wrong with it.
    pub rule: UnexpectedRule,
}

/// What is wrong with an entry of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum UnexpectedRule {
    /// It isn't a folder.
    NotAFolder,
    /// usher knows no tool of its name.
    UnknownTool,
    /// Its name is not a version.
    NotAVersion,
}

impl UnexpectedRule {
    /// The same in words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotAFolder => "not a folder",
            Self::UnknownTool => "unknown tool",
            Self::NotAVersion => "not a version",
        }
    }
}

/// What is in a store.
#[derive(Debug, Default)]
pub struct StoreContents<'a> {
    /// The toolchains, by tool and version.
    pub locations: Vec<InstallLocation<'a>>,
    /// Everything else.
    pub unexpected: Vec<UnexpectedEntry>,
}

impl<'a> StoreContents<'a> {
    /// The contents of a store's folder; nothing if there is no such folder.
    pub fn of(registry: &'a Registry, folder: &Path, store: &Store) -> Result<Self> {
        let mut contents = Self::default();
        for entry in entries(folder)? {
            let name = entry.file_name();
            let known = name.to_str().and_then(|name| registry.named(name).ok());
            match known.filter(|known| name == known.tool.name) {
                _ if !is_folder(&entry) => {
                    contents.add_unexpected(&entry, UnexpectedRule::NotAFolder);
                }
                None => contents.add_unexpected(&entry, UnexpectedRule::UnknownTool),
                Some(known) => contents.tool(&entry.path(), known, store)?,
            }
        }
        Ok(contents)
    }

    fn tool(&mut self, folder: &Path, known: KnownTool<'a>, store: &Store) -> Result<()> {
        let mut locations: Vec<InstallLocation<'_>> = Vec::new();
        for entry in entries(folder)? {
            let name = entry.file_name();
            let Some(version) = name.to_str().and_then(version_of_folder) else {
                if !name.as_encoded_bytes().starts_with(b".") {
                    self.add_unexpected(&entry, UnexpectedRule::NotAVersion);
                }
                continue;
            };
            let root = folder.join(version.as_str());
            locations.push(InstallLocation { known, version, root, store: store.clone() });
        }
        locations.sort_by(|one, other| one.version.cmp(&other.version));
        locations.dedup_by(|one, other| one.root == other.root);
        self.locations.append(&mut locations);
        Ok(())
    }

    fn add_unexpected(&mut self, entry: &DirEntry, rule: UnexpectedRule) {
        self.unexpected.push(UnexpectedEntry { path: entry.path(), rule });
    }
}

fn entries(folder: &Path) -> Result<Vec<DirEntry>> {
    let failed = |error: io::Error| Error::io("list", folder, error);
    let listed = match with_owners_rights(folder, || fs::read_dir(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.map_err(failed)?,
    };
    let mut entries = listed.collect::<io::Result<Vec<_>>>().map_err(failed)?;
    entries.sort_by_key(DirEntry::file_name);
    Ok(entries)
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_dir())
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn toolchains_and_unexpected_entries_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::load().unwrap();
        let path = |name: &str| folder.path().join(name);
        let contents = || StoreContents::of(&registry, &path("store"), &Store::Own).unwrap();
        assert!(contents().locations.is_empty() && contents().unexpected.is_empty());
        for name in ["12.22.12", "9.0.0", "12.22.12 copy", ".x", ".8.0.0.replaced", "..replaced"] {
            fs::create_dir_all(path("store/node").join(name)).unwrap();
        }
        fs::create_dir_all(path("store/../elsewhere")).unwrap();
        for (target, name) in [("../elsewhere", "store/node/7.0.0"), ("elsewhere", "store/python")]
        {
            symlink(path(target), path(name)).unwrap();
        }
        fs::write(path("store/node/6.0.0"), "").unwrap();
        let odd = std::ffi::OsStr::from_bytes(b"\xff");
        fs::create_dir(path("store").join(odd)).unwrap();
        fs::create_dir(path("store/nodejs")).unwrap();
        let contents = contents();
        let found: Vec<&str> =
            contents.locations.iter().map(|location| location.version.as_str()).collect();
        assert_eq!(found, ["6.0.0", "7.0.0", "8.0.0", "9.0.0", "12.22.12"]);
        let unexpected: Vec<String> = contents.unexpected.iter().map(text).collect();
        assert_eq!(
            unexpected,
            [
                "12.22.12 copy: not a version",
                "nodejs: unknown tool",
                "python: not a folder",
                "\u{fffd}: unknown tool",
            ]
        );
    }

    fn text(stray: &UnexpectedEntry) -> String {
        format!("{}: {}", stray.path.file_name().unwrap().to_string_lossy(), stray.rule.reason())
    }
}
