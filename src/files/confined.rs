//! A folder that is opened once, and files of others below it, which are read and replaced without
//! leaving it.
//!
//! ```text
//! folder ─▶ each name of a path, from open folder to open folder ─▶ the file ─▶ its text ─▶ replaced beside it
//! ```
//!
//! The kernel follows no link here: links are read, and followed as long as they stay below the
//! folder. Whatever another process exchanges for a link meanwhile, nothing outside is opened or
//! changed. `openat2` could open a file so, but not give the folder that really has it, which a
//! replacement needs; and old containers refuse it.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, Stat, chmodat, fstat, mkdirat, openat, readlinkat, statat, unlinkat,
};
use rustix::io::Errno;
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::path::without_dots;
use usher_shims::search::VERSION_CONTROL;
use usher_shims::world::{NOT_REGULAR, read_open};

use super::durable::sync_names_in;
use super::replace::{Durability, FileMode, NewFile};
use super::same_access::OldAccess;
use crate::sys::{self, SEARCH_FOLDER};

/// The permission bits of a file that all users may read and write; the umask removes some.
const NEW_FILE: u32 = 0o666;

/// The permission bits of a folder that only its owner changes and all users read.
const FOLDER_FOR_ALL: u32 = 0o755;

/// The bits of a file that only its owner sees until it has those of the one that it replaces.
const PRIVATE_FILE: u32 = 0o600;

/// The permissions to write of all accounts.
const WRITABLE: Mode = Mode::WUSR.union(Mode::WGRP).union(Mode::WOTH);

/// How the name of an unfinished file begins.
const UNFINISHED: &str = ".tmp";

/// More links than any real path has; the same as in Linux.
const MOST_LINKS: usize = 40;

/// A folder that is not left.
#[derive(Debug)]
pub struct ConfinedFolder {
    handle: OwnedFd,
    /// Its path, as it was given and without links; only for messages and for links that name it.
    path: PathBuf,
    real: PathBuf,
    /// What messages call it: `this project`.
    label: &'static str,
}

/// A file below a [`ConfinedFolder`], which may not exist yet.
#[derive(Debug)]
pub struct ConfinedFile {
    /// The folder that has it, or the last one on its path that exists.
    folder: OwnedFd,
    /// The folders below that one that are missing.
    missing: Vec<OsString>,
    name: OsString,
    path: PathBuf,
    is_linked: bool,
    old: Option<OldFile>,
}

/// A file as it was read.
#[derive(Debug)]
struct OldFile {
    file: File,
    stat: Stat,
    text: String,
}

impl ConfinedFolder {
    /// Opens the folder at `path`.
    pub fn open(path: &Path, label: &'static str) -> Result<Self> {
        Self::open_as(path, path, label)
    }

    /// Opens the working directory, which is at `directory`, or the folder above it at `path`. No
    /// exchanged link leads elsewhere.
    pub fn open_above(directory: &Path, path: &Path, label: &'static str) -> Result<Self> {
        let Ok(below) = directory.strip_prefix(path) else { return Self::open(path, label) };
        let up: PathBuf = below.iter().map(|_| "..").collect();
        Self::open_as(&Path::new(".").join(up), path, label)
    }

    fn open_as(opened: &Path, path: &Path, label: &'static str) -> Result<Self> {
        let handle = open_folder(CWD, opened, OFlags::empty())
            .map_err(|error| Error::io("open", path, error.into()))?;
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        Ok(Self { handle, path: path.to_path_buf(), real, label })
    }

    /// Finds a file by its path from this folder, or its absolute path, and reads it.
    ///
    /// [`ErrorKind::Permission`] if the path or a link on it leads out of the folder or to version
    /// control's own files, [`ErrorKind::CannotCreate`] if a link leads to a missing file.
    pub fn file(&self, path: &Path) -> Result<ConfinedFile> {
        let mut walk = Walk {
            root: self,
            path: self.path.join(path),
            entered: Vec::new(),
            ahead: Vec::new(),
            own_ahead: 0,
            link: None,
            is_linked: false,
            links: 0,
        };
        match (path.is_absolute(), self.inside(path)) {
            (false, _) => walk.go(path),
            (true, Some(below)) => walk.go(below),
            (true, None) => return Err(walk.leads_out()),
        }
        walk.own_ahead = walk.ahead.len();
        walk.finish()
    }

