//! The outer file of an archive: its kind by its first bytes, its compression, its end.
//!
//! It must not know what the members are.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use usher_shims::error::Error;

use super::Trouble;

/// What may be unpacked from however large a file.
const MOST: u64 = 8 << 30;

/// How many times larger than the archive what it holds may be (plus [`GRANTED`]); toolchains
/// are 3 to 8 times.
const MOST_TIMES: u64 = 200;

/// What may be unpacked from however small a file.
const GRANTED: u64 = 64 << 20;

/// Openings of files that are no archive, and what to call them.
const OTHERS: [(&[u8], &str); 7] = [
    (b"PK", "a zip file"),
    (b"\xfd7zXZ", "compressed by xz"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd"),
    (b"BZh", "compressed by bzip2"),
    (b"\x7fELF", "a program"),
    (b"<", "a web page or XML"),
    (b"{", "JSON"),
];

/// An archive that was opened.
pub(super) struct Packed {
    /// The bytes that are packed in it. Checksums of the compression are verified by reading them
    /// to the end.
    pub(super) bytes: Box<dyn Read + Send>,
    /// How many of them are sensible.
    pub(super) most: u64,
}

impl Packed {
    pub(super) fn open(archive: &Path) -> Result<Self, Trouble> {
        let failed = |error: io::Error| Trouble::Unwritable(Error::io("read", archive, &error));
        let file = File::open(archive).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut file = BufReader::with_capacity(64 << 10, file);
        let opening = file.fill_buf().map_err(failed)?;
        if !opening.starts_with(b"\x1f\x8b") {
            return Err(Trouble::Archive(format!(
                "it should be a .tar.gz, but is {}",
                kind(opening)
            )));
        }
        Ok(Self { bytes: Box::new(MultiGzDecoder::new(file)), most: most(length) })
    }
}

/// What an archive of that length may hold.
pub(super) fn most(length: u64) -> u64 {
    MOST.min(length.saturating_mul(MOST_TIMES).saturating_add(GRANTED))
}

fn kind(opening: &[u8]) -> &'static str {
    if opening.is_empty() {
        return "empty";
    }
    if opening.get(257..262) == Some(b"ustar") {
        return "an uncompressed tar file";
    }
    OTHERS
        .iter()
        .find(|(start, _)| opening.starts_with(start))
        .map_or("something unknown", |(_, kind)| *kind)
}
