//! Messages, receipts and JSON name the host that really served, and plain http is reported.

use crate::commands::sandbox;
use crate::support::{Misbehaviour, Platform, Sandbox, Upstream};

/// What a receipt says of the only archive.
fn part(sandbox: &Sandbox, version: &str) -> serde_json::Value {
    let receipt = sandbox.toolchain("node", version).join(".usher-receipt.json");
    let text = sandbox.read(receipt);
    let receipt: serde_json::Value = serde_json::from_str(&text).unwrap();
    receipt["parts"][0].clone()
}

#[test]
fn a_mirror_is_named_in_place_of_the_site() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let host = upstream.base().trim_start_matches("http://");
    let outcome = sandbox.use_command(&["install", "node@12", "--json"]).run().succeeds();
    assert!(outcome.stderr.contains(&format!("fetching node 12.22.12 from {host}\n")), "{outcome}");
    assert_eq!(outcome.json()["versions"][0]["host"], host);
    for (verb, list) in [("available", "versions"), ("outdated", "tools")] {
        let outcome = sandbox.use_command(&[verb, "node", "--json"]).run().succeeds();
        assert_eq!(outcome.json()[list][0]["source"], host, "{outcome}");
        assert_eq!(outcome.json()[list][0]["host"], host, "{outcome}");
    }
    let outcome = sandbox.use_command(&["available", "node"]).run().succeeds();
    assert!(!outcome.stderr.contains("nodejs.org"), "{outcome}");
    assert_eq!(part(&sandbox, "12.22.12")["host"], serde_json::Value::Null);
}

#[test]
fn after_a_redirect_the_receipt_names_the_host_that_sent_the_archive() {
    let (upstream, elsewhere) = (Upstream::start(), Upstream::start());
    let sandbox = sandbox(&upstream);
    let target = format!("{}{}", elsewhere.base(), super::archive());
    upstream.misbehave(&super::archive(), Misbehaviour::Redirect(target));
    let outcome = sandbox.use_command(&["install", "node@12", "--json"]).run().succeeds();
    let host = elsewhere.base().trim_start_matches("http://");
    assert_eq!(outcome.json()["versions"][0]["host"], host);
    let part = part(&sandbox, "12.22.12");
    assert_eq!(part["host"], host);
    assert_eq!(part["address"], format!("{}{}", upstream.base(), super::archive()));
}

/// Loopback is this machine. Another host is reached through a proxy.
#[test]
fn plain_http_is_reported_once_a_run() {
    let upstream = Upstream::start();
    let plain = "usher: plain http: mirror.example: others on the network can change what it sends, the hashes included";
    let sandbox = sandbox(&upstream).with_variable("USHER_SOURCE", "node=nodejs.org");
    let outcome = sandbox.use_command(&["install", "node@12"]).run().succeeds();
    assert!(!outcome.stderr.contains("plain http"), "{outcome}");
    let doctor = sandbox.use_command(&["doctor"]).run();
    assert!(!doctor.stdout.contains("plain http"), "{doctor}");
    for path in ["index.json", "v10.24.1/SHASUMS256.txt"] {
        let body = upstream.body(&format!("/dist/{path}"));
        upstream.put(&format!("http://mirror.example/dist/{path}"), body);
    }
    let path = Platform::here().node_archive("10.24.1");
    upstream.put(&format!("http://mirror.example{path}"), upstream.body(&path));
    let sandbox = sandbox
        .through_proxy(upstream.base())
        .with_variable("NODEJS_ORG_MIRROR", "http://mirror.example/dist");
    for arguments in [&["available", "node"][..], &["install", "node@10"], &["outdated", "node"]] {
        let outcome = sandbox.use_command(arguments).run();
        let count = outcome.stderr.lines().filter(|line| *line == plain).count();
        assert_eq!(count, usize::from(arguments[0] != "outdated"), "{outcome}");
    }
    let doctor = sandbox.use_command(&["doctor"]).run();
    let expected = "note   plain http: mirror.example: others on the network can change what it sends, the hashes included (set by NODEJS_ORG_MIRROR)";
    assert!(doctor.stdout.lines().any(|line| line == expected), "{doctor}");
}
