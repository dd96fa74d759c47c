//! The moment from which a toolchain exists: its finished tree gets its final name.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use usher_shims::error::{Error, Result};

/// Syncs a finished tree and gives it its final name, which must be free.
pub(super) fn publish(tree: &Path, target: &Path) -> Result<()> {
    sync(tree)?;
    let parent = target.parent().unwrap_or(target);
    fs::create_dir_all(parent).map_err(|error| Error::io("make the folder", parent, &error))?;
    rename_where_free(tree, target)
        .map_err(|error| Error::io("put the toolchain at", target, &error))?;
    sync_names(parent);
    Ok(())
}

/// Syncs a finished tree and puts it in the place of what is at `target`, which is at `tree`
/// from then on: at no moment is there none.
pub(super) fn replace(tree: &Path, target: &Path) -> Result<()> {
    sync(tree)?;
    rustix::fs::renameat_with(CWD, tree, CWD, target, RenameFlags::EXCHANGE)
        .map_err(|error| Error::io("replace", target, &error.into()))?;
    sync_names(target.parent().unwrap_or(target));
    Ok(())
}

/// Writes a folder's own entries to disk. What was renamed is there; what fails here can't take it
/// away again.
pub(super) fn sync_names(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

fn rename_where_free(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system without it: the lock still keeps others away.
        Err(Errno::INVAL | Errno::NOSYS) => fs::rename(from, to),
        other => other.map_err(Into::into),
    }
}

/// Writes all of the tree's file system to disk: one call for thousands of files.
#[cfg(target_os = "linux")]
fn sync(tree: &Path) -> Result<()> {
    let folder = File::open(tree).map_err(|error| Error::io("open", tree, &error))?;
    rustix::fs::syncfs(&folder).map_err(|error| Error::io("sync", tree, &error.into()))
}

#[cfg(not(target_os = "linux"))]
fn sync(_: &Path) -> Result<()> {
    rustix::fs::sync();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_the_name_already_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (tree, target) = (folder.path().join("tree"), folder.path().join("store/1.0.0"));
        fs::create_dir_all(&tree).unwrap();
        // Even an empty folder, which an ordinary rename replaces.
        fs::create_dir_all(&target).unwrap();
        publish(&tree, &target).unwrap_err();
        assert!(tree.exists());
        fs::remove_dir(&target).unwrap();
        publish(&tree, &target).unwrap();
        assert!(target.exists() && !tree.exists());
    }
}