    /// The rest of an absolute path that begins with this folder's.
    fn inside<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        path.strip_prefix(&self.path).or_else(|_| path.strip_prefix(&self.real)).ok()
    }
}

/// The state on the way to a file.
struct Walk<'a> {
    root: &'a ConfinedFolder,
    /// The whole path, for messages.
    path: PathBuf,
    /// The open folders below the root, and their names.
    entered: Vec<(OwnedFd, OsString)>,
    /// The names that are ahead, the next one last.
    ahead: Vec<OsString>,
    /// How many of these are the path's own, not a link's.
    own_ahead: usize,
    /// The last link of the path itself, and where it leads.
    link: Option<Link>,
    /// Whether the file's own name is one.
    is_linked: bool,
    /// How many links were followed.
    links: usize,
}

struct Link {
    path: PathBuf,
    target: PathBuf,
}

impl Walk<'_> {
    fn finish(mut self) -> Result<ConfinedFile> {
        while let Some(name) = self.ahead.pop() {
            let is_own = self.ahead.len() < self.own_ahead;
            self.own_ahead = self.own_ahead.min(self.ahead.len());
            if name == ".." {
                if self.entered.pop().is_none() {
                    return Err(self.leads_out());
                }
                continue;
            }
            if VERSION_CONTROL.iter().any(|own| name.eq_ignore_ascii_case(own)) {
                return Err(self.is_version_control());
            }
            match readlinkat(self.folder(), &name, Vec::new()) {
                Ok(target) => {
                    let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
                    self.follow(&name, &target, is_own)?;
                }
                // The target of a link is missing.
                Err(Errno::NOENT) if !is_own => return Err(self.leads_nowhere()),
                Err(Errno::NOENT) => return self.absent(name),
                // It isn't a link.
                Err(Errno::INVAL) if self.ahead.is_empty() => return self.read(name),
                Err(Errno::INVAL) => {
                    let entered = open_folder(self.folder(), &name, OFlags::NOFOLLOW);
                    let entered = entered.map_err(|error| self.failed(error.into()))?;
                    self.entered.push((entered, name));
                }
                Err(error) => return Err(self.failed(error.into())),
            }
        }
        Err(self.failed(io::Error::new(io::ErrorKind::InvalidData, NOT_REGULAR)))
    }

    /// The folder that was reached.
    fn folder(&self) -> BorrowedFd<'_> {
        self.entered.last().map_or(self.root.handle.as_fd(), |(folder, _)| folder.as_fd())
    }

    fn folder_path(&self) -> PathBuf {
        let names = self.entered.iter().map(|(_, name)| name);
        names.fold(self.root.path.clone(), |path, name| path.join(name))
    }

    /// Puts a path in front of what is ahead.
    fn go(&mut self, path: &Path) {
        let names = path.components().rev().filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
        });
        self.ahead.extend(names);
    }

    fn follow(&mut self, name: &OsStr, target: &Path, is_own: bool) -> Result<()> {
        self.links += 1;
        self.is_linked |= is_own && self.own_ahead == 0;
        if self.links > MOST_LINKS {
            return Err(self.failed(Errno::LOOP.into()));
        }
        let folder = self.folder_path();
        let leads_to = without_dots(&folder.join(target));
        match &mut self.link {
            Some(link) if !is_own => link.target = leads_to,
            link => *link = Some(Link { path: folder.join(name), target: leads_to }),
        }
        if !target.is_absolute() {
            self.go(target);
            return Ok(());
        }
        let Some(below) = self.root.inside(target) else { return Err(self.leads_out()) };
        self.entered.clear();
        self.go(below);
        Ok(())
    }

    /// A file that doesn't exist, in a folder that may not exist either.
    fn absent(self, name: OsString) -> Result<ConfinedFile> {
        if self.ahead.iter().any(|name| name == "..") {
            return Err(self.failed(Errno::NOENT.into()));
        }
        let mut missing: Vec<OsString> =
            std::iter::once(name).chain(self.ahead.iter().rev().cloned()).collect();
        let name = missing.pop().unwrap_or_default();
        self.file(missing, name, None)
    }

    /// Reads a file that isn't a link.
    fn read(self, name: OsString) -> Result<ConfinedFile> {
        let old = OldFile::read(self.folder(), &name).map_err(|error| self.failed(error))?;
        self.file(Vec::new(), name, Some(old))
    }

    fn file(
        mut self,
        missing: Vec<OsString>,
        name: OsString,
        old: Option<OldFile>,
    ) -> Result<ConfinedFile> {
        let path = missing.iter().fold(self.folder_path(), |path, name| path.join(name));
        let path = path.join(&name);
        let is_linked = self.is_linked;
        let folder = match self.entered.pop() {
            Some((folder, _)) => folder,
            None => self.root.handle.try_clone().map_err(|error| self.failed(error))?,
        };
        Ok(ConfinedFile { folder, missing, name, path, is_linked, old })
    }

    fn leads_nowhere(&self) -> Error {
        let path = self.link.as_ref().map_or(&self.path, |link| &link.path);
        let what = format!("{} is a link to a file that doesn't exist", Shown(path));
        Error::new(ErrorKind::CannotCreate, what).hint(command("rm", &[path]))
    }

    fn leads_out(&self) -> Error {
        let label = self.root.label;
        let Some(Link { path, target }) = &self.link else {
            let what = format!("{} is outside of {label}", Shown(&self.path));
            return Error::new(ErrorKind::Permission, what);
        };
        let what = format!("{} is a link out of {label}, to {}", Shown(path), Shown(target));
        Error::new(ErrorKind::Permission, what).hint(command("rm", &[path]))
    }

    fn is_version_control(&self) -> Error {
        let error = |path: &Path, what: &str| {
            let what = format!("{} is {what}", Shown(path));
            Error::new(ErrorKind::Permission, what)
        };
        match &self.link {
            Some(Link { path, .. }) => {
                error(path, "a link to version control's own files").hint(command("rm", &[path]))
            }
            None => error(&self.path, "one of version control's own files"),
        }
    }

    fn failed(&self, error: io::Error) -> Error {
        Error::io("read", &self.path, error)
    }
}

