//! Walks a tree without following links: every folder is opened from its parent, and only folders and
//! regular files are opened.
//!
//! Access times stay as they are, where we may open files that way.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, openat, statat};
use rustix::io::Errno;
use usher_shims::world::{Identity, file_meta};

use crate::sys::NO_ACCESS_TIME;

/// A tree, opened at its root.
#[derive(Debug)]
pub struct OpenTree {
    root: OwnedFd,
}

/// A file, link or folder of a tree.
#[derive(Debug)]
pub struct WalkEntry<'a> {
    /// Its path from the tree's root.
    pub path: &'a Path,
    /// The same path as manifests have it.
    pub manifest_path: String,
    /// Its metadata, of a link itself.
    pub stat: Stat,
    /// The folder that contains it.
    pub folder: BorrowedFd<'a>,
}

/// Whether to walk into a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// Visit its content.
    Descend,
    /// Don't.
    Skip,
}

/// Visits the entries of a tree.
pub trait Visitor {
    /// Called for each entry. For files and links the result is ignored.
    fn visit(&mut self, found: &WalkEntry<'_>) -> Walk;
    /// Called for each folder that can't be listed.
    fn unreadable(&mut self, folder: &Path, error: &io::Error);
}

impl OpenTree {
    /// Opens a tree. A link to a folder is an error.
    pub fn open(root: &Path) -> io::Result<Self> {
        Ok(Self { root: open_folder(rustix::fs::CWD, root.as_os_str())? })
    }

    /// The metadata of its root.
    pub fn stat(&self) -> io::Result<Stat> {
        Ok(rustix::fs::fstat(&self.root)?)
    }

    /// Visits all entries; each folder before its content, otherwise in no particular order.
    pub fn walk(&self, visitor: &mut dyn Visitor) {
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            if let Err(error) = self.list(&folder, visitor, &mut folders) {
                visitor.unreadable(&folder, &error);
            }
        }
    }

    fn list(
        &self,
        folder: &Path,
        visitor: &mut dyn Visitor,
        folders: &mut Vec<PathBuf>,
    ) -> io::Result<()> {
        let handle = self.folder(folder)?;
        for entry in Dir::read_from(&handle)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if matches!(name.as_bytes(), b"." | b"..") {
                continue;
            }
            let stat = match statat(&handle, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                // It was just deleted.
                Err(Errno::NOENT) => continue,
                Err(error) => return Err(error.into()),
            };
            let path = folder.join(name);
            let manifest_path = path.to_string_lossy().into_owned();
            let is_folder = file_type(&stat) == FileType::Directory;
            let found = WalkEntry { path: &path, manifest_path, stat, folder: handle.as_fd() };
            if visitor.visit(&found) == Walk::Descend && is_folder {
                folders.push(path);
            }
        }
        Ok(())
    }

    /// Opens a folder of the tree, component by component, so that no link is followed.
    pub fn folder(&self, path: &Path) -> io::Result<OwnedFd> {
        let mut handle = self.root.try_clone()?;
        for name in path {
            handle = open_folder(&handle, name)?;
        }
        Ok(handle)
    }
}

impl AsFd for OpenTree {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }
}

impl WalkEntry<'_> {
    /// Its name, without folders.
    pub fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    /// Opens a regular file. An error if it was replaced since [`stat`](Self::stat) was read.
    pub fn open(&self) -> io::Result<File> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let open = |flags| openat(self.folder, self.name(), flags, Mode::empty());
        // Only a file's owner may keep its access time.
        let file = match open(flags | NO_ACCESS_TIME) {
            Err(Errno::PERM) => open(flags)?,
            opened => opened?,
        };
        let stat = rustix::fs::fstat(&file)?;
        match (stat.st_dev, stat.st_ino) == (self.stat.st_dev, self.stat.st_ino) {
            true => Ok(File::from(file)),
            false => Err(io::Error::other("it was replaced just now")),
        }
    }

    /// The target of a link. An error if it isn't one.
    pub fn target(&self) -> io::Result<OsString> {
        let target = rustix::fs::readlinkat(self.folder, self.name(), Vec::new())?;
        Ok(OsStr::from_bytes(target.to_bytes()).to_owned())
    }
}

/// The file type in some metadata.
pub fn file_type(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// The permission bits in some metadata.
pub fn permission_bits(stat: &Stat) -> u32 {
    file_meta(stat).mode & 0o7777
}

fn open_folder(folder: impl AsFd, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(folder, name, flags, Mode::empty())?)
}

/// The disk usage of a tree in bytes. A file with several hard links counts once; what can't be read
/// isn't counted.
pub fn disk_usage(root: &Path) -> u64 {
    let mut usage = Usage::default();
    if let Ok(tree) = OpenTree::open(root) {
        tree.walk(&mut usage);
    }
    usage.bytes
}

#[derive(Default)]
struct Usage {
    bytes: u64,
    counted: BTreeSet<Identity>,
}

impl Visitor for Usage {
    fn visit(&mut self, found: &WalkEntry<'_>) -> Walk {
        let stat = &found.stat;
        if stat.st_nlink < 2
            || file_type(stat) == FileType::Directory
            || self.counted.insert(file_meta(stat).identity)
        {
            self.bytes += u64::try_from(stat.st_blocks).unwrap_or_default() * 512;
        }
        Walk::Descend
    }

    fn unreadable(&mut self, _: &Path, _: &io::Error) {}
}
