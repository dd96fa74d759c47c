//! The operating system as a [`World`]. The only place of the hot half that reads the process.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::input::{FileMeta, Identity, LARGEST_FILE, World};
use crate::sys;

/// The operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Os;

impl World for Os {
    #[expect(clippy::disallowed_methods, reason = "this is the World that others ask")]
    fn variable(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the World that others ask")]
    fn variables(&self) -> Vec<(OsString, OsString)> {
        std::env::vars_os().collect()
    }

    fn process(&self) -> u32 {
        std::process::id()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the World that others ask")]
    fn directory(&self) -> io::Result<PathBuf> {
        std::env::current_dir()
    }

    fn existing_names(&self, folder: &Path, names: &[&str]) -> io::Result<u32> {
        let Some(handle) = absent_is_none(open_folder(folder, sys::LOOK_IN))? else { return Ok(0) };
        let mut present = 0;
        for (place, name) in names.iter().enumerate() {
            match rustix::fs::statat(&handle, *name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(_) => present |= 1 << place,
                Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(present)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = rustix::fs::open(path, flags, Mode::empty())?;
        let seen = rustix::fs::fstat(&file)?;
        if FileType::from_raw_mode(seen.st_mode) != FileType::RegularFile {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not a regular file"));
        }
        let size = u64::try_from(seen.st_size).unwrap_or(0);
        if size > LARGEST_FILE {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is larger than 4 MiB"));
        }
        // The size is known, so one read usually fills it. If another process shortens the file
        // meanwhile, what was left is read.
        let mut content = vec![0; usize::try_from(size).unwrap_or(0)];
        let mut filled = 0;
        while filled < content.len() {
            match rustix::io::read(&file, &mut content[filled..])? {
                0 => break,
                more => filled += more,
            }
        }
        content.truncate(filled);
        Ok(content)
    }

    fn folders(&self, folder: &Path, visit: &mut dyn FnMut(&OsStr)) -> io::Result<()> {
        let Some(handle) = absent_is_none(open_folder(folder, OFlags::RDONLY))? else {
            return Ok(());
        };
        sys::each_entry(&handle, |name, kind| {
            if name.to_bytes().starts_with(b".") {
                return;
            }
            let is_folder = match kind {
                FileType::Directory => true,
                FileType::Unknown => is_folder(&handle, name),
                _ => false,
            };
            if is_folder {
                visit(OsStr::from_bytes(name.to_bytes()));
            }
        })
    }

    fn metadata(&self, path: &Path) -> io::Result<Option<FileMeta>> {
        let Some(seen) = absent_is_none(rustix::fs::stat(path))? else { return Ok(None) };
        let kind = FileType::from_raw_mode(seen.st_mode);
        let nanoseconds =
            i128::from(seen.st_mtime) * 1_000_000_000 + i128::from(seen.st_mtime_nsec);
        Ok(Some(FileMeta {
            identity: Identity { device: sys::device(&seen), inode: seen.st_ino },
            is_program: kind == FileType::RegularFile && seen.st_mode & 0o111 != 0,
            is_folder: kind == FileType::Directory,
            size: u64::try_from(seen.st_size).unwrap_or(0),
            modified: nanoseconds,
            owner: seen.st_uid,
        }))
    }

    fn is_writable(&self, path: &Path) -> bool {
        rustix::fs::access(path, Access::WRITE_OK).is_ok()
    }

    fn physical_path(&self, path: &Path) -> Option<PathBuf> {
        path.canonicalize().ok()
    }
}

fn open_folder(folder: &Path, access: OFlags) -> rustix::io::Result<OwnedFd> {
    rustix::fs::open(folder, access | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn is_folder(parent: &OwnedFd, name: &std::ffi::CStr) -> bool {
    rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|seen| FileType::from_raw_mode(seen.st_mode) == FileType::Directory)
}

fn absent_is_none<T>(result: rustix::io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
