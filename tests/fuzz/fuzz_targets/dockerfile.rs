//! Dockerfiles. The checks are in `src/project_files.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_fuzz_cold::project_files::dockerfile;

fuzz_target!(|bytes: &[u8]| dockerfile(bytes));
