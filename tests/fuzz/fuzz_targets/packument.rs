//! Documents of npm packages. The checks are in `src/indexes.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_fuzz_cold::indexes::packument;

fuzz_target!(|bytes: &[u8]| packument(bytes));
