//! The machine takes requests, and answers them. Everything in the folder of requests is from accounts
//! that may be hostile.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fd::{AsFd as _, OwnedFd};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, openat, statat, unlinkat};
use rustix::io::Errno;
use usher_shims::error::{Error, Result};

use super::{Answer, RequestSpool, VersionRequest};
use crate::files::replace::{Durability, FileMode, FileReplacement};
use crate::files::write_access::WriteAccess;

/// Every account can create files, see none but its own, and delete its own only.
const NEW_MODE: u32 = 0o1733;

/// Every account can read an answer whose name it knows.
const ANSWERS_MODE: u32 = 0o711;

/// How many entries are looked at in one go; the next run of `use sync` sees the rest.
const MAX_ENTRIES: usize = 10_000;

/// How many requests of one account are answered in one go.
pub const MAX_PER_ACCOUNT: usize = 8;

/// An answer that wasn't read by then is deleted.
const MAX_ANSWER_AGE: Duration = Duration::from_secs(3_600);

impl RequestSpool {
    /// Makes the spool's folders, with their permissions.
    pub fn prepare(&self, _: &WriteAccess) -> Result<()> {
        for (folder, mode) in [
            (self.folder.clone(), 0o755),
            (self.answers(), ANSWERS_MODE),
            (self.new_requests(), NEW_MODE),
        ] {
            let made = match DirBuilder::new().mode(0o700).create(&folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
                Ok(()) | Err(_) => fs::set_permissions(&folder, Permissions::from_mode(mode)),
            };
            made.map_err(|error| Error::io("make the folder", &folder, error))?;
        }
        Ok(())
    }

    /// The requests in the spool, in an order that lets no account wait for all of another's. What
    /// isn't a request is deleted, and so are those that one account has too many of; nothing without
    /// write access.
    pub fn take(&self, access: Option<&WriteAccess>) -> Result<Vec<VersionRequest>> {
        let folder = self.new_requests();
        let failed = |errno: Errno| Error::io("list", &folder, errno.into());
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = match openat(CWD, &folder, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(Vec::new()),
            open => open.map_err(failed)?,
        };
        let mut by_account: BTreeMap<u32, Vec<VersionRequest>> = BTreeMap::new();
        for entry in Dir::read_from(&open).map_err(failed)?.take(MAX_ENTRIES) {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let seen = statat(&open, name, AtFlags::SYMLINK_NOFOLLOW);
            let Ok(seen) = seen else { continue };
            let request = name.to_str().ok().and_then(VersionRequest::parse);
            let request = request.filter(|request| is_request_of(request.account, &seen));
            let of_account = by_account.entry(seen.st_uid).or_default();
            match request.filter(|_| of_account.len() < MAX_PER_ACCOUNT) {
                Some(request) => of_account.push(request),
                None => access.map_or(Ok(()), |access| self.delete(access, &open, name, &seen))?,
            }
        }
        Ok(in_turns(by_account))
    }

    /// Answers a request, and deletes it: first the answer, so that it is there when the request is
    /// gone.
    pub fn answer(&self, _: &WriteAccess, request: &VersionRequest, answer: &Answer) -> Result<()> {
        let folder = self.answers();
        let name = request.file_name();
        let text = serde_json::to_vec(answer)
            .map_err(|error| Error::io("write an answer in", &folder, error.into()))?;
        let replacement = FileReplacement {
            target: &folder.join(&name),
            staging: &folder,
            prefix: ".answer-",
            mode: FileMode::Exact(0o644),
            durability: Durability::Unsynced,
        };
        let answered = replacement.write(&text);
        // Even without an answer: it would be served forever.
        delete_file(&self.new_requests().join(name))?;
        answered
    }

