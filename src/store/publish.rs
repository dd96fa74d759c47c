//! The moment from which a toolchain exists: its finished tree gets its final name.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use usher_shims::error::{Error, Result};

use super::location::backup_path;
use crate::files::durable::{make_folders, sync_file_system, sync_name};
use crate::files::interrupt::{Unfinished, undisturbed};
use crate::files::write_access::WriteAccess;

/// Syncs a finished tree and gives it its final name, which must be free.
pub(super) fn publish(_: &WriteAccess, tree: &Path, target: &Path) -> Result<()> {
    sync(tree)?;
    let parent = target.parent().unwrap_or(target);
    make_folders(parent)?;
    // An interrupt deletes the tree.
    undisturbed(|| rename_where_free(tree, target))
        .map_err(|error| Error::io("put the toolchain at", target, error))?;
    sync_name(target);
    Ok(())
}

/// Syncs a finished tree and puts it in the place of what is at `target`, which is at `tree`
/// from then on: at no moment is there none. Where nothing is at `target`, nothing is at `tree`.
/// That completes the unfinished work.
///
/// A file system that can't exchange two names (of network and FUSE kinds), and a container that
/// refuses the system call, have a window between two renames in which there is none. A process that
/// is killed in it leaves the old one as a backup, and [`restore_backup`] restores it for the next
/// one that takes the lock.
pub(super) fn replace_tree(
    _: &WriteAccess,
    (tree, target): (&Path, &Path),
    unfinished: &Unfinished,
) -> Result<()> {
    sync(tree)?;
    // An interrupt deletes the tree.
    unfinished
        .complete(|| exchange(tree, target))
        .map_err(|error| Error::io("replace", target, error))?;
    sync_name(target);
    Ok(())
}

fn exchange(tree: &Path, target: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, tree, CWD, target, RenameFlags::EXCHANGE) {
        Err(errno) if is_refused(errno) => in_two_steps(tree, target),
        Err(Errno::NOENT) => rename_where_free(tree, target),
        done => done.map_err(Into::into),
    }
}

fn in_two_steps(tree: &Path, target: &Path) -> io::Result<()> {
    let backup = backup_path(target);
    fs::rename(target, &backup)?;
    if let Err(error) = rename_where_free(tree, target) {
        fs::rename(&backup, target)?;
        return Err(error);
    }
    fs::rename(&backup, tree)
}

/// Restores the backup of a process that was killed in the middle of [`replace_tree`], under the
/// same lock: the old toolchain gets its name back. Returns it instead if its replacement has the
/// name.
pub(super) fn restore_backup(_: &WriteAccess, target: &Path) -> Result<Option<PathBuf>> {
    let backup = backup_path(target);
    let is_there = |path: &Path| fs::symlink_metadata(path).is_ok();
    match (is_there(&backup), is_there(target)) {
        (false, _) => Ok(None),
        (true, true) => Ok(Some(backup)),
        (true, false) => {
            rename_where_free(&backup, target)
                .map_err(|error| Error::io("restore", target, error))?;
            sync_name(target);
            Ok(None)
        }
    }
}

fn rename_where_free(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(errno) if is_refused(errno) => rename_folder(from, to),
        other => other.map_err(Into::into),
    }
}

/// Renames a folder where a rename can't be told to replace nothing. Of what appears at `to` after
/// the check, a rename of a folder replaces nothing but an empty folder, which loses nothing.
fn rename_folder(from: &Path, to: &Path) -> io::Result<()> {
    match fs::symlink_metadata(to) {
        Ok(_) => Err(Errno::EXIST.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::rename(from, to) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                Err(Errno::EXIST.into())
            }
            done => done,
        },
        Err(error) => Err(error),
    }
}

/// Writes all of the tree's file system to disk: one call for thousands of files. Where that call is
/// refused, there is one for each of them.
fn sync(tree: &Path) -> Result<()> {
    let folder = File::open(tree).map_err(|error| Error::io("open", tree, error))?;
    match sync_file_system(&folder) {
        Err(error) if Errno::from_io_error(&error).is_some_and(is_refused) => sync_each(tree),
        done => done.map_err(|error| Error::io("sync", tree, error)),
    }
}

/// Writes every file and folder of a tree to disk, the tree's own folder last. A link is part of its
/// folder.
///
/// On macOS `fsync` hands a file to the drive, which may keep it in its own memory. What `std` does
/// there makes the drive write all that it has, so once is enough, at the end; elsewhere both are one.
fn sync_each(tree: &Path) -> Result<()> {
    let mut folders = vec![tree.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let failed = |error| Error::io("read", &folder, error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                sync_one(&entry.path())?;
            }
        }
        if folder != tree {
            sync_one(&folder)?;
        }
    }
    let flushed = File::open(tree).and_then(|folder| folder.sync_all());
    flushed.map_err(|error| Error::io("sync", tree, error))
}

fn sync_one(path: &Path) -> Result<()> {
    let synced = File::open(path).and_then(|file| Ok(rustix::fs::fsync(file)?));
    synced.map_err(|error| Error::io("sync", path, error))
}

