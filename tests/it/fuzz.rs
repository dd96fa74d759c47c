//! What is fuzzed in the cold half, without a fuzzer: every committed input, inputs made of damaged
//! ones, and inputs that are made up.
//!
//! The properties are those of the fuzz targets, in `tests/fuzz/src/`. What is drawn is the same in
//! every run; a fuzzer is for what nobody drew yet.

mod properties;
#[expect(unreachable_pub, reason = "it is a library where it is fuzzed")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::{Path, PathBuf};

use self::targets::TARGETS;

/// The most bytes of an input, and of all.
const LARGEST: u64 = 8 << 10;
const LARGEST_CORPUS: u64 = 500_000;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

/// The committed inputs of a target, by name.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = folder().join("corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn every_committed_input_keeps_the_promises() {
    for (name, target) in TARGETS {
        for (path, bytes) in corpus(name) {
            // What is printed last is what failed.
            println!("{}", path.display());
            target(&bytes);
        }
    }
}

#[test]
fn every_target_has_a_small_corpus() {
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    let mut total = 0;
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} can't be run");
        let corpus = corpus(name);
        assert!(corpus.len() >= 5, "{name} has seeds");
        for (path, bytes) in corpus {
            let length = bytes.len() as u64;
            assert!(length <= LARGEST, "{} has {length} bytes", path.display());
            total += length;
        }
    }
    assert!(total <= LARGEST_CORPUS, "the corpus has {total} bytes");
    let folders = fs::read_dir(folder().join("corpus")).unwrap();
    assert_eq!(folders.count(), TARGETS.len(), "a corpus has no target");
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len(), "a target isn't replayed");
}
