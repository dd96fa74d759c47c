//! Taking a toolchain away: out of the store first, then off the disk.

use std::fs;
use std::io;

use usher_shims::error::{Error, Exit, Result};
use usher_shims::version::Version;

use super::Installer;
use super::publish::sync_names;
use crate::fetch::remove_tree;
use crate::registry::Known;
use crate::writing::Writing;

impl Installer<'_> {
    /// Takes a toolchain of our own away. Programs that run from it go on: their files stay until
    /// they end.
    pub fn uninstall(&self, known: Known<'_>, version: &Version) -> Result<()> {
        let _writing = Writing::to(&self.usher.folders)?;
        let _lock = self.lock(known, version)?;
        let staging = self.staging(known, version)?;
        let target = self.target(known, version);
        let aside = staging.path().join("gone");
        fs::rename(&target, &aside).map_err(|error| match error.kind() {
            // Somebody else was faster, while the lock was waited for.
            io::ErrorKind::NotFound => {
                Error::new(Exit::NotFound, format!("{} {version} isn't on disk", known.tool.name))
            }
            _ => Error::io("move", &target, &error),
        })?;
        sync_names(target.parent().unwrap_or(&target));
        // It is gone from the store; what can't be deleted now is swept by the next.
        if let Err(error) = remove_tree(&aside) {
            self.usher.tell(&error.to_string());
        }
        Ok(())
    }
}
