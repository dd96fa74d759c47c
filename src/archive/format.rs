//! The outer file of an archive: its format by its first bytes, its compression, its size limits.
//!
//! It must not know what the entries are. All decompressors are pure Rust, so that bytes from a
//! server reach no C code. `xz`'s dictionary and `zstd`'s window are memory that the file requests:
//! both have limits.

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

/// The most bytes that are unpacked from any archive.
const MAX_BYTES: u64 = 8 << 30;

/// How many times larger than the archive its content may be, beyond [`ALWAYS_ALLOWED`]. Toolchains
/// are 3 to 8 times larger.
const MAX_RATIO: u64 = 200;

/// How many bytes may be unpacked from the smallest archive.
const ALWAYS_ALLOWED: u64 = 64 << 20;

/// The memory that `xz -9` needs, the highest preset: a dictionary of 64 MiB and a little more.
const XZ_MEMORY_KIB: u32 = 66 << 10;

/// The first bytes of compressed files and of zip files.
const GZIP: &[u8] = b"\x1f\x8b";
const XZ: &[u8] = b"\xfd7zXZ\0";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
const BZIP2: &[u8] = b"BZh";
const ZIP: &[u8] = b"PK\x03\x04";
const EMPTY_ZIP: &[u8] = b"PK\x05\x06";

/// The first bytes of other files, and what to call those in messages.
const OTHER_FORMATS: [(&[u8], &str); 4] = [
    (b"PK", "a damaged zip file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"<", "a web page or XML"),
    (b"{", "JSON"),
];

/// The first bytes of programs that a kernel runs: ELF, those of macOS, a script. A macOS universal
/// binary begins as a Java class does; [`is_program`] distinguishes them.
const PROGRAMS: [&[u8]; 7] = [
    b"\x7fELF",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xfe\xed\xfa\xcf",
    b"\xfe\xed\xfa\xce",
    b"#!",
    UNIVERSAL_BINARY,
];
const UNIVERSAL_BINARY: &[u8] = b"\xca\xfe\xba\xbe";

/// An open archive.
pub(super) struct OpenedArchive {
    /// The decompressed bytes: a tar file, a program, or the contents of a zip's files, one after
    /// the other. Reading to the end verifies the checksums of the compression.
    pub(super) bytes: Box<dyn Read + Send>,
    /// More bytes than this are an error.
    pub(super) max_bytes: u64,
    /// The entries of a zip file.
    pub(super) directory: Option<ZipDirectory>,
}

impl OpenedArchive {
    pub(super) fn open(archive: &Path) -> UnpackResult<Self> {
        let failed = |error: io::Error| UnpackError::Unwritable(Error::io("read", archive, error));
        let file = File::open(archive).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut file = BufReader::with_capacity(64 << 10, file);
        let opening = file.fill_buf().map_err(failed)?.to_vec();
        let max_bytes = max_bytes(length);
        if opening.starts_with(ZIP) || opening.starts_with(EMPTY_ZIP) {
            if is_tar(&opening) {
                return Err(two_kinds("a zip file", "a tar file"));
            }
            let file = file.into_inner();
            let directory = ZipDirectory::read(&file, length)?;
            let bytes = Box::new(ZipContents::new(file, &directory).map_err(failed)?);
            return Ok(Self { bytes, max_bytes, directory: Some(directory) });
        }
        Ok(Self { bytes: decompress(&opening, file)?, max_bytes, directory: None })
    }
}

/// The decompressed bytes of a file whose first bytes are `opening`. An uncompressed tar file or
/// program is returned as it is. The caller limits how much is read.
pub fn decompress(
    opening: &[u8],
    file: impl BufRead + Send + 'static,
) -> UnpackResult<Box<dyn Read + Send>> {
    Ok(match opening {
        _ if opening.starts_with(GZIP) => Box::new(MultiGzDecoder::new(file)),
        _ if opening.starts_with(XZ) => {
            Box::new(XzReader::new_mem_limit(file, true, XZ_MEMORY_KIB))
        }
        _ if opening.starts_with(ZSTD) => Box::new(ZstdReader::new(file)),
        _ if opening.starts_with(BZIP2) => Box::new(MultiBzDecoder::new(file)),
        _ if is_tar(opening) || is_program(opening) => Box::new(file),
        _ => {
            let why = format!("it should be an archive, but is {}", format_label(opening));
            return Err(UnpackError::Archive(why));
        }
    })
}

/// The error of a file that is two things at once, each to another program.
pub(super) fn two_kinds(one: &str, other: &str) -> UnpackError {
    UnpackError::Archive(format!("it is both {one} and {other}"))
}

/// What a program is called in messages.
pub(super) fn program_label(opening: &[u8]) -> &'static str {
    if opening.starts_with(b"#!") { "a script" } else { "a program" }
}

/// The most bytes that may be unpacked from an archive of `length` bytes.
pub(super) fn max_bytes(length: u64) -> u64 {
    MAX_BYTES.min(length.saturating_mul(MAX_RATIO).saturating_add(ALWAYS_ALLOWED))
}

/// Whether these first bytes are those of a tar file (`ustar`, the only format still written).
pub(super) fn is_tar(opening: &[u8]) -> bool {
    opening.get(257..262) == Some(b"ustar")
}

/// Whether these first bytes are those of a program.
pub(super) fn is_program(opening: &[u8]) -> bool {
    // A universal binary has the number of its architectures there; a class has its version.
    let architectures = opening.get(4..8).map_or(0, |count| {
        count.iter().fold(0_u32, |number, byte| (number << 8) | u32::from(*byte))
    });
    let begins = |start: &&[u8]| opening.starts_with(start);
    match PROGRAMS.into_iter().find(begins) {
        Some(UNIVERSAL_BINARY) => (1..40).contains(&architectures),
        found => found.is_some(),
    }
}

fn format_label(opening: &[u8]) -> &'static str {
    if opening.is_empty() {
        return "empty";
    }
    OTHER_FORMATS
        .iter()
        .find(|(start, _)| opening.starts_with(start))
        .map_or("something unknown", |(_, kind)| *kind)
}
