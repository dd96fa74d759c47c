//! The folder that an archive is unpacked into.
//!
//! Everything is created by its last name component, in a folder that is held open and was opened
//! without following a link, and only where nothing is yet. So nothing is written through a link,
//! over something, or into what another name turns out to be on this file system. It must not know
//! the archive's format.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode as Bits, OFlags, Timespec, Timestamps, UTIME_OMIT};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use usher_shims::error::Error;

use super::entry::{ArchiveEntries, ArchiveEntry, EntryKind, EntryMetadata};
use super::entry_content::EntryContent;
use super::entry_name;
use super::error::{UnpackError, UnpackResult};
use super::format::is_program;
use crate::files::integrity::to_hex;
use crate::files::manifest::{Manifest, ManifestEntry, Mode};
use crate::files::walk::permission_bits;

const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

const NEW_FILE: OFlags = OFlags::WRONLY
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Which component of an archive is unpacked, and where.
#[derive(Debug, Clone, Copy, Default)]
pub struct UnpackOptions<'a> {
    /// How many leading components are removed from every name.
    pub strip_components: usize,
    /// The only folder that is unpacked, of the names that remain: `Contents/Home`. Empty for
    /// everything.
    pub subdir: &'a str,
    /// The name of the unpacked file, if the download is the program itself and not an archive:
    /// `bin/deno`. Empty where it must be an archive.
    pub program: &'a str,
    /// A name at the top of the destination that the caller uses itself, so that no entry may have
    /// it. Empty for none.
    pub reserved: &'a str,
}

/// The folder that is filled, and the manifest of what was unpacked.
pub(super) struct Destination<'a> {
    root: &'a Path,
    options: UnpackOptions<'a>,
    /// The folder that was last written to, with those that contain it, from the root on; each with
    /// its name.
    open_folders: Vec<(String, OwnedFd)>,
    modes: ObservedModes,
    manifest: Manifest,
}

/// The permission bits that new files and folders really have here, after the umask and the file
/// system. They are the same for all, so each is read from disk once.
#[derive(Default)]
struct ObservedModes {
    folder: Option<Mode>,
    program: Option<Mode>,
    file: Option<Mode>,
}

/// Where an entry is, relative to the component of the archive that is unpacked.
enum EntryLocation<'a> {
    /// In it; without components it is the root.
    Inside(&'a [&'a str]),
    /// A folder that contains it.
    Above,
    /// Elsewhere.
    Outside,
}

impl<'a> Destination<'a> {
    pub(super) fn new(root: &'a Path, options: UnpackOptions<'a>) -> UnpackResult<Self> {
        let folder = rustix::fs::open(root, FOLDER, Bits::empty())
            .map_err(|error| UnpackError::Unwritable(Error::io("open", root, error.into())))?;
        Ok(Self {
            root,
            options,
            open_folders: vec![(String::new(), folder)],
            modes: ObservedModes::default(),
            manifest: Manifest::default(),
        })
    }

    /// Unpacks all entries; returns their manifest.
    pub(super) fn fill(mut self, entries: &mut dyn ArchiveEntries<'_>) -> UnpackResult<Manifest> {
        while let Some(entry) = entries.next()? {
            self.add(&entry, entries.content())?;
        }
        entries.finish()?;
        if self.manifest.files() == 0 {
            return Err(UnpackError::Archive("it holds no files".to_owned()));
        }
        Ok(self.manifest)
    }

    /// The path of a file below it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// This destination for a program without an archive around it, and the program's name.
    pub(super) fn for_program(self) -> UnpackResult<(&'a str, Self)> {
        let name = self.options.program;
        if name.is_empty() {
            let why = "it should be an archive, but is a program";
            return Err(UnpackError::Archive(why.to_owned()));
        }
        let options = UnpackOptions { strip_components: 0, subdir: "", ..self.options };
        Ok((name, Self { options, ..self }))
    }

    fn add(&mut self, entry: &ArchiveEntry, content: &mut EntryContent<'_>) -> UnpackResult<()> {
        let named = |error: UnpackError| error.for_entry(&entry.name);
        let path = entry_name::components(&entry.name).map_err(|why| named(refused(why)))?;
        let path = match self.options.locate(&path) {
            EntryLocation::Outside => return Ok(()),
            EntryLocation::Above if !self.options.subdir.is_empty() => return Ok(()),
            EntryLocation::Above | EntryLocation::Inside([]) => {
                return match entry.kind {
                    EntryKind::Folder => Ok(()),
                    EntryKind::File(_) | EntryKind::Symlink(_) | EntryKind::HardLink(_) => {
                        Err(named(refused("it should be in a folder, and is not")))
                    }
                };
            }
            EntryLocation::Inside(path) => path,
        };
        self.unpack_entry(path, &entry.kind, content).map_err(named)
    }

