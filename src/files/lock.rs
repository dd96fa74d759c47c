//! Locks between processes. The kernel holds them with an open file and releases them with the
//! process; their files are never deleted.

use std::fs::{File, Permissions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, geteuid, test_kill_process};
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};

use super::durable::make_folders;
use crate::text::ShellWord;

use super::write_access::WriteAccess;
use crate::sys::{Process, lock_holders, process};

/// The permissions of accounts that are neither the owner's nor in the group.
const OTHERS: u32 = 0o007;

/// Members of the group can write.
const GROUP_WRITABLE: u32 = 0o020;

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
        make_folders(folder)?;
        let path = folder.join(format!("{name}.lock"));
        let mut file = open_lock_file(&path, make_private(folder)?)?;
        let start = Instant::now();
        let mut has_reported = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if start.elapsed() >= timeout => {
                    return Err(Error::new(
                        ErrorKind::LockTimeout,
                        format!("{name} is being changed by {}", lock_holder(&file)),
                    )
                    .because(format!("waited {} s for {}", timeout.as_secs(), Shown(&path)))
                    .hint("export USHER_LOCK_TIMEOUT=SECONDS to wait longer"));
                }
                Err(TryLockError::WouldBlock) => {
                    if !has_reported && start.elapsed() >= QUIET_TIME {
                        has_reported = true;
                        waiting(&format!(
                            "waiting for {}, which is changing {name}",
                            lock_holder(&file)
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

/// Keeps other accounts out of the folder of locks: whoever can read a lock's file can hold the lock.
/// Returns the mode of its files, which are for those that can write there.
fn make_private(folder: &Path) -> Result<u32> {
    let failed = |error: io::Error| Error::io("open", folder, error);
    let open =
        File::options().read(true).custom_flags(libc::O_DIRECTORY).open(folder).map_err(failed)?;
    let mode = open.metadata().map_err(failed)?.mode();
    if mode & OTHERS != 0 {
        // Only its owner can do that. Another one of its group has the files' modes as protection.
        let _ = open.set_permissions(Permissions::from_mode(mode & 0o7777 & !OTHERS));
    }
    Ok(if mode & GROUP_WRITABLE == 0 { 0o600 } else { 0o660 })
}

/// Opens a lock's file, or creates it, and gives it this mode. It is written to, so it must not be
/// another file under that name: neither through a symbolic link, nor by a hard link.
fn open_lock_file(path: &Path, mode: u32) -> Result<File> {
    let failed = |error: io::Error| Error::io("open the lock", path, error).hint("use doctor");
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(mode)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
        .map_err(failed)?;
    let seen = file.metadata().map_err(failed)?;
    if seen.is_file() && seen.nlink() == 1 {
        if seen.mode() & 0o7777 != mode {
            // Only its owner can do that.
            let _ = file.set_permissions(Permissions::from_mode(mode));
        }
        return Ok(file);
    }
    Err(Error::new(ErrorKind::Permission, format!("{} is not usher's lock file", Shown(path)))
        .because("it is not a file, or it has a second name (a hard link)")
        .hint(format!("rm {}", ShellWord(path))))
}

/// Whether there are no locks: some network file systems have none, and some containers refuse the
/// system call (`flock` itself has no reason for EPERM).
fn is_unsupported(error: &io::Error) -> bool {
    let codes = [libc::ENOSYS, libc::ENOLCK, libc::EOPNOTSUPP, libc::ENOTSUP, libc::EPERM];
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

/// The process that has this file locked, as messages name it: `process 4711 (use)`, and its account
/// if that isn't the caller's.
///
/// A file names the process that locked it last, but anyone who can write to it can change that. It
/// only counts where the system doesn't tell.
fn lock_holder(file: &File) -> String {
    let unknown = || "another process".to_owned();
    let holder = match lock_holders(file) {
        Some(holders) => holders.first().copied(),
        None => written_holder(file).filter(|id| is_running(*id)),
    };
    let Some(id) = holder else { return unknown() };
    match process(id) {
        Some(Process { name, user }) if user == geteuid().as_raw() => {
            format!("process {id} ({})", Escaped(&name))
        }
        Some(Process { name, user }) => {
            format!("process {id} ({}) of account {user}", Escaped(&name))
        }
        None if is_running(id) => format!("process {id}"),
        None => unknown(),
    }
}

/// The process that a lock's file names.
fn written_holder(file: &File) -> Option<u32> {
    let mut start = [0; 32];
    let length = file.read_at(&mut start, 0).ok()?;
    std::str::from_utf8(&start[..length]).ok()?.strip_prefix("process ")?.parse().ok()
}

fn is_running(id: u32) -> bool {
    let id = i32::try_from(id).ok().and_then(Pid::from_raw);
    id.is_some_and(|id| !matches!(test_kill_process(id), Err(Errno::SRCH)))
}

#[cfg(test)]
mod tests {
    use std::fs;

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
