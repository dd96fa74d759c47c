//! `use TOOL@REQUEST… -- COMMAND…`: one command with those versions, and nothing written.

use super::{assert_unchanged, offline_sandbox, sandbox};
use crate::support::{Sandbox, Upstream};

/// A sandbox that can fetch nothing, with two versions of node and one of python on disk.
fn with_toolchains() -> Sandbox {
    let sandbox = offline_sandbox();
    for (tool, version) in [("node", "10.24.1"), ("node", "12.22.12"), ("python", "3.12.12")] {
        sandbox.fake_toolchain(tool, version);
    }
    sandbox.file("project/.nvmrc", "10\n");
    sandbox.reshim();
    sandbox
}

#[test]
fn a_command_runs_with_the_given_versions() {
    let sandbox = with_toolchains();
    let before = sandbox.tree("");
    let outcome = sandbox
        .use_command(&["node@12", "python@3.12", "--", "node", "--", "-x", "--json", "a b"])
        .variable("FAKE_SHOWS", "NODE_VERSION PYTHON_VERSION PATH")
        .run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    node 12.22.12
    argument 0: [SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12/bin/node
    argument 1: --
    argument 2: -x
    argument 3: --json
    argument 4: a b
    NODE_VERSION=12
    PYTHON_VERSION=3.12
    PATH=[SANDBOX]/home/.local/share/usher/shims:[SANDBOX]/bin
    --- standard error
    ");
    assert_unchanged(&sandbox, "", &before, "one command");
    sandbox.command("node").run().stdout_has_line("node 10.24.1");
}

#[test]
fn children_of_a_run_command_get_its_versions() {
    let sandbox = with_toolchains();
    let other = sandbox.fake_program("other/9.9.9/bin/node");
    let path = std::env::join_paths([other.parent().unwrap(), &sandbox.shims()]).unwrap();
    let outcome = sandbox
        .use_command(&["node@12", "--", "/bin/sh", "-c", "node; exit 7"])
        .variable("FAKE_SHOWS", "PATH")
        .variable("PATH", path)
        .run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 7
    --- standard output
    node 12.22.12
    argument 0: [SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12/bin/node
    PATH=[SANDBOX]/home/.local/share/usher/shims:[SANDBOX]/other/9.9.9/bin
    --- standard error
    ");
}

#[test]
fn an_installed_matching_version_runs_without_network() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.fake_toolchain("node", "12.22.11");
    sandbox
        .use_command(&["node@12", "--", "node"])
        .run()
        .succeeds()
        .stdout_has_line("node 12.22.11");
    assert_eq!(upstream.all_requests().len(), 0);
}

#[test]
fn a_missing_version_is_installed_before_the_command_runs() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let outcome = sandbox.use_command(&["node@12", "--", "node", "--version"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    v12.22.12
    --- standard error
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    usher: node 12.22.12 is ready ([TIME])
    ");
    assert!(!sandbox.project().join(".tool-versions").exists());
}

#[test]
fn a_missing_command_is_an_error() {
    let sandbox = with_toolchains();
    let outcome = sandbox.use_command(&["node@12", "--", "nonesuch\u{1b}[31m"]).run();
    insta::assert_snapshot!(outcome.transcript(), @r"
    exit status: 127
    --- standard output
    --- standard error
    error: no program “nonesuch\u{1b}[31m” on PATH
    ");
    let outcome = sandbox.use_command(&["node@12", "--", "./nonesuch"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    error: no program ./nonesuch
    ");
}
