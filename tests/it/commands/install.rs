//! `use install` and `use uninstall`.

use std::fmt::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::json;

use super::{assert_unchanged, offline_sandbox, sandbox};
use crate::support::Upstream;

#[test]
fn install_fetches_named_versions_without_pinning() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let before = sandbox.tree("project");
    let outcome = sandbox.use_command(&["install", "node@12", "python@3.12"]).run();
    insta::assert_snapshot!(outcome.sorted_transcript(), @"
    exit status: 0
    --- standard output
    installed node 12.22.12 ([SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12)
    installed python 3.12.12 ([SANDBOX]/home/.local/share/usher/toolchains/python/3.12.12)
    --- standard error
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    usher: fetching python 3.12.12 from 127.0.0.1:[PORT]
    ");
    assert_unchanged(&sandbox, "project", &before, "use install");
    let staging = sandbox.usher().join("staging");
    assert_eq!(std::fs::read_dir(staging).unwrap().count(), 0);

    let outcome = sandbox.use_command(&["install", "node@12", "python@3.8", "--json"]).run();
    let report = outcome.succeeds().json();
    let toolchain = |tool, version| sandbox.toolchain(tool, version);
    let host = upstream.base().trim_start_matches("http://");
    assert_eq!(
        report["versions"],
        json!([
            {
                "tool": "node",
                "request": "12",
                "version": "12.22.12",
                "store": "usher",
                "path": toolchain("node", "12.22.12"),
                "host": host,
                "newly_installed": false,
            },
            {
                "tool": "python",
                "request": "3.8",
                "version": "3.8.20",
                "store": "usher",
                "path": toolchain("python", "3.8.20"),
                "host": host,
                "newly_installed": true,
            },
        ])
    );
}

#[test]
fn a_receipt_records_source_and_address() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.use_command(&["install", "node@12"]).run().succeeds();
    let receipt = sandbox.toolchain("node", "12.22.12").join(".usher-receipt.json");
    let mut receipt: serde_json::Value = serde_json::from_str(&sandbox.read(receipt)).unwrap();
    assert!(receipt["installed"].take().as_u64().is_some_and(|seconds| seconds > 1_700_000_000));
    assert_eq!(receipt["seal"].take().as_str().map(str::len), Some(64));
    let files = receipt["files"].take();
    assert_eq!(files["bin/npm"]["link"], "../lib/node_modules/npm/bin/npm-cli.js");
    assert_eq!(files["bin/node"]["mode"], "755");
    assert_eq!(files["bin/node"]["sha256"].as_str().map(str::len), Some(64));
    let part = &mut receipt["parts"][0];
    let (sha256, size) = (part["sha256"].take(), part["size"].take());
    let address = part["address"].take();
    let path = address.as_str().unwrap().strip_prefix(upstream.base()).unwrap();
    assert_eq!(size, upstream.body(path).len());
    let verified = format!("sha256:{}", sha256.as_str().unwrap());
    assert_eq!(
        receipt,
        json!({
            "seal": null,
            "form": 1,
            "files": null,
            "tool": "node",
            "version": "12.22.12",
            "source": "nodejs.org",
            "installed": null,
            "usher": env!("CARGO_PKG_VERSION"),
            "parts": [{ "address": null, "sha256": null, "size": null, "verified": verified }],
        })
    );
}

