//! Compressed bytes: they are unpacked or refused, in bounded memory.
//!
//! What comes out is compared with other people's code for the same format in `fuzz_targets/`.

use std::io::{Cursor, Read};

use usher::archive::decompress;

/// The most bytes that are looked at; archives have their own limit (`archive/format.rs`).
const MOST: u64 = 4 << 20;

/// What gzip packed.
pub fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    unpacked(bytes, b"\x1f\x8b")
}

/// What xz packed.
pub fn xz(bytes: &[u8]) -> Option<Vec<u8>> {
    unpacked(bytes, b"\xfd7zXZ\0")
}

/// What zstd packed.
pub fn zstd(bytes: &[u8]) -> Option<Vec<u8>> {
    unpacked(bytes, b"\x28\xb5\x2f\xfd")
}

/// What bzip2 packed.
pub fn bzip2(bytes: &[u8]) -> Option<Vec<u8>> {
    unpacked(bytes, b"BZh")
}

/// `None` where the bytes are refused, don't begin so, or are more than is looked at.
fn unpacked(bytes: &[u8], opening: &[u8]) -> Option<Vec<u8>> {
    if !bytes.starts_with(opening) {
        return None;
    }
    let reader =
        decompress(bytes, Cursor::new(bytes.to_vec())).expect("it is known by its opening");
    let mut found = Vec::new();
    let read = reader.take(MOST + 1).read_to_end(&mut found);
    (read.is_ok() && found.len() as u64 <= MOST).then_some(found)
}
