//! usher's own store, opened for writing: locks, staging, and cleaning up after killed processes.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use usher_shims::error::{Error, ErrorKind, Result, Shown};

use crate::text::ShellWord;
use usher_shims::store::is_complete;
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::version::Version;
use usher_shims::world::Os;

use super::location::InstallLocation;
use super::publish::restore_backup;
use super::requests::RequestSpool;
use super::usage::used_bytes;
use crate::files::durable::sync_name;
use crate::files::lock::{Lock, Locks};
use crate::files::remove::remove_tree;
use crate::files::staging::Staging;
use crate::files::write_access::WriteAccess;
use crate::registry::KnownTool;
use crate::session::Session;
use crate::session::policy::{FetchPolicy, MachinePolicy};
use crate::session::reporter::Reporter;
use usher_shims::folders::Folders;

/// usher's own store, and the right to write there.
#[derive(Clone, Copy)]
pub struct OwnStore<'a> {
    /// Where it is.
    pub folders: &'a Folders,
    /// The right to write it.
    pub access: &'a WriteAccess,
    /// How long to wait for a lock.
    pub lock_timeout: Duration,
    /// What an account may add; `None` for an administrator.
    pub limits: Option<&'a MachinePolicy>,
    /// The machine's data folder, if this is an account's store on a machine with usher.
    pub machine: Option<&'a Path>,
    /// Reports what happens.
    pub reporter: &'a dyn Reporter,
    /// Whether it also reports that a version is installed; else the command does.
    pub announces: bool,
}

impl<'a> OwnStore<'a> {
    /// The session's.
    pub fn new(session: &'a Session, access: &'a WriteAccess) -> Self {
        Self {
            folders: &session.folders,
            access,
            lock_timeout: session.settings.lock_timeout,
            limits: (!session.is_administrator()).then_some(&session.policy),
            machine: session.machine_home(),
            reporter: &*session.reporter,
            announces: true,
        }
    }

    /// The same store, for a command that reports itself what was installed.
    #[must_use]
    pub fn without_announcements(self) -> Self {
        Self { announces: false, ..self }
    }

