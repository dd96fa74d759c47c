//! What zstd packed: what is taken comes out as libzstd, which is C has it.
#![no_main]

use std::io::Read as _;

use libfuzzer_sys::fuzz_target;
use usher_fuzz_cold::compression::zstd;

fuzz_target!(|bytes: &[u8]| {
    if let Some(found) = zstd(bytes) {
        let mut expected = Vec::new();
        let mut reader = zstd::Decoder::new(bytes).expect("libzstd takes it");
        reader.read_to_end(&mut expected).expect("libzstd reads it");
        assert!(found == expected, "the other reader reads something else");
    }
});
