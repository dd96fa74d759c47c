//! Cleans the cache folder: deletes the files that usher created there.
//!
//! Links aren't followed, and other programs' files and locked files aren't deleted: each step
//! opens a name in an open folder. It must not know what the files mean.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, Dir, FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use serde::Serialize;
use usher_shims::error::Error;

use super::index_cache;
use crate::files::account::with_owners_rights;
use crate::files::remove::remove_empty;
use crate::files::write_access::WriteAccess;

/// Whether a file of this name is usher's.
type IsOurs = fn(&str) -> bool;

/// usher's folders, and which files in them are its own.
const FOLDERS: [(&str, IsOurs); 2] =
    [(index_cache::FOLDER, index_cache::is_ours), ("downloads", |_| true)];

/// Whether a name is that of a cached registry address, or of a temporary file for one.
fn is_registry_address(name: &str) -> bool {
    name.ends_with("-registry") || name.ends_with("-index") || name.starts_with(".tmp")
}

/// The result of cleaning.
#[derive(Debug, Default)]
pub struct CacheCleanup {
    /// How many files were deleted, or would be.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// What was not deleted.
    pub skipped: Vec<SkippedFile>,
    /// The first failure. Other files were deleted nevertheless.
    pub error: Option<Error>,
}

/// A file or folder that was not deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedFile {
    /// Its path.
    pub path: PathBuf,
    /// Why it was not deleted.
    pub rule: SkippedRule,
}

/// Why a file or folder is not deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SkippedRule {
    /// Something else is where a folder of usher's would be.
    NotAFolder,
    /// It isn't usher's.
    Foreign,
    /// Another process is using it.
    InUse,
}

impl SkippedRule {
    /// The same in words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotAFolder => "it is not a folder",
            Self::Foreign => "it isn't usher's",
            Self::InUse => "another process is using it",
        }
    }
}

/// An open folder, its path for messages, and which files in it are usher's.
struct Folder<'a> {
    open: OwnedFd,
    path: &'a Path,
    is_ours: IsOurs,
}

/// Deletes usher's files in its cache folder. Without write access nothing is deleted, and the result
/// is what would be.
pub fn clean(cache: &Path, access: Option<&WriteAccess>) -> CacheCleanup {
    with_owners_rights(cache, || clean_as_owner(cache, access))
}

/// Removes usher's folders in its cache folder that have nothing in them, for an account that removes
/// usher.
pub fn remove_empty_folders(cache: &Path) {
    with_owners_rights(cache, || {
        for (name, _) in FOLDERS {
            let _ = remove_empty(&cache.join(name));
        }
    });
}

fn clean_as_owner(cache: &Path, access: Option<&WriteAccess>) -> CacheCleanup {
    let mut cleaned = CacheCleanup::default();
    if let Some(open) = cleaned.open(CWD, cache, cache) {
        for (name, is_ours) in FOLDERS {
            let path = cache.join(name);
            if let Some(open) = cleaned.open(open.as_fd(), Path::new(name), &path) {
                cleaned.clean_folder(&Folder { open, path: &path, is_ours }, access);
            }
        }
        cleaned.clean_folder(&Folder { open, path: cache, is_ours: is_registry_address }, access);
    }
    cleaned
}

impl CacheCleanup {
    /// Opens a folder; skips a link or a file in its place.
    fn open(&mut self, parent: BorrowedFd<'_>, name: &Path, path: &Path) -> Option<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(parent, name, flags, Mode::empty()) {
            Ok(open) => return Some(open),
            Err(Errno::NOENT) => {}
            Err(Errno::LOOP | Errno::NOTDIR) => self.skip(path, SkippedRule::NotAFolder),
            Err(errno) => self.fail("open", path, errno),
        }
        None
    }

    fn clean_folder(&mut self, folder: &Folder<'_>, access: Option<&WriteAccess>) {
        let entries = match Dir::read_from(&folder.open) {
            Ok(entries) => entries,
            Err(errno) => return self.fail("list", folder.path, errno),
        };
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().to_str() else { continue };
            let is_folder = FOLDERS.iter().any(|(folder, _)| name == *folder);
            if !matches!(name, "." | "..") && !is_folder {
                self.delete(folder, name, access);
            }
        }
    }

    fn delete(&mut self, folder: &Folder<'_>, name: &str, access: Option<&WriteAccess>) {
        let path = folder.path.join(name);
        let Ok(seen) = rustix::fs::statat(&folder.open, name, AtFlags::SYMLINK_NOFOLLOW) else {
            return;
        };
        let is_file = FileType::from_raw_mode(seen.st_mode) == FileType::RegularFile;
        if !is_file || !(folder.is_ours)(name) {
            return self.skip(&path, SkippedRule::Foreign);
        }
        let Ok(_lock) = lock_unused(folder, name) else {
            return self.skip(&path, SkippedRule::InUse);
        };
        let removed = match access {
            Some(_) => rustix::fs::unlinkat(&folder.open, name, AtFlags::empty()),
            None => Ok(()),
        };
        match removed {
            Ok(()) => {
                self.files += 1;
                self.bytes += u64::try_from(seen.st_size).unwrap_or(0);
            }
            // Another process deleted it first.
            Err(Errno::NOENT) => {}
            Err(errno) => self.fail("delete", &path, errno),
        }
    }

    fn skip(&mut self, path: &Path, rule: SkippedRule) {
        self.skipped.push(SkippedFile { path: path.to_path_buf(), rule });
    }

    fn fail(&mut self, verb: &str, path: &Path, errno: Errno) {
        self.error.get_or_insert_with(|| Error::io(verb, path, io::Error::from(errno)));
    }
}

