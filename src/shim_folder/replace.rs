//! Files of the shim folder. Each is put in place by a rename: none is ever missing or incomplete.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use usher_shims::error::{Error, ErrorKind, Result, Shown};

use crate::files::replace::{Durability, FileMode, FileReplacement, Staged};
use crate::files::write_access::WriteAccess;

/// The prefix of files that are about to be renamed. A process that is killed doesn't delete them.
pub const UNFINISHED: &str = ".new-";

/// The permissions of a program: its owner may do everything, all others may read and run it.
const MODE: u32 = 0o755;

/// The bits of a mode that are permissions, set-user-ID and its like among them.
const PERMISSIONS: u32 = 0o7777;

/// Deletes the temporary files of killed processes. The index is also written without the lock, by
/// calls that can do without it: if its unfinished file is deleted here, the next call writes it.
pub fn remove_unfinished(_: &WriteAccess, shims: &Path) {
    for entry in fs::read_dir(shims).into_iter().flatten().flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(UNFINISHED.as_bytes()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Puts the binary under a name, unless it is there already. Returns whether it wasn't.
pub fn put_shim(_: &WriteAccess, binary: &Path, path: &Path) -> Result<bool> {
    if is_same(binary, path) {
        return Ok(false);
    }
    let folder = path.parent().unwrap_or(path);
    let staged = Staged::create(folder, UNFINISHED, |staged| link_or_copy(binary, staged));
    let staged = staged.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::new(
            ErrorKind::CannotCreate,
            format!("usher's shim binary {} is missing", Shown(binary)),
        )
        .hint("./install.sh"),
        _ => Error::io("make a shim in", folder, error),
    })?;
    staged.rename_to(path)?;
    Ok(true)
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

/// Whether a file is the binary: a hard link to it, or a copy with the same content and mode.
pub fn is_same(binary: &Path, path: &Path) -> bool {
    let (Ok(one), Ok(other)) = (fs::metadata(binary), fs::symlink_metadata(path)) else {
        return false;
    };
    if !other.is_file() {
        return false;
    }
    (one.dev(), one.ino()) == (other.dev(), other.ino())
        || (one.len() == other.len()
            && one.mode() == other.mode()
            && fs::read(binary).ok() == fs::read(path).ok())
}

/// Makes a file a program with this content, unless it is one already.
pub fn put_program(_: &WriteAccess, content: &[u8], path: &Path, staging: &Path) -> Result<()> {
    if is_program(content, path) {
        return Ok(());
    }
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

/// Whether a file is a program with exactly this content and the permissions [`MODE`].
pub fn is_program(content: &[u8], path: &Path) -> bool {
    let seen = fs::symlink_metadata(path);
    let may_be = seen.is_ok_and(|seen| {
        seen.is_file() && seen.len() == content.len() as u64 && seen.mode() & PERMISSIONS == MODE
    });
    may_be && fs::read(path).is_ok_and(|there| there == content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_other_content_or_mode_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program");
        let put = |content: &str| {
            let access = WriteAccess::for_test();
            put_program(&access, content.as_bytes(), &path, folder.path()).unwrap();
            fs::metadata(&path).unwrap()
        };
        let first = put("one");
        assert_eq!(put("one").ino(), first.ino(), "it is current already");
        assert_ne!(put("two").ino(), first.ino());
        // Too few permissions, and too many: others could write it, or it would run as its owner.
        for mode in [0o644, 0o777, 0o775, 0o4755] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert!(!is_program(b"two", &path), "{mode:o}");
            assert_eq!(put("two").mode() & PERMISSIONS, MODE, "{mode:o}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_shim_is_put_once_and_unfinished_files_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let [binary, shim] = ["shim", "node"].map(|name| folder.path().join(name));
        let put_shim = || put_shim(&WriteAccess::for_test(), &binary, &shim);
        assert!(put_shim().unwrap_err().what.ends_with("is missing"));
        fs::write(&binary, "binary").unwrap();
        assert!(put_shim().unwrap());
        assert!(!put_shim().unwrap(), "it is the same already");
        fs::remove_file(&shim).unwrap();
        fs::write(&shim, "other").unwrap();
        assert!(put_shim().unwrap());
        fs::write(folder.path().join(".new-left"), "").unwrap();
        remove_unfinished(&WriteAccess::for_test(), folder.path());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
