//! Replaces a file in one step: a new one is written under a temporary name, synced, renamed, and
//! its name is synced.
//!
//! Another process sees the old file or the new one, never a part of either. A link under the
//! file's name is replaced, not followed. It must not know what the file is for.

use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, RenameFlags, openat, renameat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;
use tempfile::{Builder, TempPath};
use usher_shims::error::{Error, Result};

use super::durable::sync_name;
use crate::sys::{self, SEARCH_FOLDER};

/// How a file is replaced.
#[derive(Debug, Clone, Copy)]
pub struct FileReplacement<'a> {
    /// The file that is replaced, or created.
    pub target: &'a Path,
    /// An existing folder for the temporary file, on the file system of `target`.
    pub staging: &'a Path,
    /// How the temporary file's name begins. A killed process doesn't delete that file.
    pub prefix: &'a str,
    /// Who may read, write and run the new file.
    pub mode: FileMode,
    /// Whether the new file must survive a power cut.
    pub durability: Durability,
}

/// The permission bits of a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileMode {
    /// Exactly these bits, whatever the umask is.
    Exact(u32),
    /// These bits, less the umask.
    Masked(u32),
}

/// Whether a file must survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It is synced before the rename, and its name after it.
    Synced,
    /// It isn't synced: its reader checks it, and can fetch it again.
    Unsynced,
}

impl FileReplacement<'_> {
    /// Replaces the file with one of this content. An error leaves the old file as it was.
    pub fn write(&self, content: &[u8]) -> Result<()> {
        let Self { target, staging, .. } = *self;
        let (FileMode::Exact(bits) | FileMode::Masked(bits)) = self.mode;
        let in_staging = |error: io::Error| Error::io("write in", staging, error);
        let folder = open_folder(staging).map_err(in_staging)?;
        let mut new = NewFile::create(&folder, self.prefix, bits).map_err(in_staging)?;
        self.fill(&mut new, content).map_err(|error| Error::io("write", target, error))?;
        let renamed = match (target.parent(), target.file_name()) {
            (Some(parent), Some(name)) => {
                open_folder(parent).and_then(|parent| new.rename_to(&parent, name))
            }
            _ => Err(io::ErrorKind::IsADirectory.into()),
        };
        renamed.map_err(|error| Error::io("replace", target, error))?;
        if self.durability == Durability::Synced {
            sync_name(target);
        }
        Ok(())
    }

    fn fill(&self, new: &mut NewFile<OwnedFd>, content: &[u8]) -> io::Result<()> {
        if let FileMode::Exact(bits) = self.mode {
            new.file().set_permissions(Permissions::from_mode(bits))?;
        }
        new.fill(content, self.durability)
    }
}

fn open_folder(path: &Path) -> io::Result<OwnedFd> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let flags = SEARCH_FOLDER | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat(CWD, path, flags, Mode::empty())?)
}

/// A new file under a temporary name in an open folder; deleted unless it is renamed.
#[derive(Debug)]
pub(super) struct NewFile<'a, F: AsFd> {
    folder: &'a F,
    name: String,
    file: File,
    is_renamed: bool,
}

impl<'a, F: AsFd> NewFile<'a, F> {
    /// Creates one with these permission bits, less the umask; its name begins with `prefix`.
    pub(super) fn create(folder: &'a F, prefix: &str, bits: u32) -> io::Result<Self> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        loop {
            let name = format!("{prefix}{:016x}", RandomState::new().build_hasher().finish());
            match openat(folder, &*name, flags, sys::mode(bits)) {
                Ok(file) => {
                    return Ok(Self { folder, name, file: File::from(file), is_renamed: false });
                }
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Writes the whole content.
    pub(super) fn fill(&mut self, content: &[u8], durability: Durability) -> io::Result<()> {
        self.file.write_all(content)?;
        match durability {
            Durability::Synced => self.file.sync_all(),
            Durability::Unsynced => Ok(()),
        }
    }

    /// Renames it, replacing what has that name.
    pub(super) fn rename_to(mut self, folder: impl AsFd, name: &OsStr) -> io::Result<()> {
        renameat(self.folder, &*self.name, folder, name)?;
        self.is_renamed = true;
        Ok(())
    }
}

impl<F: AsFd> NewFile<'_, F> {
    /// Renames it; `AlreadyExists` if something has that name.
    pub(super) fn rename_to_absent(mut self, folder: impl AsFd, name: &OsStr) -> io::Result<()> {
        let folder = folder.as_fd();
        match renameat_with(self.folder, &*self.name, folder, name, RenameFlags::NOREPLACE) {
            // Not every file system can, and old containers refuse the call.
            Err(Errno::INVAL | Errno::NOSYS | Errno::PERM | Errno::NOTSUP) => {
                match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Err(Errno::NOENT) => return self.rename_to(folder, name),
                    Ok(_) => return Err(Errno::EXIST.into()),
                    Err(error) => return Err(error.into()),
                }
            }
            done => done?,
        }
        self.is_renamed = true;
        Ok(())
    }
}

