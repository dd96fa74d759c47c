//! Taking a toolchain away: out of the store first, then off the disk.

use usher_shims::error::Result;

use super::location::InstallLocation;
use super::own::OwnStore;

/// Takes a toolchain of our own away. Programs that run from it go on: their files stay until they
/// end.
pub fn uninstall(store: &OwnStore<'_>, location: &InstallLocation<'_>) -> Result<()> {
    let _lock = store.lock(location)?;
    store.remove(location, &location.root)
}
