//! Indexes of sites: JSON, one document per line, rows of words, CSV. The checks are in
//! `src/indexes.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_fuzz_cold::indexes::rows;

fuzz_target!(|bytes: &[u8]| rows(bytes));
