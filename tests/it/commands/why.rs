//! `use why`: the requests, and why each wins or loses. The trees are tested beside the source.

use serde_json::Value;

use super::offline_sandbox;
use crate::support::Sandbox;

fn sandbox() -> Sandbox {
    let sandbox = offline_sandbox();
    for version in ["10.24.1", "12.20.0", "12.22.12"] {
        sandbox.fake_toolchain("node", version);
    }
    sandbox.reshim();
    sandbox
}

#[test]
fn the_tree_of_a_program() {
    let sandbox = sandbox();
    sandbox.file("project/a/.node-version", "v12 # ours\r\n");
    sandbox.file("project/.nvmrc", "10\n");
    let outcome = sandbox.use_command(&["why", "node"]).directory("project/a").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    node: node 12.22.12 (requested by .node-version:1)
    ├─ requests, strongest first
    │  ├─ v12 requested by .node-version:1: wins, the strongest
    │  │  └─ normalized: CRLF line endings, a comment, a leading v
    │  └─ 10 requested by [SANDBOX]/project/.nvmrc:1: loses, [SANDBOX]/project/a/.node-version is nearer
    ├─ installed
    │  ├─ 12.22.12 (usher, active) [SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12
    │  └─ 12.20.0 (usher) [SANDBOX]/home/.local/share/usher/toolchains/node/12.20.0
    ├─ can't look up the latest release that matches v12
    │  ├─ nodejs.org: can't fetch http://127.0.0.1:[PORT]/dist/index.json: 127.0.0.1:[PORT] refused the connection
    │  └─ npm: can't fetch http://127.0.0.1:[PORT]/npm/node-[PLATFORM]: 127.0.0.1:[PORT] refused the connection
    └─ runs [SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12/bin/node
    --- standard error
    ");
}

#[test]
fn files_that_no_shim_reads_are_named() {
    let sandbox = sandbox();
    sandbox.file("project/.nvmrc", "10\n");
    sandbox.file("project/mise.ci.toml", "[tools]\nnode = '12'\n");
    sandbox.file("project/.mise/conf.d/a.toml", "[tools]\nnode = ['12', '10']\n");
    sandbox.file("project/.mise/conf.d/b.toml", "[tools]\nnode = '{{ x }}'\n");
    sandbox.file("project/sub/file", "");
    let outcome = sandbox.use_command(&["why", "node"]).directory("project/sub").run();
    let transcript = outcome.transcript();
    let skipped: Vec<&str> = transcript.lines().filter(|line| line.contains(".toml")).collect();
    insta::assert_snapshot!(skipped.join("\n"), @"
    │  ├─ [SANDBOX]/project/.mise/conf.d/a.toml:2 names 12 10: no shim reads it
    │  ├─ [SANDBOX]/project/.mise/conf.d/b.toml:2: it is not a plain value
    │  └─ [SANDBOX]/project/mise.ci.toml:2 names 12: no shim reads it
    ");
}

#[test]
fn a_minimum_is_shown_as_one() {
    let sandbox = sandbox();
    sandbox.file("project/go.mod", "module x\n\ngo 1.22.0\n");
    let outcome = sandbox.use_command(&["why", "go"]).run();
    let text = [outcome.stdout.as_str(), &outcome.stderr].concat();
    assert!(text.contains("go >=1.22.0 is not installed (requested by go.mod:3)"), "{text}");
    // What no source could be asked for can't be installed either.
    let hint = text.lines().find(|line| line.contains("hint: "));
    assert!(hint.is_some_and(|hint| hint.contains("check the network connection")), "{text}");
}

#[test]
fn a_setting_ignores_the_label_of_an_image() {
    let sandbox = sandbox();
    sandbox.file("project/.nvmrc", "10\n");
    let why = sandbox.use_command(&["why", "node"]).variable("NODE_VERSION", "12");
    let text = why.variable("USHER_IGNORE_VARIABLES", "NODE_VERSION").run().succeeds().stdout;
    assert!(text.starts_with("node: node 10.24.1 (requested by "), "{text}");
    assert!(text.contains("├─ skipped\n│  └─ NODE_VERSION "), "{text}");
}

#[test]
fn without_a_program_all_pinned_tools_are_explained() {
    let sandbox = sandbox();
    sandbox
        .use_command(&["why"])
        .run()
        .succeeds()
        .stdout_is("no tool is pinned here: use why PROGRAM");
    sandbox.file("project/node_modules/x/.nvmrc", "10\n");
    sandbox.file("project/.tool-versions", "nodejs 12.20.0\n");
    let outcome = sandbox.use_command(&["why", "--json"]).directory("project/node_modules/x").run();
    let report: Value = serde_json::from_str(&sandbox.mask(&outcome.succeeds().stdout)).unwrap();
    let programs = &report["programs"];
    let node = &programs[0]["tools"][0];
    assert_eq!(programs.as_array().map(Vec::len), Some(1));
    assert_eq!(node["version"], "12.20.0");
    assert_eq!(node["candidates"][0]["selected"], true);
    assert_eq!(
        node["skipped"][0],
        serde_json::json!({
            "rule": "ignored-folder",
            "file": "[SANDBOX]/project/node_modules",
            "text": "[SANDBOX]/project/node_modules is a folder of dependencies",
        })
    );
    assert_eq!(
        programs[0]["path"],
        "[SANDBOX]/home/.local/share/usher/toolchains/node/12.20.0/bin/node"
    );
}

#[test]
fn an_unknown_program_is_an_error() {
    sandbox()
        .use_command(&["why", "frobnicate"])
        .run()
        .fails_with(127)
        .stderr_contains("“frobnicate”");
}
