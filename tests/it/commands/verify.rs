//! `use verify`: what isn't as it was installed, as text and as JSON.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use serde_json::json;

use super::{assert_unchanged, offline_sandbox, sandbox};
use crate::support::{Sandbox, Upstream};

/// node 12.22.12 and python 3.12.12 as they were installed.
fn installed(upstream: &Upstream) -> Sandbox {
    let sandbox = sandbox(upstream);
    sandbox.use_command(&["install", "node@12", "python@3.12"]).run().succeeds();
    sandbox
}

#[test]
fn verify_reports_unchanged_toolchains() {
    let upstream = Upstream::start();
    let sandbox = installed(&upstream);
    let before = sandbox.tree("home");
    let outcome = sandbox.use_command(&["verify"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    TOOL    VERSION   STATE
    node    12.22.12  unchanged: 10 files
    python  3.12.12   unchanged: 8 files
    --- standard error
    ");
    assert_unchanged(&sandbox, "home", &before, "use verify");
    let report = sandbox.use_command(&["verify", "node", "--json"]).run().succeeds().json();
    assert_eq!(report["intact"], true);
    assert_eq!(report["versions"][0]["differences"], json!([]));
    assert_eq!(report["versions"].as_array().map(Vec::len), Some(1));
}

#[test]
fn verify_limits_printed_faults_but_json_lists_all() {
    let upstream = Upstream::start();
    let sandbox = installed(&upstream);
    let node = sandbox.toolchain("node", "12.22.12");
    fs::write(node.join("LICENSE"), "GPL\n").unwrap();
    fs::remove_file(node.join("include/node/node_version.h")).unwrap();
    fs::set_permissions(node.join("bin/node"), fs::Permissions::from_mode(0o4755)).unwrap();
    fs::remove_file(node.join("bin/npm")).unwrap();
    symlink("/bin/sh", node.join("bin/npm")).unwrap();
    sandbox.command("/usr/bin/mkfifo").argument(node.join("lib/pipe")).run().succeeds();
    fs::create_dir_all(node.join("lib/node_modules/yarn/bin")).unwrap();
    symlink("../lib/node_modules/yarn/bin/yarn.js", node.join("bin/yarn")).unwrap();
    let python = sandbox.toolchain("python", "3.12.12");
    fs::create_dir_all(python.join("lib/python3.12/__pycache__")).unwrap();
    for number in 10..25 {
        fs::write(python.join(format!("lib/python3.12/m{number}.py")), "").unwrap();
    }
    let outcome = sandbox.use_command(&["verify"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 65
    --- standard output
    TOOL    VERSION   STATE
    node    12.22.12  5 changes in 9 files, 2 added by package managers
    python  3.12.12   15 changes in 8 files

    node 12.22.12
    ├─ changed    LICENSE (its bytes)
    ├─ mode       bin/node (4755 instead of 755)
    ├─ link       bin/npm (to /bin/sh instead of ../lib/node_modules/npm/bin/npm-cli.js)
    ├─ missing    include/node/node_version.h
    └─ added      lib/pipe (a named pipe)

    python 3.12.12
    ├─ added      lib/python3.12/m10.py (a file)
    ├─ added      lib/python3.12/m11.py (a file)
    ├─ added      lib/python3.12/m12.py (a file)
    ├─ added      lib/python3.12/m13.py (a file)
    ├─ added      lib/python3.12/m14.py (a file)
    ├─ added      lib/python3.12/m15.py (a file)
    ├─ added      lib/python3.12/m16.py (a file)
    ├─ added      lib/python3.12/m17.py (a file)
    ├─ added      lib/python3.12/m18.py (a file)
    ├─ added      lib/python3.12/m19.py (a file)
    └─ … and 5 more (--json lists all)
    --- standard error
    error: 2 of 2 versions changed
      hint: use repair
    ");
    let report = sandbox.use_command(&["verify", "--json"]).run().fails_with(65).json();
    let faults = |place: usize| report["versions"][place]["differences"].as_array().unwrap();
    assert_eq!((faults(0).len(), faults(1).len()), (5, 15));
    let first = json!({
        "path": "LICENSE",
        "change": "changed",
        "detail": "its bytes",
        "bundled": false,
    });
    assert_eq!(faults(0)[0], first);
    assert_eq!(report["versions"][0]["packages"], json!(["bin/yarn", "lib/node_modules/yarn"]));
}

#[test]
fn verify_reports_toolchains_without_a_valid_receipt() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let words = ["node@12.22.11", "node@12.22.12", "node@13.0.0", "node@20", "node@24"];
    sandbox.use_command(&["install"]).arguments(words).run().succeeds();
    let receipt = |version: &str| sandbox.toolchain("node", version).join(".usher-receipt.json");
    fs::remove_file(receipt("12.22.11")).unwrap();
    fs::write(receipt("12.22.12"), "{\"form\":1}").unwrap();
    fs::write(receipt("13.0.0"), "{\"form\":2,\"all\":[]}").unwrap();
    let (other, node) =
        (sandbox.toolchain("node", "20.19.4"), sandbox.toolchain("node", "20.19.5"));
    fs::rename(node, &other).unwrap();
    // A link in the place of a toolchain, to a whole one.
    symlink(sandbox.toolchain("node", "24.11.0"), sandbox.toolchain("node", "22.20.0")).unwrap();
    fs::create_dir_all(sandbox.usher().join("toolchains/node/x; rm -rf \u{1b}[31m")).unwrap();
    fs::create_dir_all(sandbox.usher().join("toolchains/evil")).unwrap();
    let outcome = sandbox.use_command(&["verify"]).run();
    insta::assert_snapshot!(outcome.transcript(), @r"
    exit status: 65
    --- standard output
    TOOL  VERSION   STATE
    node  12.22.11  it has no receipt to compare with
    node  12.22.12  its receipt is damaged: its checksum doesn't match
    node  13.0.0    its receipt has format 2, written by a newer usher
    node  20.19.4   its receipt is for node 20.19.5
    node  22.20.0   not a readable folder: Not a directory (os error 20)
    node  24.11.0   unchanged: 10 files

    not part of the store
    ├─ [SANDBOX]/home/.local/share/usher/toolchains/evil: unknown tool
    └─ [SANDBOX]/home/.local/share/usher/toolchains/node/x; rm -rf \u{1b}[31m: not a version
    --- standard error
    error: 5 of 6 versions changed, and 2 entries don't belong in the store
      hint: use repair
    ");
}

#[test]
fn verify_checks_only_named_versions() {
    let sandbox = offline_sandbox();
    let outcome = sandbox.use_command(&["verify"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    usher has installed no versions
    --- standard error
    ");
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox
        .use_command(&["verify", "node@12"])
        .run()
        .fails_with(65)
        .stderr_contains("node@12.22.12");
    let outcome = sandbox.use_command(&["verify", "node@13"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    error: node 13 is not in usher's store
      installed: 12.22.12
    ");
}
