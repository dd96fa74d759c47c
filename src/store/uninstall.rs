//! Removing a toolchain: out of the store first, then off the disk.

use std::fs;
use std::io;
use std::path::Path;

use usher_shims::error::{Error, Result};

use super::location::InstallLocation;
use super::own::OwnStore;
use crate::files::durable::sync_names;
use crate::files::write_access::WriteAccess;

/// Removes a toolchain from usher's own store. Programs that run from it continue: the system keeps
/// their files until they end.
///
/// Links to programs in it, where all versions have their programs, lead nowhere then and are
/// deleted.
pub fn uninstall(store: &OwnStore<'_>, location: &InstallLocation<'_>) -> Result<()> {
    let _lock = store.lock(location)?;
    let physical = fs::canonicalize(&location.root).unwrap_or_else(|_| location.root.clone());
    store.remove(location, &location.root)?;
    let links = store.folders.additions().join(location.known.tool.name).join("bin");
    remove_links(store.access, &links, &[&location.root, &physical])
}

/// Deletes the links in a folder that lead into one of these folders.
fn remove_links(_: &WriteAccess, links: &Path, removed: &[&Path]) -> Result<()> {
    let entries = match fs::read_dir(links) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|error| Error::io("list", links, error))?,
    };
    let mut is_changed = false;
    for link in entries.flatten().map(|entry| entry.path()) {
        let Ok(target) = fs::read_link(&link) else { continue };
        if removed.iter().any(|folder| target.starts_with(folder)) {
            fs::remove_file(&link).map_err(|error| Error::io("delete", &link, error))?;
            is_changed = true;
        }
    }
    if is_changed {
        sync_names(links);
    }
    Ok(())
}
