//! Taking a toolchain away: out of the store first, then off the disk.

use std::fs;
use std::io;
use std::path::Path;

use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::version::Version;

use super::Installer;
use super::publish::{put_back, sync_names};
use crate::config::folders;
use crate::files::remove::remove_tree;
use crate::registry::Known;

impl Installer<'_> {
    /// Takes a toolchain of our own away. Programs that run from it go on: their files stay until
    /// they end.
    pub fn uninstall(&self, known: Known<'_>, version: &Version) -> Result<()> {
        let _writing = folders::write_access(&self.usher.folders)?;
        let _lock = self.lock(known, version)?;
        self.put_back(known, version)?;
        self.remove(known, version, &self.target(known, version))
    }

    /// Mends what a replacement left that was killed halfway; under the lock.
    pub(super) fn put_back(&self, known: Known<'_>, version: &Version) -> Result<()> {
        match put_back(&self.target(known, version))? {
            Some(replaced) => self.remove(known, version, &replaced),
            None => Ok(()),
        }
    }

    /// Moves a tree out of the store and deletes it; whoever is killed in between leaves it in
    /// staging, where the next sweeps.
    fn remove(&self, known: Known<'_>, version: &Version, tree: &Path) -> Result<()> {
        let staging = self.staging(known, version)?;
        let gone = staging.path().join("gone");
        fs::rename(tree, &gone).map_err(|error| match error.kind() {
            // Somebody else was faster, while the lock was waited for.
            io::ErrorKind::NotFound => Error::new(
                ErrorKind::NotInstalled,
                format!("{} {version} isn't on disk", known.tool.name),
            ),
            _ => Error::io("move", tree, error),
        })?;
        sync_names(tree.parent().unwrap_or(tree));
        // It is gone from the store; what can't be deleted now is swept by the next.
        if let Err(error) = remove_tree(&gone) {
            self.usher.tell(&error.to_string());
        }
        Ok(())
    }
}
