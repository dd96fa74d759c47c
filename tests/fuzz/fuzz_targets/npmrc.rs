//! `.npmrc`. The checks are in `src/config.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_fuzz_cold::config::npmrc;

fuzz_target!(|bytes: &[u8]| npmrc(bytes));