#[test]
fn install_without_arguments_installs_all_pinned_versions() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("project/.nvmrc", "lts/erbium\n");
    sandbox.file("project/pyproject.toml", "[project]\nrequires-python = \"==3.12.*\"\n");
    let outcome = sandbox.use_command(&["install"]).directory(sandbox.folder("project/src")).run();
    insta::assert_snapshot!(outcome.sorted_transcript(), @"
    exit status: 0
    --- standard output
    installed node 12.22.12 ([SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12)
    installed python 3.12.12 ([SANDBOX]/home/.local/share/usher/toolchains/python/3.12.12)
    --- standard error
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    usher: fetching python 3.12.12 from 127.0.0.1:[PORT]
    ");
}

#[test]
fn install_without_arguments_and_pins_is_an_error() {
    let sandbox = offline_sandbox();
    let outcome = sandbox.use_command(&["install"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 2
    --- standard output
    --- standard error
    error: no tool is pinned here
      hint: use install node@lts
    ");
}

/// A constraint is no pin, but it requests a version.
#[test]
fn a_constraint_that_the_system_satisfies_needs_no_install() {
    let sandbox = offline_sandbox();
    sandbox.executable("home/.bun/bin/bun", "#!/bin/sh\necho 1.1.30\n");
    symlink(sandbox.home().join(".bun/bin/bun"), sandbox.root().join("bin/bun")).unwrap();
    sandbox.file("project/package.json", r#"{"engines":{"bun":">=1.1"}}"#);
    sandbox.reshim().succeeds();
    let outcome = sandbox.use_command(&["install"]).run().succeeds();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    bun 1.1.30 is already installed ([SANDBOX]/bin)
    --- standard error
    ");
    let report = sandbox.use_command(&["install", "--json"]).run().succeeds().json();
    let fields =
        ["tool", "request", "version", "store"].map(|field| report["versions"][0][field].clone());
    assert_eq!(fields, ["bun", ">=1.1", "1.1.30", "system"]);
}

#[test]
fn install_error_names_the_file_of_the_request() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("project/.nvmrc", "\n12.99\n");
    let outcome = sandbox.use_command(&["install"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    error: no node release matches 12.99 (requested by .nvmrc:2)
      nearest: 12.22.12, 13.0.0
      hint: use node@12
    ");
}

#[test]
fn uninstall_removes_versions() {
    let sandbox = offline_sandbox();
    for version in ["10.24.1", "12.22.11", "12.22.12"] {
        sandbox.fake_toolchain("node", version);
    }
    let outcome = sandbox.use_command(&["uninstall", "node@12.22.12", "node@10"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    removed node 12.22.12
    removed node 10.24.1
    --- standard error
    ");
    let node = sandbox.usher().join("toolchains/node");
    let left: Vec<_> =
        std::fs::read_dir(node).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert_eq!(left, ["12.22.11"]);
    assert_eq!(std::fs::read_dir(sandbox.usher().join("staging")).unwrap().count(), 0);

    let outcome = sandbox.use_command(&["uninstall", "node@12", "--json"]).run().succeeds();
    let path = sandbox.toolchain("node", "12.22.11");
    assert_eq!(
        outcome.json()["versions"],
        json!([{
            "tool": "node", "version": "12.22.11", "path": path, "removed": true,
            "requested_by": [], "processes": [], "virtual_environments": [],
        }])
    );
}

#[test]
fn uninstall_refuses_ambiguous_requests() {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "12.22.11");
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.fake_program("home/.nvm/versions/node/v10.24.1/bin/node");
    sandbox.reshim();
    let before = sandbox.tree("home");
    let mut transcript = String::new();
    for words in ["node@12", "node@12.22.12 node@13", "node", "node@10.24.1", "python@2.7"] {
        let words: Vec<&str> = words.split(' ').collect();
        let outcome = sandbox.use_command(&["uninstall"]).arguments(&words).run();
        assert!(outcome.stdout.is_empty(), "{outcome}");
        writeln!(transcript, "{words:?} {}\n{}", outcome.status, outcome.stderr).unwrap();
    }
    insta::assert_snapshot!(sandbox.mask(&transcript), @r#"
    ["node@12"] exit status: 2
    error: node 12 matches several versions: 12.22.12, 12.22.11
      hint: use uninstall node@12.22.12

    ["node@12.22.12", "node@13"] exit status: 127
    error: node 13 is not installed
      installed by usher: 12.22.12, 12.22.11

    ["node"] exit status: 2
    error: which version of node?
      installed by usher: 12.22.12, 12.22.11
      hint: use uninstall node@12.22.12

    ["node@10.24.1"] exit status: 77
    error: node 10.24.1 was not installed by usher: it belongs to nvm
      it is in [SANDBOX]/home/.nvm/versions/node/v10.24.1
      hint: nvm uninstall v10.24.1

    ["python@2.7"] exit status: 127
    error: python 2.7 is not installed
    "#);
    assert_unchanged(&sandbox, "home", &before, "use uninstall");
}

/// Runs `use install` of two tools on a terminal of this kind, and is all that came to it.
fn on_terminal(kind: &str) -> Option<String> {
    if !Path::new("/usr/bin/script").exists() {
        eprintln!("SKIPPED: there is no `script` here, which lends a terminal");
        return None;
    }
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let command = "/bin/stty columns 100; exec use install node@12 python@3.12";
    let script = sandbox.command("/usr/bin/script").arguments(["-qec", command, "/dev/null"]);
    let outcome = script.variable("TERM", kind).variable("SHELL", "/bin/sh").run();
    Some(outcome.succeeds().stdout)
}

#[test]
fn install_on_a_terminal_shows_progress_and_total() {
    let Some(shown) = on_terminal("xterm") else { return };
    assert!(shown.contains("downloading 2 versions"), "{shown}");
    assert!(shown.contains("unpacking python 3.12.12"), "{shown}");
    // Only the report is left: the progress lines are erased.
    let (_, left) = shown.rsplit_once("installed").unwrap();
    assert!(left.contains("python 3.12.12") && !left.contains("2 versions"), "{shown}");
}

#[test]
fn install_on_a_dumb_terminal_prints_lines() {
    let Some(shown) = on_terminal("dumb") else { return };
    assert!(shown.contains("usher: fetching node 12.22.12 from 127.0.0.1:"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn a_quiet_install_prints_only_its_result() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let outcome = sandbox.use_command(&["install", "node@12", "python@3.12", "--quiet"]).run();
    let outcome = outcome.succeeds();
    assert_eq!((outcome.stdout.lines().count(), outcome.stderr.as_str()), (2, ""), "{outcome}");
}
