//! Runs the fuzz targets of the cold half without a fuzzer: with every committed input, with
//! damaged ones, and with generated ones.
//!
//! The targets are in `tests/fuzz/src/`. Random inputs are the same in every run: to find new ones,
//! use a fuzzer.

mod properties;
#[expect(unreachable_pub, reason = "this file is a library for the fuzzer")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::{Path, PathBuf};

use self::targets::TARGETS;
use crate::support::Tally;

/// The maximum size of an input, and of all inputs together.
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
fn every_committed_fuzz_input_passes() {
    let mut tally = Tally::new("committed inputs of the fuzz targets", "inputs");
    for (name, target) in TARGETS {
        for (path, bytes) in corpus(name) {
            tally.add(1);
            // The last printed path is the input that failed.
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
        assert!(
            manifest.contains(&format!("name = \"{name}\"")),
            "{name} isn't a binary in Cargo.toml"
        );
        let corpus = corpus(name);
        assert!(corpus.len() >= 5, "{name} has fewer than 5 inputs");
        for (path, bytes) in corpus {
            let length = bytes.len() as u64;
            assert!(length <= LARGEST, "{} has {length} bytes", path.display());
            total += length;
        }
    }
    assert!(total <= LARGEST_CORPUS, "the corpus has {total} bytes");
    let folders = fs::read_dir(folder().join("corpus")).unwrap();
    assert_eq!(folders.count(), TARGETS.len(), "some corpus has no target");
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len(), "a target isn't in TARGETS");
}
