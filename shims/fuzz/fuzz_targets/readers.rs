//! Version files: nothing breaks a reader, and what it finds is in the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_shims::read::{decode, read};
use usher_shims::tool::TOOLS;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = decode(bytes) else { return };
    let lines = text.split(['\n', '\r']).count();
    for tool in TOOLS {
        for file in tool.files {
            for written in read(&text, file, tool).into_iter().flatten() {
                assert!(!written.texts.is_empty());
                assert!(usize::try_from(written.line).unwrap() <= lines);
            }
        }
    }
});
