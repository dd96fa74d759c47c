//! A hosting platform's published list of node versions: each can be installed, and each works.

use super::{FETCHED as INSTALLED, connected, machine, with_node};
use crate::support::{Sandbox, TestCommand, stdout_if_success, without_end_of_life};

/// The versions that the platform offers.
const LIST: [&str; 18] = [
    "12.0.0", "11.12.0", "11.8.0", "11.1.0", "11.0.0", "10.15.3", "10.15.1", "10.13.0", "10.12.0",
    "10.9.0", "9.11.2", "8.15.1", "8.15.0", "8.12.0", "8.11.4", "6.17.0", "6.16.0", "6.14.4",
];

#[test]
fn all_listed_node_versions_are_available() {
    let Some(sandbox) = with_node(&INSTALLED) else { return };
    let available = sandbox.use_command(&["available", "node", "--all"]);
    let outcome = available.with_long_timeout().run().succeeds();
    let table = without_end_of_life(&outcome.stdout);
    let listed: Vec<Vec<&str>> =
        table.lines().map(|line| line.split_whitespace().collect()).collect();
    for version in LIST {
        let row = listed.iter().find(|row| row.first() == Some(&version));
        let row = row.unwrap_or_else(|| panic!("{version} isn't listed\n{outcome}"));
        let is_installed = INSTALLED.contains(&version);
        let state = row.last().is_some_and(|word| ["installed", "active"].contains(word));
        assert_eq!(state, is_installed, "{row:?}");
    }
    let row = |version| listed.iter().find(|row| row.first() == Some(&version)).cloned();
    assert_eq!(row("8.15.0"), Some(vec!["8.15.0", "lts/carbon"]));
    assert_eq!(row("9.11.2"), Some(vec!["9.11.2"]));
}

#[test]
fn partial_requests_match_installed_versions_offline() {
    let Some(sandbox) = with_node(&INSTALLED) else { return };
    let sandbox = sandbox.offline();
    let check = |request: &str, expected: &str| {
        let command = without_network(&sandbox, &sandbox.shim("node").to_string_lossy());
        let outcome = command.argument("-v").variable("NODE_VERSION", request).run();
        outcome.succeeds().stdout_is(expected);
    };
    check("10.15.1", "v10.15.1");
    check("10", "v10.15.3");
    check("8.15", "v8.15.1");
    // The network is really absent: a version that isn't installed fails.
    let other = without_network(&sandbox, &sandbox.shim("node").to_string_lossy());
    let outcome = other.argument("-v").variable("NODE_VERSION", "8.15.0").run();
    outcome.fails_with(127).stderr_contains("(requested by NODE_VERSION)");
}

#[test]
fn installed_versions_run_without_network_access() {
    let Some(sandbox) = with_node(&["8.15.1"]) else { return };
    let trace = sandbox.root().join("trace");
    let has_strace = sandbox.command("sh").arguments(["-c", "strace -f true"]).run();
    if !has_strace.status.success() {
        super::skipped("can't run strace here");
        return;
    }
    let traced = sandbox.command("strace").arguments(["-f", "-e", "trace=network", "-o"]);
    let traced = traced.argument(&trace).argument(sandbox.shim("node")).argument("-v");
    traced.variable("NODE_VERSION", "8.15").run().succeeds().stdout_is("v8.15.1");
    let calls = sandbox.read(&trace);
    let ended = calls.lines().all(|line| line.contains("+++ exited with 0 +++"));
    assert!(ended && !calls.is_empty(), "{calls}");
}

#[test]
fn all_listed_node_versions_run() {
    if !machine::is_full_run() {
        return;
    }
    let Some(sandbox) = connected() else { return };
    sandbox.install();
    for version in LIST {
        let request = format!("node@{version}");
        sandbox.use_command(&["install", &request]).with_long_timeout().run().succeeds();
        let program = |name| sandbox.command(name).variable("NODE_VERSION", version);
        program("node").argument("-v").run().succeeds().stdout_is(&format!("v{version}"));
        let npm = program("npm").argument("-v").run().succeeds();
        let numbers = npm.stdout.trim().split('.').flat_map(str::parse::<u32>);
        assert_eq!(numbers.count(), 3, "{npm}");
        // Node's own experimental warnings are fine.
        assert!(!npm.stderr.to_lowercase().contains("npm"), "{npm}");
    }
}

/// A command without network interfaces, if the system allows that. Otherwise the sandbox is still
/// offline, because all its addresses refuse connections.
fn without_network(sandbox: &Sandbox, program: &str) -> TestCommand {
    for arguments in [&["--net"][..], &["--map-root-user", "--net"]] {
        let mut probe = std::process::Command::new("unshare");
        if stdout_if_success(probe.args(arguments).arg("true")).is_some() {
            return sandbox.command("unshare").arguments(arguments).argument(program);
        }
    }
    sandbox.command(program)
}
