//! Replaces a file in one step: a new one is written under a temporary name, synced, renamed, and
//! its name is synced.
//!
//! Another process sees the old file or the new one, never a part of either. A link under the
//! file's name is replaced, not followed. It must not know what the file is for.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::Path;

use tempfile::{Builder, TempPath};
use usher_shims::error::{Error, Result};

use super::durable::sync_name;

/// The permission bits of a file that all users may read and write; the umask removes some.
const NEW_FILE: u32 = 0o666;

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
    /// The bits of the replaced file, and its owner if this process may set it. A file that is new
    /// gets 0666, less the umask.
    SameAsBefore,
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
        let failed = |error: io::Error| Error::io("write", target, error);
        let old = match fs::metadata(target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) if self.mode == FileMode::SameAsBefore => return Err(failed(error)),
            old => old.ok(),
        };
        let mut file = Builder::new()
            .prefix(self.prefix)
            .permissions(Permissions::from_mode(self.mode.at_creation()))
            .tempfile_in(staging)
            .map_err(|error| Error::io("write in", staging, error))?;
        self.fill(file.as_file_mut(), content, old.as_ref()).map_err(failed)?;
        rename(file.into_temp_path(), target)?;
        if self.durability == Durability::Synced {
            sync_name(target);
        }
        Ok(())
    }

    fn fill(&self, file: &mut File, content: &[u8], old: Option<&Metadata>) -> io::Result<()> {
        match (self.mode, old) {
            (FileMode::Exact(bits), _) => file.set_permissions(Permissions::from_mode(bits))?,
            (FileMode::SameAsBefore, Some(old)) => copy_owner_and_mode(file, old)?,
            (FileMode::SameAsBefore, None) | (FileMode::Masked(_), _) => {}
        }
        file.write_all(content)?;
        match self.durability {
            Durability::Synced => file.sync_all(),
            Durability::Unsynced => Ok(()),
        }
    }
}

impl FileMode {
    fn at_creation(self) -> u32 {
        match self {
            Self::Exact(bits) | Self::Masked(bits) => bits,
            Self::SameAsBefore => NEW_FILE,
        }
    }
}

/// Gives a new file the owner and the mode of the old one. The owner comes first: changing it may
/// clear bits of the mode.
///
/// Under sudo the old file may be another account's. Without permission to
/// change the owner, the new file belongs to this account.
fn copy_owner_and_mode(file: &File, old: &Metadata) -> io::Result<()> {
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        match fchown(file, Some(old.uid()), Some(old.gid())) {
            Err(error) if error.kind() != io::ErrorKind::PermissionDenied => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    file.set_permissions(old.permissions())
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
        rename(self.path, target)
    }
}

fn rename(staged: TempPath, target: &Path) -> Result<()> {
    staged.persist(target).map_err(|error| Error::io("replace", target, error.error))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

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
        assert_ne!(write(FileMode::SameAsBefore, "two"), first);
        assert_eq!(mode_bits(&path), 0o757);
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
