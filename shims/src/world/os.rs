//! The operating system as a [`World`]. The only place of the hot half that reads the process.
//!
//! In a set-user-ID process there are no variables: its caller, who set them, must not steer it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::input::{FileContent, FileMeta, Identity, LARGEST_FILE, NOT_REGULAR, World};
use crate::sys;

/// The operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Os;

impl World for Os {
    #[expect(clippy::disallowed_methods, reason = "this is the World that others ask")]
    fn variable(&self, name: &str) -> Option<OsString> {
        if sys::is_secure() { None } else { std::env::var_os(name) }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the World that others ask")]
    fn variables(&self) -> Vec<(OsString, OsString)> {
        if sys::is_secure() { Vec::new() } else { std::env::vars_os().collect() }
    }

    fn process(&self) -> u32 {
        std::process::id()
    }

    fn account(&self) -> u32 {
        sys::account()
    }

    fn groups(&self) -> Vec<u32> {
        let own = rustix::process::getegid().as_raw();
        let mut groups: Vec<u32> = Vec::new();
        // Inserted in their order: there are few, and a sort is 2 kB of the shim.
        for group in rustix::process::getgroups().unwrap_or_default() {
            let group = group.as_raw();
            if group != own {
                groups.insert(groups.partition_point(|one| *one < group), group);
            }
        }
        groups.insert(0, own);
        groups
    }

    #[expect(clippy::disallowed_methods, reason = "this is the World that others ask")]
    fn directory(&self) -> io::Result<PathBuf> {
        std::env::current_dir()
    }

    fn visit_existing(
        &self,
        folder: &Path,
        names: &[&str],
        visit: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> io::Result<()> {
        let Some(handle) = absent_is_none(open_folder(folder, sys::LOOK_IN))? else {
            return Ok(());
        };
        let exists = |name: &str| match rustix::fs::statat(&handle, name, AtFlags::SYMLINK_NOFOLLOW)
        {
            Ok(_) => Ok(true),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(false),
            Err(_) if name.contains('/') => Ok(true),
            Err(error) => Err(error),
        };
        // Folders in names, and whether they exist: usually none does, and several names have one.
        let mut folders: Vec<(&str, bool)> = Vec::new();
        for (place, name) in names.iter().enumerate() {
            if let Some((parent, _)) = name.split_once('/') {
                let known = folders.iter().find(|(known, _)| *known == parent);
                let is_there = known.map_or_else(|| exists(parent), |(_, known)| Ok(*known))?;
                folders.push((parent, is_there));
                if !is_there {
                    continue;
                }
            }
            if exists(name)? && visit(place).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn read(&self, path: &Path) -> io::Result<FileContent> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        read_open(&rustix::fs::open(path, flags, Mode::empty())?)
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
        Ok(absent_is_none(rustix::fs::stat(path))?.map(|seen| file_meta(&seen)))
    }

    fn entry(&self, path: &Path) -> io::Result<Option<FileMeta>> {
        Ok(absent_is_none(rustix::fs::lstat(path))?.map(|seen| file_meta(&seen)))
    }

    fn identity_without_links(&self, path: &Path) -> Option<Identity> {
        let mut folder = open_folder(Path::new("/"), sys::LOOK_IN).ok()?;
        let flags = sys::LOOK_IN | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        for part in path.parent()?.components().skip(1) {
            folder = rustix::fs::openat(&folder, part.as_os_str(), flags, Mode::empty()).ok()?;
        }
        let seen =
            rustix::fs::statat(&folder, path.file_name()?, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        Some(file_meta(&seen).identity)
    }

    fn physical(&self, path: &Path) -> io::Result<PathBuf> {
        path.canonicalize()
    }

    fn is_writable(&self, path: &Path) -> bool {
        rustix::fs::access(path, Access::WRITE_OK).is_ok()
    }
}

/// An open file's content, as [`World::read`] returns it.
pub fn read_open(file: &OwnedFd) -> io::Result<FileContent> {
    let seen = rustix::fs::fstat(file)?;
    let meta = file_meta(&seen);
    if FileType::from_raw_mode(seen.st_mode) != FileType::RegularFile {
        return Err(io::Error::new(io::ErrorKind::InvalidData, NOT_REGULAR));
    }
    if meta.size > LARGEST_FILE {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is larger than 4 MiB"));
    }
    // The size is known, so one read usually fills it. If another process shortens the file
    // meanwhile, what was left is read.
    let mut bytes = vec![0; usize::try_from(meta.size).unwrap_or(0)];
    let mut filled = 0;
    while filled < bytes.len() {
        match rustix::io::read(file, &mut bytes[filled..])? {
            0 => break,
            more => filled += more,
        }
    }
    bytes.truncate(filled);
    Ok(FileContent { bytes, meta })
}

/// What the operating system tells of a file.
pub fn file_meta(seen: &Stat) -> FileMeta {
    let kind = FileType::from_raw_mode(seen.st_mode);
    FileMeta {
        identity: Identity { device: sys::device(seen), inode: seen.st_ino },
        is_program: kind == FileType::RegularFile && seen.st_mode & 0o111 != 0,
        is_folder: kind == FileType::Directory,
        size: u64::try_from(seen.st_size).unwrap_or(0),
        modified: i128::from(seen.st_mtime) * 1_000_000_000 + i128::from(seen.st_mtime_nsec),
        owner: seen.st_uid,
        mode: sys::mode(seen),
        links: sys::links(seen),
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
