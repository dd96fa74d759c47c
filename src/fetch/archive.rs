//! Unpacking an archive (`.tar.gz`) into a fresh folder, as if whoever made it meant harm.
//!
//! Strictness is cheap here, because nobody packs a toolchain in a strange way by accident; what
//! two unpackers would understand differently is refused. `archive/stream.rs` sees to the outer
//! file, `archive/member.rs` to what stands in it, `archive/name.rs` to names; this file writes.
//! It must not know what the archive is for, or where it came from.

mod member;
mod name;
mod stream;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use usher_shims::error::{Error, Escaped, Exit, Result};

use super::integrity::Hasher;
use super::listing::{Item, Listing, Mode};
use member::{Content, Member, Members};
use stream::Stream;

/// Unpacks `archive`, whose hash was verified, into `destination`, an empty folder that the
/// caller made, without the first `strip` components of every name.
///
/// Files become 0755 or 0644 by their owner's execute bit, folders 0755, all less the umask;
/// times of files are kept, nothing else is. An archive that is damaged, cut short, of another
/// kind, or that holds anything unusual is refused as a whole with [`Exit::Data`].
///
/// Nothing outside `destination` is written, ever. **After an error the caller deletes
/// `destination`**, which then holds a part of the archive.
/// What lies there then is the answer.
pub fn unpack(archive: &Path, destination: &Path, strip: usize) -> Result<Listing> {
    let mut entries =
        fs::read_dir(destination).map_err(|error| Error::io("read", destination, &error))?;
    if entries.next().is_some() {
        let what = format!("{} is not empty", Escaped(&destination.to_string_lossy()));
        return Err(Error::new(Exit::CannotCreate, what));
    }
    Stream::open(archive)
        .and_then(|stream| Tree::new(destination, strip).fill(stream))
        .map_err(|trouble| trouble.in_archive(archive))
}

/// Why unpacking stopped.
enum Trouble {
    /// A member that is refused: its name, and why.
    Member(Vec<u8>, String),
    /// The archive as a whole is refused.
    Archive(String),
    /// It can't be read, or what was read makes no sense.
    Unreadable(io::Error),
    /// What it holds can't be written.
    Unwritable(Error),
}

type Checked<T> = std::result::Result<T, Trouble>;

impl Trouble {
    fn in_archive(self, archive: &Path) -> Error {
        let name = archive.to_string_lossy();
        let refused = Error::new(Exit::Data, format!("can't unpack {}", Escaped(&name)));
        match self {
            Self::Member(name, why) => {
                let name = String::from_utf8_lossy(&name).into_owned();
                refused.because(format!("it holds “{}”: {why}", Escaped(&name)))
            }
            Self::Archive(why) => refused.because(why),
            // The system's own errors have a number; the others are what a parser says.
            Self::Unreadable(error) if error.raw_os_error().is_some() => {
                Error::io("read", archive, &error)
            }
            Self::Unreadable(error) => refused
                .because(format!("it is damaged or cut short: {}", Escaped(&error.to_string()))),
            Self::Unwritable(error) => error,
        }
    }
}

/// What stands at a name so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    File,
    Link,
}

/// The folder that is filled, and all that was put there. Since links are known as such,
/// nothing is ever written through one.
struct Tree<'a> {
    root: &'a Path,
    strip: usize,
    known: HashMap<Vec<u8>, Kind>,
    listing: Listing,
}

impl<'a> Tree<'a> {
    fn new(root: &'a Path, strip: usize) -> Self {
        Self { root, strip, known: HashMap::new(), listing: Listing::default() }
    }

    fn fill(mut self, stream: Stream) -> Checked<Listing> {
        let mut archive = tar::Archive::new(stream);
        self.add_all(Members::of(&mut archive)?)?;
        archive.into_inner().finish()?;
        if self.listing.files() == 0 {
            return Err(Trouble::Archive("it holds no file".to_owned()));
        }
        Ok(self.listing)
    }

    fn add_all<R: Read>(&mut self, mut members: Members<'_, R>) -> Checked<()> {
        while let Some(mut member) = members.next()? {
            self.add(&mut member)?;
        }
        Ok(())
    }

