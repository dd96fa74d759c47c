//! What gzip packed: what is taken comes out as libflate has it.
#![no_main]

use std::io::Read as _;

use libfuzzer_sys::fuzz_target;
use usher_fuzz_cold::compression::gzip;

fuzz_target!(|bytes: &[u8]| {
    if let Some(found) = gzip(bytes) {
        let mut reader = libflate::gzip::MultiDecoder::new(bytes).expect("libflate takes it");
        let mut expected = Vec::new();
        reader.read_to_end(&mut expected).expect("libflate reads it");
        assert!(found == expected, "the other reader reads something else");
    }
});
