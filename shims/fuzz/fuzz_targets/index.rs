//! The shims' index: nothing breaks its reader, and what it reads prints to the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_shims::index::Index;

fuzz_target!(|bytes: &[u8]| {
    if let Some(index) = Index::parse(bytes) {
        assert_eq!(Index::parse(&index.print()), Some(index));
    }
});
