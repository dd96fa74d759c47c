//! The file that a download is written to, and the lock on it.
//!
//! Its name is the hash of what it is to become, so that nothing from outside becomes part of a
//! path. Beside it lies a note of what a server has to know to send the rest. It is only ever
//! read, written and deleted under an exclusive lock. It must not know the network.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, statvfs};
use rustix::process::geteuid;
use usher_shims::error::{Error, ErrorKind};

use crate::http::fetch_error::FetchError;
use crate::http::headers::StrongTag;

/// No note is longer.
const LONGEST_NOTE: u64 = 4096;

/// The first line of a note.
const HEADING: &str = "usher download 1";

/// A file that is being filled, or that is full.
#[derive(Debug)]
pub(super) struct Partial {
    path: PathBuf,
    file: File,
    is_kept: bool,
}

/// What is known of the whole that a part belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResumeInfo {
    /// The SHA-256 of the address that it came from.
    pub(super) address: String,
    /// What proves to that server that the part is of what it has now.
    pub(super) validator: Option<StrongTag>,
    /// How many bytes the whole has.
    pub(super) total: Option<u64>,
}

/// A complete file that has the wanted hash, if one is known.
///
/// It stays where it is until it is [discarded](Self::discard): whoever wants the same artifact
/// again needs no network. While this lives, the file is changed by nobody.
#[derive(Debug)]
pub struct Downloaded {
    /// The SHA-256 of the file, in lower-case hexadecimal digits.
    pub sha256: String,
    /// The length of the file in bytes.
    pub size: u64,
    partial: Partial,
}

impl Downloaded {
    /// What was verified, ready to be read from its beginning.
    pub(super) fn new(mut partial: Partial, sha256: String) -> Result<Self, FetchError> {
        let size = partial.length()?;
        partial.file.rewind().map_err(|error| unread(&partial, error))?;
        Ok(Self { sha256, size, partial })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.partial.path()
    }

    /// The file that was verified, open for reading from its beginning.
    pub fn file(&self) -> &File {
        self.partial.file()
    }

    /// Deletes it: it was used and isn't needed again.
    pub fn discard(self) {
        self.partial.discard();
    }
}

impl Partial {
    /// A file that nobody else knows, and that isn't kept.
    pub(super) fn private(folder: &Path) -> Result<Self, FetchError> {
        let made = tempfile::Builder::new().prefix("download-").tempfile_in(folder);
        let kept = made.and_then(|file| file.keep().map_err(|error| error.error));
        match kept {
            Ok((file, path)) => Ok(Self { path, file, is_kept: false }),
            Err(error) => Err(FetchError::Fatal(Error::io("create a file in", folder, error))),
        }
    }

    /// The file at `path`, which is made if there is none; `None` where somebody else is using it.
    ///
    /// The name may be taken from a file between its opening and its locking; then the lock is
    /// worth nothing, and all begins anew.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        loop {
            let file = open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            if is_at(&file, path)? {
                return Ok(Some(Self { path: path.to_path_buf(), file, is_kept: true }));
            }
        }
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Whether another run may find it.
    pub(super) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// How many bytes have come.
    pub(super) fn length(&self) -> Result<u64, FetchError> {
        self.file.metadata().map(|file| file.len()).map_err(|error| unread(self, error))
    }

    /// Empties it, and writes down what is to come.
    pub(super) fn restart(&mut self, info: &ResumeInfo) -> Result<(), FetchError> {
        // In this order: a note must never stand beside bytes that it wasn't made for.
        self.file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .map_err(|error| unwritten(&self.path, error, info.total))?;
        self.write_resume_info(info)
    }

    /// Goes on behind what has come.
    pub(super) fn seek_to_end(&mut self) -> Result<u64, FetchError> {
        self.file.seek(io::SeekFrom::End(0)).map_err(|error| unread(self, error))
    }

    /// Adds the next bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// What was written down of the whole; whatever can't be understood is nothing.
    pub(super) fn resume_info(&self) -> Option<ResumeInfo> {
        let mut text = String::new();
        let mut options = OpenOptions::new();
        let file = options.read(true).custom_flags(flags()).open(note_path(&self.path)).ok()?;
        file.take(LONGEST_NOTE).read_to_string(&mut text).ok()?;
        ResumeInfo::parse(&text)
    }

    /// Writes down what is known of the whole.
    pub(super) fn write_resume_info(&self, info: &ResumeInfo) -> Result<(), FetchError> {
        if !self.is_kept {
            return Ok(());
        }
        let path = note_path(&self.path);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600).custom_flags(flags());
        options
            .open(&path)
            .and_then(|mut file| file.write_all(info.to_text().as_bytes()))
            .map_err(|error| unwritten(&path, error, info.total))
    }

    /// Deletes it; not what has its name by now, where that was taken from it.
    pub(super) fn discard(self) {
        if !self.is_kept || is_at(&self.file, &self.path).is_ok_and(|it| it) {
            // What can't be deleted lies in folders that are swept.
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

    /// The last line shows that nothing is missing.
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
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "it isn't a file of ours alone"))
}

