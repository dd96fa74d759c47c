//! Many processes that need the same version at once, and processes that wait for a lock.

use std::time::Instant;

use rustix::process::Signal;

use crate::support::{Pipe, Platform, Sandbox, TestCommand, Upstream};

/// The archive's path on the upstream.
fn archive() -> String {
    Platform::here().node_archive("12.22.12")
}

/// A sandbox, and an upstream that stalls in the middle of an archive.
fn with_stalled_upstream() -> (Upstream, Sandbox) {
    let upstream = Upstream::start();
    upstream.stall_halfway(&archive());
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.install();
    sandbox.use_command(&["install", "node@10.24.1"]).run().succeeds();
    (upstream, sandbox)
}

fn node_command(sandbox: &Sandbox) -> TestCommand {
    sandbox.command("node").arguments(["+12.22.12", "-v"])
}

/// Like `node_command`, with standard error on a pipe.
fn node_command_with_pipe(sandbox: &Sandbox, stderr: &Pipe) -> TestCommand {
    let line = "exec node +12.22.12 -v 2> \"$STDERR\"";
    sandbox.command("sh").arguments(["-c", line]).variable("STDERR", stderr.path())
}

#[test]
fn a_hundred_processes_download_the_same_version_once() {
    let (upstream, sandbox) = with_stalled_upstream();
    let all: Vec<_> = (0..100).map(|_| node_command(&sandbox).start()).collect();
    upstream.wait_for_requests(&archive(), 1);
    upstream.release();
    for one in all {
        one.wait().succeeds().stdout_is("v12.22.12");
    }
    assert_eq!(upstream.requests(&archive()), 1);
}

#[test]
fn a_waiter_takes_over_from_a_holder_that_was_killed() {
    let (upstream, sandbox) = with_stalled_upstream();
    let holder = node_command(&sandbox).start();
    upstream.wait_for_requests(&archive(), 1);
    let stderr = Pipe::new(&sandbox, "stderr");
    let waiter = node_command_with_pipe(&sandbox, &stderr).start();
    stderr.wait_for(&format!("waiting for process {}", holder.id()));
    upstream.stop_misbehaving(&archive());
    holder.signal(Signal::KILL);
    let killed = Instant::now();
    // Killing the holder is the only thing that lets the waiter continue.
    upstream.wait_for_requests(&archive(), 2);
    let took = killed.elapsed();
    holder.wait().dies_by(Signal::KILL);
    waiter.wait().succeeds().stdout_is("v12.22.12");
    assert_eq!(upstream.requests(&archive()), 2);
    eprintln!("the waiter sent its request {} ms after the holder was killed", took.as_millis());
}

#[test]
fn waiters_give_up_on_a_holder_that_was_stopped() {
    let (upstream, sandbox) = with_stalled_upstream();
    let holder = node_command(&sandbox).start();
    upstream.wait_for_requests(&archive(), 1);
    holder.signal(Signal::STOP);
    let named = format!("node-12.22.12 is being changed by process {}", holder.id());
    let waits = |seconds: &str| {
        sandbox.use_command(&["install", "node@12.22.12"]).variable("USHER_LOCK_TIMEOUT", seconds)
    };
    waits("0").run().fails_with(75).stderr_contains(&named).stderr_contains("waited 0 s");
    node_command(&sandbox)
        .variable("USHER_LOCK_TIMEOUT", "0")
        .run()
        .fails_with(126)
        .stderr_contains(&named);
    // Installed versions and other versions don't wait for it.
    let other = sandbox.command("node").arguments(["+10.24.1", "-v"]);
    other.run().succeeds().stdout_is("v10.24.1");
    let other = sandbox.use_command(&["install", "node@10.24.1", "node@13.0.0"]);
    other.variable("USHER_LOCK_TIMEOUT", "0").run().succeeds();
    holder.signal(Signal::CONT);
    upstream.release();
    holder.wait().succeeds().stdout_is("v12.22.12");
    assert_eq!(upstream.requests(&archive()), 1);
}
