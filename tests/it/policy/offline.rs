//! Offline: installed versions run, others are an error at once, and nothing is sent: no socket, no
//! pause, no package manager that would have to be waited for.

use std::fs;

use crate::commands::{sandbox, skipped};
use crate::support::{Misbehaviour, Outcome, Sandbox, Upstream};

/// The system calls of a program that uses the network or waits.
const CALLS: &str = "trace=socket,connect,nanosleep,clock_nanosleep,execve";

/// A sandbox with node 12.22.11, whose project requests `request`, and with an npm that must not be
/// called for its registry.
fn requesting(request: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let own = sandbox.executable("bin/npm", "#!/bin/sh\nexec sleep 100\n");
    let path = [sandbox.shims(), own.parent().unwrap().to_path_buf()];
    let path = std::env::join_paths(path).expect("a PATH");
    let sandbox = sandbox.with_variable("PATH", path).with_variable("USHER_SHIMS", "all");
    sandbox.install();
    sandbox.fake_toolchain("node", "12.22.11");
    sandbox.file("project/.nvmrc", request);
    sandbox.reshim();
    sandbox
}

/// Runs a command, and fails if it or one of its children used the network, waited, or called npm.
fn watched(sandbox: &Sandbox, words: &[&str], offline: Option<&str>) -> Outcome {
    let log = sandbox.root().join("trace");
    let program = sandbox.shim(words[0]);
    let command = sandbox.command("/usr/bin/strace").arguments(["-f", "-e", CALLS, "-o"]);
    let command = command.argument(&log).argument(program).arguments(&words[1..]);
    let outcome = match offline {
        Some(value) => command.variable("USHER_OFFLINE", value).run(),
        None => command.run(),
    };
    let trace = fs::read_to_string(&log).expect("a trace");
    let mut calls = trace.lines().filter(|line| line.contains('('));
    assert!(calls.clone().any(|line| line.contains("execve(")), "nothing was traced: {trace}");
    let wrong = calls.find(|line| !line.contains("execve(") || line.contains("/npm\""));
    assert!(wrong.is_none(), "{words:?}: {}\n{outcome}", wrong.unwrap_or_default());
    outcome
}

fn has_strace() -> bool {
    let has = fs::exists("/usr/bin/strace").unwrap_or(false);
    if !has {
        skipped("this machine has no strace; that no socket is opened isn't tested");
    }
    has
}

#[test]
fn installed_versions_run_without_a_socket() {
    if !has_strace() {
        return;
    }
    let sandbox = requesting("12\n");
    for offline in [None, Some("1")] {
        let outcome = watched(&sandbox, &["node"], offline).succeeds();
        outcome.stdout_has_line("node 12.22.11");
    }
    for words in [
        &["use", "--offline"][..],
        &["use", "--offline", "list"],
        &["use", "--offline", "why", "node"],
        &["use", "--offline", "which", "node"],
        &["use", "--offline", "install"],
        &["use", "--offline", "node@12"],
        &["use", "--offline", "node@12", "--", "/bin/sh", "-c", "exec node"],
        &["use", "install", "--offline", "node@12"],
        &["use", "--offline", "cache", "clean"],
        &["use", "--offline", "doctor"],
    ] {
        let outcome = watched(&sandbox, words, None);
        assert!(matches!(outcome.status.code(), Some(0 | 1)), "{outcome}");
    }
}

#[test]
fn a_missing_version_fails_without_a_socket_or_a_pause() {
    if !has_strace() {
        return;
    }
    let sandbox = requesting("19\n");
    let outcome = watched(&sandbox, &["node"], Some("1"));
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    usher: can't look up node 19 (requested by .nvmrc:1): no source answered
      nodejs.org: no cached index of nodejs.org: usher is offline (USHER_OFFLINE)
      npm: no npm registry is configured: can't ask npm for its registry: usher is offline
      hint: unset USHER_OFFLINE
    ");
    for words in [
        &["use", "--offline", "install"][..],
        &["use", "--offline", "node@17"],
        &["use", "--offline", "node@17", "--", "node"],
        &["use", "--offline", "available", "node"],
        &["use", "--offline", "outdated"],
        &["use", "--offline", "upgrade"],
    ] {
        watched(&sandbox, words, None).fails_with(69);
    }
}

#[test]
fn offline_errors_name_what_would_be_fetched() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("project/.nvmrc", "12\n");
    let install = || sandbox.use_command(&["install", "--offline"]).run();
    insta::assert_snapshot!(install().transcript(), @"
    exit status: 69
    --- standard output
    --- standard error
    error: can't look up node 12 (requested by .nvmrc:1): no source answered
      nodejs.org: no cached index of 127.0.0.1:[PORT]: usher is offline (--offline)
      npm: no cached index of 127.0.0.1:[PORT]: usher is offline (--offline)
      hint: leave --offline out
    ");
    sandbox.use_command(&["available", "node"]).run().succeeds();
    insta::assert_snapshot!(install().transcript(), @"
    exit status: 69
    --- standard output
    --- standard error
    error: node 12.22.12 is not installed, and usher is offline (--offline)
      it would be fetched from 127.0.0.1:[PORT]
      node 12 is requested by .nvmrc:1
      hint: leave --offline out
    ");
    sandbox.file("home/.config/usher/config.toml", "offline = true\n");
    let outcome = sandbox.command("node").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    usher: node 12.22.12 is not installed, and usher is offline ([SANDBOX]/home/.config/usher/config.toml:1)
      it would be fetched from 127.0.0.1:[PORT]
      node 12 is requested by .nvmrc:1
      hint: take `offline` out of [SANDBOX]/home/.config/usher/config.toml:1
    ");
    // A newer index than the cached one might list it.
    let outcome = sandbox.use_command(&["install", "node@12.99"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    error: no node release matches 12.99 in the sources that answered (requested by the command line)
      nearest: 12.22.12, 13.0.0
      nodejs.org: not in the cached index, which is less than a minute old: usher is offline ([SANDBOX]/home/.config/usher/config.toml:1)
      npm: not in the cached index, which is less than a minute old: usher is offline ([SANDBOX]/home/.config/usher/config.toml:1)
      hint: use install node@12
    ");
}

#[test]
fn the_registrys_host_is_shown_if_it_comes_first() {
    let upstream = Upstream::start();
    upstream.misbehave("/dist/index.json", Misbehaviour::Status(404));
    let sandbox = sandbox(&upstream);
    sandbox.use_command(&["available", "node"]).run().succeeds();
    let outcome = sandbox.use_command(&["install", "--offline", "node@12"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 69
    --- standard output
    --- standard error
    error: node 12.22.12 is not installed, and usher is offline (--offline)
      it would be fetched from npm (127.0.0.1:[PORT])
      hint: leave --offline out
    ");
}

#[test]
fn offline_is_passed_on_to_children() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.fake_toolchain("node", "12.22.11");
    sandbox.file("project/.python-version", "3.12\n");
    let words = ["--offline", "node@12", "--", "python"];
    sandbox
        .use_command(&words)
        .run()
        .fails_with(127)
        .stderr_contains("usher is offline (USHER_OFFLINE)");
    assert_eq!(upstream.all_requests().len(), 0);
}
