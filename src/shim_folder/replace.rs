//! Files of the shim folder. Each is put in place by a rename: none is ever missing or incomplete.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use usher_shims::error::{Error, Result};

use super::fault::MODE;
use crate::files::replace::{Durability, FileMode, FileReplacement, Staged};
use crate::files::write_access::WriteAccess;

/// The prefix of files that are about to be renamed. A process that is killed doesn't delete them.
pub const UNFINISHED: &str = ".new-";

/// Deletes the temporary files of killed processes. The index is also written without the lock, by
/// calls that can do without it: if its unfinished file is deleted here, the next call writes it.
pub fn remove_unfinished(_: &WriteAccess, shims: &Path) {
    for entry in fs::read_dir(shims).into_iter().flatten().flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(UNFINISHED.as_bytes()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Puts the binary under a name, replacing what has it.
pub fn put_shim(access: &WriteAccess, binary: &Path, path: &Path) -> Result<()> {
    put_link(access, path, |staged| link_or_copy(binary, staged))
}

/// Puts what `create` makes under a name, replacing what has it.
pub fn put_link(
    _: &WriteAccess,
    path: &Path,
    create: impl FnMut(&Path) -> io::Result<()>,
) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    let staged = Staged::create(folder, UNFINISHED, create);
    staged.map_err(|error| Error::io("make a shim in", folder, error))?.rename_to(path)
}

/// A hard link, or a copy if the file system can't link this file.
fn link_or_copy(binary: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(binary, path) {
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists) =>
        {
            Err(error)
        }
        Err(_) => {
            let mut from = fs::File::open(binary)?;
            let mut to = fs::File::options().write(true).create_new(true).open(path)?;
            io::copy(&mut from, &mut to)?;
            to.set_permissions(Permissions::from_mode(MODE))?;
            to.sync_all()
        }
        Ok(()) => Ok(()),
    }
}

/// Makes a file a program with this content, in place of what has its name.
pub fn put_program(_: &WriteAccess, content: &[u8], path: &Path, staging: &Path) -> Result<()> {
    let replacement = FileReplacement {
        target: path,
        staging,
        prefix: UNFINISHED,
        // The umask may remove permissions that a program needs.
        mode: FileMode::Exact(MODE),
        durability: Durability::Synced,
    };
    replacement.write(content)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn a_shim_is_a_link_of_a_program_that_nobody_may_write_to() {
        let folder = tempfile::tempdir().unwrap();
        let [binary, shim] = ["shim", "node"].map(|name| folder.path().join(name));
        let access = WriteAccess::for_test();
        assert!(put_shim(&access, &binary, &shim).is_err(), "there is no binary yet");
        for content in ["one", "two"] {
            put_program(&access, content.as_bytes(), &binary, folder.path()).unwrap();
            put_shim(&access, &binary, &shim).unwrap();
            let [one, other] = [&binary, &shim].map(|path| fs::metadata(path).unwrap());
            assert_eq!(one.ino(), other.ino());
            assert_eq!(one.mode() & 0o7777, 0o555);
            assert_eq!(fs::read_to_string(&shim).unwrap(), content);
        }
        fs::write(folder.path().join(".new-left"), "").unwrap();
        remove_unfinished(&access, folder.path());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
