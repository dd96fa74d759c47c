//! Decompresses gzip: the result equals libflate's. What libflate refuses isn't compared, because
//! it can't read headers with a checksum.
#![no_main]

use std::io::{Read as _, Result};

use libfuzzer_sys::fuzz_target;
use usher_fuzz_cold::compression::gzip;

fuzz_target!(|bytes: &[u8]| {
    if let (Some(found), Ok(expected)) = (gzip(bytes), as_libflate_reads(bytes)) {
        assert!(found == expected, "libflate's result differs");
    }
});

fn as_libflate_reads(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut found = Vec::new();
    libflate::gzip::MultiDecoder::new(bytes)?.read_to_end(&mut found)?;
    Ok(found)
}
