//! Folders for unfinished things. The process that creates one locks it; a later process deletes it
//! if its creator was killed.

use std::fs::{self, File, Permissions};
use std::io;
use std::marker::PhantomData;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use usher_shims::error::{Error, Result};

use super::durable::make_folders;
use super::lock::Locks;
use super::remove::remove_tree;
use super::write_access::WriteAccess;

/// The name of the lock that guards creating and deleting these folders: a new folder that isn't
/// locked yet would look abandoned.
const GUARD: &str = "staging";

/// Longer than it takes to delete abandoned folders.
const GUARD_TIMEOUT: Duration = Duration::from_secs(60);

/// A folder for something unfinished; deleted when this is dropped, or by a later process.
#[derive(Debug)]
pub struct Staging<'a> {
    folder: TempDir,
    /// The lock on the folder, which shows that its creator is running.
    _alive: File,
    /// The folder is deleted with the access it was created with.
    _access: PhantomData<&'a WriteAccess>,
}

impl<'a> Staging<'a> {
    /// Creates a folder in `staging` whose name begins with `name`, and deletes abandoned ones.
    pub fn new(staging: &Path, locks: &Locks<'a>, name: &str) -> Result<Self> {
        make_folders(staging)?;
        let _guard = locks.lock(GUARD, GUARD_TIMEOUT, &|_| {})?;
        delete_abandoned(staging);
        let folder = tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(staging)
            .map_err(|error| Error::io("make a folder in", staging, error))?;
        let alive =
            File::open(folder.path()).map_err(|error| Error::io("open", folder.path(), error))?;
        // Where folders can't be locked, none is deleted as abandoned either.
        let _ = alive.try_lock();
        Ok(Self { folder, _alive: alive, _access: PhantomData })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Staging<'_> {
    /// `TempDir` alone can't delete read-only folders.
    fn drop(&mut self) {
        let _ = remove_tree(self.folder.path());
    }
}

/// Deletes abandoned folders, for commands that create none. If another process is doing that, or a
/// folder can't be deleted, a later command does it.
pub fn remove_abandoned(staging: &Path, locks: &Locks<'_>) {
    let is_empty = fs::read_dir(staging).map_or(true, |mut entries| entries.next().is_none());
    if is_empty {
        return;
    }
    if let Ok(_guard) = locks.lock(GUARD, Duration::ZERO, &|_| {}) {
        delete_abandoned(staging);
    }
}

/// Deletes everything in `staging` that no running process has locked.
fn delete_abandoned(staging: &Path) {
    for entry in fs::read_dir(staging).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_abandoned = match entry.file_type() {
            Ok(kind) if kind.is_dir() => {
                open_folder(&path).is_ok_and(|folder| folder.try_lock().is_ok())
            }
            // usher creates only folders here.
            Ok(_) => true,
            Err(_) => false,
        };
        if is_abandoned {
            let _ = remove_tree(&path);
        }
    }
}

/// Opens a folder, even one without read permission. Links aren't followed, and pipes aren't waited
/// for.
fn open_folder(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).custom_flags(libc::O_NOFOLLOW | libc::O_DIRECTORY | libc::O_NONBLOCK);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            fs::set_permissions(path, Permissions::from_mode(0o700))?;
            options.open(path)
        }
        opened => opened,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_abandoned_folders_are_deleted() {
        let home = tempfile::tempdir().unwrap();
        let access = WriteAccess::for_test();
        let staging = home.path().join("staging");
        let locks = Locks::new(&access, home.path().join("locks"));
        let left = staging.join("node-1.0.0-dead/inside");
        fs::create_dir_all(&left).unwrap();
        fs::write(left.join("file"), "x").unwrap();
        fs::set_permissions(&left, Permissions::from_mode(0o500)).unwrap();
        let alive = Staging::new(&staging, &locks, "node-2.0.0").unwrap();
        let other = Staging::new(&staging, &locks, "node-2.0.0").unwrap();
        assert!(!staging.join("node-1.0.0-dead").exists());
        assert!(alive.path().exists() && other.path().exists());
        drop((alive, other));
        assert_eq!(fs::read_dir(&staging).unwrap().count(), 0);
    }

    #[test]
    fn anything_abandoned_is_deleted_and_nothing_outside() {
        let home = tempfile::tempdir().unwrap();
        let access = WriteAccess::for_test();
        let staging = home.path().join("staging");
        let locks = Locks::new(&access, home.path().join("locks"));
        let outside = home.path().join("outside");
        fs::create_dir_all(outside.join("outside_folder")).unwrap();
        fs::create_dir_all(staging.join("closed/inside")).unwrap();
        for name in ["closed/inside", "closed"] {
            fs::set_permissions(staging.join(name), Permissions::from_mode(0o000)).unwrap();
        }
        std::os::unix::fs::symlink(&outside, staging.join("link")).unwrap();
        fs::write(staging.join("file"), "").unwrap();
        let pipe = staging.join("pipe");
        crate::files::make_fifo(&pipe);
        // A folder may be replaced by a pipe before it is opened; that isn't waited for.
        assert!(open_folder(&pipe).is_err());
        make_deep_folder(&staging, 3_000);
        remove_abandoned(&staging, &locks);
        assert_eq!(fs::read_dir(&staging).unwrap().count(), 0);
        assert!(outside.join("outside_folder").exists());
    }

    /// Nests folders from the innermost out, since no path can be that long.
    fn make_deep_folder(staging: &Path, depth: usize) {
        let (inner, outer) = (staging.join("deep"), staging.join("outer"));
        fs::create_dir(&inner).unwrap();
        for _ in 1..depth {
            fs::create_dir(&outer).unwrap();
            fs::rename(&inner, outer.join("deep")).unwrap();
            fs::rename(&outer, &inner).unwrap();
        }
    }
}
