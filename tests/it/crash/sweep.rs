//! kill -9 before every system call of the operations that change toolchains and shims.

use super::operations::{
    INSTALL, LINK, Operation, OperationSandbox, PRUNE, REINSTALL, REPAIR, RESHIM, SELF_UPDATE,
    SHIM_INSTALL, UNINSTALL,
};
use super::tracer::{self, Call, Injection, can_trace};
use super::{sample, seed};
use crate::support::{Archive, Sandbox, Tally, Upstream};

/// How many points of an operation a sample has.
const SAMPLE: usize = 6;

#[test]
fn install_survives_a_kill_at_every_system_call() {
    check(&INSTALL);
}

#[test]
fn a_fetching_shim_survives_a_kill_at_every_system_call() {
    check(&SHIM_INSTALL);
}

#[test]
fn uninstall_survives_a_kill_at_every_system_call() {
    check(&UNINSTALL);
}

#[test]
fn reinstall_survives_a_kill_at_every_system_call() {
    check(&REINSTALL);
}

#[test]
fn repair_survives_a_kill_at_every_system_call() {
    check(&REPAIR);
}

#[test]
fn prune_survives_a_kill_at_every_system_call() {
    check(&PRUNE);
}

#[test]
fn reshim_survives_a_kill_at_every_system_call() {
    check(&RESHIM);
}

#[test]
fn self_update_survives_a_kill_at_every_system_call() {
    check(&SELF_UPDATE);
}

#[test]
fn link_survives_a_kill_at_every_system_call() {
    check(&LINK);
}

/// The files are synced before the rename, and the parent folder after it.
#[test]
fn an_install_is_synced_before_it_is_renamed() {
    if !can_trace() {
        return;
    }
    let upstream = Upstream::start();
    let stage = OperationSandbox::new(&INSTALL, &upstream);
    let calls: Vec<&str> = stage.traced.calls.iter().map(|call| call.text.as_str()).collect();
    let last = |matches: &dyn Fn(&str) -> bool| calls.iter().rposition(|call| matches(call));
    let is_in = |call: &str, folder: &str| call.contains(&format!("/usher/{folder}"));
    let writes = |call: &str| call.starts_with("write ") || call.starts_with("symlink");
    let order = [
        last(&|call| writes(call) && is_in(call, "staging/")),
        last(&|call| call.starts_with("syncfs ") && is_in(call, "staging/")),
        last(&|call| call.starts_with("renameat2 ") && is_in(call, "staging/")),
        last(&|call| call.starts_with("fsync ") && call.ends_with("/usher/toolchains/node")),
    ];
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{order:?}: {calls:#?}");
}

/// An archive that the user named is unpacked once, whatever its layout turns out to be.
#[test]
fn an_archive_of_the_user_is_unpacked_once() {
    if !can_trace() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.install();
    let archive = Archive::new().program("x/y/bin/node", "#!/bin/sh\n").file("x/y/LICENSE", "MIT");
    sandbox.file("project/node.tar.gz", archive.tar_gz());
    let command = ["use", "install", "node@12.0.1", "--from", "node.tar.gz"];
    let traced = tracer::run(&sandbox, Injection::Count, &command);
    traced.outcome.succeeds();
    let is_made = |call: &&Call| call.text.starts_with("openat ") && call.changes;
    let made = traced.calls.iter().filter(is_made);
    assert_eq!(made.filter(|call| call.text.ends_with("/LICENSE")).count(), 1);
    assert!(sandbox.toolchain("node", "12.0.1").join("LICENSE").exists());
}

fn check(operation: &Operation) {
    if !can_trace() {
        return;
    }
    let upstream = Upstream::start();
    let stage = OperationSandbox::new(operation, &upstream);
    let seed = seed();
    let points = sample(&points(&stage.traced.calls), SAMPLE, seed);
    let (mut faults, mut tally) = (Vec::new(), Tally::new("kill -9 before a call", "points"));
    for (tried, point) in points.enumerate() {
        super::report_progress(operation.name, tried);
        stage.reset();
        let traced = stage.run(Injection::Kill(point));
        tally.add(1);
        let found = [stage.faults(), stage.faults_after_retry()].concat();
        if !found.is_empty() {
            faults.push(format!("before call {point}, {}: {found:#?}", traced.last()));
        }
        let is_enough = faults.len() > 9;
        assert!(!is_enough, "{}, seed {seed}, {tried} points: {faults:#?}", operation.name);
    }
    assert!(faults.is_empty(), "{}, seed {seed}: {faults:#?}", operation.name);
    eprintln!(
        "{}: killed before {} of {} calls",
        operation.name,
        tally.count(),
        stage.traced.calls.len()
    );
}

/// The numbers of the calls to kill before. Calls are counted over all threads. Their number varies
/// a little between runs, so a full run tries some numbers beyond the last.
fn points(calls: &[Call]) -> Vec<usize> {
    let beyond = calls.len() + calls.len() / 50;
    // Only calls that change the home leave another state than the call before.
    let changing: Vec<usize> =
        calls.iter().filter(|call| call.changes).map(|call| call.number).collect();
    assert!(!changing.is_empty(), "the operation changes nothing");
    match super::is_full() || super::time().is_some() {
        true => (1..=beyond).collect(),
        false => changing,
    }
}
