//! Names that survive a power cut: `fsync` of a file says nothing of its name, which is written with
//! the folder that it is in.

use std::fs::{self, File};
use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;

use rustix::fs::{Mode, OFlags, openat};
use usher_shims::error::{Error, Result};

use crate::sys;

/// Makes a folder and the missing ones above it. Their names survive a power cut.
pub fn make_folders(folder: &Path) -> Result<()> {
    let missing: Vec<&Path> =
        folder.ancestors().take_while(|one| fs::symlink_metadata(one).is_err()).collect();
    if missing.is_empty() && folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(|error| Error::io("make the folder", folder, error))?;
    missing.into_iter().for_each(sync_name);
    Ok(())
}

/// Writes the name of a file or folder to disk.
pub fn sync_name(path: &Path) {
    sync_names(match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) => Path::new("."),
        None => path,
    });
}

/// Writes the names in a folder to disk.
///
/// A failure isn't an error: the names are there for every process, and can't be taken back. A file
/// system that can't sync folders has no other way either.
pub fn sync_names(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

/// The same for an open folder, which may have been opened for looking up names only.
pub(super) fn sync_names_in(folder: BorrowedFd<'_>) {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let _ = openat(folder, ".", flags, Mode::empty()).and_then(rustix::fs::fsync);
}

/// Writes all of the file system to disk that an open folder is on: one call for thousands of files.
pub fn sync_file_system(folder: &File) -> io::Result<()> {
    sys::sync_file_system(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_made_once_and_a_file_in_the_way_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        for _ in 0..2 {
            make_folders(&deep).unwrap();
            assert!(deep.is_dir());
        }
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [file.clone(), file.join("inside")] {
            let error = make_folders(&path).unwrap_err();
            assert!(error.what.starts_with("can't make the folder "), "{error}");
        }
        sync_names(&folder.path().join("absent"));
    }
}
