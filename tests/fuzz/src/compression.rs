//! Compressed bytes: they are decompressed or refused, in bounded memory.
//!
//! `fuzz_targets/` compares the result with other implementations.

use std::io::{Cursor, Read};

use usher::archive::decompress;

/// The maximum of decompressed bytes. Archives have their own limit (`archive/format.rs`).
const MOST: u64 = 4 << 20;

/// Decompresses gzip.
pub fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    unpacked(bytes, b"\x1f\x8b")
}

/// Decompresses xz.
pub fn xz(bytes: &[u8]) -> Option<Vec<u8>> {
    unpacked(bytes, b"\xfd7zXZ\0")
}

/// Decompresses zstd.
pub fn zstd(bytes: &[u8]) -> Option<Vec<u8>> {
    unpacked(bytes, b"\x28\xb5\x2f\xfd")
}

/// Decompresses bzip2.
pub fn bzip2(bytes: &[u8]) -> Option<Vec<u8>> {
    unpacked(bytes, b"BZh")
}

/// `None` if the bytes are refused, don't start with `magic`, or are too many.
fn unpacked(bytes: &[u8], magic: &[u8]) -> Option<Vec<u8>> {
    if !bytes.starts_with(magic) {
        return None;
    }
    let reader =
        decompress(bytes, Cursor::new(bytes.to_vec())).expect("the magic bytes name the format");
    let mut found = Vec::new();
    let read = reader.take(MOST + 1).read_to_end(&mut found);
    (read.is_ok() && found.len() as u64 <= MOST).then_some(found)
}