    fn unpack_entry(
        &mut self,
        path: &[&str],
        kind: &EntryKind,
        content: &mut EntryContent<'_>,
    ) -> UnpackResult<()> {
        if path.first().is_some_and(|first| self.options.is_reserved(first)) {
            return Err(refused("its name is reserved"));
        }
        let created = match kind {
            EntryKind::Folder => return self.open_folder(path),
            EntryKind::File(metadata) => self.create_file(path, *metadata, content)?,
            EntryKind::Symlink(target) => self.create_symlink(path, target)?,
            EntryKind::HardLink(target) => self.create_hard_link(path, target)?,
        };
        match self.manifest.0.insert(path.join("/"), created) {
            None => Ok(()),
            Some(_) => Err(refused(DUPLICATE)),
        }
    }

    fn create_file(
        &mut self,
        path: &[&str],
        metadata: EntryMetadata,
        content: &mut EntryContent<'_>,
    ) -> UnpackResult<ManifestEntry> {
        let name = self.open_parent(path)?;
        let executable = match metadata.executable {
            Some(executable) => executable,
            None => is_program(content.peek_chunk()?),
        };
        let bits = if executable { 0o755 } else { 0o644 };
        let file = rustix::fs::openat(self.current(), name, NEW_FILE, Bits::from_raw_mode(bits))
            .map_err(|errno| self.create_error("create", path, errno))?;
        let failed = |errno| cannot_write_error("write", &self.disk_path(path), errno);
        let (copied, sha256) = copy(content, &file, failed)?;
        if metadata.size.is_some_and(|size| size != copied) {
            return Err(refused("it is cut short"));
        }
        set_modification_time(&file, metadata.modified);
        let known = if executable { &mut self.modes.program } else { &mut self.modes.file };
        let mode = observed_mode(known, &file)
            .map_err(|errno| cannot_write_error("look at", &self.disk_path(path), errno))?;
        Ok(ManifestEntry::File { mode, size: copied, sha256 })
    }

    fn create_symlink(&mut self, path: &[&str], target: &[u8]) -> UnpackResult<ManifestEntry> {
        let target = entry_name::check_link_target(target, path.len() - 1).map_err(refused)?;
        let name = self.open_parent(path)?;
        rustix::fs::symlinkat(target, self.current(), name)
            .map_err(|errno| self.create_error("create the link", path, errno))?;
        Ok(ManifestEntry::Link { link: target.to_owned() })
    }

    fn create_hard_link(&mut self, path: &[&str], target: &[u8]) -> UnpackResult<ManifestEntry> {
        let no_such_file = "it is a hard link, but not to an earlier file of the archive";
        let target = entry_name::components(target).map_err(refused)?;
        let EntryLocation::Inside(target) = self.options.locate(&target) else {
            return Err(refused(no_such_file));
        };
        let target = target.join("/");
        let Some(linked @ ManifestEntry::File { .. }) = self.manifest.0.get(&target).cloned()
        else {
            return Err(refused(no_such_file));
        };
        let name = self.open_parent(path)?;
        let root = &self.open_folders[0].1;
        rustix::fs::linkat(root, &target, self.current(), name, AtFlags::empty())
            .map_err(|errno| self.create_error("create the hard link", path, errno))?;
        Ok(linked)
    }

    /// Opens the folder of an entry, as [`Destination::open_folder`] does; returns the entry's last
    /// name component.
    fn open_parent<'b>(&mut self, path: &[&'b str]) -> UnpackResult<&'b str> {
        let (name, folders) = path.split_last().ok_or_else(|| refused("a name is empty"))?;
        self.open_folder(folders)?;
        Ok(name)
    }

    /// Opens a folder, component by component, and creates what is missing.
    fn open_folder(&mut self, path: &[&str]) -> UnpackResult<()> {
        let open = self.open_folders.iter().skip(1).zip(path);
        let shared = open.take_while(|((name, _), component)| name == *component).count();
        self.open_folders.truncate(1 + shared);
        for depth in shared..path.len() {
            let path = &path[..=depth];
            match self.manifest.0.get(&path.join("/")) {
                Some(ManifestEntry::Folder { .. }) => self.open_child(path)?,
                Some(ManifestEntry::File { .. } | ManifestEntry::Link { .. }) => {
                    let why = "its name has a folder that is a file or a link in the archive";
                    return Err(refused(why));
                }
                None => self.create_child(path)?,
            }
        }
        Ok(())
    }

    /// Creates a folder in the current one, and opens it.
    fn create_child(&mut self, path: &[&str]) -> UnpackResult<()> {
        let name = path.last().copied().unwrap_or_default();
        rustix::fs::mkdirat(self.current(), name, Bits::from_raw_mode(0o755))
            .map_err(|errno| self.create_error("create", path, errno))?;
        self.open_child(path)?;
        let created = &self.open_folders[self.open_folders.len() - 1].1;
        let mode = observed_mode(&mut self.modes.folder, created)
            .map_err(|errno| cannot_write_error("look at", &self.disk_path(path), errno))?;
        self.manifest.0.insert(path.join("/"), ManifestEntry::Folder { mode });
        Ok(())
    }

    fn open_child(&mut self, path: &[&str]) -> UnpackResult<()> {
        let name = path.last().copied().unwrap_or_default();
        let folder = rustix::fs::openat(self.current(), name, FOLDER, Bits::empty())
            .map_err(|errno| cannot_write_error("open", &self.disk_path(path), errno))?;
        self.open_folders.push((name.to_owned(), folder));
        Ok(())
    }

    /// The folder that was opened last.
    fn current(&self) -> &OwnedFd {
        &self.open_folders[self.open_folders.len() - 1].1
    }

    /// Why nothing could be created under a name. If the name is taken, then by an entry of the same
    /// name, or of one that this file system treats as equal (it may ignore case).
    fn create_error(&self, verb: &str, path: &[&str], errno: Errno) -> UnpackError {
        match errno {
            Errno::EXIST if self.manifest.0.contains_key(&path.join("/")) => refused(DUPLICATE),
            Errno::EXIST => refused("its name and another one are the same on this file system"),
            errno => cannot_write_error(verb, &self.disk_path(path), errno),
        }
    }

    fn disk_path(&self, path: &[&str]) -> PathBuf {
        self.root.join(path.join("/"))
    }
}

