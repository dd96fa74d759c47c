//! Unpacks zip files: the result equals what the `zip` crate reads. `src/archives.rs` checks the
//! rest.
#![no_main]

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use libfuzzer_sys::fuzz_target;
use usher_fuzz_cold::archives::{Content, Contents, zip};

fuzz_target!(|bytes: &[u8]| {
    if let Some((bytes, found)) = zip(bytes) {
        assert_eq!(found, as_the_zip_crate_reads(&bytes), "the zip crate's result differs");
    }
});

fn as_the_zip_crate_reads(bytes: &[u8]) -> Contents {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("the zip crate reads it");
    let mut contents = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).expect("the zip crate reads a member");
        let path = file.name().strip_prefix("./").unwrap_or(file.name()).to_owned();
        if file.is_dir() {
            continue;
        }
        let is_link = file.is_symlink();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("the zip crate reads a file");
        let content = match is_link {
            true => Content::Link(String::from_utf8(bytes).expect("a target is UTF-8")),
            false => Content::File(bytes),
        };
        assert!(contents.insert(path, content).is_none(), "a name exists twice");
    }
    contents
}
