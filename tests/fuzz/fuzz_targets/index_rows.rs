//! Indexes of sites: JSON, a document a line, rows of words, CSV: what must be true is told in `src/indexes.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_fuzz_cold::indexes::rows;

fuzz_target!(|bytes: &[u8]| rows(bytes));