    /// Where a version is installed.
    pub fn location<'k>(&self, known: KnownTool<'k>, version: &Version) -> InstallLocation<'k> {
        let root = self.folders.toolchains().join(known.tool.name).join(version.as_str());
        InstallLocation { known, version: version.clone(), root, store: Store::Own }
    }

    /// The installed toolchain at a location. An error if something else is there.
    pub fn find_installed(&self, location: &InstallLocation<'_>) -> Result<Option<Toolchain>> {
        let toolchain = location.toolchain();
        if is_complete(&Os, location.known.tool, &toolchain)? {
            return Ok(Some(toolchain));
        }
        let target = &location.root;
        match fs::symlink_metadata(target) {
            Ok(_) => Err(Error::new(
                ErrorKind::CannotCreate,
                format!(
                    "{} exists and is not a {}",
                    Shown(target),
                    format_args!("{} toolchain", location.known.tool.name)
                ),
            )
            .hint(format!("move it away: mv {} /somewhere/else", ShellWord(target)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("look at", target, error)),
        }
    }

    /// The machine's version, where the machine installs versions for accounts: requested from it
    /// unless it has it. `None` where accounts install versions themselves, or can't install any.
    pub fn request_from_machine(
        &self,
        location: &InstallLocation<'_>,
    ) -> Result<Option<Toolchain>> {
        let (Some(limits), Some(machine)) = (self.limits, self.machine) else { return Ok(None) };
        if limits.fetch != FetchPolicy::Requests {
            return Ok(None);
        }
        let (tool, version) = (location.known.tool, &location.version);
        let root = machine.join("toolchains").join(tool.name).join(version.as_str());
        let toolchain = Toolchain { version: Some(version.clone()), root, store: Store::Shared };
        if is_complete(&Os, tool, &toolchain)? {
            return Ok(Some(toolchain));
        }
        if !limits.wait.is_zero() {
            self.reporter.note(&format!(
                "waiting for the machine to install {} (at most {} s)",
                location.name(),
                limits.wait.as_secs()
            ));
        }
        let requested = (tool.name, version);
        RequestSpool::of(machine)
            .request(self.access, requested, limits.wait)
            .map_err(|error| limits.versions.with_contact(error))?;
        match is_complete(&Os, tool, &toolchain)? {
            true => Ok(Some(toolchain)),
            false => Err(Error::new(
                ErrorKind::NotInstalled,
                format!("the machine didn't install {}", location.name()),
            )
            .because("its request was deleted without an answer")),
        }
    }

    /// An error if this account may install no versions.
    pub fn check_fetch(&self, location: &InstallLocation<'_>) -> Result<()> {
        match self.limits {
            Some(limits) if limits.fetch != FetchPolicy::Accounts => {
                Err(limits.fetch_refusal(&location.name()))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// An error if this account's store has no room for a version of so many bytes.
    pub fn check_room(&self, location: &InstallLocation<'_>, added: u64) -> Result<()> {
        let Some(limits) = self.limits.filter(|limits| limits.room.is_some()) else {
            return Ok(());
        };
        limits.check_room(&location.name(), used_bytes(&self.folders.toolchains())?, added)
    }

    /// Keeps other processes from changing the same toolchain. First restores what a killed one left.
    pub fn lock(&self, location: &InstallLocation<'_>) -> Result<Lock> {
        // On a terminal only as long as it waits.
        let shown = RefCell::new(None);
        let waiting = |text: &str| match self.reporter.draws() {
            true => drop(shown.replace(Some(self.reporter.task(text, "")))),
            false => self.reporter.note(text),
        };
        let lock = self.locks().lock(&location.file_name(), self.lock_timeout, &waiting)?;
        if let Some(replaced) = restore_backup(self.access, &location.root)? {
            self.remove(location, &replaced)?;
        }
        Ok(lock)
    }

    /// A staging folder for this version.
    pub fn staging(&self, location: &InstallLocation<'_>) -> Result<Staging<'a>> {
        self.staging_named(&location.file_name())
    }

    /// A staging folder whose name begins so.
    pub(super) fn staging_named(&self, name: &str) -> Result<Staging<'a>> {
        Staging::new(&self.folders.staging(), &self.locks(), name)
    }

    fn locks(&self) -> Locks<'a> {
        Locks::new(self.access, self.folders.locks())
    }

    /// Moves a tree out of the store and deletes it. A process that is killed in between leaves it in
    /// staging, which the next one cleans up.
    pub fn remove(&self, location: &InstallLocation<'_>, tree: &Path) -> Result<()> {
        let staging = self.staging(location)?;
        let removed = staging.path().join("removed");
        fs::rename(tree, &removed).map_err(|error| match error.kind() {
            // Another process removed it while this one waited for the lock.
            io::ErrorKind::NotFound => {
                Error::new(ErrorKind::NotInstalled, format!("{} is not installed", location.name()))
            }
            _ => Error::io("move", tree, error),
        })?;
        sync_name(tree);
        // It is no longer in the store; the next command deletes what can't be deleted now.
        if let Err(error) = remove_tree(&removed) {
            self.reporter.note(&error.to_string());
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::location::backup_path;
    use super::super::uninstall::uninstall;
    use super::*;
    use crate::registry::Registry;
    use crate::session::reporter::Silent;

    /// A store in a folder of the test's own.
    pub(crate) fn with_store(test: impl FnOnce(OwnStore<'_>, InstallLocation<'_>)) {
        let home = tempfile::tempdir().unwrap();
        let folders = Folders::under(home.path(), None);
        let access = WriteAccess::for_test();
        let store = OwnStore {
            folders: &folders,
            access: &access,
            limits: None,
            machine: None,
            lock_timeout: Duration::ZERO,
            reporter: &Silent,
            announces: true,
        };
        let registry = Registry::load().unwrap();
        let known = registry.named("node").unwrap();
        test(store, store.location(known, &Version::parse("12.22.12").unwrap()));
    }

    /// Makes a toolchain in a folder.
    pub(crate) fn make(root: &Path) {
        let program = root.join("bin/node");
        fs::create_dir_all(root.join("bin")).unwrap();
        fs::write(&program, "#!/bin/sh\n").unwrap();
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).map_or(0, Iterator::count)
    }

    #[test]
    fn a_location_holds_a_toolchain_nothing_or_something_else() {
        with_store(|store, location| {
            assert_eq!(store.find_installed(&location).unwrap(), None);
            fs::create_dir_all(&location.root).unwrap();
            let error = store.find_installed(&location).unwrap_err();
            assert!(error.what.ends_with("exists and is not a node toolchain"), "{error}");
            make(&location.root);
            assert_eq!(store.find_installed(&location).unwrap(), Some(location.toolchain()));
        });
    }

    #[test]
    fn uninstalling_twice_is_an_error() {
        with_store(|store, location| {
            make(&location.root);
            uninstall(&store, &location).unwrap();
            assert!(!location.root.exists());
            assert_eq!(names(&store.folders.staging()), 0);
            let error = uninstall(&store, &location).unwrap_err();
            assert_eq!(error.to_string(), "node 12.22.12 is not installed");
        });
    }

    #[test]
    fn taking_the_lock_restores_what_a_killed_process_left() {
        with_store(|store, location| {
            let backup = backup_path(&location.root);
            make(&backup);
            drop(store.lock(&location).unwrap());
            assert!(location.root.exists() && !backup.exists(), "it got its name back");
            make(&backup);
            let lock = store.lock(&location).unwrap();
            assert!(location.root.exists() && !backup.exists(), "its replacement had the name");
            let held = store.lock(&location).unwrap_err();
            assert!(held.what.starts_with("node-12.22.12 is being changed by"), "{held}");
            drop(lock);
        });
    }
}
