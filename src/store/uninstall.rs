//! Taking a toolchain away: out of the store first, then off the disk.

use usher_shims::error::Result;

use super::own::OwnStore;
use super::place::InstallLocation;

/// Takes a toolchain of our own away. Programs that run from it go on: their files stay until they
/// end.
pub fn uninstall(store: &OwnStore<'_>, place: &InstallLocation<'_>) -> Result<()> {
    let _lock = store.lock(place)?;
    store.remove(place, &place.root)
}
