//! A server's headers: what must be true is told in `src/headers.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_fuzz_cold::headers::headers;

fuzz_target!(|bytes: &[u8]| headers(bytes));
