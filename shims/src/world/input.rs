//! The trait for the resolver's input, and its types.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

/// The resolver's input.
pub trait World {
    /// A variable of the environment.
    fn variable(&self, name: &str) -> Option<OsString>;

    /// All variables of the environment, in any order.
    fn variables(&self) -> Vec<(OsString, OsString)>;

    /// The process's ID.
    fn process(&self) -> u32;

    /// The working directory, physical.
    fn directory(&self) -> io::Result<PathBuf>;

    /// Whether [`World::directory`] is the process's own working directory, so that messages may
    /// name a file in it without its folder.
    fn is_process_directory(&self) -> bool {
        true
    }

    /// Which of these names are in this folder, as a set of bits: bit `n` for `names[n]`.
    ///
    /// At most 32 names. A missing folder has none of them; a link counts, even a dangling one.
    fn existing_names(&self, folder: &Path, names: &[&str]) -> io::Result<u32>;

    /// A regular file's content.
    ///
    /// Anything that isn't a regular file, and anything larger than [`LARGEST_FILE`], is an error
    /// of kind `InvalidData`; a FIFO is never waited for.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Visits the names of the folders in a folder, without links; in no order.
    ///
    /// A missing folder has none.
    fn folders(&self, folder: &Path, visit: &mut dyn FnMut(&OsStr)) -> io::Result<()>;

    /// The metadata of a path, links followed; `None` if it doesn't exist.
    fn metadata(&self, path: &Path) -> io::Result<Option<FileMeta>>;

    /// Whether this user has permission to write to a path.
    fn is_writable(&self, path: &Path) -> bool;

    /// An existing path without links; `None` if it can't be found out.
    fn physical_path(&self, path: &Path) -> Option<PathBuf>;
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

    fn directory(&self) -> io::Result<PathBuf> {
        (**self).directory()
    }

    fn is_process_directory(&self) -> bool {
        (**self).is_process_directory()
    }

    fn existing_names(&self, folder: &Path, names: &[&str]) -> io::Result<u32> {
        (**self).existing_names(folder, names)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        (**self).read(path)
    }

    fn folders(&self, folder: &Path, visit: &mut dyn FnMut(&OsStr)) -> io::Result<()> {
        (**self).folders(folder, visit)
    }

    fn metadata(&self, path: &Path) -> io::Result<Option<FileMeta>> {
        (**self).metadata(path)
    }

    fn is_writable(&self, path: &Path) -> bool {
        (**self).is_writable(path)
    }

    fn physical_path(&self, path: &Path) -> Option<PathBuf> {
        (**self).physical_path(path)
    }
}

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
}

/// Which file something is: device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The device.
    pub device: u64,
    /// The inode on it.
    pub inode: u64,
}

/// Reads a file that may be absent; only "not found" means absent.
pub fn read_optional(world: &impl World, path: &Path) -> io::Result<Option<Vec<u8>>> {
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
