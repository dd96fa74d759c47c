//! A [`World`] that is a table in memory: files, folders and variables as a test writes them.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::path::{Component, Path, PathBuf};

use super::input::{FileContent, FileMeta, Identity, NOT_REGULAR, World};

/// A world in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryWorld {
    files: BTreeMap<PathBuf, Vec<u8>>,
    folders: BTreeSet<PathBuf>,
    unreadable: BTreeSet<PathBuf>,
    unwritable: BTreeSet<PathBuf>,
    failing: BTreeMap<PathBuf, ReadFailure>,
    variables: BTreeMap<String, OsString>,
    directory: PathBuf,
    no_directory: Option<io::ErrorKind>,
    account: u32,
    groups: Vec<u32>,
    /// Owner and mode, where they aren't root's and the usual ones.
    owners: BTreeMap<PathBuf, u32>,
    /// Links, each with its target.
    links: BTreeMap<PathBuf, PathBuf>,
    modes: BTreeMap<PathBuf, u32>,
}

/// Why an existing path can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadFailure {
    /// It isn't a regular file: a FIFO, a socket, a device.
    NotRegular,
    /// It is larger than [`super::input::LARGEST_FILE`].
    TooLarge,
    /// It is a link that leads nowhere.
    Dangling,
    /// It is a link that leads back to itself.
    Loop,
}

impl ReadFailure {
    fn error(self) -> io::Error {
        match self {
            Self::NotRegular => io::Error::new(io::ErrorKind::InvalidData, NOT_REGULAR),
            Self::TooLarge => io::Error::new(io::ErrorKind::InvalidData, "it is larger than 4 MiB"),
            Self::Dangling => io::ErrorKind::NotFound.into(),
            Self::Loop => rustix::io::Errno::LOOP.into(),
        }
    }
}

impl MemoryWorld {
    /// A world whose working directory is this, and that is otherwise empty.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        let directory = directory.into();
        let mut world = Self { directory: directory.clone(), ..Self::default() };
        world.add_folders(&directory);
        world
    }

    /// Adds a file, and the folders above it. A file in a folder named `bin` is a program.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) -> Self {
        let path = path.into();
        if let Some(parent) = path.parent() {
            self.add_folders(parent);
        }
        self.files.insert(path, content.into());
        self
    }

    /// Adds a folder, and those above it.
    #[must_use]
    pub fn folder(mut self, path: impl AsRef<Path>) -> Self {
        self.add_folders(path.as_ref());
        self
    }

    /// Removes the permission to read or search a path.
    #[must_use]
    pub fn unreadable(mut self, path: impl Into<PathBuf>) -> Self {
        self.unreadable.insert(path.into());
        self
    }

    /// Removes the permission to write to a path.
    #[must_use]
    pub fn unwritable(mut self, path: impl Into<PathBuf>) -> Self {
        self.unwritable.insert(path.into());
        self
    }

    /// Adds a path that exists and can't be read, and the folders above it.
    #[must_use]
    pub fn failing(mut self, path: impl Into<PathBuf>, failure: ReadFailure) -> Self {
        let path = path.into();
        if let Some(parent) = path.parent() {
            self.add_folders(parent);
        }
        self.failing.insert(path, failure);
        self
    }

    /// Makes the working directory unknown, for this reason.
    #[must_use]
    pub fn without_directory(mut self, reason: io::ErrorKind) -> Self {
        self.no_directory = Some(reason);
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// Sets the groups of the process; none by default.
    #[must_use]
    pub fn groups(mut self, groups: &[u32]) -> Self {
        self.groups = groups.to_vec();
        self
    }

    /// Changes the account of the process; root by default.
    #[must_use]
    pub fn as_account(mut self, account: u32) -> Self {
        self.account = account;
        self
    }

    /// Changes the owner of a path; root by default.
    #[must_use]
    pub fn owned_by(mut self, path: impl Into<PathBuf>, owner: u32) -> Self {
        self.owners.insert(path.into(), owner);
        self
    }

    /// Changes the permissions of a path; 755 by default.
    #[must_use]
    pub fn with_mode(mut self, path: impl Into<PathBuf>, mode: u32) -> Self {
        self.modes.insert(path.into(), mode);
        self
    }

    /// Adds a link to an absolute path, and the folders above it.
    #[must_use]
    pub fn link(mut self, path: impl Into<PathBuf>, target: impl Into<PathBuf>) -> Self {
        let path = path.into();
        if let Some(parent) = path.parent() {
            self.add_folders(parent);
        }
        self.links.insert(path, target.into());
        self
    }

    /// Changes the working directory.
    #[must_use]
    pub fn in_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = directory.into();
        let directory = self.directory.clone();
        self.add_folders(&directory);
        self
    }

    fn add_folders(&mut self, folder: &Path) {
        self.folders.extend(folder.ancestors().map(Path::to_path_buf));
    }

    /// A path without `.`, `..` and links.
    fn resolved(&self, path: &Path) -> PathBuf {
        path.components().fold(PathBuf::new(), |mut resolved, part| {
            match part {
                Component::ParentDir => drop(resolved.pop()),
                part => resolved.push(part),
            }
            self.links.get(&resolved).map_or(resolved, |target| self.resolved(target))
        })
    }

    fn meta(&self, path: &Path) -> Option<FileMeta> {
        let place = self.files.keys().position(|known| known == path);
        let is_folder = self.folders.contains(path);
        if place.is_none() && !is_folder {
            return None;
        }
        let folder = self.folders.iter().position(|known| known == path);
        let inode = place
            .map_or(folder.map_or(0, |folder| (1 << 32) + folder as u64), |place| place as u64 + 1);
        let kind = if is_folder { 0o040_000 } else { 0o100_000 };
        let is_in_bin = path
            .parent()
            .is_some_and(|parent| parent.ends_with("bin") || parent.ends_with("shims"));
        Some(FileMeta {
            identity: Identity { device: 1, inode },
            is_program: place.is_some() && is_in_bin,
            is_folder,
            size: self.files.get(path).map_or(0, |content| content.len() as u64),
            modified: 0,
            owner: self.owners.get(path).copied().unwrap_or(0),
            mode: kind | self.modes.get(path).copied().unwrap_or(0o755),
            links: 1,
        })
    }

    fn permit(&self, path: &Path) -> io::Result<()> {
        match path.ancestors().any(|part| self.unreadable.contains(part)) {
            true => Err(io::ErrorKind::PermissionDenied.into()),
            false => Ok(()),
        }
    }
}