const DUPLICATE: &str = "its name is in the archive twice";

impl UnpackOptions<'_> {
    fn locate<'p>(&self, path: &'p [&'p str]) -> EntryLocation<'p> {
        let Some(mut rest) = path.get(self.strip_components..) else {
            return EntryLocation::Above;
        };
        if rest.is_empty() && self.strip_components > 0 {
            return EntryLocation::Above;
        }
        for folder in self.subdir.split('/').filter(|component| !component.is_empty()) {
            match rest.split_first() {
                None => return EntryLocation::Above,
                Some((first, below)) if *first == folder => rest = below,
                Some(_) => return EntryLocation::Outside,
            }
        }
        EntryLocation::Inside(rest)
    }

    /// Whether an entry that was unpacked elsewhere may be at this path.
    pub(super) fn check_entry(&self, path: &str, item: &ManifestEntry) -> UnpackResult<()> {
        let depth = path.matches('/').count();
        if self.is_reserved(path.split('/').next().unwrap_or_default()) {
            return Err(refused("its name is reserved"));
        }
        match item {
            ManifestEntry::Link { link } => {
                entry_name::check_link_target(link.as_bytes(), depth).map(drop).map_err(refused)
            }
            ManifestEntry::File { .. } | ManifestEntry::Folder { .. } => Ok(()),
        }
    }

    /// Whether a name at the top is the reserved one. Some file systems ignore case.
    fn is_reserved(&self, name: &str) -> bool {
        !self.reserved.is_empty() && name.eq_ignore_ascii_case(self.reserved)
    }
}

fn refused(why: &str) -> UnpackError {
    UnpackError::Refused(why.to_owned())
}

/// Copies an entry to its file; returns its size and SHA-256. `failed` makes the error of a failed
/// write.
pub(super) fn copy(
    content: &mut EntryContent<'_>,
    file: &OwnedFd,
    failed: impl Fn(Errno) -> UnpackError,
) -> UnpackResult<(u64, String)> {
    let mut hasher = Sha256::new();
    let mut size = 0;
    loop {
        let mut chunk = content.next_chunk()?;
        if chunk.is_empty() {
            return Ok((size, to_hex(&hasher.finalize())));
        }
        hasher.update(chunk);
        size += chunk.len() as u64;
        while !chunk.is_empty() {
            match rustix::io::write(file, chunk) {
                Ok(count) => chunk = &chunk[count..],
                Err(Errno::INTR) => {}
                Err(errno) => return Err(failed(errno)),
            }
        }
    }
}

/// The mode of all files (or folders) of a kind, read from the first of them.
fn observed_mode(known: &mut Option<Mode>, first: &OwnedFd) -> rustix::io::Result<Mode> {
    if let Some(mode) = *known {
        return Ok(mode);
    }
    let seen = rustix::fs::fstat(first)?;
    Ok(*known.insert(Mode(permission_bits(&seen))))
}

/// Sets a file's modification time: Python recompiles a module whose source's time has
/// changed. A time that this file system can't store isn't an error.
fn set_modification_time(file: &OwnedFd, modified: Option<u32>) {
    let Some(modified) = modified else { return };
    let omitted = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    let modified = Timespec { tv_sec: modified.into(), tv_nsec: 0 };
    let times = Timestamps { last_access: omitted, last_modification: modified };
    let _ = rustix::fs::futimens(file, &times);
}

fn cannot_write_error(verb: &str, path: &Path, errno: Errno) -> UnpackError {
    UnpackError::Unwritable(Error::io(verb, path, errno.into()))
}
