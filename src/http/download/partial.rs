//! The file that a download is written to, and the lock on it.
//!
//! Its name is derived from the published hash, so that nothing from outside becomes part of a path.
//! A file beside it (`.note`) has what a server needs to send the rest. Both are only read, written
//! and deleted under an exclusive lock. It must not know the network.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, statvfs};
use rustix::process::geteuid;
use usher_shims::error::{Error, ErrorKind};

use crate::http::fetch_error::FetchError;
use crate::http::headers::StrongTag;

/// The most bytes of a file with resume information.
const MAX_NOTE_SIZE: u64 = 4096;

/// The first line of a file with resume information.
const HEADING: &str = "usher download 1";

/// A file that is being downloaded, or that is complete.
#[derive(Debug)]
pub(super) struct Partial {
    path: PathBuf,
    file: File,
    is_cached: bool,
}

/// What is needed to resume a download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResumeInfo {
    /// Identifies the address that the bytes came from: [`Address::id`](crate::http::Address::id).
    pub(super) address: String,
    /// The `ETag` that the server compares with the one of its file.
    pub(super) validator: Option<StrongTag>,
    /// The size of the complete file in bytes.
    pub(super) total: Option<u64>,
}

/// A complete file that has the published hash, if there is one.
///
/// It stays on disk until it is [discarded](Self::discard), so that another process can use it
/// without the network. It is locked as long as this value exists.
#[derive(Debug)]
pub struct Downloaded {
    /// The SHA-256 of the file, in lower-case hexadecimal digits.
    pub sha256: String,
    /// The length of the file in bytes.
    pub size: u64,
    /// The host that sent it, after redirects; for a file, its path.
    pub host: String,
    partial: Partial,
}

impl Downloaded {
    /// A verified file, ready to be read from its beginning.
    pub(super) fn new(
        mut partial: Partial,
        sha256: String,
        host: String,
    ) -> Result<Self, FetchError> {
        let size = partial.length()?;
        partial.file.rewind().map_err(|error| read_error(&partial, error))?;
        Ok(Self { sha256, size, host, partial })
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        self.partial.path()
    }

    /// The verified file, open for reading from its beginning.
    pub fn file(&self) -> &File {
        self.partial.file()
    }

    /// Deletes the file, which isn't needed again.
    pub fn discard(self) {
        self.partial.delete();
    }
}

impl Partial {
    /// A new file that no other process uses, and that isn't cached.
    pub(super) fn uncached(folder: &Path) -> Result<Self, FetchError> {
        let created = tempfile::Builder::new().prefix("download-").tempfile_in(folder);
        let created = created.and_then(|file| file.keep().map_err(|error| error.error));
        match created {
            Ok((file, path)) => Ok(Self { path, file, is_cached: false }),
            Err(error) => Err(FetchError::Fatal(Error::io("create a file in", folder, error))),
        }
    }

