//! `use available TOOL [REQUEST]`.

use serde_json::json;

use super::{offline_sandbox, sandbox};
use crate::support::Upstream;

#[test]
fn available_versions_are_listed_with_their_lts_lines() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.fake_toolchain("node", "12.22.12");
    // Without a pin, it would be active where the machine has no node of its own.
    sandbox.file("project/.nvmrc", "10\n");
    let outcome = sandbox.use_command(&["available", "node"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    LINE  VERSION   LTS           STATE
    25    25.0.0
    24    24.11.0   lts/krypton
    22    22.20.0   lts/jod
    20    20.19.5   lts/iron
    18    18.20.8   lts/hydrogen
    13    13.0.0
    12    12.22.12  lts/erbium    installed
    10    10.24.1   lts/dubnium

    all 10 versions: use available node --all
    --- standard error
    ");
    let all = sandbox.use_command(&["available", "node", "--all"]).run().succeeds();
    let versions = all.stdout.lines().skip(1).filter_map(|line| line.split(' ').next());
    let expected = "25.0.0 24.11.0 22.20.0 20.19.5 18.20.8 13.0.0 12.22.12 12.22.11 12.0.0 10.24.1";
    assert_eq!(versions.collect::<Vec<_>>().join(" "), expected, "{all}");
    let refused = sandbox.use_command(&["available", "node", "12", "--all"]).run().fails_with(2);
    refused.stderr_contains("--all");
    // The other source's site can't be moved by a variable.
    let sandbox = sandbox.with_variable("USHER_SOURCE", "python=python-build-standalone");
    let outcome = sandbox.use_command(&["available", "python"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    LINE  VERSION
    3.14  3.14.0
    3.12  3.12.12
    3.8   3.8.20

    all 4 versions: use available python --all
    --- standard error
    ");
}

#[test]
fn available_filters_by_request() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    for (tool, request, expected) in [
        ("node", "12", "12.0.0 12.22.11 12.22.12"),
        ("nodejs", "v12.22", "12.22.11 12.22.12"),
        ("node", "12.0.0", "12.0.0"),
        ("node", ">=10 <13", "10.24.1 12.0.0 12.22.11 12.22.12"),
        ("node", "lts", "10.24.1 12.22.11 12.22.12 18.20.8 20.19.5 22.20.0 24.11.0"),
        ("node", "lts/erbium", "12.22.11 12.22.12"),
        ("node", "lts/-1", "22.20.0"),
        ("python", ">=3.12,<3.13", "3.12.3 3.12.12"),
    ] {
        let outcome = sandbox.use_command(&["available", tool, request, "--json"]).run().succeeds();
        let list = outcome.json();
        let versions = list["versions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["version"].as_str().unwrap());
        assert_eq!(versions.collect::<Vec<_>>().join(" "), expected, "{tool} {request}");
    }
}

#[test]
fn json_has_all_of_each_version() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.fake_toolchain("node", "12.0.0");
    let outcome = sandbox.use_command(&["available", "node", "12", "--json"]).run().succeeds();
    let host = upstream.base().trim_start_matches("http://");
    let line = |version, lts, installed| json!({ "version": version, "lts": lts, "end_of_life": "2022-04-30", "installed": installed, "source": host, "host": host, "index_age": 0 });
    assert_eq!(
        outcome.json(),
        json!({ "format": 1, "versions": [
            line("12.0.0", None, true),
            line("12.22.11", Some("erbium"), false),
            line("12.22.12", Some("erbium"), false),
        ] })
    );
}

#[test]
fn a_request_without_a_match_is_an_error() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let outcome = sandbox.use_command(&["available", "node", "99"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    error: no node release matches 99
      hint: use available node
    ");
    let outcome = sandbox.use_command(&["available", "node", "twelve point two"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 2
    --- standard output
    --- standard error
    error: invalid version of node: “twelve point two”
      expected a version, a range or an alias
    ");
    let outcome = sandbox.use_command(&["available", "nodee"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 2
    --- standard output
    --- standard error
    error: unknown tool “nodee”
      nearest: node
      hint: use available node
    ");
}

#[test]
fn without_a_network_listing_fails() {
    let sandbox = offline_sandbox();
    let outcome = sandbox.use_command(&["available", "node"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 69
    --- standard output
    --- standard error
    error: can't list the releases of node
      nodejs.org: can't fetch http://127.0.0.1:[PORT]/dist/index.json: 127.0.0.1:[PORT] refused the connection
      npm: can't fetch http://127.0.0.1:[PORT]/npm/node-[PLATFORM]: 127.0.0.1:[PORT] refused the connection
      hint: check the network connection, and the proxy if one is set (HTTPS_PROXY, NO_PROXY)
    ");
    let outcome = sandbox.use_command(&["available", "node", "--json"]).run();
    insta::assert_snapshot!(outcome.transcript(), @r#"
    exit status: 69
    --- standard output
    {
      "format": 1,
      "error": {
        "what": "can't list the releases of node",
        "causes": [
          "nodejs.org: can't fetch http://127.0.0.1:[PORT]/dist/index.json: 127.0.0.1:[PORT] refused the connection",
          "npm: can't fetch http://127.0.0.1:[PORT]/npm/node-[PLATFORM]: 127.0.0.1:[PORT] refused the connection"
        ],
        "hint": "check the network connection, and the proxy if one is set (HTTPS_PROXY, NO_PROXY)",
        "code": "network",
        "exit": 69
      }
    }
    --- standard error
    "#);
}
