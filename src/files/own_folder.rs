//! A folder of usher's that is opened once, with what is read in it.
//!
//! Another account may have created a folder or file in the place of ours, wherever it can write. What
//! is judged is what was opened, so nothing can be exchanged between a check and its use. In another
//! account's home, root has only that account's rights.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, fstat, mkdirat, openat, statat};
use rustix::io::Errno;
use rustix::process::geteuid;
use usher_shims::error::{Error, ErrorKind, Shown};
use usher_shims::ownership::{ROOT, WORLD_WRITABLE, is_replaceable, is_shared};
use usher_shims::world::{FileContent, FileMeta, file_meta, read_open};

use super::account::{owner_for_root, with_rights_of};
use super::durable::{make_folders, sync_names};
use crate::sys::{Account, SEARCH_FOLDER};
use crate::text::ShellWord;

/// Every account can reach what is in a folder.
const WORLD_SEARCHABLE: u32 = 0o001;

/// The permissions of a new folder, less the umask.
const NEW_FOLDER: Mode = Mode::from_raw_mode(0o777);

/// An open folder that no other account could have put in the place of usher's.
#[derive(Debug)]
pub struct OwnFolder {
    folder: OwnedFd,
    path: PathBuf,
    meta: FileMeta,
    /// The owner of the entry that led here: the folder, or a link to it.
    entry_owner: u32,
    /// The account that root reads as.
    account: Option<Account>,
}

/// Why a folder or file isn't used.
#[derive(Debug)]
pub enum Refusal {
    /// Another account could have put it there, or can change it.
    Planted(Error),
    /// It can't be read.
    Failed(Error),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Planted(error) | Refusal::Failed(error) => error,
        }
    }
}

