//! An account leaves a request, and waits for the answer.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::name::Name;
use usher_shims::ownership::ROOT;
use usher_shims::version::Version;

use super::{Answer, MAX_TRIES, RequestSpool, VersionRequest};
use crate::files::interrupt::InterruptGuard;
use crate::files::own_folder::{self, OwnFolder};
use crate::files::write_access::WriteAccess;

/// The pause between two looks at the spool.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The permissions of a request: it is empty, and its name is for the machine's owner to see.
const REQUEST_MODE: Mode = Mode::from_raw_mode(0o444);

/// A request in the spool, and what happens to it when its process ends.
struct LeftRequest {
    path: PathBuf,
    answer: PathBuf,
    /// An interrupt deletes the request, unless another process of the account left it.
    _interrupt: Option<InterruptGuard>,
}

/// What there is under the name of a request.
enum Entry {
    /// Nothing.
    Absent,
    /// This account's request.
    Own,
    /// Something else: another account has taken the name.
    Foreign,
}

impl RequestSpool {
    /// Requests a version, and waits until the machine has answered, for at most this long.
    ///
    /// The request stays in the spool after that time. It is deleted on an interrupt.
    pub fn request(
        &self,
        access: &WriteAccess,
        (tool, version): (&str, &Version),
        wait: Duration,
    ) -> Result<()> {
        self.check_folder()?;
        let name = format!("{tool} {version}");
        let left = self.leave(access, (tool, version))?;
        let deadline = Instant::now() + wait;
        while let Entry::Own | Entry::Foreign = entry(&left.path, access.account())? {
            if Instant::now() >= deadline {
                return Err(not_served(&name, wait));
            }
            sleep(POLL_INTERVAL);
        }
        match read_answer(&left.answer)? {
            Some(Answer { error: Some(error) }) => Err(error.into_error()),
            Some(Answer { error: None }) | None => Ok(()),
        }
    }

    /// Refuses a spool that is missing, or that isn't root's or the machine's owner's.
    fn check_folder(&self) -> Result<()> {
        let machine = self.folder.parent().unwrap_or(&self.folder);
        let missing = || {
            let what = format!("the machine takes no requests: {} is missing", Shown(&self.folder));
            Error::new(ErrorKind::NotInstalled, what)
                .because("only root can make it, with: use sync")
        };
        let owner = OwnFolder::open(machine)?.ok_or_else(missing)?.meta().owner;
        let spool = OwnFolder::open(&self.folder)?.ok_or_else(missing)?;
        for name in ["new", "answers"] {
            let folder = spool.folder(OsStr::new(name))?.ok_or_else(missing)?;
            if ![ROOT, owner].contains(&folder.meta().owner) {
                let what = format!("{} is not the machine's", Shown(folder.path()));
                return Err(Error::new(ErrorKind::Permission, what));
            }
        }
        Ok(())
    }

    /// Leaves a request, unless this account has left the same one already.
    fn leave(
        &self,
        access: &WriteAccess,
        (tool, version): (&str, &Version),
    ) -> Result<LeftRequest> {
        let tool = Name::parse(tool)
            .ok_or_else(|| Error::new(ErrorKind::UnknownTool, "the tool's name is too long"))?;
        let account = access.account();
        for attempt in 0..=MAX_TRIES {
            let request =
                VersionRequest { tool: tool.clone(), version: version.clone(), account, attempt };
            let name = request.file_name();
            let path = self.new_requests().join(&name);
            let left = |interrupt| LeftRequest {
                path: path.clone(),
                answer: self.answers().join(&name),
                _interrupt: interrupt,
            };
            // Before the file exists: an interrupt in between would leave it.
            let guard = InterruptGuard::removing_on_interrupt(access, &path);
            match create(&path) {
                Ok(()) => return Ok(left(Some(guard))),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => drop(guard),
                Err(error) => {
                    return Err(Error::io("leave a request in", &self.new_requests(), error));
                }
            }
            match entry(&path, account)? {
                Entry::Own | Entry::Absent => return Ok(left(None)),
                Entry::Foreign => {}
            }
        }
        let what = format!("another account has taken all names for a request of {tool} {version}");
        Err(Error::new(ErrorKind::Permission, what).because(format!("in {}", Shown(&self.folder))))
    }
}