    /// Deletes answers that were left unread.
    pub fn remove_old_answers(&self, _: &WriteAccess) {
        let oldest = SystemTime::now() - MAX_ANSWER_AGE;
        for entry in fs::read_dir(self.answers()).into_iter().flatten().flatten() {
            let modified = entry.metadata().and_then(|seen| seen.modified());
            if modified.is_ok_and(|modified| modified < oldest) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Deletes what isn't a request. A folder is moved away first: its owner could fill it while it
    /// is deleted, and it would start the machine's service again and again.
    fn delete(
        &self,
        access: &WriteAccess,
        open: &OwnedFd,
        name: &std::ffi::CStr,
        seen: &Stat,
    ) -> Result<()> {
        if FileType::from_raw_mode(seen.st_mode) == FileType::Directory {
            return self.delete_folder(access, open, name);
        }
        match unlinkat(open, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(Error::io("delete a file in", &self.new_requests(), errno.into())),
        }
    }

    fn delete_folder(&self, _: &WriteAccess, open: &OwnedFd, name: &std::ffi::CStr) -> Result<()> {
        let failed = |error| Error::io("delete a folder in", &self.new_requests(), error);
        let rejected = tempfile::Builder::new()
            .prefix("rejected-")
            .tempdir_in(&self.folder)
            .map_err(failed)?;
        let target = rejected.path().join("folder");
        match rustix::fs::renameat(open.as_fd(), name, CWD, &target) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(failed(errno.into())),
        }
        // This follows no link, whatever its owner changes meanwhile. What is too deep for it stays,
        // outside of the folder of requests.
        let kept = rejected.keep();
        let _ = fs::remove_dir_all(kept);
        Ok(())
    }
}

/// Whether a file is a request of this account: empty names lead nowhere, and a second name may be one
/// that another account gave to a file of this one's.
fn is_request_of(account: u32, seen: &Stat) -> bool {
    FileType::from_raw_mode(seen.st_mode) == FileType::RegularFile
        && seen.st_nlink == 1
        && seen.st_uid == account
}

fn delete_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io("delete", path, error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The first request of each account, then the second of each, and so on.
fn in_turns(by_account: BTreeMap<u32, Vec<VersionRequest>>) -> Vec<VersionRequest> {
    let numbered = by_account.into_values().flat_map(|requests| requests.into_iter().enumerate());
    let mut numbered: Vec<(usize, VersionRequest)> = numbered.collect();
    numbered.sort_by_key(|(turn, _)| *turn);
    numbered.into_iter().map(|(_, request)| request).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, chown, symlink};

    use rustix::process::geteuid;

    use super::*;

    fn spool() -> (tempfile::TempDir, RequestSpool) {
        let folder = tempfile::tempdir().unwrap();
        let spool = RequestSpool::of(folder.path());
        spool.prepare(&WriteAccess::for_test()).unwrap();
        (folder, spool)
    }

    fn taken(spool: &RequestSpool) -> Vec<String> {
        let taken = spool.take(Some(&WriteAccess::for_test())).unwrap();
        taken.iter().map(VersionRequest::file_name).collect()
    }

    #[test]
    fn the_spool_is_for_all_and_the_answers_are_the_machines() {
        let (folder, spool) = spool();
        // A second time, and after somebody changed it.
        fs::set_permissions(spool.new_requests(), Permissions::from_mode(0o777)).unwrap();
        spool.prepare(&WriteAccess::for_test()).unwrap();
        for (name, mode) in [("new", 0o1733), ("answers", 0o711), ("", 0o755)] {
            let seen = fs::metadata(folder.path().join("requests").join(name)).unwrap();
            assert_eq!(seen.mode() & 0o7777, mode, "{name}");
        }
    }

    #[test]
    fn hostile_entries_are_deleted_and_never_opened() {
        let (folder, spool) = spool();
        let me = geteuid().as_raw();
        let new = spool.new_requests();
        let outside = folder.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("file"), "unchanged").unwrap();
        let name = |version: &str| new.join(format!("node@{version}@{me}"));
        fs::write(name("12.0.0"), "what is in it doesn't matter").unwrap();
        symlink(outside.join("file"), name("13.0.0")).unwrap();
        symlink(&outside, name("14.0.0")).unwrap();
        crate::files::make_fifo(&name("15.0.0"));
        fs::create_dir_all(name("16.0.0").join("deep")).unwrap();
        symlink(&outside, name("16.0.0").join("link")).unwrap();
        fs::hard_link(outside.join("file"), name("17.0.0")).unwrap();
        fs::write(new.join("../new/node@../../x@0"), "").unwrap_err();
        fs::write(new.join(format!("node@18.0.0@{}", me + 1)), "").unwrap();
        fs::write(new.join("-rf"), "").unwrap();
        assert_eq!(taken(&spool), [format!("node@12.0.0@{me}")]);
        assert_eq!(fs::read_dir(&new).unwrap().count(), 1, "only the request is left");
        assert_eq!(fs::read(outside.join("file")).unwrap(), b"unchanged");
        let left: Vec<_> = fs::read_dir(folder.path().join("requests")).unwrap().collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }

    #[test]
    fn accounts_take_turns_and_none_has_too_many() {
        let (_folder, spool) = spool();
        let me = geteuid().as_raw();
        for minor in 0..20 {
            fs::write(spool.new_requests().join(format!("node@12.{minor}.0@{me}")), "").unwrap();
        }
        if me == 0 {
            let other = spool.new_requests().join("node@8.0.0@4711");
            fs::write(&other, "").unwrap();
            chown(&other, Some(4711), None).unwrap();
            let taken = taken(&spool);
            let place = taken.iter().position(|name| name == "node@8.0.0@4711");
            assert!(place.is_some_and(|place| place < 2), "{taken:?}");
            assert_eq!(taken.len(), MAX_PER_ACCOUNT + 1);
        } else {
            assert_eq!(taken(&spool).len(), MAX_PER_ACCOUNT);
        }
    }

    #[test]
    fn without_a_spool_there_are_no_requests() {
        let folder = tempfile::tempdir().unwrap();
        assert!(taken(&RequestSpool::of(folder.path())).is_empty());
    }
}