/// What is there, or why it isn't used.
type Judged<T> = std::result::Result<T, Refusal>;

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
    /// Opens a folder; `None` if it doesn't exist. [`Refusal::Planted`] if every account can write
    /// there, or if another account could have created it, or the folder that it is in.
    pub fn open(path: &Path) -> Judged<Option<Self>> {
        let account = owner_for_root(path);
        let opened = with_rights_of(account, || {
            let Some(parent) = open_parent(path)? else { return Ok(None) };
            match path.file_name() {
                Some(name) => open_entry(&parent, name, path, Beyond::Near),
                None => Ok(Some(parent)),
            }
        })?;
        opened.map(|folder| Self { account, ..folder }.not_world_writable()).transpose()
    }

    /// Opens a folder, which is created if it doesn't exist.
    pub fn create(path: &Path) -> Judged<Self> {
        make_folders(path).map_err(Refusal::Failed)?;
        let absent = || Error::io("make the folder", path, io::ErrorKind::NotFound.into());
        Self::open(path)?.ok_or_else(|| Refusal::Failed(absent()))
    }

    /// Opens a folder in this one, which is created if it doesn't exist.
    pub fn create_folder(&self, name: &OsStr) -> Judged<Self> {
        let path = self.path.join(name);
        let failed =
            |errno: Errno| Refusal::Failed(Error::io("make the folder", &path, errno.into()));
        match mkdirat(&self.folder, name, NEW_FOLDER) {
            Ok(()) => sync_names(&self.path),
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(failed(errno)),
        }
        self.folder(name)?.ok_or_else(|| failed(Errno::NOENT))
    }

    /// Opens a folder in this one; `None` if it doesn't exist.
    pub fn folder(&self, name: &OsStr) -> Judged<Option<Self>> {
        let path = self.path.join(name);
        let opened = with_rights_of(self.account, || open_entry(self, name, &path, Beyond::Near))?;
        let account = self.account;
        opened.map(|folder| Self { account, ..folder }.not_world_writable()).transpose()
    }

    /// Reads a small file in this folder; `None` if it doesn't exist.
    ///
    /// [`Refusal::Planted`] as for [`file`](Self::file). What isn't a regular file, or is too large,
    /// is a failure.
    pub fn read(&self, name: &OsStr) -> Judged<Option<FileContent>> {
        let Some(file) = self.file(name)? else { return Ok(None) };
        let failed = |error| Refusal::Failed(Error::io("read", &self.path.join(name), error));
        read_open(&file).map(Some).map_err(failed)
    }

    /// Opens a file in this folder for reading; `None` if it doesn't exist. [`Refusal::Planted`] if
    /// every account can write to it, or if another one could have created it.
    pub fn file(&self, name: &OsStr) -> Judged<Option<OwnedFd>> {
        let path = self.path.join(name);
        let failed = |errno: Errno| Refusal::Failed(Error::io("read", &path, errno.into()));
        let file = match with_rights_of(self.account, || self.open_file(name)) {
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            opened => opened.map_err(failed)?,
        };
        self.refuse_foreign_file(&path, &fstat(&file).map_err(failed)?)?;
        Ok(Some(file))
    }

    /// The names in this folder, in no order. [`Refusal::Planted`] if every account can create files
    /// here, and another one did.
    pub fn names(&self) -> Judged<Vec<OsString>> {
        let failed = |errno: Errno| Refusal::Failed(Error::io("list", &self.path, errno.into()));
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
            if self.is_for_all() {
                match statat(&handle, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(seen) if self.is_foreign(seen.st_uid) => {
                        return Err(Refusal::Planted(belongs_to(
                            &self.path.join(name),
                            seen.st_uid,
                        )));
                    }
                    Ok(_) | Err(Errno::NOENT) => {}
                    Err(error) => return Err(failed(error)),
                }
            }
            names.push(name.to_owned());
        }
        Ok(names)
    }

    /// [`Refusal::Planted`] if every account can create files here, and another one did.
    pub fn refuse_foreign(&self) -> Judged<()> {
        match self.is_for_all() {
            true => self.names().map(drop),
            false => Ok(()),
        }
    }

    /// Opens a file without waiting for a pipe's other end. Where every account can create files, a
    /// link isn't followed.
    fn open_file(&self, name: &OsStr) -> rustix::io::Result<OwnedFd> {
        let mut flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        if self.is_for_all() {
            flags |= OFlags::NOFOLLOW;
        }
        openat(&self.folder, name, flags, Mode::empty())
    }

    fn refuse_foreign_file(&self, path: &Path, seen: &Stat) -> Judged<()> {
        let is_reachable = self.meta.mode & WORLD_SEARCHABLE != 0;
        if file_meta(seen).mode & WORLD_WRITABLE != 0 && is_reachable {
            return Err(Refusal::Planted(world_writable(path)));
        }
        // A file with a second name may be one of ours that another account put here.
        let is_ours = !self.is_foreign(seen.st_uid) && seen.st_nlink <= 1;
        match self.is_for_all() && !is_ours {
            true => Err(Refusal::Planted(belongs_to(path, seen.st_uid))),
            false => Ok(()),
        }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder's metadata.
    pub fn meta(&self) -> &FileMeta {
        &self.meta
    }

    /// The owner of the folder, or of the link that led here.
    pub(super) fn entry_owner(&self) -> u32 {
        self.entry_owner
    }

    /// Whether every account can create files here.
    pub(super) fn is_for_all(&self) -> bool {
        self.meta.mode & WORLD_WRITABLE != 0
    }

    /// Whether something here is of an account that isn't the caller, root or this folder's owner.
    fn is_foreign(&self, owner: u32) -> bool {
        ![ROOT, geteuid().as_raw(), self.meta.owner].contains(&owner)
    }

    fn not_world_writable(self) -> Judged<Self> {
        match is_replaceable(&self.meta) {
            true => Err(Refusal::Planted(world_writable(&self.path))),
            false => Ok(self),
        }
    }
}

