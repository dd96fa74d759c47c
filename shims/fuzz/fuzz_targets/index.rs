//! The shims' index: nothing breaks its reader, and what it reads prints to the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_shims::home::Home;

fuzz_target!(|bytes: &[u8]| {
    if let Some(home) = Home::parse(bytes) {
        assert_eq!(Home::parse(&home.print()), Some(home));
    }
});
