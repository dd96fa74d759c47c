//! Locks between processes. The kernel holds them with an open file and releases them with the
//! process; their files are never deleted.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};

use super::write_access::WriteAccess;

/// The pause between two attempts to lock.
const RETRY_INTERVAL: Duration = Duration::from_millis(50);

/// How long to wait before a note about the wait is printed.
const QUIET_TIME: Duration = Duration::from_secs(1);

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// The folder of the locks' files, and the right to write there.
#[derive(Debug, Clone)]
pub struct Locks<'a> {
    folder: PathBuf,
    _access: &'a WriteAccess,
}

impl<'a> Locks<'a> {
    /// The locks in a folder, which is created with the first lock.
    pub fn new(access: &'a WriteAccess, folder: PathBuf) -> Self {
        Self { folder, _access: access }
    }

    /// Takes the lock of this name, and waits if another process holds it.
    ///
    /// `waiting` is called once, with a message that names that process. After `timeout` the error is
    /// [`ErrorKind::LockTimeout`]. On a file system without locks the returned lock excludes no other
    /// process: what it guards is also published by a rename that never replaces.
    pub fn lock(&self, name: &str, timeout: Duration, waiting: &dyn Fn(&str)) -> Result<Lock> {
        let folder = &self.folder;
        fs::create_dir_all(folder).map_err(|error| Error::io("make the folder", folder, error))?;
        let path = folder.join(format!("{name}.lock"));
        let mut file = open_lock_file(&path)?;
        let start = Instant::now();
        let mut has_reported = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if start.elapsed() >= timeout => {
                    return Err(Error::new(
                        ErrorKind::LockTimeout,
                        format!("{name} is being changed by {}", lock_holder(&path)),
                    )
                    .because(format!("waited {} s for {}", timeout.as_secs(), Shown(&path)))
                    .hint("export USHER_LOCK_TIMEOUT=SECONDS to wait longer"));
                }
                Err(TryLockError::WouldBlock) => {
                    if !has_reported && start.elapsed() >= QUIET_TIME {
                        has_reported = true;
                        waiting(&format!(
                            "waiting for {}, which is changing {name}",
                            lock_holder(&path)
                        ));
                    }
                    sleep(RETRY_INTERVAL);
                }
                Err(TryLockError::Error(error)) if is_unsupported(&error) => break,
                Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path, error)),
            }
        }
        // For the message of processes that wait for this lock.
        let _ = file.set_len(0).and_then(|()| write!(file, "process {}", std::process::id()));
        Ok(Lock { _file: file })
    }
}

/// Opens a lock's file, or creates it. It is written to, so it must not be another file under that
/// name: neither through a symbolic link, nor by a hard link.
fn open_lock_file(path: &Path) -> Result<File> {
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
    Err(Error::new(ErrorKind::Permission, format!("{} is not usher's lock file", Shown(path)))
        .because("it is not a file, or it has a second name (a hard link)")
        .hint(format!("rm '{}'", Shown(path))))
}

/// Whether there are no locks: some network file systems have none, and some containers refuse the
/// system call (`flock` itself has no reason for EPERM).
fn is_unsupported(error: &io::Error) -> bool {
    let codes = [libc::ENOSYS, libc::ENOLCK, libc::EOPNOTSUPP, libc::EPERM];
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

fn lock_holder(path: &Path) -> String {
    let holder = fs::read_to_string(path).unwrap_or_default();
    match holder.as_str() {
        "" => "another process".to_owned(),
        holder => Escaped(holder).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long enough for another test's child to become its program.
    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn the_error_names_the_process_that_holds_a_lock() {
        let folder = tempfile::tempdir().unwrap();
        let access = WriteAccess::for_test();
        let locks = Locks::new(&access, folder.path().to_path_buf());
        let held = locks.lock("node-12.0.0", Duration::ZERO, &|_| {}).unwrap();
        let error = locks.lock("node-12.0.0", Duration::ZERO, &|_| {}).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LockTimeout);
        assert!(error.what.contains(&format!("process {}", std::process::id())), "{error}");
        locks.lock("node-12.0.1", Duration::ZERO, &|_| {}).unwrap();
        drop(held);
        // With retries: a process that another test has just forked has the lock until it executes
        // its program.
        locks.lock("node-12.0.0", LONG, &|_| {}).unwrap();
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
        // With retries: a process that another test has just forked has the lock until it executes
        // its program.
        locks.lock("node-12.0.0", LONG, &|_| {}).unwrap();
        assert_eq!(child.try_wait().unwrap(), None);
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn other_files_in_place_of_a_lock_are_not_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let access = WriteAccess::for_test();
        let locks = Locks::new(&access, folder.path().to_path_buf());
        let [linked, named] = ["linked", "named"].map(|name| folder.path().join(name));
        for foreign in [&linked, &named] {
            fs::write(foreign, "foreign").unwrap();
        }
        std::os::unix::fs::symlink(&linked, folder.path().join("link.lock")).unwrap();
        fs::hard_link(&named, folder.path().join("name.lock")).unwrap();
        fs::create_dir(folder.path().join("folder.lock")).unwrap();
        for name in ["link", "name", "folder"] {
            locks.lock(name, Duration::ZERO, &|_| {}).unwrap_err();
        }
        for foreign in [&linked, &named] {
            assert_eq!(fs::read_to_string(foreign).unwrap(), "foreign");
        }
    }
}