impl<F: AsFd> Drop for NewFile<'_, F> {
    fn drop(&mut self) {
        if !self.is_renamed {
            let _ = unlinkat(self.folder, &*self.name, AtFlags::empty());
        }
    }
}

/// A link or file under a temporary name; deleted unless it is renamed.
#[derive(Debug)]
pub struct Staged {
    path: TempPath,
}

impl Staged {
    /// Creates one in `folder` with `create`, whose name begins with `prefix`.
    ///
    /// `create` must fail with `AlreadyExists` where the path that it is given is taken; it is then
    /// called with another one.
    pub fn create(
        folder: &Path,
        prefix: &str,
        create: impl FnMut(&Path) -> io::Result<()>,
    ) -> io::Result<Self> {
        let staged = Builder::new().prefix(prefix).make_in(folder, create)?;
        Ok(Self { path: staged.into_temp_path() })
    }

    /// Renames it to `target`, replacing what has that name.
    pub fn rename_to(self, target: &Path) -> Result<()> {
        self.path.persist(target).map_err(|error| Error::io("replace", target, error.error))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, symlink};

    use super::*;

    fn replacement<'a>(target: &'a Path, folder: &'a Path, mode: FileMode) -> FileReplacement<'a> {
        let durability = Durability::Synced;
        FileReplacement { target, staging: folder, prefix: ".new-", mode, durability }
    }

    fn mode_bits(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_replaced_file_is_a_new_one_of_the_requested_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let write = |mode, content: &str| {
            replacement(&path, folder.path(), mode).write(content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            fs::metadata(&path).unwrap().ino()
        };
        // No usual umask leaves others' write bit.
        let first = write(FileMode::Exact(0o757), "one");
        assert_eq!(mode_bits(&path), 0o757);
        let open = File::open(&path).unwrap();
        assert_ne!(write(FileMode::Masked(0o644), "two"), first);
        assert_eq!(mode_bits(&path), 0o644);
        assert_eq!(io::read_to_string(open).unwrap(), "one");
        write(FileMode::Masked(0o600), "three");
        assert_eq!(mode_bits(&path), 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_is_replaced_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let [target, link] = ["target", "link"].map(|name| folder.path().join(name));
        fs::write(&target, "unchanged").unwrap();
        symlink(&target, &link).unwrap();
        replacement(&link, folder.path(), FileMode::Masked(0o644)).write(b"new").unwrap();
        assert!(!link.is_symlink());
        assert_eq!(fs::read_to_string(&link).unwrap(), "new");
        assert_eq!(fs::read_to_string(&target).unwrap(), "unchanged");
    }

    #[test]
    fn a_failure_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir(&path).unwrap();
        let error = replacement(&path, folder.path(), FileMode::Masked(0o644)).write(b"new");
        assert!(error.unwrap_err().what.starts_with("can't replace "));
        let staged = Staged::create(folder.path(), ".new-", |path| symlink("x", path)).unwrap();
        assert!(staged.rename_to(&path).is_err());
        drop(Staged::create(folder.path(), ".new-", |path| symlink("x", path)).unwrap());
        assert!(path.is_dir());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
