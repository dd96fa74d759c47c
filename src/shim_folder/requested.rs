//! What has shims though it isn't installed: versioned shims that `use shim` made, and tools that a
//! project pins. Each is an empty file in the configuration folder, called `TOOL@REQUEST` or `TOOL`. So
//! none is lost when two processes add theirs.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;

use usher_shims::error::{Error, Result};
use usher_shims::folders::Folders;
use usher_shims::name::Name;

use crate::files::account::with_owners_rights;
use crate::files::durable::{sync_name, sync_names};
use crate::files::own_folder::OwnFolder;
use crate::files::write_access::WriteAccess;

/// The folder of the requests in the configuration folder.
const FOLDER: &str = "shims";

/// All entries, as `TOOL@REQUEST` and `TOOL`.
pub fn read_entries(folders: &Folders) -> Result<BTreeSet<String>> {
    let Some(config) = OwnFolder::open(&folders.config)? else { return Ok(BTreeSet::new()) };
    let Some(folder) = config.folder(OsStr::new(FOLDER))? else { return Ok(BTreeSet::new()) };
    let names = folder.names()?.into_iter().filter_map(|name| name.into_string().ok());
    Ok(names.filter(|name| Name::parse(name).is_some()).collect())
}

/// Adds an entry.
pub fn add_entry(_: &WriteAccess, folders: &Folders, entry: &Name) -> Result<()> {
    with_owners_rights(&folders.config, || {
        let folder = OwnFolder::create(&folders.config)?.create_folder(OsStr::new(FOLDER))?;
        let path = folder.path().join(entry.as_str());
        match fs::File::create_new(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(Error::io("make", &path, error))
            }
            Ok(_) | Err(_) => {
                sync_names(folder.path());
                Ok(())
            }
        }
    })
}

/// Removes an entry; returns whether there was one.
pub fn remove_entry(_: &WriteAccess, folders: &Folders, entry: &Name) -> Result<bool> {
    let path = folders.requested_shims().join(entry.as_str());
    match with_owners_rights(&folders.config, || fs::remove_file(&path)) {
        Ok(()) => {
            sync_name(&path);
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("delete", &path, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_recorded_once_and_removed_once() {
        let home = tempfile::tempdir().unwrap();
        let folders = Folders::under(home.path(), None);
        let access = WriteAccess::for_test();
        let entry = Name::parse("node@12").unwrap();
        assert_eq!(read_entries(&folders).unwrap(), BTreeSet::new());
        for _ in 0..2 {
            add_entry(&access, &folders, &entry).unwrap();
        }
        fs::write(folders.requested_shims().join(".hidden"), "no entry").unwrap();
        assert_eq!(read_entries(&folders).unwrap(), BTreeSet::from(["node@12".to_owned()]));
        assert!(remove_entry(&access, &folders, &entry).unwrap());
        assert!(!remove_entry(&access, &folders, &entry).unwrap());
        assert_eq!(read_entries(&folders).unwrap(), BTreeSet::new());
    }
}