/// Whether a system call doesn't exist here: the kernel or the file system doesn't have it, or a
/// container's filter refuses it. Permission that really is missing is refused to the fallback, too.
fn is_refused(errno: Errno) -> bool {
    [Errno::INVAL, Errno::NOSYS, Errno::PERM, Errno::OPNOTSUPP, Errno::NOTSUP].contains(&errno)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make_toolchain(folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(name);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("is"), name).unwrap();
        path
    }

    fn content_of(path: &Path) -> String {
        fs::read_to_string(path.join("is")).unwrap_or_else(|_| "nothing".to_owned())
    }

    #[test]
    fn replacing_a_toolchain_keeps_the_old_one_as_backup() {
        type Replace = fn(&Path, &Path) -> io::Result<()>;
        let exchange: Replace = |tree, target| {
            replace_tree(&WriteAccess::for_test(), (tree, target), &Unfinished::other(""))
                .map_err(|error| io::Error::other(error.what))
        };
        for replace in [exchange, in_two_steps] {
            let folder = tempfile::tempdir().unwrap();
            let (old, new) =
                (make_toolchain(folder.path(), "1.0.0"), make_toolchain(folder.path(), "new"));
            replace(&new, &old).unwrap();
            assert_eq!(
                (content_of(&old), content_of(&new)),
                ("new".to_owned(), "1.0.0".to_owned())
            );
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
            assert_eq!(restore_backup(&WriteAccess::for_test(), &old).unwrap(), None);
        }
    }

    #[test]
    fn a_backup_is_restored_after_a_process_was_killed() {
        let folder = tempfile::tempdir().unwrap();
        let old = make_toolchain(folder.path(), "1.0.0");
        fs::rename(&old, backup_path(&old)).unwrap();
        assert_eq!(restore_backup(&WriteAccess::for_test(), &old).unwrap(), None);
        assert_eq!(
            (content_of(&old), content_of(&backup_path(&old))),
            ("1.0.0".to_owned(), "nothing".to_owned())
        );
        // The replacement has the name already.
        fs::rename(&old, backup_path(&old)).unwrap();
        make_toolchain(folder.path(), "new");
        fs::rename(folder.path().join("new"), &old).unwrap();
        assert_eq!(
            restore_backup(&WriteAccess::for_test(), &old).unwrap(),
            Some(backup_path(&old))
        );
        assert_eq!(content_of(&old), "new");
    }

    #[test]
    fn a_failed_replacement_keeps_the_old_toolchain() {
        let folder = tempfile::tempdir().unwrap();
        let old = make_toolchain(folder.path(), "1.0.0");
        in_two_steps(&folder.path().join("absent"), &old).unwrap_err();
        assert_eq!(content_of(&old), "1.0.0");
    }

    #[test]
    fn a_renamed_folder_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let tree = make_toolchain(folder.path(), "new");
        let target = folder.path().join("1.0.0");
        fs::create_dir(&target).unwrap();
        assert_eq!(
            Errno::from_io_error(&rename_folder(&tree, &target).unwrap_err()),
            Some(Errno::EXIST)
        );
        fs::remove_dir(&target).unwrap();
        std::os::unix::fs::symlink("nowhere", &target).unwrap();
        rename_folder(&tree, &target).unwrap_err();
        fs::remove_file(&target).unwrap();
        rename_folder(&tree, &target).unwrap();
        assert_eq!(content_of(&target), "new");
        // What appears after the check: the system call itself replaces none of these.
        let other = make_toolchain(folder.path(), "other");
        fs::rename(&other, &target).unwrap_err();
        for name in ["file", "link"] {
            let path = folder.path().join(name);
            match name {
                "file" => fs::write(&path, "").unwrap(),
                _ => std::os::unix::fs::symlink("nowhere", &path).unwrap(),
            }
            fs::rename(&other, &path).unwrap_err();
        }
        assert_eq!(content_of(&other), "other");
    }

    #[test]
    fn every_file_of_a_tree_can_be_synced() {
        let folder = tempfile::tempdir().unwrap();
        let tree = make_toolchain(folder.path(), "new");
        fs::create_dir_all(tree.join("a/b")).unwrap();
        fs::write(tree.join("a/b/c"), "").unwrap();
        std::os::unix::fs::symlink("nowhere", tree.join("a/link")).unwrap();
        sync_each(&tree).unwrap();
        sync_each(&tree.join("absent")).unwrap_err();
    }

    #[test]
    fn publishing_never_replaces_an_existing_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (tree, target) = (folder.path().join("tree"), folder.path().join("store/1.0.0"));
        fs::create_dir_all(&tree).unwrap();
        // Even an empty folder, which an ordinary rename replaces.
        fs::create_dir_all(&target).unwrap();
        publish(&WriteAccess::for_test(), &tree, &target).unwrap_err();
        assert!(tree.exists());
        fs::remove_dir(&target).unwrap();
        publish(&WriteAccess::for_test(), &tree, &target).unwrap();
        assert!(target.exists() && !tree.exists());
    }
}
