//! Templates of definitions. The checks are in `src/template.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_fuzz_cold::template::template;

fuzz_target!(|bytes: &[u8]| template(bytes));