/// Reads a file in a folder of usher's; `None` if one of them doesn't exist.
pub fn read(path: &Path) -> Judged<Option<FileContent>> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(None) };
    OwnFolder::open(folder)?.map_or(Ok(None), |folder| folder.read(name))
}

/// Opens the folder that contains `path`; `None` if it doesn't exist.
fn open_parent(path: &Path) -> Judged<Option<OwnFolder>> {
    let parent = path.parent().unwrap_or(path);
    let above = parent.parent().unwrap_or(parent);
    let above_folder = match open_folder(CWD, above.as_os_str(), OFlags::empty()) {
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
        opened => opened.and_then(|folder| OwnFolder::new(folder, above)),
    };
    let above =
        above_folder.map_err(|errno| Refusal::Failed(Error::io("open", above, errno.into())))?;
    match parent.file_name() {
        Some(name) => open_entry(&above, name, parent, Beyond::Far),
        None => Ok(Some(above)),
    }
}

/// Opens a folder, or a link to one, in another folder.
fn open_entry(
    parent: &OwnFolder,
    name: &OsStr,
    path: &Path,
    beyond: Beyond,
) -> Judged<Option<OwnFolder>> {
    let failed = |errno: Errno| Refusal::Failed(Error::io("open", path, errno.into()));
    let is_for_many = match beyond {
        Beyond::Near => parent.is_for_all(),
        Beyond::Far => is_shared(&parent.meta),
    };
    let refuse = |owner: u32| match is_for_many && parent.is_foreign(owner) {
        true => Err(Refusal::Planted(belongs_to(path, owner))),
        false => Ok(()),
    };
    let mut link_owner = None;
    let opened = match open_folder(parent.folder.as_fd(), name, OFlags::NOFOLLOW) {
        Err(Errno::LOOP | Errno::NOTDIR) => {
            let seen = match statat(&parent.folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => return Ok(None),
                seen => seen.map_err(failed)?,
            };
            // Whoever owns a link can lead it anywhere.
            refuse(seen.st_uid)?;
            link_owner = Some(seen.st_uid);
            match FileType::from_raw_mode(seen.st_mode) {
                FileType::Symlink => open_folder(parent.folder.as_fd(), name, OFlags::empty()),
                _ => return Ok(None),
            }
        }
        opened => opened,
    };
    match opened.and_then(|folder| OwnFolder::new(folder, path)) {
        Ok(folder) => {
            refuse(folder.meta.owner)?;
            let entry_owner = link_owner.unwrap_or(folder.meta.owner);
            Ok(Some(OwnFolder { entry_owner, ..folder }))
        }
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(errno) => Err(failed(errno)),
    }
}

impl OwnFolder {
    /// A folder that isn't judged yet.
    fn new(folder: OwnedFd, path: &Path) -> rustix::io::Result<Self> {
        let meta = file_meta(&fstat(&folder)?);
        let path = path.to_path_buf();
        Ok(Self { folder, path, meta, entry_owner: meta.owner, account: None })
    }
}

fn open_folder(parent: BorrowedFd<'_>, name: &OsStr, more: OFlags) -> rustix::io::Result<OwnedFd> {
    let flags = SEARCH_FOLDER | OFlags::DIRECTORY | OFlags::CLOEXEC | more;
    openat(parent, name, flags, Mode::empty())
}

/// The error for a folder or file to which every account can write.
pub(super) fn world_writable(path: &Path) -> Error {
    let shown = Shown(path);
    Error::new(ErrorKind::Permission, format!("{shown} is world-writable"))
        .because("any account could replace programs there")
        .hint(format!("chmod o-w {}", ShellWord(path)))
}

/// The error for a folder or file of another account where usher's should be.
pub(super) fn belongs_to(path: &Path, owner: u32) -> Error {
    Error::new(ErrorKind::Permission, format!("{} belongs to account {owner}", Shown(path)))
        .because("usher needs a folder of its own there")
        .hint("export USHER_HOME=/a/folder/of/yours")
}