/// Locks a file as a download does. An error if another process has it locked; `None` if it can't be
/// opened or locked at all.
fn lock_unused(folder: &Folder<'_>, name: &str) -> Result<Option<File>, ()> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(file) = rustix::fs::openat(&folder.open, name, flags, Mode::empty()) else {
        return Ok(None);
    };
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => Err(()),
        Ok(()) | Err(_) => Ok(Some(File::from(file))),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    const INDEX_FILE: &str = "indexes/0123456789abcdef0123456789abcdef.json";

    /// A cache folder with these files, of ten bytes each.
    fn cache(files: &[&str]) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        for file in files {
            let path = home.path().join("cache").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "0123456789").unwrap();
        }
        home
    }

    /// Cleans, and compares the number of files and bytes, and what was skipped.
    fn check(home: &Path, access: Option<&WriteAccess>, expected: (u64, u64, &[&str])) {
        let cleaned = clean(&home.join("cache"), access);
        assert_eq!(cleaned.error, None);
        let mut left: Vec<String> = cleaned
            .skipped
            .iter()
            .map(|left| {
                format!(
                    "{}: {}",
                    left.path.strip_prefix(home).unwrap().display(),
                    left.rule.reason()
                )
            })
            .collect();
        left.sort();
        assert_eq!((cleaned.files, cleaned.bytes), (expected.0, expected.1), "{left:?}");
        assert_eq!(left, expected.2);
    }

    #[test]
    fn only_ushers_files_are_deleted() {
        let files =
            [INDEX_FILE, "indexes/.index-a1B2c3", "downloads/x.part", "npm-registry", ".tmpAbCdEf"];
        let others = ["indexes/notes.json", "notes", "photos/a"];
        let home = cache(&[&files[..], &others[..]].concat());
        let left = [
            "cache/indexes/notes.json: it isn't usher's",
            "cache/notes: it isn't usher's",
            "cache/photos: it isn't usher's",
        ];
        let exist = |names: &[&str]| {
            names.iter().filter(|name| home.path().join("cache").join(name).exists()).count()
        };
        check(home.path(), None, (5, 50, &left));
        assert_eq!(exist(&files), 5);
        check(home.path(), Some(&WriteAccess::for_test()), (5, 50, &left));
        assert_eq!((exist(&files), exist(&others)), (0, 3));
        check(home.path(), Some(&WriteAccess::for_test()), (0, 0, &left));
    }

    #[test]
    fn cleaning_the_cache_follows_no_links() {
        let home = cache(&[INDEX_FILE]);
        let outside = home.path().join("outside");
        let outside_file = outside.join("0123456789abcdef0123456789abcdef.json");
        fs::create_dir(&outside).unwrap();
        fs::write(&outside_file, "unchanged").unwrap();
        let cache = home.path().join("cache");
        symlink(&outside, cache.join("downloads")).unwrap();
        symlink(&outside_file, cache.join("npm-registry")).unwrap();
        let left = ["cache/downloads: it is not a folder", "cache/npm-registry: it isn't usher's"];
        check(home.path(), Some(&WriteAccess::for_test()), (1, 10, &left));
        fs::rename(&cache, home.path().join("elsewhere")).unwrap();
        symlink(home.path().join("elsewhere"), &cache).unwrap();
        check(home.path(), Some(&WriteAccess::for_test()), (0, 0, &["cache: it is not a folder"]));
        assert_eq!(fs::read(&outside_file).unwrap(), b"unchanged");
    }

    #[test]
    fn locked_files_are_not_deleted() {
        let home = cache(&["downloads/x.part", "downloads/y.part"]);
        let file = File::open(home.path().join("cache/downloads/x.part")).unwrap();
        file.lock().unwrap();
        check(
            home.path(),
            Some(&WriteAccess::for_test()),
            (1, 10, &["cache/downloads/x.part: another process is using it"]),
        );
        drop(file);
        check(home.path(), Some(&WriteAccess::for_test()), (1, 10, &[]));
    }

    #[test]
    fn a_missing_cache_is_clean() {
        let home = tempfile::tempdir().unwrap();
        check(home.path(), Some(&WriteAccess::for_test()), (0, 0, &[]));
    }
}
