//! Removing a toolchain: out of the store first, then off the disk.

use usher_shims::error::Result;

use super::location::InstallLocation;
use super::own::OwnStore;

/// Removes a toolchain from usher's own store. Programs that run from it continue: the system keeps
/// their files until they end.
pub fn uninstall(store: &OwnStore<'_>, location: &InstallLocation<'_>) -> Result<()> {
    let _lock = store.lock(location)?;
    store.remove(location, &location.root)
}
