//! The operating system as root sees it in another account's home: it reads usher's folders with that
//! account's rights, so that a link there shows root's files to nobody. A project's files and programs
//! are root's own.

use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use usher_shims::folders::Folders;
use usher_shims::world::{AnyWorld, FileContent, FileMeta, Identity, Os, World};

use crate::files::account::{RightsAt, with_rights_at};

/// The operating system, with the rights of the homes' owners.
struct HomeWorld {
    /// usher's folders.
    folders: Vec<RightsAt>,
    /// The account's home, where other managers have their versions.
    user_home: Option<RightsAt>,
}

/// The world of a session with these folders.
pub(super) fn world(folders: &Folders) -> AnyWorld {
    let rights = |folder: &PathBuf| RightsAt::of(folder);
    let of_usher = [&folders.data, &folders.config, &folders.cache].into_iter().filter_map(rights);
    let world = HomeWorld {
        folders: of_usher.collect(),
        user_home: folders.user_home.as_ref().and_then(rights),
    };
    match world.folders.is_empty() && world.user_home.is_none() {
        true => Box::new(Os),
        false => Box::new(world),
    }
}

impl HomeWorld {
    fn read_at<T>(&self, path: &Path, read: impl FnOnce() -> T) -> T {
        with_rights_at(self.folders.iter(), path, read)
    }
}

impl World for HomeWorld {
    fn variable(&self, name: &str) -> Option<OsString> {
        Os.variable(name)
    }

    fn variables(&self) -> Vec<(OsString, OsString)> {
        Os.variables()
    }

    fn process(&self) -> u32 {
        Os.process()
    }

    fn account(&self) -> u32 {
        Os.account()
    }

    fn groups(&self) -> Vec<u32> {
        Os.groups()
    }

    fn directory(&self) -> io::Result<PathBuf> {
        Os.directory()
    }

    fn visit_existing(
        &self,
        folder: &Path,
        names: &[&str],
        visit: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> io::Result<()> {
        let mut places = Vec::new();
        let mut keep = |place| {
            places.push(place);
            ControlFlow::Continue(())
        };
        self.read_at(folder, || Os.visit_existing(folder, names, &mut keep))?;
        // With the rights of the process again: the visitor reads files.
        let _ = places.into_iter().try_for_each(visit);
        Ok(())
    }

    fn read(&self, path: &Path) -> io::Result<FileContent> {
        self.read_at(path, || Os.read(path))
    }

    /// Only stores are listed, never a project.
    fn folders(&self, folder: &Path, visit: &mut dyn FnMut(&OsStr)) -> io::Result<()> {
        let all = self.folders.iter().chain(&self.user_home);
        with_rights_at(all, folder, || Os.folders(folder, visit))
    }

    fn metadata(&self, path: &Path) -> io::Result<Option<FileMeta>> {
        self.read_at(path, || Os.metadata(path))
    }

    fn entry(&self, path: &Path) -> io::Result<Option<FileMeta>> {
        self.read_at(path, || Os.entry(path))
    }

    fn identity_without_links(&self, path: &Path) -> Option<Identity> {
        self.read_at(path, || Os.identity_without_links(path))
    }

    fn physical(&self, path: &Path) -> io::Result<PathBuf> {
        self.read_at(path, || Os.physical(path))
    }

    fn is_writable(&self, path: &Path) -> bool {
        Os.is_writable(path)
    }
}
