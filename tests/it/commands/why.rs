//! `use why`: who asks, who decides and why, what was passed over.

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
fn every_candidate_is_told_with_what_came_of_it() {
    let sandbox = sandbox();
    sandbox.file("project/a/.node-version", "v12 # ours\r\n");
    sandbox.file("project/.nvmrc", "10\n");
    sandbox.file("project/.tool-versions", "python 3.7\n");
    sandbox.file("project/package.json", r#"{"engines":{"node":">=11"}}"#);
    sandbox.file("home/.config/usher/tool-versions", "node 10\n");
    let outcome = sandbox.use_command(&["why", "node"]).directory("project/a").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    node: node 12.22.12, asked for by .node-version:1
    ├─ asked, strongest first
    │  ├─ v12 by .node-version:1: decides, the strongest
    │  │  └─ put up with: lines that end in CRLF, a comment, a leading v
    │  ├─ 10 by [SANDBOX]/project/.nvmrc:1: doesn't decide, [SANDBOX]/project/a/.node-version is nearer
    │  ├─ >=11 by [SANDBOX]/project/package.json (engines.node): doesn't decide, a constraint; 12.22.12 satisfies it
    │  └─ 10 by your default, [SANDBOX]/home/.config/usher/tool-versions:1: doesn't decide, the project says otherwise
    ├─ passed over
    │  └─ [SANDBOX]/project/.tool-versions names no version of this tool
    ├─ on disk
    │  ├─ 12.22.12 (usher, in force) [SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12
    │  └─ 12.20.0 (usher) [SANDBOX]/home/.local/share/usher/toolchains/node/12.20.0
    ├─ the newest release that answers v12 can't be told: nodejs.org: can't fetch http://127.0.0.1:[PORT]/dist/index.json: 127.0.0.1:[PORT] refused the connection; npm: can't fetch http://127.0.0.1:[PORT]/npm/node-[PLATFORM]: 127.0.0.1:[PORT] refused the connection
    └─ runs [SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12/bin/node
    --- standard error
    ");
}

#[test]
fn a_label_of_an_image_is_named_as_one() {
    let sandbox = sandbox();
    sandbox.file("project/.nvmrc", "10\n");
    let why = || sandbox.use_command(&["why", "node"]).variable("NODE_VERSION", "12");
    let told = why().run().succeeds().stdout;
    assert!(
        told.contains("NODE_VERSION is stronger; where that is the label of an image"),
        "{told}"
    );
    let told = why().variable("USHER_IGNORE_VARIABLES", "NODE_VERSION").run().succeeds().stdout;
    assert!(told.contains("NODE_VERSION is ignored (ignore_variables)"), "{told}");
    assert!(told.starts_with("node: node 10.24.1, asked for by .nvmrc"), "{told}");
}

#[test]
fn what_can_not_be_used_or_had_is_told() {
    let sandbox = sandbox();
    let why = || sandbox.use_command(&["why", "node"]).run().succeeds().stdout;
    let check = |content: &str, expected: &[&str]| {
        sandbox.file("project/.nvmrc", content);
        let told = why();
        for expected in expected {
            assert!(told.contains(expected), "{expected}\n{told}");
        }
    };
    check(
        "../../x\n",
        &[
            "node: which node is wanted can't be told",
            "decides, it comes first, and what can't be used is not passed over",
            "can't run: invalid node version “../../x” (requested by .nvmrc:1)",
            "└─ hint: use node\n",
        ],
    );
    check(
        "99 12.20 10\n",
        &[
            "node: node 12.20.0, asked for by .nvmrc",
            "99 or 12.20 or 10 by .nvmrc, line 1 (",
            "decides, the strongest; 99 isn't on disk, 12.20.0 is",
            "put up with: several versions, which are what will do instead",
        ],
    );
    check("99\n", &["no such version is on disk", "└─ hint: use install node@99\n"]);
}

#[test]
fn without_a_program_it_tells_of_all_that_somebody_asks_for() {
    let sandbox = sandbox();
    let told = sandbox.use_command(&["why"]).run().succeeds().stdout;
    assert_eq!(told, "nobody asks for anything here: use why PROGRAM says what would run\n");
    sandbox.file("project/node_modules/x/.nvmrc", "10\n");
    sandbox.file("project/.tool-versions", "nodejs 12.20.0\n");
    let told = sandbox.use_command(&["why", "--json"]).directory("project/node_modules/x").run();
    let told: Value = serde_json::from_str(&sandbox.mask(&told.succeeds().stdout)).unwrap();
    let node = &told[0]["tools"][0];
    assert_eq!(told.as_array().map(Vec::len), Some(1));
    assert_eq!(node["version"], "12.20.0");
    assert_eq!(node["asked"][0]["decides"], true);
    assert_eq!(
        node["passed_over"][0],
        "[SANDBOX]/project/node_modules is a folder of dependencies"
    );
    assert_eq!(
        told[0]["runs"],
        "[SANDBOX]/home/.local/share/usher/toolchains/node/12.20.0/bin/node"
    );
}

#[test]
fn a_name_that_means_nothing_is_an_error() {
    let outcome = sandbox().use_command(&["why", "frobnicate"]).run();
    assert!(outcome.stderr.contains("unknown program “frobnicate”"), "{outcome}");
}
