//! Project files that `use check` reads: what it finds is limited, is in the file, and can be
//! printed.

use std::path::Path;

use usher::check::{FileMentions, Mention, MentionKind, Note, read_file};

use super::REGISTRY;

/// The limits of `check/readers/collector.rs`: mentions, notes (and one about the limit), characters.
const MOST: usize = 1000;
const MOST_NOTES: usize = MOST + 1;
const SHOWN: usize = 120;

/// The longest request: `check/readers/variables.rs` truncates longer ones.
const LONGEST_REQUEST: usize = 512;

/// A Dockerfile.
pub fn dockerfile(bytes: &[u8]) {
    read("Dockerfile", bytes);
}

/// The same YAML as every kind of YAML file.
pub fn yaml(bytes: &[u8]) {
    for path in [
        ".github/workflows/ci.yml",
        "action.yml",
        "compose.yaml",
        ".gitlab-ci.yml",
        ".gitlab/ci/x.yml",
        ".circleci/config.yml",
        "azure-pipelines.yml",
        ".travis.yml",
        "bitbucket-pipelines.yml",
        ".buildkite/pipeline.yml",
    ] {
        read(path, bytes);
    }
}

/// The same text as every lockfile that a definition names.
pub fn locks(bytes: &[u8]) {
    for known in REGISTRY.all() {
        for lock in &known.definition.check.locks {
            read(&lock.name, bytes);
        }
    }
}

fn read(path: &str, bytes: &[u8]) {
    let FileMentions { mentions, notes, .. } = read_file(&REGISTRY, Path::new(path), bytes);
    // In any encoding, a file has no more lines than bytes.
    let lines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    assert!(mentions.len() <= MOST && notes.len() <= MOST_NOTES);
    for Mention { requests, place, shown, kind, .. } in &mentions {
        assert!(!requests.is_empty() || *kind == MentionKind::Reference);
        assert!(requests.iter().all(|request| request.as_str().len() <= LONGEST_REQUEST));
        assert!(shown.chars().count() <= SHOWN, "{shown}");
        assert!(place.path == Path::new(path));
        assert!(place.line as usize <= lines, "line {} of {lines}", place.line);
    }
    for Note { place, why, shown } in &notes {
        let length = why.len() + shown.len();
        assert!(length <= 4096, "{length} bytes are noted");
        assert!(place.as_ref().is_none_or(|place| place.path == Path::new(path)));
    }
}
