//! Unpacking an archive into a fresh folder, as if whoever made it meant harm.
//!
//! ```text
//! file ─▶ Packed ─▶ Flow ─▶ Members ─▶ Tree
//! ```
//!
//! Strictness is cheap here, because nobody packs a toolchain in a strange way by accident; what
//! two unpackers would understand differently is refused. `archive/packing.rs` sees to the outer
//! file, `archive/flow.rs` to doing two things at once, `archive/tarball.rs`, `archive/zip.rs` and
//! `archive/lone.rs` to what stands in it, `archive/name.rs` to names, `archive/tree.rs` writes.
//! None of them knows what the archive is for, or where it came from.

mod flow;
mod frames;
mod lone;
mod member;
mod name;
mod packing;
mod tarball;
mod tree;
mod zip;

use std::fs;
use std::io;
use std::path::Path;

use usher_shims::error::{Error, Escaped, Exit, Result};

use super::listing::Listing;
use flow::flow;
use packing::{Packed, is_program, is_tar};
use tarball::Tarball;
use tree::Tree;
use zip::Zipped;

/// How what is wanted lies in an archive.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shape<'a> {
    /// How many components in front every name loses.
    pub strip: usize,
    /// The folder that is wanted, in what is left then: `Contents/Home`. What lies beside it is
    /// left out. Empty for everything.
    pub from: &'a str,
    /// Where it goes if it is no archive but the program itself, packed or not: `bin/deno`. Empty
    /// where that can't be.
    pub program: &'a str,
    /// A name that nothing may have at the top of the destination: the caller's own. Empty for
    /// none.
    pub reserved: &'a str,
}

/// Unpacks `archive`, whose hash was verified, into `destination`, an empty folder that the
/// caller made; what lies there then is the answer.
///
/// Files become 0755 or 0644 by their owner's execute bit, folders 0755, all less the umask;
/// times of files are kept, nothing else is. An archive that is damaged, cut short, of another
/// kind, or that holds anything unusual is refused as a whole with [`Exit::Data`].
///
/// Nothing outside `destination` is written, ever. **After an error the caller deletes
/// `destination`**, which then holds a part of the archive.
pub fn unpack(archive: &Path, destination: &Path, shape: &Shape<'_>) -> Result<Listing> {
    let mut entries =
        fs::read_dir(destination).map_err(|error| Error::io("read", destination, &error))?;
    if entries.next().is_some() {
        let what = format!("{} is not empty", Escaped(&destination.to_string_lossy()));
        return Err(Error::new(Exit::CannotCreate, what));
    }
    Packed::open(archive)
        .and_then(|packed| fill(packed, Tree::new(destination, *shape)?))
        .map_err(|trouble| trouble.in_archive(archive))
}

fn fill(packed: Packed, tree: Tree<'_>) -> Checked<Listing> {
    let Packed { bytes, most, directory } = packed;
    flow(bytes, most, |mut bytes| {
        if let Some(directory) = directory {
            return tree.fill(&mut Zipped::new(&mut bytes, directory));
        }
        let opening = bytes.peek(u64::MAX)?;
        match (is_program(opening), is_tar(opening)) {
            (true, false) => tree.fill_alone(&mut bytes),
            (true, true) => Err(Trouble::Archive("it is a program and a tar file".to_owned())),
            (false, _) => tree.fill(&mut Tarball::new(&mut bytes)),
        }
    })
}

/// Why unpacking stopped.
enum Trouble {
    /// A member is refused, and this is why.
    Refused(String),
    /// The same, with the member's name.
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
    /// Says which member is refused, if one is.
    fn about(self, name: &[u8]) -> Self {
        match self {
            Self::Refused(why) => Self::Member(name.to_owned(), why),
            Self::Member(..) | Self::Archive(_) | Self::Unreadable(_) | Self::Unwritable(_) => self,
        }
    }

    fn in_archive(self, archive: &Path) -> Error {
        let name = archive.to_string_lossy();
        let refused = Error::new(Exit::Data, format!("can't unpack {}", Escaped(&name)));
        match self {
            Self::Member(name, why) => {
                let name = String::from_utf8_lossy(&name).into_owned();
                refused.because(format!("it holds “{}”: {why}", Escaped(&name)))
            }
            Self::Archive(why) | Self::Refused(why) => refused.because(why),
            // The system's own errors have a number; the others are what a parser says.
            Self::Unreadable(error) if error.raw_os_error().is_some() => {
                Error::io("read", archive, &error)
            }
            Self::Unreadable(error) if error.kind() == io::ErrorKind::OutOfMemory => {
                refused.because("unpacking it takes more memory than is sensible")
            }
            Self::Unreadable(error) => refused
                .because(format!("it is damaged or cut short: {}", Escaped(&error.to_string()))),
            Self::Unwritable(error) => error,
        }
    }
}

#[cfg(test)]
mod tests;