/// Never through a link, and without waiting for a pipe's other end.
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

pub(super) fn unread(partial: &Partial, error: io::Error) -> FetchError {
    FetchError::Fatal(Error::io("read", partial.path(), error))
}

/// A file can't be written, of which so many bytes are to come.
pub(super) fn unwritten(path: &Path, error: io::Error, missing: Option<u64>) -> FetchError {
    let message = Error::io("write", path, error);
    let is_full = message.kind() == ErrorKind::DiskFull;
    let free = path.parent().and_then(|folder| statvfs(folder).ok());
    FetchError::Fatal(match (is_full, missing, free) {
        (true, Some(missing), Some(disk)) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            message.because(format!("{missing} bytes are still to come, and {free} are free there"))
        }
        (_, _, _) => message,
    })
}

/// Whether so many bytes certainly can't be written there.
pub(super) fn lacks_room(path: &Path, bytes: u64) -> bool {
    let disk = path.parent().and_then(|folder| statvfs(folder).ok());
    // Some file systems say nothing of their size. What only root may use counts, too: it is the
    // system that refuses in the end, and this only asks early.
    disk.is_some_and(|disk| disk.f_blocks > 0 && disk.f_bfree.saturating_mul(disk.f_frsize) < bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_back_whole_or_not_at_all() {
        let check = |validator: Option<&str>, total| {
            let validator = validator.and_then(StrongTag::parse);
            let info = ResumeInfo { address: "0123".to_owned(), validator, total };
            let text = info.to_text();
            assert_eq!(ResumeInfo::parse(&text), Some(info));
            // All but the last line's end is needed.
            for length in 0..text.len() - 1 {
                assert_eq!(ResumeInfo::parse(&text[..length]), None, "{:?}", &text[..length]);
            }
        };
        check(None, None);
        check(Some("\"abc\""), Some(54_000_000));
        check(Some("\"\""), Some(u64::MAX));
        // Dates were taken once.
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
    fn a_file_is_used_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let opened = || Partial::open(&path).unwrap();
        let mut first = opened().unwrap();
        first.write(b"abc").unwrap();
        assert!(opened().is_none());
        drop(first);
        let again = opened().unwrap();
        assert_eq!(again.length(), Ok(3));
        again.discard();
        assert!(!path.exists());
    }

    #[test]
    fn what_lost_its_name_is_not_taken_for_the_file_that_has_it_now() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let old = Partial::open(&path).unwrap().unwrap();
        fs::remove_file(&path).unwrap();
        let _new = Partial::open(&path).unwrap().unwrap();
        assert!(!is_at(old.file(), &path).unwrap());
        old.discard();
        assert!(path.exists(), "another file was deleted");
    }

    #[test]
    fn of_many_that_take_and_delete_it_each_has_the_file_of_that_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let take_and_delete = || {
            for _ in 0..3000 {
                if let Some(partial) = Partial::open(&path).unwrap() {
                    assert!(is_at(partial.file(), &path).unwrap(), "a file without a name");
                    partial.discard();
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(take_and_delete);
            }
        });
    }

    #[test]
    fn only_plain_files_of_ours_are_taken() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("target"), "kept").unwrap();
        symlink(at("target"), at("link")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        fs::write(at("open"), "").unwrap();
        fs::set_permissions(at("open"), fs::Permissions::from_mode(0o666)).unwrap();
        for name in ["link", "folder", "open"] {
            assert!(Partial::open(&at(name)).is_err(), "{name}");
        }
        assert_eq!(fs::read_to_string(at("target")).unwrap(), "kept");
    }
}
