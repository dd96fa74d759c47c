//! Unpacks an archive into a fresh folder, as if the archive were an attack.
//!
//! ```text
//! file ─▶ OpenedArchive ─▶ PipeReader ─▶ ArchiveEntries ─▶ Destination
//! ```
//!
//! Being strict is cheap here: no toolchain is packed in a strange way by accident. What two
//! unpackers would read differently is refused.
//!
//! | what | file |
//! |---|---|
//! | the outer file and its compression | `archive/format.rs`, `archive/zstd.rs` |
//! | decompressing in another thread | `archive/pipe.rs` |
//! | entries of tar and zip files | `archive/tarball.rs`, `archive/zip.rs`, `archive/entry.rs`, `archive/entry_content.rs` |
//! | which names are allowed | `archive/entry_name.rs` |
//! | writing | `archive/destination.rs` |
//!
//! None of them knows what the archive is for, or where it came from.

mod destination;
mod entry;
mod entry_content;
mod entry_name;
mod error;
mod format;
mod pipe;
mod tarball;
mod zip;
mod zstd;

use std::fs;
use std::path::Path;

use usher_shims::error::{Error, ErrorKind, Result, Shown};

use crate::files::manifest::Manifest;
use destination::Destination;
pub use destination::UnpackOptions;
use entry::SingleFile;
pub use error::UnpackError;
pub use format::decompress;
use format::{OpenedArchive, is_program, is_tar, program_label, two_kinds};
use tarball::Tarball;
use zip::ZipFile;

/// Unpacks `archive`, whose hash was verified, into `destination`: an empty folder that the caller
/// made. Returns the manifest of the unpacked tree.
///
/// Files get the mode 0755 or 0644 by their owner's execute bit, folders 0755, all less the umask.
/// Files keep their modification times, and nothing else. An archive that is damaged, cut short, of
/// another format, or that contains anything unusual is refused as a whole with
/// [`ErrorKind::BadArchive`].
///
/// Nothing outside `destination` is ever written. **After an error the caller deletes
/// `destination`**, which then contains a part of the archive.
pub fn unpack(archive: &Path, destination: &Path, options: &UnpackOptions<'_>) -> Result<Manifest> {
    let mut entries =
        fs::read_dir(destination).map_err(|error| Error::io("read", destination, error))?;
    if entries.next().is_some() {
        let what = format!("{} is not empty", Shown(destination));
        return Err(Error::new(ErrorKind::CannotCreate, what));
    }
    OpenedArchive::open(archive)
        .and_then(|opened| fill(opened, Destination::new(destination, *options)?))
        .map_err(|error| error.in_archive(archive))
}

/// The manifest of one folder of an archive that was unpacked with default options, as if only that
/// folder had been unpacked: its links lead to something in it, and none of its names at the top is
/// `reserved`. A link in the place of the folder is refused. An empty `folder` is all of it.
pub fn manifest_of_folder(
    archive: &Path,
    all: Manifest,
    folder: &str,
    reserved: &str,
) -> Result<Manifest> {
    let options = UnpackOptions { reserved, ..UnpackOptions::default() };
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let mut inside = Manifest::default();
    for (path, item) in all.0 {
        let Some(name) = path.strip_prefix(&prefix) else { continue };
        options
            .check_entry(name, &item)
            .map_err(|error| error.for_entry(path.as_bytes()).in_archive(archive))?;
        inside.0.insert(name.to_owned(), item);
    }
    match inside.files() {
        0 => Err(UnpackError::Archive("it holds no files".to_owned()).in_archive(archive)),
        _ => Ok(inside),
    }
}

fn fill(archive: OpenedArchive, destination: Destination<'_>) -> error::UnpackResult<Manifest> {
    let OpenedArchive { bytes, max_bytes, directory } = archive;
    pipe::pipe(bytes, max_bytes, |mut bytes| {
        if let Some(directory) = directory {
            return destination.fill(&mut ZipFile::new(&mut bytes, directory));
        }
        let opening = bytes.peek_chunk(u64::MAX)?;
        match (is_program(opening), is_tar(opening)) {
            (true, false) => {
                let kind = program_label(opening);
                let (name, destination) = destination.for_program()?;
                let unpacked = destination.path(name);
                let manifest = destination.fill(&mut SingleFile::new(&mut bytes, name))?;
                match zip::ends_as_zip(&unpacked)? {
                    true => Err(two_kinds(kind, "an archive")),
                    false => Ok(manifest),
                }
            }
            (true, true) => Err(UnpackError::Archive("it is a program and a tar file".to_owned())),
            (false, _) => destination.fill(&mut Tarball::new(&mut bytes)),
        }
    })
}

#[cfg(test)]
mod tests;