impl World for MemoryWorld {
    fn variable(&self, name: &str) -> Option<OsString> {
        self.variables.get(name).cloned()
    }

    fn variables(&self) -> Vec<(OsString, OsString)> {
        self.variables.iter().map(|(name, value)| (name.into(), value.clone())).collect()
    }

    /// Seven.
    fn process(&self) -> u32 {
        7
    }

    fn account(&self) -> u32 {
        self.account
    }

    fn groups(&self) -> Vec<u32> {
        self.groups.clone()
    }

    fn directory(&self) -> io::Result<PathBuf> {
        match self.no_directory {
            Some(reason) => Err(reason.into()),
            None => Ok(self.directory.clone()),
        }
    }

    fn visit_existing(
        &self,
        folder: &Path,
        names: &[&str],
        visit: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> io::Result<()> {
        self.permit(folder)?;
        let is_there = |name: &str| {
            let path = folder.join(name);
            self.files.contains_key(&path)
                || self.folders.contains(&path)
                || self.failing.contains_key(&path)
                || self.links.contains_key(&path)
                || self.permit(path.parent().unwrap_or(folder)).is_err()
        };
        for (place, name) in names.iter().enumerate() {
            if is_there(name) && visit(place).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn read(&self, path: &Path) -> io::Result<FileContent> {
        let path = &self.resolved(path);
        self.permit(path)?;
        if let Some(failure) = self.failing.get(path) {
            return Err(failure.error());
        }
        let content = self.files.get(path).zip(self.meta(path));
        match content {
            Some((bytes, meta)) => Ok(FileContent { bytes: bytes.clone(), meta }),
            None if self.folders.contains(path) => {
                Err(io::Error::new(io::ErrorKind::InvalidData, NOT_REGULAR))
            }
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn folders(&self, folder: &Path, visit: &mut dyn FnMut(&OsStr)) -> io::Result<()> {
        self.permit(folder)?;
        let inside = self.folders.iter().filter(|path| path.parent() == Some(folder));
        inside.filter_map(|path| path.file_name()).for_each(visit);
        Ok(())
    }

    fn metadata(&self, path: &Path) -> io::Result<Option<FileMeta>> {
        Ok(self.meta(&self.resolved(path)))
    }

    fn entry(&self, path: &Path) -> io::Result<Option<FileMeta>> {
        path.parent().map_or(Ok(()), |folder| self.permit(folder))?;
        let link = self.links.keys().position(|known| known == path);
        let of_link = |place| FileMeta {
            identity: Identity { device: 2, inode: place as u64 },
            is_program: false,
            is_folder: false,
            size: 0,
            modified: 0,
            owner: self.owners.get(path).copied().unwrap_or(0),
            mode: 0o120_777,
            links: 1,
        };
        Ok(link.map(of_link).or_else(|| self.meta(path)))
    }

    fn identity_without_links(&self, path: &Path) -> Option<Identity> {
        let has_link = path.ancestors().any(|part| self.links.contains_key(part));
        if has_link { None } else { self.meta(path).map(|meta| meta.identity) }
    }

    fn physical(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(self.resolved(path))
    }

    fn is_writable(&self, path: &Path) -> bool {
        !path.ancestors().any(|part| self.unwritable.contains(part))
    }
}
