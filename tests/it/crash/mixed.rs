//! Many processes that install, uninstall, prune, verify, repair, reshim and run the same versions.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::state::{State, is_temporary, whole};
use super::{Numbers, is_full, seed};
use crate::support::{Archive, Outcome, Platform, Sandbox, Tally, Upstream};

/// The versions that are installed and removed; `STAYING` is never removed.
const CHANGING: [&str; 2] = ["12.22.12", "12.22.11"];
const STAYING: &str = "10.24.1";

/// The number of concurrent processes.
const PROCESSES: usize = 16;

#[test]
fn concurrent_operations_never_expose_partial_versions() {
    let count = if is_full() { 10_000 } else { 160 };
    let upstream = Upstream::start();
    for version in CHANGING.iter().chain([&STAYING]) {
        publish(&upstream, version);
    }
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.install();
    sandbox.use_command(&["install", &format!("node@{STAYING}")]).run().succeeds();
    let seed = seed();
    let mut tally = Tally::new("operations by many processes at once", "operations");
    let (done, faults) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for place in 0..PROCESSES {
            let (sandbox, done, faults) = (&sandbox, &done, &faults);
            scope.spawn(move || {
                let mut numbers = Numbers(seed.wrapping_add(place as u64));
                while done.fetch_add(1, Ordering::Relaxed) < count {
                    if let Err(fault) = run_random_operation(sandbox, &mut numbers) {
                        faults.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
                        return;
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(faults.is_empty(), "seed {seed}: {}", faults.join("\n\n"));
    check_end(&sandbox);
    tally.add(count);
    eprintln!("{count} operations by {PROCESSES} processes at once");
}

/// Runs a random operation. The error states what failed.
fn run_random_operation(sandbox: &Sandbox, numbers: &mut Numbers) -> Result<(), String> {
    let version = CHANGING[numbers.below(CHANGING.len())];
    let named = format!("node@{version}");
    let run = |words: &[&str]| sandbox.use_command(words).run();
    let (outcome, codes): (Outcome, &[i32]) = match numbers.below(14) {
        0..=2 => (run(&["install", &named]), &[0]),
        3 => (run(&["uninstall", &named, "--yes"]), &[0, 127]),
        4 => (run(&["prune", "--yes", &named]), &[0, 127]),
        5 => (run(&["verify", &named]), &[0, 127]),
        6 => (run(&["verify"]), &[0]),
        7 => (run(&["repair", &named]), &[0, 127]),
        8 => (run(&["reshim"]), &[0]),
        9 => return check_run(sandbox, STAYING, &[0]),
        _ => return check_run(sandbox, version, &[0, 127]),
    };
    check_code(&outcome, codes)
}

fn check_run(sandbox: &Sandbox, version: &str, codes: &[i32]) -> Result<(), String> {
    let command = sandbox.command("node").arguments([&format!("+{version}"), "x"]);
    let outcome = command.variable("USHER_AUTO_INSTALL", "never").run();
    let prints = |line: &str| outcome.stdout.lines().any(|printed| printed == line);
    let is_complete = prints("argument 1: x");
    match outcome.status.code() {
        Some(0) if !is_complete => Err(format!("it ran incompletely: {outcome}")),
        _ => check_code(&outcome, codes),
    }
}

fn check_code(outcome: &Outcome, codes: &[i32]) -> Result<(), String> {
    let is_right = outcome.status.code().is_some_and(|code| codes.contains(&code));
    is_right.then_some(()).ok_or_else(|| format!("expected one of {codes:?}: {outcome}"))
}

/// Checks that in the end everything installed is complete and nothing else is left.
fn check_end(sandbox: &Sandbox) {
    for version in CHANGING {
        sandbox.use_command(&["install", &format!("node@{version}")]).run().succeeds();
    }
    let trees = [CHANGING[0], CHANGING[1], STAYING].map(|version| {
        let tree = sandbox.toolchain("node", version);
        std::fs::remove_file(tree.join(".usher-receipt.json")).expect("delete the receipt");
        whole(&tree)
    });
    assert!(trees.iter().all(|tree| *tree == trees[0]), "{trees:#?}");
    let state = State::of(sandbox);
    assert!(!state.0.keys().any(|name| is_temporary(name)), "{state:#?}");
    let left = sandbox.usher().join("staging").read_dir().expect("list staging").count();
    assert_eq!(left, 0, "staging isn't empty");
}

/// Publishes a release whose `node` is a binary. A script would be opened again by its shell, when
/// it may already be deleted.
fn publish(upstream: &Upstream, version: &str) {
    let name = format!("node-v{version}-{}", Platform::here().node);
    let fake = std::fs::read(crate::support::built::fake()).expect("read the fake tool");
    let regular = tar::EntryType::Regular;
    let archive = Archive::new().folder(&format!("{name}/"));
    let archive = archive.entry(&format!("{name}/bin/node"), regular, (0o755, ""), &fake);
    let files = (0..20)
        .fold(archive, |archive, n| archive.file(&format!("{name}/lib/{n}"), &n.to_string()));
    upstream.put_node(version, files.tar_gz());
}
