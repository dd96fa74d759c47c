//! `pip.conf`. The checks are in `src/config.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_fuzz_cold::config::pip_conf;

fuzz_target!(|bytes: &[u8]| pip_conf(bytes));
