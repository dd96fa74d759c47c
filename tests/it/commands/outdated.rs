//! `use outdated [TOOL…]`.

use super::cache::{age, newer};
use super::{offline_sandbox, sandbox, with_sourceless_tool};
use crate::support::{Misbehaviour, Sandbox, Upstream};

/// A project that pins an older node 12, and the newest python.
fn project(upstream: &Upstream) -> Sandbox {
    let sandbox = sandbox(upstream);
    sandbox.fake_toolchain("node", "12.22.11");
    sandbox.fake_toolchain("python", "3.14.0");
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.file("project/.python-version", "3.14\n");
    sandbox.reshim();
    sandbox
}

#[test]
fn newer_releases_are_reported_and_are_no_failure() {
    let upstream = Upstream::start();
    let sandbox = project(&upstream);
    let outcome = sandbox.use_command(&["outdated"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    TOOL  ACTIVE    MATCHING  LATEST  REQUESTED BY
    node  12.22.11  12.22.12  25.0.0  12 in .nvmrc:1
    up to date: python 3.14.0
    to install what matches: use upgrade
    --- standard error
    ");
    let outcome = sandbox.use_command(&["outdated", "node", "--json"]).run();
    insta::assert_snapshot!(outcome.transcript(), @r#"
    exit status: 0
    --- standard output
    {
      "format": 1,
      "tools": [
        {
          "tool": "node",
          "version": "12.22.11",
          "end_of_life": "2022-04-30",
          "request": "12",
          "requested_by": {
            "kind": "file",
            "file": "[SANDBOX]/project/.nvmrc",
            "line": 1,
            "text": ".nvmrc:1"
          },
          "latest_matching": {
            "version": "12.22.12",
            "newer": true
          },
          "latest": {
            "version": "25.0.0",
            "newer": true
          },
          "source": "127.0.0.1:[PORT]",
          "host": "127.0.0.1:[PORT]",
          "index_age": 0
        }
      ]
    }
    --- standard error
    "#);
    assert_eq!(upstream.requests("/dist/index.json"), 1);
}

#[test]
fn nothing_is_newer() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.fake_toolchain("node", "25.0.0");
    sandbox.file("home/.config/usher/tool-versions", "nodejs latest\n");
    let outcome = sandbox.use_command(&["outdated"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    TOOL  ACTIVE  MATCHING  LATEST  REQUESTED BY
    node  25.0.0  25.0.0    25.0.0  latest in your default
    --- standard error
    ");
}

#[test]
fn a_release_is_newer_than_a_missing_version() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("project/.nvmrc", "lts/hydrogen\n");
    let outcome = sandbox.use_command(&["outdated"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    TOOL  ACTIVE         MATCHING  LATEST  REQUESTED BY
    node  not installed  18.20.8   25.0.0  lts/hydrogen in .nvmrc:1
    to install what matches: use upgrade
    --- standard error
    ");
}

#[test]
fn a_tool_without_a_source_is_listed() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    with_sourceless_tool(&sandbox);
    sandbox.fake_toolchain("plain", "5.40.0");
    sandbox.file("project/.tool-versions", "plain 5.40.0\n");
    let outcome = sandbox.use_command(&["outdated"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    no source: plain 5.40.0
    --- standard error
    ");
}

#[test]
fn installed_tools_are_listed_with_all() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.fake_toolchain("bun", "1.0.0");
    let outcome = sandbox.use_command(&["outdated"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    no tool is pinned here: use outdated --all
    --- standard error
    ");
    let outcome = sandbox.use_command(&["outdated", "--all", "--json"]).run();
    let list = outcome.json();
    let tools: Vec<_> =
        list["tools"].as_array().unwrap().iter().map(|line| &line["tool"]).collect();
    assert!(tools.iter().any(|tool| *tool == "bun"), "{outcome}");
    sandbox.use_command(&["outdated", "--all", "bun"]).run().fails_with(2);
    sandbox.use_command(&["outdated", "bunn"]).run().fails_with(2);
}

#[test]
fn cached_indexes_serve_and_their_age_is_noted() {
    let upstream = Upstream::start();
    let sandbox = project(&upstream);
    sandbox.use_command(&["outdated"]).run().succeeds();
    age(&sandbox, 3);
    upstream.publish(&newer());
    let count = upstream.all_requests().len();
    let outcome = sandbox.use_command(&["outdated", "--offline"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    TOOL  ACTIVE    MATCHING  LATEST  REQUESTED BY
    node  12.22.11  12.22.12  25.0.0  12 in .nvmrc:1
    up to date: python 3.14.0
    to install what matches: use upgrade
    --- standard error
    usher: the index from 127.0.0.1:[PORT] is 3 h old
    ");
    let outcome = sandbox.use_command(&["outdated", "node", "--json", "--offline"]).run();
    let age = outcome.json()["tools"][0]["index_age"].as_u64().unwrap();
    assert!((3 * 3600..4 * 3600).contains(&age), "{outcome}");
    assert_eq!(upstream.all_requests().len(), count);
    upstream.misbehave("/dist/index.json", Misbehaviour::Status(503));
    let outcome = sandbox.use_command(&["outdated", "node"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    TOOL  ACTIVE    MATCHING  LATEST  REQUESTED BY
    node  12.22.11  12.22.12  25.0.0  12 in .nvmrc:1
    to install what matches: use upgrade
    --- standard error
    usher: can't fetch http://127.0.0.1:[PORT]/dist/index.json; using an index that is 3 h old
    ");
    upstream.stop_misbehaving("/dist/index.json");
    let outcome = sandbox.use_command(&["outdated", "node"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    TOOL  ACTIVE    MATCHING  LATEST  REQUESTED BY
    node  12.22.11  12.22.13  25.0.0  12 in .nvmrc:1
    to install what matches: use upgrade
    --- standard error
    ");
}

#[test]
fn failed_look_ups_are_one_error() {
    let sandbox = offline_sandbox();
    sandbox.file("project/.tool-versions", "nodejs 12\npython 3.12\n");
    let outcome = sandbox.use_command(&["outdated"]).variable("USHER_OFFLINE", "1").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 69
    --- standard output
    TOOL    ACTIVE         MATCHING  LATEST  REQUESTED BY
    node    not installed  ?         ?       12 in .tool-versions:1
    python  not installed  ?         ?       3.12 in .tool-versions:2
    --- standard error
    error: can't list the releases of node, python
      node: nodejs.org: no cached index of 127.0.0.1:[PORT]: usher is offline (USHER_OFFLINE)
      python: python-build-standalone: no cached index of 127.0.0.1:[PORT]: usher is offline (USHER_OFFLINE)
      hint: unset USHER_OFFLINE
    ");
}

#[test]
fn a_failed_look_up_hides_no_other_tool() {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "12.22.11");
    with_sourceless_tool(&sandbox);
    sandbox.fake_toolchain("plain", "5.40.0");
    sandbox.file("project/.tool-versions", "nodejs 12\nplain 5.40.0\n");
    let outcome = sandbox.use_command(&["outdated"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 69
    --- standard output
    TOOL  ACTIVE    MATCHING  LATEST  REQUESTED BY
    node  12.22.11  ?         ?       12 in .tool-versions:1
    no source: plain 5.40.0
    --- standard error
    error: can't list the releases of node
      nodejs.org: can't fetch http://127.0.0.1:[PORT]/dist/index.json: 127.0.0.1:[PORT] refused the connection
      npm: can't fetch http://127.0.0.1:[PORT]/npm/node-[PLATFORM]: 127.0.0.1:[PORT] refused the connection
      hint: check the network connection, and the proxy if one is set (HTTPS_PROXY, NO_PROXY)
    ");
    let outcome = sandbox.use_command(&["outdated", "--json"]).run().fails_with(69);
    assert_eq!(outcome.json()["tools"].as_array().unwrap().len(), 2, "{outcome}");
    sandbox.file("project/.nvmrc", "path:/x\n");
    sandbox.file("project/.tool-versions", "plain 5.40.0\n");
    let outcome = sandbox.use_command(&["outdated"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 65
    --- standard output
    TOOL  ACTIVE  MATCHING  LATEST  REQUESTED BY
    node  ?       ?         ?       unknown
    no source: plain 5.40.0
    --- standard error
    error: invalid node version (requested by .nvmrc:1)
      line 1 is not a version (7 bytes)
      `path:` is accepted on the command line, in a variable and in your own default only
      hint: use node
    ");
}
