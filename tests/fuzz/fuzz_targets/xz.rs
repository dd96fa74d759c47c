//! Decompresses xz: the result equals that of liblzma, which is written in C.
#![no_main]

use std::io::Read as _;

use libfuzzer_sys::fuzz_target;
use usher_fuzz_cold::compression::xz;

fuzz_target!(|bytes: &[u8]| {
    if let Some(found) = xz(bytes) {
        let mut expected = Vec::new();
        let mut reader = liblzma::read::XzDecoder::new_multi_decoder(bytes);
        reader.read_to_end(&mut expected).expect("liblzma reads it");
        assert!(found == expected, "liblzma's result differs");
    }
});
