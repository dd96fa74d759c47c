//! What gzip packed: what both take comes out as libflate has it. What libflate refuses says nothing:
//! it stumbles over a header with a checksum of its own.
#![no_main]

use std::io::{Read as _, Result};

use libfuzzer_sys::fuzz_target;
use usher_fuzz_cold::compression::gzip;

fuzz_target!(|bytes: &[u8]| {
    if let (Some(found), Ok(expected)) = (gzip(bytes), as_libflate_reads(bytes)) {
        assert!(found == expected, "libflate reads something else");
    }
});

fn as_libflate_reads(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut found = Vec::new();
    libflate::gzip::MultiDecoder::new(bytes)?.read_to_end(&mut found)?;
    Ok(found)
}