impl OldFile {
    fn read(folder: BorrowedFd<'_>, name: &OsStr) -> io::Result<Self> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = openat(folder, name, flags, Mode::empty())?;
        let stat = fstat(&file)?;
        let text = String::from_utf8(read_open(&file)?.bytes)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))?;
        Ok(Self { file: File::from(file), stat, text })
    }

    /// Whether this is the same file, unchanged.
    fn is(&self, now: &Stat) -> bool {
        let state = |stat: &Stat| {
            let changed = (stat.st_ctime, stat.st_ctime_nsec);
            (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime, stat.st_mtime_nsec, changed)
        };
        state(&self.stat) == state(now)
    }
}

impl ConfinedFile {
    /// Where it really is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether its name is a link to it.
    pub fn is_linked(&self) -> bool {
        self.is_linked
    }

    /// Whether it gives no account the permission to write to it.
    pub fn is_read_only(&self) -> bool {
        let is_writable =
            |old: &OldFile| Mode::from_raw_mode(old.stat.st_mode).intersects(WRITABLE);
        self.old.as_ref().is_some_and(|old| !is_writable(old))
    }

    /// Its text as it was read; `None` if it doesn't exist.
    pub fn text(&self) -> Option<&str> {
        self.old.as_ref().map(|old| &*old.text)
    }

    /// Replaces it, or creates it with the folders above it. It keeps its owner and mode.
    ///
    /// [`ErrorKind::Changed`] if it isn't the file that was read, unchanged.
    pub fn replace(&self, text: &str) -> Result<()> {
        self.replace_or_create(text, FileMode::Masked(NEW_FILE))
    }

    /// [`Self::replace`], where a new file has this mode. New folders above a file whose bits are exact
    /// can be read by all.
    pub fn replace_or_create(&self, text: &str, mode: FileMode) -> Result<()> {
        let (FileMode::Exact(new_bits) | FileMode::Masked(new_bits)) = mode;
        let exact = matches!(mode, FileMode::Exact(_)).then_some(FOLDER_FOR_ALL);
        let made =
            self.make_missing(exact).map_err(|error| self.failed("make the folder of", error))?;
        let folder = made.as_ref().map_or(self.folder.as_fd(), OwnedFd::as_fd);
        let write = |error| self.failed("write", error);
        let bits = self.old.as_ref().map_or(new_bits, |_| PRIVATE_FILE);
        let mut new = NewFile::create(&folder, UNFINISHED, bits).map_err(write)?;
        match (&self.old, mode) {
            (Some(OldFile { file, stat, .. }), _) => OldAccess { file, stat }.give_to(new.file()),
            (None, FileMode::Exact(bits)) => {
                new.file().set_permissions(Permissions::from_mode(bits))
            }
            (None, FileMode::Masked(_)) => Ok(()),
        }
        .map_err(write)?;
        new.fill(text.as_bytes(), Durability::Synced).map_err(write)?;
        self.check_unchanged(folder)?;
        let renamed = match self.old {
            Some(_) => new.rename_to(folder, &self.name),
            None => new.rename_to_absent(folder, &self.name),
        };
        match renamed {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(self.changed()),
            Err(error) => Err(self.failed("replace", error)),
            Ok(()) => {
                sync_names_in(folder);
                Ok(())
            }
        }
    }

