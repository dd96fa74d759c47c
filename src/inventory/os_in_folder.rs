//! The operating system, with another working directory. With it the resolver finds what would run in
//! that folder.

use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use usher_shims::world::{FileContent, FileMeta, Identity, Os, World};

/// Which files and variables are visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visibility {
    /// All of them.
    Everything,
    /// No variable, and only the files in the folder and below.
    FolderOnly,
}

/// The operating system, with this working directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OsInFolder<'a> {
    /// The working directory, without links in it.
    pub(crate) folder: &'a Path,
    /// Which files and variables are visible.
    pub(crate) visibility: Visibility,
}

impl OsInFolder<'_> {
    fn is_visible(&self, folder: Option<&Path>) -> bool {
        self.visibility == Visibility::Everything
            || folder.is_some_and(|folder| folder.starts_with(self.folder))
    }
}

impl World for OsInFolder<'_> {
    fn variable(&self, name: &str) -> Option<OsString> {
        (self.visibility == Visibility::Everything).then(|| Os.variable(name))?
    }

    fn variables(&self) -> Vec<(OsString, OsString)> {
        match self.visibility {
            Visibility::Everything => Os.variables(),
            Visibility::FolderOnly => Vec::new(),
        }
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
        Ok(self.folder.to_path_buf())
    }

    fn is_process_directory(&self) -> bool {
        false
    }

    fn visit_existing(
        &self,
        folder: &Path,
        names: &[&str],
        visit: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> io::Result<()> {
        match self.is_visible(Some(folder)) {
            true => Os.visit_existing(folder, names, visit),
            false => Ok(()),
        }
    }

    fn read(&self, path: &Path) -> io::Result<FileContent> {
        match self.is_visible(path.parent()) {
            true => Os.read(path),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn folders(&self, folder: &Path, visit: &mut dyn FnMut(&OsStr)) -> io::Result<()> {
        if self.is_visible(Some(folder)) { Os.folders(folder, visit) } else { Ok(()) }
    }

    fn metadata(&self, path: &Path) -> io::Result<Option<FileMeta>> {
        if self.is_visible(path.parent()) { Os.metadata(path) } else { Ok(None) }
    }

    fn entry(&self, path: &Path) -> io::Result<Option<FileMeta>> {
        if self.is_visible(path.parent()) { Os.entry(path) } else { Ok(None) }
    }

    fn identity_without_links(&self, path: &Path) -> Option<Identity> {
        Os.identity_without_links(path)
    }

    fn physical(&self, path: &Path) -> io::Result<PathBuf> {
        Os.physical(path)
    }

    fn is_writable(&self, path: &Path) -> bool {
        self.is_visible(path.parent()) && Os.is_writable(path)
    }
}
