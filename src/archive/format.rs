//! The outer file of an archive: its kind by its first bytes, its compression, how much is too
//! much.
//!
//! It must not know what the members are. The compressions are pure Rust: what a server sends
//! reaches no C. `xz`'s dictionary and `zstd`'s window are memory that the file asks for, and have
//! limits.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;
use usher_shims::error::Error;

use super::error::{UnpackError, UnpackResult};
use super::zip::{ZipContents, ZipDirectory};
use super::zstd::ZstdReader;

/// What may be unpacked from however large a file.
const MOST: u64 = 8 << 30;

/// How many times larger than the archive what it holds may be (plus [`GRANTED`]); toolchains
/// are 3 to 8 times.
const MOST_TIMES: u64 = 200;

/// What may be unpacked from however small a file.
const GRANTED: u64 = 64 << 20;

/// What `xz -9` needs, the most that anybody asks for: a dictionary of 64 MiB and a little; in KiB.
const MOST_FOR_XZ: u32 = 66 << 10;

/// How compressed data begins.
const GZIP: &[u8] = b"\x1f\x8b";
const XZ: &[u8] = b"\xfd7zXZ\0";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
const BZIP2: &[u8] = b"BZh";
const ZIP: &[u8] = b"PK\x03\x04";
const EMPTY_ZIP: &[u8] = b"PK\x05\x06";

/// Openings of files that are no archive, and what to call them.
const OTHERS: [(&[u8], &str); 4] = [
    (b"PK", "a damaged zip file"),
    (b"7z\xbc\xaf\x27\x1c", "of the 7z form"),
    (b"<", "a web page or XML"),
    (b"{", "JSON"),
];

/// How programs begin that a kernel runs: ELF, the forms of macOS, a script. The last of macOS' is
/// also that of Java's classes, and is looked at further.
const PROGRAMS: [&[u8]; 7] = [
    b"\x7fELF",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xfe\xed\xfa\xcf",
    b"\xfe\xed\xfa\xce",
    b"#!",
    UNIVERSAL,
];
const UNIVERSAL: &[u8] = b"\xca\xfe\xba\xbe";

/// An archive that was opened.
pub(super) struct OpenedArchive {
    /// The bytes that are packed in it: a tar file, a program, or what the files of a zip hold, one
    /// after the other. Checksums of the compression are verified by reading them to the end.
    pub(super) bytes: Box<dyn Read + Send>,
    /// How many of them are sensible.
    pub(super) most: u64,
    /// What a zip file says is in it.
    pub(super) directory: Option<ZipDirectory>,
}

impl OpenedArchive {
    pub(super) fn open(archive: &Path) -> UnpackResult<Self> {
        let failed = |error: io::Error| UnpackError::Unwritable(Error::io("read", archive, error));
        let file = File::open(archive).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut file = BufReader::with_capacity(64 << 10, file);
        let opening = file.fill_buf().map_err(failed)?.to_vec();
        let most = most(length);
        if opening.starts_with(ZIP) || opening.starts_with(EMPTY_ZIP) {
            let file = file.into_inner();
            let directory = ZipDirectory::read(&file, length)?;
            let bytes = Box::new(ZipContents::new(file, &directory).map_err(failed)?);
            return Ok(Self { bytes, most, directory: Some(directory) });
        }
        Ok(Self { bytes: decompress(&opening, file)?, most, directory: None })
    }
}

/// The bytes that are packed in a file that begins with `opening`; those of a tar file or a program
/// as they are. How many there are is the caller's to limit.
pub fn decompress(
    opening: &[u8],
    file: impl BufRead + Send + 'static,
) -> UnpackResult<Box<dyn Read + Send>> {
    Ok(match opening {
        _ if opening.starts_with(GZIP) => Box::new(MultiGzDecoder::new(file)),
        _ if opening.starts_with(XZ) => Box::new(XzReader::new_mem_limit(file, true, MOST_FOR_XZ)),
        _ if opening.starts_with(ZSTD) => Box::new(ZstdReader::new(file)),
        _ if opening.starts_with(BZIP2) => Box::new(MultiBzDecoder::new(file)),
        _ if is_tar(opening) || is_program(opening) => Box::new(file),
        _ => {
            let why = format!("it should be an archive, but is {}", kind(opening));
            return Err(UnpackError::Archive(why));
        }
    })
}

/// What an archive of that length may hold.
pub(super) fn most(length: u64) -> u64 {
    MOST.min(length.saturating_mul(MOST_TIMES).saturating_add(GRANTED))
}

/// Whether a file that begins so is a tar file, of a form that anybody still writes.
pub(super) fn is_tar(opening: &[u8]) -> bool {
    opening.get(257..262) == Some(b"ustar")
}

/// Whether a file that begins so is a program.
pub(super) fn is_program(opening: &[u8]) -> bool {
    // A universal program says for how many processors it is; a class there has its version.
    let architectures = opening.get(4..8).map_or(0, |count| {
        count.iter().fold(0_u32, |number, byte| (number << 8) | u32::from(*byte))
    });
    let begins = |start: &&[u8]| opening.starts_with(start);
    match PROGRAMS.into_iter().find(begins) {
        Some(UNIVERSAL) => (1..40).contains(&architectures),
        found => found.is_some(),
    }
}

fn kind(opening: &[u8]) -> &'static str {
    if opening.is_empty() {
        return "empty";
    }
    OTHERS
        .iter()
        .find(|(start, _)| opening.starts_with(start))
        .map_or("something unknown", |(_, kind)| *kind)
}
