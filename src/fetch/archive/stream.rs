//! The outer file of an archive: its kind, its compression, its end.
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

/// Openings of files that are no `.tar.gz`, and what to call them.
const OTHERS: [(&[u8], &str); 7] = [
    (b"PK", "a zip file"),
    (b"\xfd7zXZ", "compressed by xz"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd"),
    (b"BZh", "compressed by bzip2"),
    (b"\x7fELF", "a program"),
    (b"<", "a web page or XML"),
    (b"{", "JSON"),
];

/// The unpacked bytes of a `.tar.gz`, no more than are sensible.
///
/// Checksums of the compression are verified by reading to the end: [`Stream::finish`] does.
pub(super) struct Stream {
    bytes: MultiGzDecoder<BufReader<File>>,
    read: u64,
    pub(super) most: u64,
    ended: bool,
}

impl Stream {
    pub(super) fn open(archive: &Path) -> Result<Self, Trouble> {
        let failed = |error: io::Error| Trouble::Unwritable(Error::io("read", archive, &error));
        let file = File::open(archive).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut file = BufReader::new(file);
        let opening = file.fill_buf().map_err(failed)?;
        if !opening.starts_with(b"\x1f\x8b") {
            return Err(Trouble::Archive(format!(
                "it should be a .tar.gz, but is {}",
                kind(opening)
            )));
        }
        Ok(Self { bytes: MultiGzDecoder::new(file), read: 0, most: most(length), ended: false })
    }

    /// Reads what comes after the first block of zeros: at least another one (POSIX wants two,
    /// and a cut between two members shows by their absence), and nothing but zeros.
    pub(super) fn finish(mut self) -> Result<(), Trouble> {
        if self.ended {
            return Err(Trouble::Archive("it is cut short: its end is missing".to_owned()));
        }
        let mut buffer = [0; 8 << 10];
        let mut zeros = 0;
        loop {
            let count = self.read(&mut buffer).map_err(Trouble::Unreadable)?;
            if count == 0 {
                break;
            }
            if buffer[..count].iter().any(|byte| *byte != 0) {
                return Err(Trouble::Archive("something follows its end".to_owned()));
            }
            zeros += count;
        }
        if zeros < 512 {
            return Err(Trouble::Archive("it is cut short in its end".to_owned()));
        }
        Ok(())
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(buffer)?;
        self.ended |= count == 0 && !buffer.is_empty();
        self.read += count as u64;
        if self.read > self.most {
            return Err(io::Error::other(format!("it holds more than {} bytes", self.most)));
        }
        Ok(count)
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
