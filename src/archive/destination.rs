//! The folder that an archive is unpacked into, and all that was put there.
//!
//! Everything is made by its last component, in a folder that is held open and that was itself
//! opened without following a link, and only where nothing is yet: nothing is ever written through
//! a link, over something, or into what another name turns out to be on this file system. It must
//! not know of which form the archive is.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode as Bits, OFlags, Timespec, Timestamps, UTIME_OMIT};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use usher_shims::error::Error;

use super::entry::{ArchiveEntries, ArchiveEntry, EntryKind, EntryMetadata};
use super::entry_name;
use super::error::{UnpackError, UnpackResult};
use super::format::is_program;
use crate::files::integrity::hex;
use crate::files::manifest::{Manifest, ManifestEntry, Mode};

const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

const NEW_FILE: OFlags = OFlags::WRONLY
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// How what is wanted lies in an archive, and where it goes.
#[derive(Debug, Clone, Copy, Default)]
pub struct UnpackOptions<'a> {
    /// How many components in front every name loses.
    pub strip_components: usize,
    /// The folder that is wanted, in what is left then: `ZipContents/Index`. What lies beside it is
    /// left out. Empty for everything.
    pub subdir: &'a str,
    /// Where it goes if it is no archive but the program itself, packed or not: `bin/deno`. Empty
    /// where that can't be.
    pub program: &'a str,
    /// A name that nothing may have at the top of the destination: the caller's own. Empty for
    /// none.
    pub reserved: &'a str,
}

/// The folder that is filled, and all that was put there.
pub(super) struct Destination<'a> {
    root: &'a Path,
    options: UnpackOptions<'a>,
    /// The folder that was last written to below those that it lies in, from the root on; each
    /// with its name.
    opened: Vec<(String, OwnedFd)>,
    modes: Modes,
    manifest: Manifest,
}

/// Which permission bits things get here, after the umask and whatever else has a say: each is
/// looked at once, and is the same for all.
#[derive(Default)]
struct Modes {
    folder: Option<Mode>,
    program: Option<Mode>,
    file: Option<Mode>,
}

/// Where a member goes.
enum EntryLocation<'a> {
    /// Below the tree's root, or the root itself where there is no component.
    Inside(&'a [&'a str]),
    /// It is a folder that is stripped away, or that the wanted folder lies in.
    Above,
    /// Beside the folder that is wanted.
    Outside,
}

impl<'a> Destination<'a> {
    pub(super) fn new(root: &'a Path, options: UnpackOptions<'a>) -> UnpackResult<Self> {
        let folder = rustix::fs::open(root, FOLDER, Bits::empty())
            .map_err(|error| UnpackError::Unwritable(Error::io("open", root, error.into())))?;
        let opened = vec![(String::new(), folder)];
        Ok(Self { root, options, opened, modes: Modes::default(), manifest: Manifest::default() })
    }

    /// Puts all members there; the manifest of them is the answer.
    pub(super) fn fill(mut self, members: &mut dyn ArchiveEntries) -> UnpackResult<Manifest> {
        while let Some(member) = members.next()? {
            self.add(&member, members)?;
        }
        members.finish()?;
        if self.manifest.files() == 0 {
            return Err(UnpackError::Archive("it holds no file".to_owned()));
        }
        Ok(self.manifest)
    }

    /// The same for a program that comes without an archive around it, and where it goes.
    pub(super) fn for_program(self) -> UnpackResult<(&'a str, Self)> {
        let name = self.options.program;
        if name.is_empty() {
            let why = "it should be an archive, but is a program";
            return Err(UnpackError::Archive(why.to_owned()));
        }
        let options = UnpackOptions { strip_components: 0, subdir: "", ..self.options };
        Ok((name, Self { options, ..self }))
    }

    fn add(&mut self, member: &ArchiveEntry, members: &mut dyn ArchiveEntries) -> UnpackResult<()> {
        let about = |trouble: UnpackError| trouble.about(&member.name);
        let parts = entry_name::components(&member.name).map_err(|why| about(refused(why)))?;
        let parts = match self.options.place(&parts) {
            EntryLocation::Outside => return Ok(()),
            EntryLocation::Above if !self.options.subdir.is_empty() => return Ok(()),
            EntryLocation::Above | EntryLocation::Inside([]) => {
                return match member.content {
                    EntryKind::Folder => Ok(()),
                    EntryKind::File(_) | EntryKind::Symlink(_) | EntryKind::HardLink(_) => {
                        Err(about(refused("everything should be in a folder, and this is not")))
                    }
                };
            }
            EntryLocation::Inside(parts) => parts,
        };
        self.put(parts, &member.content, members).map_err(about)
    }

