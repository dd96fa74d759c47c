//! Unpacks tar files. The checks are in `src/archives.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_fuzz_cold::archives::tar;

fuzz_target!(|bytes: &[u8]| tar(bytes));
