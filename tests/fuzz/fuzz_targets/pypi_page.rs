//! Project pages of a PyPI index. The checks are in `src/indexes.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_fuzz_cold::indexes::pypi_page;

fuzz_target!(|bytes: &[u8]| pypi_page(bytes));
