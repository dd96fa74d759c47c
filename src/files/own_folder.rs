//! A folder of usher's that is opened once, with what is read in it.
//!
//! Another account may have created a folder or file in the place of ours, wherever it can write. What
//! is judged is what was opened, so nothing can be exchanged between a check and its use. In another
//! account's home, root has only that account's rights.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use rustix::io::Errno;
use rustix::process::geteuid;
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::world::{LARGEST_FILE, is_absent};

use super::account::{owner_for_root, with_rights_of};
use crate::sys::{Account, SEARCH_FOLDER};

/// Every account can write.
pub(super) const WORLD_WRITABLE: u32 = 0o002;

/// Accounts can delete only their own files.
pub(super) const STICKY: u32 = 0o1000;

/// Every account can reach what is in a folder.
const WORLD_SEARCHABLE: u32 = 0o001;

/// An open folder that no other account could have put in the place of usher's.
#[derive(Debug)]
pub struct OwnFolder {
    folder: OwnedFd,
    path: PathBuf,
    stat: Stat,
    /// The account that root reads as.
    account: Option<Account>,
}

/// A file's content, and the metadata of the same file.
#[derive(Debug)]
pub struct OwnFile {
    /// Its content.
    pub content: Vec<u8>,
    /// Its metadata.
    pub metadata: Metadata,
}

/// Where a folder's entries may be of any account.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beyond {
    /// In a folder of usher's, or directly above one.
    Near,
    /// Further up. Only sticky folders are for many accounts there: a home with mode 777 is common in
    /// containers with one account.
    Far,
}

impl OwnFolder {
    /// Opens a folder; `None` if it doesn't exist. [`ErrorKind::Permission`] if every account can
    /// write there, or if another account could have created it, or the folder that it is in.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let account = owner_for_root(path);
        let opened = with_rights_of(account, || {
            let Some(parent) = open_parent(path)? else { return Ok(None) };
            match path.file_name() {
                Some(name) => open_entry(&parent, name, path.to_path_buf(), Beyond::Near),
                None => Ok(Some(parent)),
            }
        })?;
        opened.map(|folder| Self { account, ..folder }.not_world_writable()).transpose()
    }

    /// Opens a folder in this one; `None` if it doesn't exist.
    pub fn folder(&self, name: &str) -> Result<Option<Self>> {
        let path = self.path.join(name);
        let opened = with_rights_of(self.account, || {
            open_entry(self, OsStr::new(name), path, Beyond::Near)
        })?;
        let account = self.account;
        opened.map(|folder| Self { account, ..folder }.not_world_writable()).transpose()
    }

    /// Reads a file in this folder; `None` if it doesn't exist.
    ///
    /// [`ErrorKind::Permission`] if every account can write to it, or if another one could have
    /// created it. What isn't a regular file, or is too large, is [`ErrorKind::BadFile`].
    pub fn read(&self, name: &OsStr) -> Result<Option<OwnFile>> {
        let path = self.path.join(name);
        let opened = with_rights_of(self.account, || self.open_file(name));
        let file = match opened {
            Ok(file) => file,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(Error::io("read", &path, error)),
        };
        let failed = |error| Error::io("read", &path, error);
        let metadata = file.metadata().map_err(failed)?;
        self.refuse_foreign_file(&path, &metadata)?;
        content(file, &metadata).map(|content| Some(OwnFile { content, metadata })).map_err(failed)
    }

    /// The names in this folder, in no order. [`ErrorKind::Permission`] if every account can create
    /// files here, and another one did.
    pub fn names(&self) -> Result<Vec<OsString>> {
        let failed = |error: Errno| Error::io("list", &self.path, error.into());
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle =
            with_rights_of(self.account, || openat(&self.folder, ".", flags, Mode::empty()))
                .map_err(failed)?;
        let mut names = Vec::new();
        for entry in Dir::read_from(&handle).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if matches!(name.as_bytes(), b"." | b"..") {
                continue;
            }
            if self.is_shared() {
                match statat(&handle, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(seen) if self.is_foreign(seen.st_uid) => {
                        return Err(belongs_to(&self.path.join(name), seen.st_uid));
                    }
                    Ok(_) | Err(Errno::NOENT) => {}
                    Err(error) => return Err(failed(error)),
                }
            }
            names.push(name.to_owned());
        }
        Ok(names)
    }

    /// Opens a file without waiting for a pipe's other end. Where every account can create files, a
    /// link isn't followed.
    fn open_file(&self, name: &OsStr) -> io::Result<File> {
        let mut flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        if self.is_shared() {
            flags |= OFlags::NOFOLLOW;
        }
        Ok(File::from(openat(&self.folder, name, flags, Mode::empty())?))
    }

    fn refuse_foreign_file(&self, path: &Path, seen: &Metadata) -> Result<()> {
        let is_reachable = self.stat.st_mode & WORLD_SEARCHABLE != 0;
        if seen.mode() & WORLD_WRITABLE != 0 && is_reachable {
            return Err(world_writable(path));
        }
        if !self.is_shared() {
            return Ok(());
        }
        // A second name may be another account's, for a file of ours that is no such file.
        match self.is_foreign(seen.uid()) || (seen.is_file() && seen.nlink() != 1) {
            true => Err(belongs_to(path, seen.uid())),
            false => Ok(()),
        }
    }

    /// Whether every account can create files here.
    fn is_shared(&self) -> bool {
        self.stat.st_mode & WORLD_WRITABLE != 0
    }

    /// Whether something here is of an account that isn't the caller, root or this folder's owner.
    fn is_foreign(&self, owner: u32) -> bool {
        ![0, geteuid().as_raw(), self.stat.st_uid].contains(&owner)
    }

    fn not_world_writable(self) -> Result<Self> {
        match self.stat.st_mode & WORLD_WRITABLE != 0 && self.stat.st_mode & STICKY == 0 {
            true => Err(world_writable(&self.path)),
            false => Ok(self),
        }
    }
}