    /// Opens and locks the cached file at `path`, and creates it if there is none; `None` where
    /// another process uses it.
    ///
    /// Another process may delete the file between opening and locking. Then the lock is worthless,
    /// and both are repeated.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        loop {
            let file = open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            if is_at(&file, path)? {
                return Ok(Some(Self { path: path.to_path_buf(), file, is_cached: true }));
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Whether a later run can find it.
    pub(super) fn is_cached(&self) -> bool {
        self.is_cached
    }

    /// How many bytes it has so far.
    pub(super) fn length(&self) -> Result<u64, FetchError> {
        self.file.metadata().map(|file| file.len()).map_err(|error| read_error(self, error))
    }

    /// Truncates it, and writes the resume information of the new download.
    pub(super) fn restart(&mut self, info: &ResumeInfo) -> Result<(), FetchError> {
        // In this order: resume information must never be beside bytes of another download.
        self.file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .map_err(|error| write_error(&self.path, error, info.total))?;
        self.write_resume_info(info)
    }

    /// Moves to the end; returns the length.
    pub(super) fn seek_to_end(&mut self) -> Result<u64, FetchError> {
        self.file.seek(io::SeekFrom::End(0)).map_err(|error| read_error(self, error))
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// The resume information; `None` if it is missing or invalid.
    pub(super) fn resume_info(&self) -> Option<ResumeInfo> {
        let mut text = String::new();
        let mut options = OpenOptions::new();
        let file = options.read(true).custom_flags(flags()).open(note_path(&self.path)).ok()?;
        file.take(MAX_NOTE_SIZE).read_to_string(&mut text).ok()?;
        ResumeInfo::parse(&text)
    }

    /// Writes the resume information; none for a file that isn't cached.
    pub(super) fn write_resume_info(&self, info: &ResumeInfo) -> Result<(), FetchError> {
        if !self.is_cached {
            return Ok(());
        }
        let path = note_path(&self.path);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600).custom_flags(flags());
        options
            .open(&path)
            .and_then(|mut file| file.write_all(info.to_text().as_bytes()))
            .map_err(|error| write_error(&path, error, info.total))
    }

    /// Deletes it, unless another file has its name by now.
    pub(super) fn delete(self) {
        if !self.is_cached || is_at(&self.file, &self.path).is_ok_and(|is_at| is_at) {
            // What can't be deleted now is deleted with its folder, or when it is old.
            let _ = fs::remove_file(note_path(&self.path));
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl ResumeInfo {
    fn to_text(&self) -> String {
        let validator = self.validator.as_ref().map_or("", StrongTag::as_str);
        let total = self.total.map(|total| total.to_string()).unwrap_or_default();
        let address = &self.address;
        format!("{HEADING}\naddress {address}\nvalidator {validator}\ntotal {total}\n.\n")
    }

    /// Parses what [`to_text`](Self::to_text) wrote. The last line shows that nothing is missing.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_prefix(HEADING)?.strip_prefix('\n')?.lines();
        let mut field = |name: &str| lines.next()?.strip_prefix(name);
        let address = field("address ")?.to_owned();
        let validator = match field("validator ")? {
            "" => None,
            text => Some(StrongTag::parse(text)?),
        };
        let total = match field("total ")? {
            "" => None,
            text => Some(text.parse().ok()?),
        };
        (lines.next() == Some(".")).then_some(Self { address, validator, total })
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(0o600).custom_flags(flags());
    let file = options.open(path)?;
    let found = file.metadata()?;
    let is_mine = found.uid() == geteuid().as_raw() && found.mode() & 0o022 == 0;
    if found.is_file() && is_mine {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "others can write to it"))
}

/// Opens no link, and doesn't wait for a pipe's other end.
fn flags() -> i32 {
    (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed()
}

fn note_path(path: &Path) -> PathBuf {
    path.with_extension("note")
}

/// Whether the file still has this name.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The error of a download's file that can't be read.
pub(super) fn read_error(partial: &Partial, error: io::Error) -> FetchError {
    FetchError::Fatal(Error::io("read", partial.path(), error))
}

/// The error of a file that can't be written; `missing` is how many bytes it lacks.
pub(super) fn write_error(path: &Path, error: io::Error, missing: Option<u64>) -> FetchError {
    let message = Error::io("write", path, error);
    let is_full = message.kind() == ErrorKind::DiskFull;
    let free = path.parent().and_then(|folder| statvfs(folder).ok());
    FetchError::Fatal(match (is_full, missing, free) {
        (true, Some(missing), Some(disk)) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            message.because(format!("{missing} more bytes are needed, and {free} are free"))
        }
        (_, _, _) => message,
    })
}

/// Whether the disk certainly has less than `bytes` free.
pub(super) fn lacks_space(path: &Path, bytes: u64) -> bool {
    let disk = path.parent().and_then(|folder| statvfs(folder).ok());
    // Some file systems report no size. Space that is reserved for root counts as free: the system
    // decides in the end, and this only checks early.
    disk.is_some_and(|disk| disk.f_blocks > 0 && disk.f_bfree.saturating_mul(disk.f_frsize) < bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resume_info_is_read_back_completely_or_not_at_all() {
        let check = |validator: Option<&str>, total| {
            let validator = validator.and_then(StrongTag::parse);
            let info = ResumeInfo { address: "0123".to_owned(), validator, total };
            let text = info.to_text();
            assert_eq!(ResumeInfo::parse(&text), Some(info));
            // All of it is needed but the last line end.
            for length in 0..text.len() - 1 {
                assert_eq!(ResumeInfo::parse(&text[..length]), None, "{:?}", &text[..length]);
            }
        };
        check(None, None);
        check(Some("\"abc\""), Some(54_000_000));
        check(Some("\"\""), Some(u64::MAX));
        // An older usher wrote dates.
        let dated =
            "usher download 1\naddress x\nvalidator Sun, 09 Sep 2001 01:46:40 GMT\ntotal \n.\n";
        assert_eq!(ResumeInfo::parse(dated), None);
        assert_eq!(
            ResumeInfo::parse("usher download 1\naddress x\nvalidator W/\"a\"\ntotal \n.\n"),
            None
        );
        assert_eq!(
            ResumeInfo::parse("usher download 1\naddress x\nvalidator \ntotal x\n.\n"),
            None
        );
        assert_eq!(ResumeInfo::parse("usher download 2\naddress x\nvalidator \ntotal \n.\n"), None);
    }

    #[test]
    fn a_partial_download_is_used_by_one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let opened = || Partial::open(&path).unwrap();
        let mut first = opened().unwrap();
        first.write(b"abc").unwrap();
        assert!(opened().is_none());
        drop(first);
        let again = opened().unwrap();
        assert_eq!(again.length(), Ok(3));
        again.delete();
        assert!(!path.exists());
    }

    #[test]
    fn a_replaced_file_is_not_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let old = Partial::open(&path).unwrap().unwrap();
        fs::remove_file(&path).unwrap();
        let _new = Partial::open(&path).unwrap().unwrap();
        assert!(!is_at(old.file(), &path).unwrap());
        old.delete();
        assert!(path.exists(), "another file was deleted");
    }

    #[test]
    fn concurrent_users_each_lock_the_file_of_that_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let open_and_delete = || {
            for _ in 0..3000 {
                if let Some(partial) = Partial::open(&path).unwrap() {
                    assert!(is_at(partial.file(), &path).unwrap(), "a file without a name");
                    partial.delete();
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(open_and_delete);
            }
        });
    }

    #[test]
    fn only_our_own_regular_files_are_opened() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("target"), "unchanged").unwrap();
        symlink(at("target"), at("link")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        fs::write(at("open"), "").unwrap();
        fs::set_permissions(at("open"), fs::Permissions::from_mode(0o666)).unwrap();
        for name in ["link", "folder", "open"] {
            assert!(Partial::open(&at(name)).is_err(), "{name}");
        }
        assert_eq!(fs::read_to_string(at("target")).unwrap(), "unchanged");
    }
}
