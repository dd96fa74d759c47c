//! Kernel locks: held by an open file, gone with its process, never unlinked.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};

use super::write_access::WriteAccess;

/// How often a held lock is tried again.
const PAUSE: Duration = Duration::from_millis(50);

/// How long to wait without a word.
const PATIENCE: Duration = Duration::from_secs(1);

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// The folder that locks are in, and the right to make them.
#[derive(Debug, Clone)]
pub struct Locks<'a> {
    folder: PathBuf,
    _access: &'a WriteAccess,
}

impl<'a> Locks<'a> {
    /// Those in a folder, which is made where there is none.
    pub fn new(access: &'a WriteAccess, folder: PathBuf) -> Self {
        Self { folder, _access: access }
    }

    /// Takes the lock of this name, waiting for whoever holds it.
    ///
    /// `waiting` is told once who that is. The error after the time-out has [`ErrorKind::LockTimeout`]. On a
    /// file system without locks the answer is a lock that excludes nobody: what it guards is also
    /// published by a rename that never replaces.
    pub fn lock(&self, name: &str, timeout: Duration, waiting: &dyn Fn(&str)) -> Result<Lock> {
        let folder = &self.folder;
        fs::create_dir_all(folder).map_err(|error| Error::io("make the folder", folder, error))?;
        let path = folder.join(format!("{name}.lock"));
        let mut file = open(&path)?;
        let began = Instant::now();
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if began.elapsed() >= timeout => {
                    return Err(Error::new(
                        ErrorKind::LockTimeout,
                        format!("{name} is being changed by {}", holder(&path)),
                    )
                    .because(format!("waited {} s for {}", timeout.as_secs(), Shown(&path)))
                    .hint("export USHER_LOCK_TIMEOUT=SECONDS to wait longer"));
                }
                Err(TryLockError::WouldBlock) => {
                    if !told && began.elapsed() >= PATIENCE {
                        told = true;
                        waiting(&format!(
                            "waiting for {}, which is changing {name}",
                            holder(&path)
                        ));
                    }
                    sleep(PAUSE);
                }
                Err(TryLockError::Error(error)) if knows_no_locks(&error) => break,
                Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path, error)),
            }
        }
        // Only for the message that others show while they wait.
        let _ = file.set_len(0).and_then(|()| write!(file, "process {}", std::process::id()));
        Ok(Lock { _file: file })
    }
}

/// Opens a lock's file, or makes it. It is written to, so nothing else may be behind its name: a
/// link would lead to somebody else's file, and so would a second name of one.
fn open(path: &Path) -> Result<File> {
    let failed = |error: io::Error| Error::io("open the lock", path, error).hint("use doctor");
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o644)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
        .map_err(failed)?;
    let seen = file.metadata().map_err(failed)?;
    if seen.is_file() && seen.nlink() == 1 {
        return Ok(file);
    }
    Err(Error::new(ErrorKind::Permission, format!("{} is no lock of usher's", Shown(path)))
        .because("it is a file of another name, too, or none at all")
        .hint(format!("rm '{}'", Shown(path))))
}

/// A network's file system may have none, or a server that gives none.
fn knows_no_locks(error: &io::Error) -> bool {
    let codes = [libc::ENOSYS, libc::ENOLCK, libc::EOPNOTSUPP];
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

fn holder(path: &Path) -> String {
    let said = fs::read_to_string(path).unwrap_or_default();
    match said.as_str() {
        "" => "another process".to_owned(),
        said => Escaped(said).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long enough for any other test's child to become its program.
    const PATIENCE: Duration = Duration::from_secs(30);

    #[test]
    fn a_held_lock_is_waited_for_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let access = WriteAccess::for_test();
        let locks = Locks::new(&access, folder.path().to_path_buf());
        let held = locks.lock("node-12.0.0", Duration::ZERO, &|_| {}).unwrap();
        let error = locks.lock("node-12.0.0", Duration::ZERO, &|_| {}).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LockTimeout);
        assert!(error.what.contains(&format!("process {}", std::process::id())), "{error}");
        locks.lock("node-12.0.1", Duration::ZERO, &|_| {}).unwrap();
        drop(held);
        // Not at once: what another test starts right now has it until it is another program.
        locks.lock("node-12.0.0", PATIENCE, &|_| {}).unwrap();
    }

    #[test]
    fn a_lock_is_not_inherited() {
        let folder = tempfile::tempdir().unwrap();
        let access = WriteAccess::for_test();
        let locks = Locks::new(&access, folder.path().to_path_buf());
        let held = locks.lock("node-12.0.0", Duration::ZERO, &|_| {}).unwrap();
        // Lives until its input ends.
        let mut child =
            std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        drop(held);
        // Not at once: what another test starts right now has it until it is another program.
        locks.lock("node-12.0.0", PATIENCE, &|_| {}).unwrap();
        assert_eq!(child.try_wait().unwrap(), None);
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn what_was_put_in_a_locks_place_is_not_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let access = WriteAccess::for_test();
        let locks = Locks::new(&access, folder.path().to_path_buf());
        let [linked, named] = ["linked", "named"].map(|name| folder.path().join(name));
        for foreign in [&linked, &named] {
            fs::write(foreign, "somebody else's").unwrap();
        }
        std::os::unix::fs::symlink(&linked, folder.path().join("link.lock")).unwrap();
        fs::hard_link(&named, folder.path().join("name.lock")).unwrap();
        fs::create_dir(folder.path().join("folder.lock")).unwrap();
        for name in ["link", "name", "folder"] {
            locks.lock(name, Duration::ZERO, &|_| {}).unwrap_err();
        }
        for foreign in [&linked, &named] {
            assert_eq!(fs::read_to_string(foreign).unwrap(), "somebody else's");
        }
    }
}
