//! Folders that the user linked under a name: only the links are usher's. Nothing is written or deleted
//! through them.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::folders::Folders;
use usher_shims::name::Name;
use usher_shims::tool::Tool;

use super::own::OwnStore;
use crate::files::durable::{make_folders, sync_name};

/// Links a folder, in place of what was linked under the name; returns that.
pub fn link(
    store: &OwnStore<'_>,
    tool: &Tool,
    name: &Name,
    root: &Path,
) -> Result<Option<PathBuf>> {
    let path = path_of(store.folders, tool, name);
    let before = linked(&path)?;
    if before.as_deref() == Some(root) {
        return Ok(before);
    }
    make_folders(path.parent().unwrap_or(&path))?;
    let staging = store.staging_named(&format!("{}-{name}", tool.name))?;
    let staged = staging.path().join("link");
    symlink(root, &staged).map_err(|error| Error::io("make a link in", staging.path(), error))?;
    fs::rename(&staged, &path).map_err(|error| Error::io("replace", &path, error))?;
    sync_name(&path);
    Ok(before)
}

/// Removes a link. The folder that it leads to stays as it is.
pub fn unlink(store: &OwnStore<'_>, tool: &Tool, name: &Name) -> Result<()> {
    let path = path_of(store.folders, tool, name);
    if linked(&path)?.is_none() {
        let what = format!("{} {name} is not linked", tool.name);
        return Err(Error::new(ErrorKind::NotInstalled, what));
    }
    fs::remove_file(&path).map_err(|error| Error::io("remove", &path, error))?;
    sync_name(&path);
    Ok(())
}

/// Whether a link is in this home, and not in the machine's.
pub fn is_in(folders: &Folders, tool: &Tool, name: &Name) -> bool {
    fs::symlink_metadata(path_of(folders, tool, name)).is_ok()
}

fn path_of(folders: &Folders, tool: &Tool, name: &Name) -> PathBuf {
    folders.links().join(tool.name).join(name.as_str())
}

/// Where a link leads; `None` without one. An error if something else has its name.
fn linked(path: &Path) -> Result<Option<PathBuf>> {
    match fs::read_link(path) {
        Ok(root) => Ok(Some(root)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            let what = format!("{} exists and is not a link", Shown(path));
            Err(Error::new(ErrorKind::CannotCreate, what))
        }
        Err(error) => Err(Error::io("read", path, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::own::tests::{make, with_store};
    use super::*;

    #[test]
    fn a_folder_is_linked_replaced_and_let_go_untouched() {
        with_store(|store, location| {
            let home = tempfile::tempdir().unwrap();
            let [one, other] = ["one", "other"].map(|name| home.path().join(name));
            make(&one);
            make(&other);
            let (tool, name) = (location.known.tool, Name::parse("mine").unwrap());
            let link = |root| link(&store, tool, &name, root).unwrap();
            assert_eq!(link(&one), None);
            assert_eq!(link(&one), Some(one.clone()), "once more");
            assert_eq!(link(&other), Some(one.clone()));
            assert_eq!(fs::read_link(path_of(store.folders, tool, &name)).unwrap(), other);
            assert_eq!(fs::read_dir(store.folders.staging()).unwrap().count(), 0);
            unlink(&store, tool, &name).unwrap();
            assert!(!is_in(store.folders, tool, &name) && other.join("bin/node").exists());
            let error = unlink(&store, tool, &name).unwrap_err();
            assert_eq!(error.to_string(), "node mine is not linked");
        });
    }

    #[test]
    fn what_is_no_link_is_neither_replaced_nor_removed() {
        with_store(|store, location| {
            let (tool, name) = (location.known.tool, Name::parse("mine").unwrap());
            let path = path_of(store.folders, tool, &name);
            make(&path);
            let error = link(&store, tool, &name, Path::new("/x")).unwrap_err();
            assert!(error.what.ends_with("exists and is not a link"), "{error}");
            assert_eq!(unlink(&store, tool, &name).unwrap_err().kind(), ErrorKind::CannotCreate);
            assert!(path.join("bin/node").exists());
        });
    }
}