    /// Deletes it. What a link leads to is made empty instead.
    pub fn delete(&self) -> Result<()> {
        if self.is_linked {
            return self.replace("");
        }
        let folder = self.folder.as_fd();
        self.check_unchanged(folder)?;
        unlinkat(folder, &self.name, AtFlags::empty())
            .map_err(|error| self.failed("delete", error.into()))?;
        sync_names_in(folder);
        Ok(())
    }

    /// Makes the folders that are missing, with exactly these bits if they are given; `None` if none
    /// is missing.
    fn make_missing(&self, exact: Option<u32>) -> io::Result<Option<OwnedFd>> {
        let mut made: Option<OwnedFd> = None;
        for name in &self.missing {
            let folder = made.as_ref().unwrap_or(&self.folder);
            match mkdirat(folder, name, sys::mode(exact.unwrap_or(0o777))) {
                Ok(()) => {
                    if let Some(bits) = exact {
                        chmodat(folder, name, sys::mode(bits), AtFlags::empty())?;
                    }
                    sync_names_in(folder.as_fd());
                }
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            made = Some(open_folder(folder, name, OFlags::NOFOLLOW)?);
        }
        Ok(made)
    }

    fn check_unchanged(&self, folder: BorrowedFd<'_>) -> Result<()> {
        let now = match statat(folder, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(now) => Some(now),
            Err(Errno::NOENT) => None,
            Err(error) => return Err(self.failed("read", error.into())),
        };
        match (&self.old, now) {
            (Some(old), Some(now)) if old.is(&now) => Ok(()),
            (None, None) => Ok(()),
            _ => Err(self.changed()),
        }
    }

    /// The error for a file that another process changed.
    pub fn changed(&self) -> Error {
        let what = format!("{} has changed since usher read it", Shown(&self.path));
        Error::new(ErrorKind::Changed, what).because("nothing was written").hint("try again")
    }

    fn failed(&self, verb: &str, error: io::Error) -> Error {
        Error::io(verb, &self.path, error)
    }
}

fn open_folder(
    folder: impl rustix::fd::AsFd,
    name: impl rustix::path::Arg,
    flags: OFlags,
) -> rustix::io::Result<OwnedFd> {
    openat(folder, name, flags | SEARCH_FOLDER | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// A command for paths, as a shell takes it: `rm /p/.nvmrc`.
pub fn command(name: &str, paths: &[&Path]) -> String {
    let words: Option<Vec<String>> = paths.iter().map(|path| shell_word(path)).collect();
    match words {
        Some(words) => format!("{name} {}", words.join(" ")),
        None => "change it by hand".to_owned(),
    }
}

/// A path as one word of a shell's command; `None` if it isn't printed as it is.
fn shell_word(path: &Path) -> Option<String> {
    let shown = Shown(path).to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:,=".contains(c);
    match () {
        () if path.to_str() != Some(&shown) || shown.contains('\'') => None,
        () if shown.chars().all(is_plain) => Some(shown),
        () => Some(format!("'{shown}'")),
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    use std::os::unix::fs::symlink;

    use super::*;

    const ACCESS: &str = "system.posix_acl_access";

    /// The access list `user::rw-, user:4711:r--, group::---, mask::r--, other::---`.
    fn access_list() -> Vec<u8> {
        let entries: [(u16, u16, u32); 5] = [
            (1, 6, u32::MAX),
            (2, 4, 4711),
            (4, 0, u32::MAX),
            (16, 4, u32::MAX),
            (32, 0, u32::MAX),
        ];
        let mut list = 2_u32.to_le_bytes().to_vec();
        for (kind, rights, account) in entries {
            list.extend(kind.to_le_bytes());
            list.extend(rights.to_le_bytes());
            list.extend(account.to_le_bytes());
        }
        list
    }

    fn list_of(path: &Path) -> Option<Vec<u8>> {
        let mut list = vec![0; 256];
        let length = getxattr(path, ACCESS, &mut list[..]).ok()?;
        list.truncate(length);
        Some(list)
    }

    fn replace(folder: &Path, name: &str) {
        let confined = ConfinedFolder::open(folder, "this project").unwrap();
        confined.file(Path::new(name)).unwrap().replace("new").unwrap();
    }

    #[test]
    fn a_replaced_file_keeps_its_access_list_and_gets_none_from_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let [listed, plain] = ["listed", "plain"].map(|name| folder.path().join(name));
        fs::write(&listed, "old").unwrap();
        fs::write(&plain, "old").unwrap();
        if setxattr(&listed, ACCESS, &access_list(), XattrFlags::empty()).is_err() {
            return; // This file system has no access lists.
        }
        let _ = setxattr(&listed, "user.note", b"kept", XattrFlags::empty());
        let default = "system.posix_acl_default";
        setxattr(folder.path(), default, &access_list(), XattrFlags::empty()).unwrap();
        for name in ["listed", "plain", "new"] {
            replace(folder.path(), name);
        }
        assert_eq!(list_of(&listed), Some(access_list()));
        assert_eq!(list_of(&plain), None);
        // A new file has what its folder gives, as any program's has.
        assert!(list_of(&folder.path().join("new")).is_some());
        let mut note = [0; 4];
        let noted = getxattr(&listed, "user.note", &mut note[..]);
        assert!(noted.is_err() || &note == b"kept", "{note:?}");
    }

    #[test]
    fn a_file_that_changed_since_it_was_read_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let confined = ConfinedFolder::open(folder.path(), "this project").unwrap();
        let changes: [&dyn Fn(); 4] = [
            &|| fs::write(at("file"), "longer than before").unwrap(),
            &|| fs::remove_file(at("file")).unwrap(),
            &|| {
                fs::write(at("other"), "old").unwrap();
                fs::rename(at("other"), at("file")).unwrap();
            },
            &|| {
                fs::remove_file(at("file")).unwrap();
                symlink("/etc/passwd", at("file")).unwrap();
            },
        ];
        for change in changes {
            let _ = fs::remove_file(at("file"));
            fs::write(at("file"), "old").unwrap();
            let file = confined.file(Path::new("file")).unwrap();
            change();
            assert_eq!(file.replace("new").unwrap_err().kind(), ErrorKind::Changed);
        }
        fs::remove_file(at("file")).unwrap();
        let absent = confined.file(Path::new("deep/er/file")).unwrap();
        absent.replace("first").unwrap();
        assert_eq!(absent.replace("second").unwrap_err().kind(), ErrorKind::Changed);
        assert_eq!(fs::read_to_string(at("deep/er/file")).unwrap(), "first");
        assert_eq!(fs::read_dir(at("deep/er")).unwrap().count(), 1, "what is left over");
    }

    #[test]
    fn no_path_leaves_the_folder() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("project");
        fs::create_dir_all(folder.join("sub")).unwrap();
        fs::write(root.path().join("file"), "outside").unwrap();
        symlink("/", folder.join("top")).unwrap();
        symlink("..", folder.join("up")).unwrap();
        symlink("../sub/..", folder.join("sub/around")).unwrap();
        let confined = ConfinedFolder::open(&folder, "this project").unwrap();
        let outside = root.path().join("file");
        for path in ["../file", "sub/../../file", "up/file", "top/etc/passwd", "sub/around/up/file"]
        {
            let error = confined.file(Path::new(path)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Permission, "{path}: {error}");
        }
        assert_eq!(confined.file(&outside).unwrap_err().kind(), ErrorKind::Permission);
        let file = confined.file(Path::new("sub/around/sub/../new")).unwrap();
        assert_eq!(file.path(), folder.join("new"));
    }

    #[test]
    fn a_hint_is_one_command_or_none() {
        for (path, expected) in [
            ("/p/.nvmrc", "rm /p/.nvmrc"),
            ("/p/a b", "rm '/p/a b'"),
            ("/p/$(x)", "rm '/p/$(x)'"),
            ("/p/'; x", "change it by hand"),
            ("/p/\u{1b}", "change it by hand"),
        ] {
            assert_eq!(command("rm", &[Path::new(path)]), expected);
        }
    }
}
