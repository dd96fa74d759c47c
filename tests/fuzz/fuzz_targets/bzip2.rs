//! Decompresses bzip2. Each block has a checksum, so the result isn't compared with another
//! decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_fuzz_cold::compression::bzip2;

fuzz_target!(|bytes: &[u8]| drop(bzip2(bytes)));