/// Opens the folder that contains `path`; `None` if it doesn't exist.
fn open_parent(path: &Path) -> Result<Option<OwnFolder>> {
    let parent = path.parent().unwrap_or(path);
    let (Some(above), Some(name)) = (parent.parent(), parent.file_name()) else {
        return open_folder(CWD, parent.as_os_str(), OFlags::empty())
            .and_then(|folder| OwnFolder::new(folder, parent))
            .map(Some)
            .map_err(|errno| Error::io("open", parent, errno.into()));
    };
    let above_folder = match open_folder(CWD, above.as_os_str(), OFlags::empty()) {
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
        opened => opened.and_then(|folder| OwnFolder::new(folder, above)),
    };
    let above = above_folder.map_err(|errno| Error::io("open", above, errno.into()))?;
    open_entry(&above, name, parent.to_path_buf(), Beyond::Far)
}

/// Opens a folder, or a link to one, in another folder.
fn open_entry(
    parent: &OwnFolder,
    name: &OsStr,
    path: PathBuf,
    beyond: Beyond,
) -> Result<Option<OwnFolder>> {
    let failed = |errno: Errno| Error::io("open", &path, errno.into());
    let is_for_many = match beyond {
        Beyond::Near => parent.is_shared(),
        Beyond::Far => parent.is_shared() && parent.stat.st_mode & STICKY != 0,
    };
    let refuse = |owner: u32| match is_for_many && parent.is_foreign(owner) {
        true => Err(belongs_to(&path, owner)),
        false => Ok(()),
    };
    let opened = match open_folder(parent.folder.as_fd(), name, OFlags::NOFOLLOW) {
        Err(Errno::LOOP | Errno::NOTDIR) => {
            let seen = match statat(&parent.folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => return Ok(None),
                seen => seen.map_err(failed)?,
            };
            // Whoever owns a link can lead it anywhere.
            refuse(seen.st_uid)?;
            match FileType::from_raw_mode(seen.st_mode) {
                FileType::Symlink => open_folder(parent.folder.as_fd(), name, OFlags::empty()),
                _ => return Ok(None),
            }
        }
        opened => opened,
    };
    match opened.and_then(|folder| OwnFolder::new(folder, &path)) {
        Ok(folder) => refuse(folder.stat.st_uid).map(|()| Some(folder)),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(errno) => Err(failed(errno)),
    }
}

impl OwnFolder {
    /// A folder that isn't judged yet.
    fn new(folder: OwnedFd, path: &Path) -> rustix::io::Result<Self> {
        Ok(Self { stat: fstat(&folder)?, folder, path: path.to_path_buf(), account: None })
    }
}

fn open_folder(parent: BorrowedFd<'_>, name: &OsStr, more: OFlags) -> rustix::io::Result<OwnedFd> {
    let flags = SEARCH_FOLDER | OFlags::DIRECTORY | OFlags::CLOEXEC | more;
    openat(parent, name, flags, Mode::empty())
}

fn content(file: File, seen: &Metadata) -> io::Result<Vec<u8>> {
    let refused = |reason| Err(io::Error::new(io::ErrorKind::InvalidData, reason));
    if !seen.is_file() {
        return refused("it is not a regular file");
    }
    if seen.len() > LARGEST_FILE {
        return refused("it is larger than 4 MiB");
    }
    let mut content = Vec::new();
    file.take(LARGEST_FILE).read_to_end(&mut content)?;
    Ok(content)
}

/// The error for a folder or file to which every account can write.
pub(super) fn world_writable(path: &Path) -> Error {
    let shown = Shown(path);
    Error::new(ErrorKind::Permission, format!("{shown} is world-writable"))
        .because("any account could replace programs there")
        .hint(format!("chmod o-w '{shown}'"))
}

/// The error for a folder or file of another account where usher's should be.
pub(super) fn belongs_to(path: &Path, owner: u32) -> Error {
    Error::new(ErrorKind::Permission, format!("{} belongs to account {owner}", Shown(path)))
        .because("usher needs a folder of its own there")
        .hint("export USHER_HOME=/a/folder/of/yours")
}
