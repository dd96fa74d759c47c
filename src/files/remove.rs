//! Deletes a tree, even if its folders are read-only, an empty folder, or files of a folder.
//!
//! It must not know what they are for.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, Result};

use super::write_access::WriteAccess;

/// Deletes `path` and everything below it. It isn't an error if `path` doesn't exist.
///
/// Links are deleted, never followed. Read-only folders (as in a Go module cache) are made writable
/// first. Use it only on our own folders that no other account can write to, and that were renamed
/// first.
pub fn remove_tree(path: &Path) -> Result<()> {
    let removed = match remove(path) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            make_writable(path).and_then(|()| remove(path))
        }
        first => first,
    };
    // A tree may be deeper than the limits of open files and of a path's length.
    let removed = match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            flatten(path).and_then(|()| remove(path)).map_err(|_| error)
        }
        done => done,
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("remove", path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes a folder, unless it is missing or something is in it.
pub fn remove_empty(folder: &Path) -> Result<()> {
    match fs::remove_dir(folder) {
        Err(error)
            if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty) =>
        {
            Err(Error::io("remove", folder, error))
        }
        _ => Ok(()),
    }
}

/// Deletes these files of a folder, and says whether there was one. A folder that doesn't exist has none.
pub fn remove_files(
    _: &WriteAccess,
    folder: &Path,
    is_removed: &dyn Fn(&Path) -> bool,
) -> Result<bool> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        entries => entries.map_err(|error| Error::io("list", folder, error))?,
    };
    let mut is_changed = false;
    for file in entries.flatten().map(|entry| entry.path()).filter(|file| is_removed(file)) {
        fs::remove_file(&file).map_err(|error| Error::io("delete", &file, error))?;
        is_changed = true;
    }
    Ok(is_changed)
}

fn remove(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    }
}

/// Moves all folders of a tree to its first level.
fn flatten(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(0o700))?;
    let mut waiting = folders_in(path)?;
    let mut count = 0_usize;
    while let Some(folder) = waiting.pop() {
        fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        for inner in folders_in(&folder)? {
            let moved = path.join(format!(".{count}"));
            count += 1;
            fs::set_permissions(&inner, Permissions::from_mode(0o700))?;
            fs::rename(&inner, &moved)?;
            waiting.push(moved);
        }
    }
    Ok(())
}

/// The folders in a folder, without links to folders.
fn folders_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        found.extend(entry.file_type()?.is_dir().then(|| entry.path()));
    }
    Ok(found)
}

/// Gives the owner all rights on every folder at and below `path`.
fn make_writable(path: &Path) -> io::Result<()> {
    let mut folders: Vec<PathBuf> = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        // `symlink_metadata` and `file_type` do not follow links.
        if !fs::symlink_metadata(&folder)?.is_dir() {
            continue;
        }
        fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_tree_is_deleted_but_not_the_targets_of_its_links() {
        let folder = tempfile::tempdir().unwrap();
        let outside = folder.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("file"), "").unwrap();
        fs::set_permissions(&outside, Permissions::from_mode(0o555)).unwrap();
        let tree = folder.path().join("tree");
        fs::create_dir_all(tree.join("a/b/c")).unwrap();
        fs::write(tree.join("a/b/c/file"), "").unwrap();
        symlink(&outside, tree.join("a/b/folder")).unwrap();
        symlink(outside.join("file"), tree.join("a/link")).unwrap();
        for (name, mode) in [("a/b/c", 0o000), ("a/b", 0o555), ("a", 0o400)] {
            fs::set_permissions(tree.join(name), Permissions::from_mode(mode)).unwrap();
        }

        remove_tree(&tree).unwrap();

        assert!(fs::symlink_metadata(&tree).is_err());
        assert!(outside.join("file").exists());
        let mode = fs::metadata(&outside).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o555, "a folder behind a link was changed");
        // So that accounts other than root can delete it.
        fs::set_permissions(&outside, Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn read_only_folders_are_made_writable() {
        // For root the test above doesn't need this.
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::set_permissions(&inner, Permissions::from_mode(0o000)).unwrap();

        make_writable(folder.path()).unwrap();

        assert_eq!(fs::metadata(&inner).unwrap().permissions().mode() & 0o777, 0o700);
        let link = folder.path().join("link");
        fs::set_permissions(&inner, Permissions::from_mode(0o500)).unwrap();
        symlink(&inner, &link).unwrap();
        make_writable(&link).unwrap();
        assert_eq!(fs::metadata(&inner).unwrap().permissions().mode() & 0o777, 0o500);
    }

    #[test]
    fn a_link_a_file_or_nothing_can_be_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        fs::create_dir(&target).unwrap();
        let link = folder.path().join("link");
        symlink(&target, &link).unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();

        for path in [&link, &file, &folder.path().join("nothing")] {
            remove_tree(path).unwrap();
            assert!(fs::symlink_metadata(path).is_err());
        }
        assert!(target.exists());
    }
}
