//! Removing a toolchain: out of the store first, then off the disk.

use std::fs;
use std::path::Path;

use usher_shims::error::Result;

use super::location::InstallLocation;
use super::own::OwnStore;
use crate::files::durable::sync_names;
use crate::files::interrupt::Unfinished;
use crate::files::remove::remove_files;

/// Removes a toolchain from usher's own store. Programs that run from it continue: the system keeps
/// their files until they end.
///
/// Links to programs in it, where all versions have their programs, lead nowhere then and are
/// deleted.
pub fn uninstall(store: &OwnStore<'_>, location: &InstallLocation<'_>) -> Result<()> {
    let _unfinished = Unfinished::removal(location.name(), &location.root);
    let _lock = store.lock(location)?;
    let physical = fs::canonicalize(&location.root).unwrap_or_else(|_| location.root.clone());
    store.remove(location, &location.root)?;
    let links = store.folders.additions().join(location.known.tool.name).join("bin");
    let leads_into_it = |link: &Path| {
        fs::read_link(link)
            .is_ok_and(|target| target.starts_with(&location.root) || target.starts_with(&physical))
    };
    if remove_files(store.access, &links, &leads_into_it)? {
        sync_names(&links);
    }
    Ok(())
}