/// Creates an empty file, if nothing has this name.
fn create(path: &Path) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(CWD, path, flags, REQUEST_MODE)?;
    Ok(())
}

fn entry(path: &Path, account: u32) -> Result<Entry> {
    match statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => Ok(Entry::Absent),
        Err(errno) => Err(Error::io("look at", path, errno.into())),
        Ok(seen) => {
            let is_file = FileType::from_raw_mode(seen.st_mode) == FileType::RegularFile;
            Ok(if is_file && seen.st_uid == account { Entry::Own } else { Entry::Foreign })
        }
    }
}

/// The machine's answer, if there is one. Its folder is the machine's, which was checked.
fn read_answer(path: &Path) -> Result<Option<Answer>> {
    let Some(content) = own_folder::read(path)? else { return Ok(None) };
    let invalid = |error: serde_json::Error| Error::io("read", path, error.into());
    serde_json::from_slice(&content.bytes).map(Some).map_err(invalid)
}

fn not_served(name: &str, wait: Duration) -> Error {
    let what = format!("{name} is not installed; the machine was asked to install it");
    let error = Error::new(ErrorKind::NotInstalled, what);
    match wait.as_secs() {
        0 => error.because("try again in a while"),
        seconds => error.because(format!("waited {seconds} s; try again in a while")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::thread;

    use super::*;

    fn spool(folder: &tempfile::TempDir) -> RequestSpool {
        let spool = RequestSpool::of(folder.path());
        spool.prepare(&WriteAccess::for_test()).unwrap();
        spool
    }

    fn request(spool: &RequestSpool, wait: u64) -> Result<()> {
        let version = Version::parse("12.0.0").unwrap();
        let access = WriteAccess::for_test();
        spool.request(&access, ("node", &version), Duration::from_millis(wait))
    }

    fn names(spool: &RequestSpool) -> Vec<String> {
        let entries = fs::read_dir(spool.new_requests()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_request_stays_after_the_time_to_wait() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder);
        for wait in [0, 1] {
            let error = request(&spool, wait).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotInstalled, "{error}");
        }
        let account = WriteAccess::for_test().account();
        assert_eq!(names(&spool), [format!("node@12.0.0@{account}")], "left once");
    }

    #[test]
    fn without_a_spool_the_error_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let error = request(&RequestSpool::of(folder.path()), 0).unwrap_err();
        assert!(error.what.contains("requests is missing"), "{error}");
    }

    #[test]
    fn the_answer_ends_the_wait() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder);
        let answers = [
            Answer::served(),
            Answer::refused(&Error::new(ErrorKind::Forbidden, "node 12.0.0 is not allowed")),
        ];
        for answer in answers {
            let served = thread::scope(|scope| {
                let waiting = scope.spawn(|| request(&spool, 60_000));
                let access = WriteAccess::for_test();
                let taken = loop {
                    match spool.take(Some(&access)).unwrap().pop() {
                        Some(taken) => break taken,
                        None => thread::yield_now(),
                    }
                };
                spool.answer(&access, &taken, &answer).unwrap();
                waiting.join().unwrap()
            });
            let expected = answer.error.map(|_| ErrorKind::Forbidden);
            assert_eq!(served.err().map(|error| error.kind()), expected);
        }
        assert!(names(&spool).is_empty());
    }

    #[test]
    fn a_name_that_another_account_took_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder);
        let account = WriteAccess::for_test().account();
        // A folder is none of our requests either.
        fs::create_dir(spool.new_requests().join(format!("node@12.0.0@{account}"))).unwrap();
        request(&spool, 0).unwrap_err();
        let mut left = names(&spool);
        left.sort();
        assert_eq!(left[1], format!("node@12.0.0@{account}@1"));
    }
}
