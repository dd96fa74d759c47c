//! An interrupted install leaves nothing that looks installed; two at once download once.

use rustix::process::Signal;

use crate::support::{Pipe, Platform, Sandbox, Upstream};

/// The archive's path on the upstream.
fn archive() -> String {
    Platform::here().node_archive("12.22.12")
}

/// A sandbox with a shim, and an upstream that stalls in the middle of an archive.
fn with_stalled_upstream() -> (Upstream, Sandbox) {
    let upstream = Upstream::start();
    upstream.stall_halfway(&archive());
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.install();
    // A user's default creates the shim.
    sandbox.file("home/.config/usher/tool-versions", "nodejs 12.22.12\n");
    sandbox.reshim();
    (upstream, sandbox)
}

#[test]
fn an_interrupted_install_leaves_nothing_and_can_be_repeated() {
    let by_use = ["use", "install", "node@12.22.12"];
    let by_shim = ["node", "-v"];
    for words in [&by_use[..], &by_shim] {
        for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::KILL] {
            check_interrupted(words, signal);
        }
    }
}

fn check_interrupted(words: &[&str], signal: Signal) {
    let (upstream, sandbox) = with_stalled_upstream();
    let command = || sandbox.command(words[0]).arguments(&words[1..]);
    let running = command().start();
    upstream.wait_for_requests(&archive(), 1);
    running.signal(signal);
    running.wait().dies_by(signal);

    if signal != Signal::KILL {
        assert_eq!(staged(&sandbox), 0, "{words:?} {signal:?}: staging isn't empty");
    }
    let node = sandbox.toolchain("node", "12.22.12");
    assert!(!node.exists(), "{words:?} {signal:?}: the toolchain exists");
    let listed = sandbox.use_command(&["list", "node"]).run();
    assert!(!listed.stdout.contains("12.22.12"), "{listed}");
    let offline = sandbox.command("node").argument("-v").variable("USHER_OFFLINE", "1").run();
    offline.fails_with(127).stderr_contains("usher is offline");

    upstream.stop_misbehaving(&archive());
    command().run().succeeds();
    sandbox.command("node").argument("-v").run().succeeds().stdout_is("v12.22.12");
    assert_eq!(staged(&sandbox), 0, "{words:?} {signal:?}: staging wasn't cleaned up");
}

fn staged(sandbox: &Sandbox) -> usize {
    let folder = sandbox.usher().join("staging");
    folder.read_dir().map_or(0, Iterator::count)
}

#[test]
fn two_shims_download_the_same_version_once() {
    let (upstream, sandbox) = with_stalled_upstream();
    let first = sandbox.command("node").argument("-v").start();
    upstream.wait_for_requests(&archive(), 1);
    let stderr = Pipe::new(&sandbox, "stderr");
    let line = "exec \"$@\" 2> \"$STDERR\"";
    let second = sandbox.command("sh").arguments(["-c", line, "sh", "node", "-v"]);
    let second = second.variable("STDERR", stderr.path()).start();
    stderr.wait_for("waiting for process");
    upstream.release();
    first.wait().succeeds().stdout_is("v12.22.12");
    second.wait().succeeds().stdout_is("v12.22.12");
    assert_eq!(upstream.requests(&archive()), 1);
}
