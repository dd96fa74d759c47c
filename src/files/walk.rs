//! A tree that is looked at without following a link: every folder is opened from the one above it,
//! and nothing but folders and regular files is opened at all.
//!
//! Looking leaves no trace: the times at which files were used last stay as they are, where whoever
//! looks may arrange that.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, RawMode, Stat, openat, statat};
use rustix::io::Errno;

use crate::sys::NO_ACCESS_TIME;

/// A tree, by its open folder.
#[derive(Debug)]
pub struct OpenTree {
    root: OwnedFd,
}

/// Something in a tree.
#[derive(Debug)]
pub struct WalkEntry<'a> {
    /// Its path from the tree's root.
    pub path: &'a Path,
    /// The same as it stands in a receipt.
    pub manifest_path: String,
    /// What it is.
    pub stat: Stat,
    /// The folder that it lies in.
    pub folder: BorrowedFd<'a>,
}

/// Whether to look at what is in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// Look inside.
    Descend,
    /// Pass it by.
    Skip,
}

/// Looks at what is in a tree.
pub trait Visitor {
    /// Something lies there.
    fn visit(&mut self, found: &WalkEntry<'_>) -> Walk;
    /// A folder can't be searched.
    fn unreadable(&mut self, folder: &Path, error: &io::Error);
}

impl OpenTree {
    /// Opens a tree; a link to one is none.
    pub fn open(root: &Path) -> io::Result<Self> {
        Ok(Self { root: open_folder(rustix::fs::CWD, root.as_os_str())? })
    }

    /// What its root is.
    pub fn stat(&self) -> io::Result<Stat> {
        Ok(rustix::fs::fstat(&self.root)?)
    }

    /// Visits all that lies in it, each folder before what is in it, in no other order.
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
                // It went just now.
                Err(Errno::NOENT) => continue,
                Err(error) => return Err(error.into()),
            };
            let path = folder.join(name);
            let manifest_path = path.to_string_lossy().into_owned();
            let is_folder = kind(&stat) == FileType::Directory;
            let found = WalkEntry { path: &path, manifest_path, stat, folder: handle.as_fd() };
            if visitor.visit(&found) == Walk::Descend && is_folder {
                folders.push(path);
            }
        }
        Ok(())
    }

    /// Opens a folder of the tree, from folder to folder, so that no link leads elsewhere.
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
    /// Its name in its folder.
    pub fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    /// Opens it, which must be the regular file that was seen there.
    pub fn open(&self) -> io::Result<File> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let open = |flags| openat(self.folder, self.name(), flags, Mode::empty());
        // Only its owner may leave a file's time as it is.
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

    /// Where it leads, which must be a link.
    pub fn target(&self) -> io::Result<OsString> {
        let target = rustix::fs::readlinkat(self.folder, self.name(), Vec::new())?;
        Ok(OsStr::from_bytes(target.to_bytes()).to_owned())
    }
}

/// What kind of thing it is.
pub fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// Its permission bits.
pub fn permissions(stat: &Stat) -> RawMode {
    stat.st_mode & 0o7777
}

fn open_folder(folder: impl AsFd, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(folder, name, flags, Mode::empty())?)
}

/// How much a tree takes on its disk, in bytes; a file with several names counts once. What can't
/// be read counts nothing.
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
    counted: HashSet<(u64, u64)>,
}

impl Visitor for Usage {
    fn visit(&mut self, found: &WalkEntry<'_>) -> Walk {
        let stat = &found.stat;
        if stat.st_nlink < 2
            || kind(stat) == FileType::Directory
            || self.counted.insert((stat.st_dev, stat.st_ino))
        {
            self.bytes += u64::try_from(stat.st_blocks).unwrap_or_default() * 512;
        }
        Walk::Descend
    }

    fn unreadable(&mut self, _: &Path, _: &io::Error) {}
}