    fn put(
        &mut self,
        parts: &[&str],
        content: &EntryKind,
        members: &mut dyn ArchiveEntries,
    ) -> UnpackResult<()> {
        if parts.first().is_some_and(|first| self.options.keeps(first)) {
            return Err(refused("that name is kept for something else"));
        }
        let item = match content {
            EntryKind::Folder => return self.enter(parts),
            EntryKind::File(told) => self.file(parts, *told, members)?,
            EntryKind::Symlink(target) => self.symlink(parts, target)?,
            EntryKind::HardLink(target) => self.hard_link(parts, target)?,
        };
        match self.manifest.0.insert(parts.join("/"), item) {
            None => Ok(()),
            Some(_) => Err(refused(TWICE)),
        }
    }

    fn file(
        &mut self,
        parts: &[&str],
        told: EntryMetadata,
        members: &mut dyn ArchiveEntries,
    ) -> UnpackResult<ManifestEntry> {
        let last = self.enter_parent(parts)?;
        let executable = match told.executable {
            Some(executable) => executable,
            None => is_program(members.peek_chunk()?),
        };
        let bits = if executable { 0o755 } else { 0o644 };
        let file = rustix::fs::openat(self.here(), last, NEW_FILE, Bits::from_raw_mode(bits))
            .map_err(|errno| self.not_made("create", parts, errno))?;
        let failed = |errno| unwritable("write", &self.path(parts), errno);
        let (copied, sha256) = copy(members, &file, failed)?;
        if told.size.is_some_and(|size| size != copied) {
            return Err(refused("it is cut short"));
        }
        keep_time(&file, told.modified);
        let known = if executable { &mut self.modes.program } else { &mut self.modes.file };
        let mode = mode_of(known, &file)
            .map_err(|errno| unwritable("look at", &self.path(parts), errno))?;
        Ok(ManifestEntry::File { mode, size: copied, sha256 })
    }

    fn symlink(&mut self, parts: &[&str], target: &[u8]) -> UnpackResult<ManifestEntry> {
        let target = entry_name::check_link_target(target, parts.len() - 1).map_err(refused)?;
        let last = self.enter_parent(parts)?;
        rustix::fs::symlinkat(target, self.here(), last)
            .map_err(|errno| self.not_made("create the link", parts, errno))?;
        Ok(ManifestEntry::Link { link: target.to_owned() })
    }

    fn hard_link(&mut self, parts: &[&str], target: &[u8]) -> UnpackResult<ManifestEntry> {
        let elsewhere = "it is a hard link to what is no earlier file of the archive";
        let target = entry_name::components(target).map_err(refused)?;
        let EntryLocation::Inside(target) = self.options.place(&target) else {
            return Err(refused(elsewhere));
        };
        let target = target.join("/");
        let Some(item @ ManifestEntry::File { .. }) = self.manifest.0.get(&target).cloned() else {
            return Err(refused(elsewhere));
        };
        let last = self.enter_parent(parts)?;
        let root = &self.opened[0].1;
        rustix::fs::linkat(root, &target, self.here(), last, AtFlags::empty())
            .map_err(|errno| self.not_made("create the hard link", parts, errno))?;
        Ok(item)
    }