    fn add<R: Read>(&mut self, member: &mut Member<'_, R>) -> Checked<()> {
        let Member { name, content, body } = member;
        let refused = |why: &str| Trouble::Member(name.clone(), why.to_owned());
        let parts = name::parts(name).map_err(refused)?;
        let Some(parts) = parts.get(self.strip..).filter(|rest| !rest.is_empty()) else {
            return match content {
                Content::Folder => Ok(()),
                Content::File { .. } | Content::Symlink(_) | Content::HardLink(_) => {
                    Err(refused("everything should be in a folder, and this is not"))
                }
            };
        };
        match content {
            Content::Folder => return self.folder(parts, name),
            Content::File { size, executable, modified } => {
                let path = self.claim(parts, name, Kind::File)?;
                let file = create(&path, *executable)?;
                let (copied, sha256) = copy(body, &file, &path)?;
                if copied != *size {
                    return Err(refused("it is cut short"));
                }
                keep_time(&file, *modified);
                let seen = file.metadata().map_err(|error| unwritable("look at", &path, &error))?;
                let mode = Mode(seen.mode() & 0o7777);
                self.note(&path, Item::File { mode, size: *size, sha256 });
            }
            Content::Symlink(target) => {
                name::stays_inside(target, parts.len() - 1).map_err(refused)?;
                let path = self.claim(parts, name, Kind::Link)?;
                symlink(OsStr::from_bytes(target), &path)
                    .map_err(|error| unwritable("create the link", &path, &error))?;
                let link = String::from_utf8_lossy(target).into_owned();
                self.note(&path, Item::Link { link });
            }
            Content::HardLink(target) => {
                let target = self.earlier_file(target).map_err(refused)?;
                let path = self.claim(parts, name, Kind::File)?;
                fs::hard_link(&target, &path)
                    .map_err(|error| unwritable("create the hard link", &path, &error))?;
                if let Some(item) = self.listing.0.get(&self.key(&target)).cloned() {
                    self.note(&path, item);
                }
            }
        }
        Ok(())
    }

    /// Takes a name that is free yet, and makes the folders that it lies in.
    fn claim(&mut self, parts: &[&[u8]], name: &[u8], kind: Kind) -> Checked<PathBuf> {
        self.folder(&parts[..parts.len() - 1], name)?;
        let key = parts.join(&b'/');
        let path = self.path(&key);
        match self.known.insert(key, kind) {
            None => Ok(path),
            Some(Kind::Folder | Kind::File | Kind::Link) => {
                Err(Trouble::Member(name.to_owned(), "that name is there twice".to_owned()))
            }
        }
    }

    /// Makes a folder, and those that it lies in, unless they are there.
    fn folder(&mut self, parts: &[&[u8]], name: &[u8]) -> Checked<()> {
        for length in 1..=parts.len() {
            let key = parts[..length].join(&b'/');
            match self.known.get(&key) {
                Some(Kind::Folder) => {}
                Some(Kind::File | Kind::Link) => {
                    let why = "a folder in it is a file or a link elsewhere in the archive";
                    return Err(Trouble::Member(name.to_owned(), why.to_owned()));
                }
                None => {
                    let path = self.path(&key);
                    DirBuilder::new()
                        .mode(0o755)
                        .create(&path)
                        .map_err(|error| unwritable("create", &path, &error))?;
                    let seen =
                        path.metadata().map_err(|error| unwritable("look at", &path, &error))?;
                    self.note(&path, Item::Folder { mode: Mode(seen.mode() & 0o7777) });
                    self.known.insert(key, Kind::Folder);
                }
            }
        }
        Ok(())
    }

    /// Where the file lies that a hard link names.
    fn earlier_file(&self, target: &[u8]) -> std::result::Result<PathBuf, &'static str> {
        let parts = name::parts(target)?;
        let key = parts.get(self.strip..).unwrap_or_default().join(&b'/');
        match self.known.get(&key) {
            Some(Kind::File) => Ok(self.path(&key)),
            Some(Kind::Folder | Kind::Link) | None => {
                Err("it is a hard link to what is no earlier file of the archive")
            }
        }
    }

    fn path(&self, key: &[u8]) -> PathBuf {
        self.root.join(OsStr::from_bytes(key))
    }

    fn key(&self, path: &Path) -> String {
        path.strip_prefix(self.root).unwrap_or(path).to_string_lossy().into_owned()
    }

    fn note(&mut self, path: &Path, item: Item) {
        self.listing.0.insert(self.key(path), item);
    }
}

fn create(path: &Path, executable: bool) -> Checked<File> {
    let mode = if executable { 0o755 } else { 0o644 };
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .map_err(|error| unwritable("create", path, &error))
}

/// Copies a member to its file, telling failed reads from failed writes; its size and SHA-256 are
/// the answer.
fn copy(body: &mut impl Read, mut file: &File, path: &Path) -> Checked<(u64, String)> {
    let mut buffer = [0; 16 << 10];
    let mut hasher = Hasher::new(None);
    let mut size = 0;
    loop {
        let count = body.read(&mut buffer).map_err(Trouble::Unreadable)?;
        if count == 0 {
            return Ok((size, hasher.finish().unwrap_or_default()));
        }
        hasher.update(&buffer[..count]);
        file.write_all(&buffer[..count]).map_err(|error| unwritable("write", path, &error))?;
        size += count as u64;
    }
}

/// Python takes a compiled module for stale whose source has another time than it had.
/// A time that this file system can't hold is no reason to fail.
fn keep_time(file: &File, modified: u32) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(modified.into());
    let _ = file.set_modified(time);
}

fn unwritable(verb: &str, path: &Path, error: &io::Error) -> Trouble {
    Trouble::Unwritable(Error::io(verb, path, error))
}

#[cfg(test)]
mod tests;
