//! Documents of packages of npm's registry: what must be true is told in `src/indexes.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_fuzz_cold::indexes::packument;

fuzz_target!(|bytes: &[u8]| packument(bytes));
