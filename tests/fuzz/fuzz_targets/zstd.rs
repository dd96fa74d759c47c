//! Decompresses zstd. What libzstd compressed comes out unchanged. Frames that a fuzzer made may
//! give different results in the two decoders, so they aren't compared.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_fuzz_cold::compression;

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(b"\x28\xb5\x2f\xfd") {
        compression::zstd(bytes);
    } else if let Some((level, text)) = bytes.split_first() {
        let packed = zstd::bulk::compress(text, i32::from(level % 20) + 1).expect("it is packed");
        assert!(compression::zstd(&packed).as_deref() == Some(text), "the text changed");
    }
});
