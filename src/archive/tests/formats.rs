//! Every compression: cut, damaged, followed by something, larger than is sensible.

use std::io::Write as _;

use bzip2::write::BzEncoder;
use lzma_rust2::{XzOptions, XzWriter};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;

/// A way of packing bytes.
type Pack = fn(&[u8]) -> Vec<u8>;

/// Every way of packing a tar file, and what it is called.
pub(super) const ALL: [(&str, Pack); 5] =
    [("plain", <[u8]>::to_vec), ("gzip", gzip), ("xz", xz), ("zstd", zstd), ("bzip2", bzip2)];

pub(super) fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = XzWriter::new(Vec::new(), XzOptions::with_preset(0)).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

pub(super) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The packings that have checksums.
fn compressions() -> &'static [(&'static str, Pack)] {
    &ALL[1..]
}

#[test]
fn every_compression_is_unpacked() {
    let manifest = Room::new().unpack(&gzip(&ordinary()), 1).unwrap();
    assert_eq!(manifest.files(), 5);
    for (packing, pack) in ALL {
        let listing = Room::new().unpack(&pack(&ordinary()), 1);
        assert_eq!(listing.as_ref(), Ok(&manifest), "{packing}");
    }
}

#[test]
fn a_cut_of_the_compressed_file_is_noticed_at_any_byte() {
    let small = ended(&[file(b"top/a", b"x"), symbolic(b"top/l", b"a")]);
    for (packing, pack) in ALL {
        let packed = pack(&small);
        let step = if packing == "plain" { 7 } else { 1 };
        for length in (0..packed.len()).step_by(step) {
            refused(&format!("{packing} cut at {length}"), &packed[..length], 1, "");
        }
    }
}

#[test]
fn a_flipped_bit_is_detected_or_harmless() {
    let small = ended(&[file(b"top/a", b"some text"), symbolic(b"top/l", b"a")]);
    let manifest = Room::new().unpack(&small, 1).unwrap();
    for (packing, pack) in compressions() {
        let packed = pack(&small);
        for index in 0..packed.len() {
            let mut flipped = packed.clone();
            flipped[index] ^= 1 << (index % 8);
            if let Ok(listing) = Room::new().unpack(&flipped, 1) {
                assert_eq!(listing, manifest, "{packing}, byte {index}");
            }
        }
    }
}

#[test]
fn a_wrong_compression_checksum_is_detected() {
    for (packing, index) in [("zstd", 1), ("bzip2", 2)] {
        let pack = ALL.iter().find(|(name, _)| *name == packing).unwrap().1;
        let mut packed = pack(&ordinary());
        let last = packed.len() - index;
        packed[last] ^= 0x10;
        refused(packing, &packed, 1, "it is damaged or cut short");
    }
    // The check of a block precedes the index, which ends 12 bytes before the end.
    let packed = xz(&ordinary());
    let index = packed.len() - 12 - 8;
    let mut flipped = packed.clone();
    flipped[index - 3] ^= 1;
    refused("xz", &flipped, 1, "it is damaged or cut short");
}

#[test]
fn trailing_data_is_noticed() {
    for (packing, pack) in ALL {
        let packed = pack(&ordinary());
        for junk in [&b"x"[..], b"<html>and a long tail of a web page</html>", b"PK\x05\x06"] {
            refused(packing, &[&packed, junk].concat(), 1, "");
        }
        let second = pack(&ended(&[file(b"top/late", b"")]));
        refused(packing, &[packed, second].concat(), 1, "something follows its end");
    }
}

#[test]
fn concatenated_compressed_files_are_one_in_every_format() {
    let archive = ordinary();
    let (first, second) = archive.split_at(1000);
    for (packing, pack) in ALL {
        let listing = Room::new().unpack(&[pack(first), pack(second)].concat(), 1);
        assert_eq!(listing.map(|listing| listing.files()), Ok(5), "{packing}");
    }
}

#[test]
fn decompression_bombs_are_refused() {
    // Zeros are the end of a tar file, however many there are.
    let zeros = vec![0; 100 << 20];
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&zeros).unwrap();
    for (packing, packed) in [
        ("gzip", encoder.finish().unwrap()),
        ("xz", xz(&zeros)),
        ("bzip2", bzip2(&zeros)),
        ("zstd", byte_run(0, 800)),
    ] {
        refused(packing, &packed, 0, "it holds more than");
    }
}

/// A frame of `count` blocks, each 128 KiB of the same byte in 4 bytes.
fn byte_run(byte: u8, count: usize) -> Vec<u8> {
    let block = |is_last: u32| {
        let header = is_last | 1 << 1 | (128 << 10) << 3;
        [&header.to_le_bytes()[..3], &[byte]].concat()
    };
    [&b"\x28\xb5\x2f\xfd\x00\x38"[..], &block(0).repeat(count - 1), &block(1)].concat()
}

#[test]
fn requested_memory_is_limited() {
    // A block's header, with a dictionary of 4 GiB.
    let mut huge = b"\xfd7zXZ\0\0\x01\x69\x22\xde\x36".to_vec();
    let header = [2, 0, 0x21, 1, 40, 0, 0, 0];
    huge.extend_from_slice(&header);
    let mut sum = flate2::Crc::new();
    sum.update(&header);
    huge.extend_from_slice(&sum.sum().to_le_bytes());
    huge.resize(100, 0);
    refused("xz", &huge, 0, "takes more memory than is sensible");
    // A frame's header, with a window of 2 GiB.
    let huge = b"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00";
    refused("zstd", huge, 0, "it is damaged or cut short");
}

#[test]
fn skippable_frames_are_skipped() {
    let skipped = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd";
    let packed = zstd(&ordinary());
    let listing = Room::new().unpack(&[&packed[..], skipped].concat(), 1);
    assert_eq!(listing.map(|listing| listing.files()), Ok(5));
    refused("cut", &[&packed[..], &skipped[..10]].concat(), 1, "it is damaged or cut short");
}