    /// Opens the folder that something lies in, as [`Destination::enter`] does; its last component is
    /// the answer.
    fn enter_parent<'b>(&mut self, parts: &[&'b str]) -> UnpackResult<&'b str> {
        let (last, folders) = parts.split_last().ok_or_else(|| refused("a name is empty"))?;
        self.enter(folders)?;
        Ok(last)
    }

    /// Opens a folder below those that it lies in, and makes what isn't there.
    fn enter(&mut self, parts: &[&str]) -> UnpackResult<()> {
        let opened = self.opened.iter().skip(1).zip(parts);
        let shared = opened.take_while(|((name, _), part)| name == *part).count();
        self.opened.truncate(1 + shared);
        for depth in shared..parts.len() {
            let parts = &parts[..=depth];
            match self.manifest.0.get(&parts.join("/")) {
                Some(ManifestEntry::Folder { .. }) => self.open(parts)?,
                Some(ManifestEntry::File { .. } | ManifestEntry::Link { .. }) => {
                    let why = "a folder in it is a file or a link elsewhere in the archive";
                    return Err(refused(why));
                }
                None => self.make(parts)?,
            }
        }
        Ok(())
    }

    /// Makes a folder in the one that was opened last, and opens it.
    fn make(&mut self, parts: &[&str]) -> UnpackResult<()> {
        let last = parts.last().copied().unwrap_or_default();
        rustix::fs::mkdirat(self.here(), last, Bits::from_raw_mode(0o755))
            .map_err(|errno| self.not_made("create", parts, errno))?;
        self.open(parts)?;
        let made = &self.opened[self.opened.len() - 1].1;
        let mode = mode_of(&mut self.modes.folder, made)
            .map_err(|errno| unwritable("look at", &self.path(parts), errno))?;
        self.manifest.0.insert(parts.join("/"), ManifestEntry::Folder { mode });
        Ok(())
    }

    fn open(&mut self, parts: &[&str]) -> UnpackResult<()> {
        let last = parts.last().copied().unwrap_or_default();
        let opened = rustix::fs::openat(self.here(), last, FOLDER, Bits::empty())
            .map_err(|errno| unwritable("open", &self.path(parts), errno))?;
        self.opened.push((last.to_owned(), opened));
        Ok(())
    }

    /// The folder that was opened last.
    fn here(&self) -> &OwnedFd {
        &self.opened[self.opened.len() - 1].1
    }

    /// Why nothing could be made at a name: what stands there already was put there under that
    /// name, or under one that is the same to this file system (which may take no notice of case).
    fn not_made(&self, verb: &str, parts: &[&str], errno: Errno) -> UnpackError {
        match errno {
            Errno::EXIST if self.manifest.0.contains_key(&parts.join("/")) => refused(TWICE),
            Errno::EXIST => refused("that name and another one are the same on this file system"),
            errno => unwritable(verb, &self.path(parts), errno),
        }
    }

    fn path(&self, parts: &[&str]) -> PathBuf {
        self.root.join(parts.join("/"))
    }
}

const TWICE: &str = "that name is there twice";

impl UnpackOptions<'_> {
    fn place<'p>(&self, parts: &'p [&'p str]) -> EntryLocation<'p> {
        let Some(mut rest) = parts.get(self.strip_components..) else {
            return EntryLocation::Above;
        };
        if rest.is_empty() && self.strip_components > 0 {
            return EntryLocation::Above;
        }
        for wanted in self.subdir.split('/').filter(|part| !part.is_empty()) {
            match rest.split_first() {
                None => return EntryLocation::Above,
                Some((first, below)) if *first == wanted => rest = below,
                Some(_) => return EntryLocation::Outside,
            }
        }
        EntryLocation::Inside(rest)
    }

    /// Whether a name at the top is the caller's own, on any file system.
    fn keeps(&self, name: &str) -> bool {
        !self.reserved.is_empty() && name.eq_ignore_ascii_case(self.reserved)
    }
}

fn refused(why: &str) -> UnpackError {
    UnpackError::Refused(why.to_owned())
}

/// Copies a member to its file, telling failed reads from failed writes; its size and SHA-256 are
/// the answer.
pub(super) fn copy(
    members: &mut dyn ArchiveEntries,
    file: &OwnedFd,
    failed: impl Fn(Errno) -> UnpackError,
) -> UnpackResult<(u64, String)> {
    let mut hasher = Sha256::new();
    let mut size = 0;
    loop {
        let mut piece = members.next_chunk()?;
        if piece.is_empty() {
            return Ok((size, hex(&hasher.finalize())));
        }
        hasher.update(piece);
        size += piece.len() as u64;
        while !piece.is_empty() {
            match rustix::io::write(file, piece) {
                Ok(count) => piece = &piece[count..],
                Err(Errno::INTR) => {}
                Err(errno) => return Err(failed(errno)),
            }
        }
    }
}

/// The mode that things of a kind have, from the first of them.
fn mode_of(known: &mut Option<Mode>, first: &OwnedFd) -> rustix::io::Result<Mode> {
    if let Some(mode) = *known {
        return Ok(mode);
    }
    let seen = rustix::fs::fstat(first)?;
    Ok(*known.insert(Mode(seen.st_mode & 0o7777)))
}

/// Python takes a compiled module for stale whose source has another time than it had.
/// A time that this file system can't hold is no reason to fail.
fn keep_time(file: &OwnedFd, modified: Option<u32>) {
    let Some(modified) = modified else { return };
    let omitted = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    let modified = Timespec { tv_sec: modified.into(), tv_nsec: 0 };
    let times = Timestamps { last_access: omitted, last_modification: modified };
    let _ = rustix::fs::futimens(file, &times);
}

fn unwritable(verb: &str, path: &Path, errno: Errno) -> UnpackError {
    UnpackError::Unwritable(Error::io(verb, path, errno.into()))
}
