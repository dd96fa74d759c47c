//! The trait for the resolver's input, and its types.

use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// The resolver's input.
pub trait World {
    /// A variable of the environment; a set-user-ID process has none.
    fn variable(&self, name: &str) -> Option<OsString>;

    /// All variables of the environment, in any order; a set-user-ID process has none.
    fn variables(&self) -> Vec<(OsString, OsString)>;

    /// The process's ID.
    fn process(&self) -> u32;

    /// The account that the process acts as: its effective user.
    fn account(&self) -> u32;

    /// The account's groups: the one that the process acts as, then the others by their numbers.
    fn groups(&self) -> Vec<u32>;

    /// The working directory, physical.
    fn directory(&self) -> io::Result<PathBuf>;

    /// Whether [`World::directory`] is the process's own working directory, so that messages may
    /// name a file in it without its folder.
    fn is_process_directory(&self) -> bool {
        true
    }

    /// Visits the places in `names` of those that are in this folder, in their order, until the
    /// visitor breaks.
    ///
    /// A missing folder has none of them; a link counts, even a dangling one. A name may be a path
    /// (`.config/mise.toml`), and counts too if there is no permission to search the folder in it.
    fn visit_existing(
        &self,
        folder: &Path,
        names: &[&str],
        visit: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> io::Result<()>;

    /// Which of these names are in this folder, as a set of bits: bit `n` for `names[n]`. At most
    /// 32 names.
    fn existing_names(&self, folder: &Path, names: &[&str]) -> io::Result<u32> {
        let mut present = 0;
        self.visit_existing(folder, names, &mut |place| {
            present |= 1 << place;
            ControlFlow::Continue(())
        })?;
        Ok(present)
    }

    /// A regular file's content, with the metadata of the file that was read: one that is judged by
    /// its owner can't be replaced in between.
    ///
    /// Anything that isn't a regular file, and anything larger than [`LARGEST_FILE`], is an error
    /// of kind `InvalidData`; a FIFO is never waited for.
    fn read(&self, path: &Path) -> io::Result<FileContent>;

    /// Visits the names of the folders in a folder, without links; in no order.
    ///
    /// A missing folder has none.
    fn folders(&self, folder: &Path, visit: &mut dyn FnMut(&OsStr)) -> io::Result<()>;

    /// The metadata of a path, links followed; `None` if it doesn't exist.
    fn metadata(&self, path: &Path) -> io::Result<Option<FileMeta>>;

    /// Which file or folder a path leads to; `None` if it doesn't exist or can't be seen.
    fn identity(&self, path: &Path) -> Option<Identity> {
        self.metadata(path).ok().flatten().map(|seen| seen.identity)
    }

    /// Whether two paths lead to one file or folder.
    fn is_same(&self, one: &Path, other: &Path) -> bool {
        self.identity(one).is_some_and(|one| self.identity(other) == Some(one))
    }

    /// Whether a path leads to a program.
    fn is_program(&self, path: &Path) -> bool {
        self.metadata(path).ok().flatten().is_some_and(|seen| seen.is_program)
    }

    /// The metadata of a path, a link's own if it is one; `None` if it doesn't exist.
    fn entry(&self, path: &Path) -> io::Result<Option<FileMeta>>;

    /// Which file an absolute path leads to if no part of it is a link; `None` if one is, or if
    /// there is none. No folder is looked at twice, so that it can't become a link meanwhile.
    fn identity_without_links(&self, path: &Path) -> Option<Identity>;

    /// The path without links.
    fn physical(&self, path: &Path) -> io::Result<PathBuf>;

    /// Whether this user has permission to write to a path.
    fn is_writable(&self, path: &Path) -> bool;
}

/// A world of any type, for code that runs too rarely to be compiled for each.
pub type AnyWorld = Box<dyn World + Send + Sync>;

impl<W: World + ?Sized> World for Box<W> {
    fn variable(&self, name: &str) -> Option<OsString> {
        (**self).variable(name)
    }

    fn variables(&self) -> Vec<(OsString, OsString)> {
        (**self).variables()
    }

    fn process(&self) -> u32 {
        (**self).process()
    }

    fn account(&self) -> u32 {
        (**self).account()
    }

    fn groups(&self) -> Vec<u32> {
        (**self).groups()
    }

    fn directory(&self) -> io::Result<PathBuf> {
        (**self).directory()
    }

    fn is_process_directory(&self) -> bool {
        (**self).is_process_directory()
    }

    fn visit_existing(
        &self,
        folder: &Path,
        names: &[&str],
        visit: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> io::Result<()> {
        (**self).visit_existing(folder, names, visit)
    }

    fn read(&self, path: &Path) -> io::Result<FileContent> {
        (**self).read(path)
    }

    fn folders(&self, folder: &Path, visit: &mut dyn FnMut(&OsStr)) -> io::Result<()> {
        (**self).folders(folder, visit)
    }

    fn metadata(&self, path: &Path) -> io::Result<Option<FileMeta>> {
        (**self).metadata(path)
    }

    fn entry(&self, path: &Path) -> io::Result<Option<FileMeta>> {
        (**self).entry(path)
    }

    fn identity_without_links(&self, path: &Path) -> Option<Identity> {
        (**self).identity_without_links(path)
    }

    fn physical(&self, path: &Path) -> io::Result<PathBuf> {
        (**self).physical(path)
    }

    fn is_writable(&self, path: &Path) -> bool {
        (**self).is_writable(path)
    }
}

/// Why something that isn't a regular file isn't read.
pub const NOT_REGULAR: &str = "it is not a regular file";

/// The most bytes that are read of a version file or another small file.
pub const LARGEST_FILE: u64 = 4 << 20;

/// The metadata of a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileMeta {
    /// Which file it is, the same for all its hard links.
    pub identity: Identity,
    /// Whether it is a regular file with a permission to execute it.
    pub is_program: bool,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Its size in bytes.
    pub size: u64,
    /// When its content changed last, in nanoseconds since 1970.
    pub modified: i128,
    /// Its owner.
    pub owner: u32,
    /// Its type and permissions, the sticky bit among them.
    pub mode: u32,
    /// How many hard links it has.
    pub links: u64,
}

impl FileMeta {
    /// Whether it is a regular file.
    pub fn is_regular(&self) -> bool {
        self.mode & TYPE == REGULAR
    }
}

/// The bits of a mode that are the type of a file, and their value for a regular one.
const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

/// A file's content, and the metadata of the file that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileContent {
    /// The content.
    pub bytes: Vec<u8>,
    /// The metadata.
    pub meta: FileMeta,
}

/// Which file something is: device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The device.
    pub device: u64,
    /// The inode on it.
    pub inode: u64,
}

/// Reads a file that may be absent; only "not found" means absent.
pub fn read_optional(world: &impl World, path: &Path) -> io::Result<Option<FileContent>> {
    match world.read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a failure means that the path doesn't exist.
pub fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
