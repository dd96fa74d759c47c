//! The indexes that are kept: who is asked how often, and what serves when nobody answers.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use super::sandbox;
use crate::bench::{Catalogue, Misbehaviour, NodeRelease, Sandbox, Upstream};

const INDEX: &str = "/dist/index.json";

/// Makes all kept indexes this old.
fn age(sandbox: &Sandbox, hours: u64) {
    let long_ago = SystemTime::now() - Duration::from_hours(hours);
    let folder = sandbox.home().join(".cache/usher/indexes");
    let kept: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!kept.is_empty(), "an index is kept");
    for path in kept {
        let file = File::options().append(true).open(path).unwrap();
        file.set_modified(long_ago).unwrap();
    }
}

fn newer() -> Catalogue {
    let mut catalogue = Catalogue::standard();
    let newest = NodeRelease { version: "12.22.13", date: "2025-11-20", npm: "6.14.16", lts: None };
    catalogue.node.insert(0, newest);
    catalogue
}

#[test]
fn an_index_serves_for_an_hour() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    for _ in 0..3 {
        sandbox.use_command(&["available", "node"]).run().succeeds();
    }
    sandbox.use_command(&["available", "node", "12"]).run().succeeds();
    sandbox.use_command(&["install", "node@12"]).run().succeeds();
    assert_eq!(upstream.requests(INDEX), 1);
    age(&sandbox, 2);
    sandbox.use_command(&["available", "node"]).run().succeeds();
    assert_eq!(upstream.requests(INDEX), 2);
}

#[test]
fn what_the_kept_index_lacks_is_asked_for_at_once() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.use_command(&["available", "node"]).run().succeeds();
    upstream.publish(&newer());
    sandbox.use_command(&["node@12"]).run().succeeds();
    assert_eq!(
        (sandbox.read("project/.tool-versions").as_str(), upstream.requests(INDEX)),
        ("nodejs 12\n", 1)
    );
    assert!(sandbox.toolchain("node", "12.22.12").exists(), "the hour isn't over");
    sandbox.use_command(&["install", "node@12.22.13"]).run().succeeds();
    assert!(sandbox.toolchain("node", "12.22.13").exists());
    assert_eq!(upstream.requests(INDEX), 2);
    // What isn't there now either isn't asked for a third time in one run.
    sandbox.use_command(&["install", "node@12.22.14"]).run().fails_with(127);
    assert_eq!(upstream.requests(INDEX), 3);
}

#[test]
fn an_old_index_serves_when_its_source_is_gone() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.use_command(&["available", "node"]).run().succeeds();
    age(&sandbox, 50);
    upstream.misbehave(INDEX, Misbehaviour::Status(503));
    let outcome = sandbox.use_command(&["available", "node", "12"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    12.0.0
    12.22.11  lts/erbium
    12.22.12  lts/erbium
    --- standard error
    usher: can't fetch http://127.0.0.1:[PORT]/dist/index.json; an index 2 days old serves
    ");
    let outcome = sandbox.use_command(&["install", "node@12"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    node 12.22.12 installed ([SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12)
    --- standard error
    usher: can't fetch http://127.0.0.1:[PORT]/dist/index.json; an index 2 days old serves
    usher: fetching node 12.22.12 from nodejs.org
    usher: node 12.22.12 is ready ([TIME])
    ");
}

#[test]
fn a_spoilt_cache_is_as_good_as_none() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.use_command(&["available", "node"]).run().succeeds();
    for entry in fs::read_dir(sandbox.home().join(".cache/usher/indexes")).unwrap() {
        fs::write(entry.unwrap().path(), "{").unwrap();
    }
    let outcome = sandbox.use_command(&["available", "node", "12.0.0"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    12.0.0
    --- standard error
    ");
    assert_eq!(upstream.requests(INDEX), 2);
}
