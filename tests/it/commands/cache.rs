//! Cached indexes: how often a source is read, and what is used when none answers; and
//! `use cache clean`.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use serde_json::json;

use super::{assert_unchanged, sandbox};
use crate::support::{Catalogue, Misbehaviour, NodeRelease, Platform, Sandbox, Upstream};

const INDEX: &str = "/dist/index.json";

/// Makes all cached indexes this old.
pub(crate) fn age(sandbox: &Sandbox, hours: u64) {
    let long_ago = SystemTime::now() - Duration::from_secs(hours * 3_600);
    let folder = sandbox.home().join(".cache/usher/indexes");
    let cached: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!cached.is_empty(), "an index is cached");
    for path in cached {
        let file = File::options().append(true).open(path).unwrap();
        file.set_modified(long_ago).unwrap();
    }
}

/// The standard catalogue and one version more.
pub(crate) fn newer() -> Catalogue {
    let mut catalogue = Catalogue::standard();
    let newest = NodeRelease { version: "12.22.13", date: "2025-11-20", npm: "6.14.16", lts: None };
    catalogue.node.insert(0, newest);
    catalogue
}

#[test]
fn a_cached_index_is_used_for_an_hour() {
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
fn a_request_missing_from_the_cached_index_refreshes_it() {
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
    // A version that is still missing isn't requested a third time in one run.
    sandbox.use_command(&["install", "node@12.22.14"]).run().fails_with(127);
    assert_eq!(upstream.requests(INDEX), 3);
}

#[test]
fn a_stale_index_is_used_if_its_source_fails() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.use_command(&["available", "node"]).run().succeeds();
    age(&sandbox, 50);
    upstream.misbehave(INDEX, Misbehaviour::Status(503));
    let outcome = sandbox.use_command(&["available", "node", "12"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    VERSION   LTS
    12.22.12  lts/erbium
    12.22.11  lts/erbium
    12.0.0
    --- standard error
    usher: can't fetch http://127.0.0.1:[PORT]/dist/index.json; using an index that is 2 days old
    ");
    let outcome = sandbox.use_command(&["install", "node@12"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    installed node 12.22.12 ([SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12)
    --- standard error
    usher: can't fetch http://127.0.0.1:[PORT]/dist/index.json; using an index that is 2 days old
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    ");
}

#[test]
fn a_damaged_index_cache_is_ignored() {
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
    VERSION
    12.0.0
    --- standard error
    ");
    assert_eq!(upstream.requests(INDEX), 2);
}

/// The condition of each request for an index.
fn conditions(upstream: &Upstream, path: &str) -> Vec<Option<String>> {
    let requests = upstream.all_requests().into_iter().filter(|request| request.path == path);
    requests.map(|request| request.headers.get("if-none-match").cloned()).collect()
}

#[test]
fn a_stale_index_is_revalidated_by_its_etag() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let list = || sandbox.use_command(&["available", "node", "12"]).run().succeeds();
    list();
    age(&sandbox, 2);
    let outcome = list();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    VERSION   LTS
    12.22.12  lts/erbium
    12.22.11  lts/erbium
    12.0.0
    --- standard error
    ");
    // It is as good as new for an hour more.
    list();
    let sent = conditions(&upstream, INDEX);
    assert!(matches!(sent.as_slice(), [None, Some(_)]), "{sent:?}");
    // What changed comes whole, and is cached under its new name.
    age(&sandbox, 2);
    upstream.publish(&newer());
    let outcome = list();
    assert!(outcome.stdout.contains("12.22.13"), "{outcome}");
    age(&sandbox, 2);
    list();
    let sent = conditions(&upstream, INDEX);
    assert_eq!(sent.len(), 4);
    assert_eq!(sent[1], sent[2]);
    assert_ne!(sent[2], sent[3]);
}

#[test]
fn an_index_without_etag_is_fetched_again_after_an_hour() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream).with_variable("USHER_SOURCE", "node=npm");
    let path = format!("/npm/node-{}", Platform::here().node);
    for hours in [0, 2] {
        sandbox.use_command(&["available", "node"]).run().succeeds();
        sandbox.use_command(&["available", "node"]).run().succeeds();
        age(&sandbox, hours + 2);
    }
    assert_eq!(conditions(&upstream, &path), [None, None]);
}

#[test]
fn offline_available_reports_the_index_age() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.use_command(&["available", "node"]).run().succeeds();
    age(&sandbox, 3);
    let outcome = sandbox.use_command(&["available", "node", "12", "--offline"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    VERSION   LTS
    12.22.12  lts/erbium
    12.22.11  lts/erbium
    12.0.0
    --- standard error
    usher: the indexes from 127.0.0.1:[PORT], npm (127.0.0.1:[PORT]) are up to 3 h old
    ");
    let outcome = sandbox.use_command(&["available", "node", "12", "--offline", "--json"]).run();
    let age = outcome.json()["versions"][0]["index_age"].as_u64().unwrap();
    assert!((3 * 3600..4 * 3600).contains(&age), "{outcome}");
    assert_eq!(outcome.stderr, "");
}

#[test]
fn a_cached_index_with_a_flipped_bit_is_ignored() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.use_command(&["available", "node"]).run().succeeds();
    for entry in fs::read_dir(sandbox.home().join(".cache/usher/indexes")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("12.0.0"));
        fs::write(&path, text.replace("12.0.0", "12.0.9")).unwrap();
    }
    sandbox
        .use_command(&["available", "node", "12.0"])
        .run()
        .succeeds()
        .stdout_is("VERSION\n12.0.0");
    assert_eq!(conditions(&upstream, INDEX), [None, None]);
}

#[test]
fn the_cache_can_be_cleared() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let outcome = sandbox.use_command(&["cache", "clean"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    deleted 0 files, 0 bytes, in [SANDBOX]/home/.cache/usher
    --- standard error
    ");
    sandbox.use_command(&["install", "node@12"]).run().succeeds();
    sandbox.file("home/.cache/usher/downloads/half", "0123456789");
    sandbox.file("home/.cache/usher/notes", "mine");
    let before = sandbox.tree("home/.local");
    let outcome = sandbox.use_command(&["cache", "clean", "--dry-run", "--json"]).run().succeeds();
    let report = outcome.json();
    let files = (&report["files"], &report["removed"], &report["skipped"][0]["rule"]);
    assert_eq!(files, (&json!(2), &json!(false), &json!("foreign")), "{outcome}");
    assert!(sandbox.home().join(".cache/usher/downloads/half").exists());
    let outcome = sandbox.use_command(&["cache", "clean"]).run().succeeds();
    insta::assert_snapshot!(sandbox.mask(&outcome.stderr), @"usher: not deleted: [SANDBOX]/home/.cache/usher/notes: it isn't usher's");
    assert!(outcome.stdout.starts_with("deleted 2 files, "), "{outcome}");
    assert!(!sandbox.home().join(".cache/usher/downloads/half").exists());
    assert_eq!(sandbox.read("home/.cache/usher/notes"), "mine");
    assert_unchanged(&sandbox, "home/.local", &before, "cache clean");
    sandbox.use_command(&["available", "node"]).run().succeeds();
    assert_eq!(upstream.requests(INDEX), 2);
    sandbox.use_command(&["cache"]).run().fails_with(2);
}
