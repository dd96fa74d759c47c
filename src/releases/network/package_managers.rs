//! Queries installed package managers for their registry's address. Each is run at most once: the
//! address is cached.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::index::INDEX_FILE;
use usher_shims::path::{Shim, next_on_path};
use usher_shims::world::{AnyWorld, World as _};

use crate::config::client;
use crate::config::pip;
use crate::config::settings::Address;
use crate::files::own_folder::OwnFolder;
use crate::files::replace::{Durability, FileMode, FileReplacement};
use crate::files::write_access::ThreadAccess;
use crate::session::own_text;

/// The package managers on PATH.
pub(super) struct PackageManagers<'a> {
    pub(super) world: &'a AnyWorld,
    /// usher's own shims, which are skipped.
    pub(super) shim: &'a Shim,
    /// The folder of the cache.
    pub(super) cache: &'a Path,
    /// The right to write to the cache; without it nothing is cached.
    pub(super) writer: Option<ThreadAccess<'a>>,
    /// Then only cached addresses are used.
    pub(super) is_offline: bool,
    /// The environment.
    pub(super) variables: &'a [(OsString, OsString)],
}

impl PackageManagers<'_> {
    /// The first npm on PATH.
    pub(super) fn npm(&self) -> Option<PathBuf> {
        next_on_path(self.world, self.shim, "npm", &[])
    }

    /// The address of the registry that this npm is configured with.
    pub(super) fn npm_registry(&self, npm: &Path) -> Result<Address> {
        const CACHED: &str = "npm-registry";
        if let Some(known) = self.cached(CACHED) {
            return Ok(known);
        }
        if self.is_offline {
            return Err(Error::new(
                ErrorKind::Offline,
                "can't ask npm for its registry: usher is offline",
            ));
        }
        let address = client::npm_registry(npm, &self.without_shims(), client::TIMEOUT)?;
        self.cache_address(CACHED, &address);
        Ok(address)
    }

    /// The address of the index that an installed pip is configured with.
    pub(super) fn pypi_index(&self) -> Option<Address> {
        const CACHED: &str = "pypi-index";
        let cached = self.cached(CACHED);
        if cached.is_some() || self.is_offline {
            return cached;
        }
        let find = |name| next_on_path(self.world, self.shim, name, &[]);
        let python = pip::INTERPRETERS.iter().find_map(|name| find(name))?;
        let variables = self.without_shims();
        let address = pip::QUESTIONS
            .iter()
            .find_map(|question| client::run_query(&python, question, &variables).ok())?;
        self.cache_address(CACHED, &address);
        Some(address)
    }

    fn cached(&self, name: &str) -> Option<Address> {
        let text = own_text(&self.cache.join(name)).ok().flatten()?;
        Address::configured(text.trim()).filter(|address| !address.has_secrets())
    }

    /// Caches an address, unless it has a password; then the package manager is run each time. If
    /// writing fails, it is run again the next time.
    fn cache_address(&self, name: &str, address: &Address) {
        let Some(writer) = self.writer else { return };
        writer.with(|_| {
            if address.has_secrets() {
                // An older usher wrote it with the password.
                let _ = fs::remove_file(self.cache.join(name));
                return;
            }
            let replacement = FileReplacement {
                target: &self.cache.join(name),
                staging: self.cache,
                prefix: ".tmp",
                mode: FileMode::Masked(0o600),
                durability: Durability::Unsynced,
            };
            if OwnFolder::create(self.cache).is_ok() {
                let _ = replacement.write(address.without_secrets().as_bytes());
            }
        });
    }

    /// The environment, without shim folders on its PATH, so that npm runs on its own node.
    fn without_shims(&self) -> Vec<(OsString, OsString)> {
        let mut variables = self.variables.to_vec();
        for (_, path) in variables.iter_mut().filter(|(name, _)| name == "PATH") {
            let holds_shims = |folder: &PathBuf| {
                self.world.existing_names(folder, &[INDEX_FILE]).is_ok_and(|found| found != 0)
            };
            let others = std::env::split_paths(path).filter(|folder| !holds_shims(folder));
            *path = std::env::join_paths(others).unwrap_or_default();
        }
        variables
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use usher_shims::world::Os;

    use super::*;

    fn check(cache: &Path, expected: (std::result::Result<&str, &str>, Option<&str>)) {
        let (world, shim): (AnyWorld, _) = (Box::new(Os), Shim::default());
        let clients = PackageManagers {
            world: &world,
            shim: &shim,
            cache,
            writer: None,
            is_offline: true,
            variables: &[],
        };
        let npm = clients.npm_registry(Path::new("/nowhere/npm"));
        let npm = npm.map(|npm| npm.with_secrets()).map_err(|error| error.what);
        let npm = npm.as_deref().map_err(String::as_str);
        let pypi = clients.pypi_index().map(|pypi| pypi.with_secrets());
        assert_eq!((npm, pypi.as_deref()), expected);
    }

    #[test]
    fn offline_cached_addresses_are_used() {
        let cache = tempfile::tempdir().unwrap();
        check(cache.path(), (Err("can't ask npm for its registry: usher is offline"), None));
        fs::write(cache.path().join("npm-registry"), "https://r.example/npm/\n").unwrap();
        fs::write(cache.path().join("pypi-index"), "https://i.example/simple/").unwrap();
        let expected = (Ok("https://r.example/npm/"), Some("https://i.example/simple/"));
        check(cache.path(), expected);
        fs::write(cache.path().join("npm-registry"), "what").unwrap();
        fs::write(cache.path().join("pypi-index"), "").unwrap();
        check(cache.path(), (Err("can't ask npm for its registry: usher is offline"), None));
    }

    #[test]
    fn clients_run_without_shims_on_path() {
        let home = tempfile::tempdir().unwrap();
        let [shims, others] = ["shims", "others"].map(|name| home.path().join(name));
        for folder in [&shims, &others] {
            fs::create_dir(folder).unwrap();
        }
        fs::write(shims.join(INDEX_FILE), "").unwrap();
        let path = std::env::join_paths([&shims, &others]).unwrap();
        let variables = [("PATH".into(), path), ("HOME".into(), "/home/x".into())];
        let (world, shim): (AnyWorld, _) = (Box::new(Os), Shim::default());
        let clients = PackageManagers {
            world: &world,
            shim: &shim,
            cache: home.path(),
            writer: None,
            is_offline: false,
            variables: &variables,
        };
        let expected =
            [("PATH".into(), others.into_os_string()), ("HOME".into(), "/home/x".into())];
        assert_eq!(clients.without_shims(), expected);
    }
}
