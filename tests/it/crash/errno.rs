//! Injects disk errors into every system call that writes, and EMFILE into every call that opens.

use rustix::io::Errno;

use super::operations::{
    INSTALL, LINK, Operation, OperationSandbox, PRUNE, REPAIR, RESHIM, SELF_UPDATE, SHIM_INSTALL,
    UNINSTALL,
};
use super::state::State;
use super::tracer::{Injection, Traced, can_trace};
use super::{sample, seed};
use crate::support::{Tally, Upstream};

/// How many points of an operation a sample has.
const SAMPLE: usize = 6;

/// The errors of a failing disk.
const DISK_ERRORS: [Errno; 4] = [Errno::NOSPC, Errno::IO, Errno::DQUOT, Errno::ROFS];

#[test]
fn install_survives_disk_errors() {
    check(&INSTALL);
}

#[test]
fn a_fetching_shim_survives_disk_errors() {
    check(&SHIM_INSTALL);
}

#[test]
fn uninstall_survives_disk_errors() {
    check(&UNINSTALL);
}

#[test]
fn repair_survives_disk_errors() {
    check(&REPAIR);
}

#[test]
fn prune_survives_disk_errors() {
    check(&PRUNE);
}

#[test]
fn reshim_survives_disk_errors() {
    check(&RESHIM);
}

#[test]
fn self_update_survives_disk_errors() {
    check(&SELF_UPDATE);
}

#[test]
fn link_survives_disk_errors() {
    check(&LINK);
}

fn check(operation: &Operation) {
    if !can_trace() {
        return;
    }
    let upstream = Upstream::start();
    let stage = OperationSandbox::new(operation, &upstream);
    let seed = seed();
    let injections = injections(&stage);
    let (mut faults, mut tally) = (Vec::new(), Tally::new("an error from a call", "points"));
    for (tried, injection) in sample(&injections, SAMPLE, seed).enumerate() {
        super::report_progress(operation.name, tried);
        stage.reset();
        let traced = stage.run(injection);
        tally.add(1);
        let found = [problems(&stage, &traced, injection), stage.faults_after_retry()].concat();
        if !found.is_empty() {
            faults.push(format!("{injection:?}, {}: {found:#?}", failed_call(&traced, injection)));
        }
        let is_enough = faults.len() > 9;
        assert!(!is_enough, "{}, seed {seed}, {tried} points: {faults:#?}", operation.name);
    }
    assert!(faults.is_empty(), "{}, seed {seed}: {faults:#?}", operation.name);
    eprintln!("{}: {} calls failed", operation.name, tally.count());
}

/// Every system call that can fail, with every error.
fn injections(stage: &OperationSandbox<'_>) -> Vec<Injection> {
    let count = |injection: Injection| {
        stage.reset();
        let traced = stage.run(injection);
        // Calls of the tool's own program don't count.
        match stage.operation.becomes_program {
            true => traced.before_last_program,
            false => traced.calls.len(),
        }
    };
    let (writes, opens) = (count(Injection::Write(0, 0)), count(Injection::Open(0, 0)));
    let error = |errno: Errno| errno.raw_os_error();
    let of_disks =
        (1..=writes).flat_map(|n| DISK_ERRORS.map(|errno| Injection::Write(n, error(errno))));
    let of_process = (1..=opens).map(|n| Injection::Open(n, error(Errno::MFILE)));
    of_disks.chain(of_process).collect()
}

/// The call that failed. The report also has later ones.
fn failed_call(traced: &Traced, injection: Injection) -> String {
    let (Injection::Write(number, _) | Injection::Open(number, _) | Injection::Kill(number)) =
        injection
    else {
        return String::new();
    };
    let call = traced.calls.iter().find(|call| call.number == number);
    call.map(|call| call.text.clone()).unwrap_or_default()
}

/// What is wrong with the outcome.
fn problems(stage: &OperationSandbox<'_>, traced: &Traced, injection: Injection) -> Vec<String> {
    let outcome = &traced.outcome;
    let mut faults = stage.faults();
    let is_done = State::of(&stage.sandbox).without_temporary(&stage.after) == stage.after;
    let call = failed_call(traced, injection);
    let mut add = |what: &str| faults.push(format!("{what}: {outcome}"));
    if outcome.stderr.contains("panicked") {
        add("it panics");
    }
    match outcome.status.code() {
        Some(0) if !is_done => add("it exits with 0 but isn't done"),
        Some(0) => {}
        Some(_) if call.is_empty() => add("it failed without an injected error"),
        Some(_) => {
            let (Injection::Write(_, error) | Injection::Open(_, error)) = injection else {
                return faults;
            };
            // The error's text differs between C libraries; `use` and the shim use different ones.
            if !outcome.stderr.contains(&format!("(os error {error})")) {
                add("it doesn't print the cause");
            }
            let names_path = outcome.stderr.contains(&*stage.sandbox.root().to_string_lossy());
            if !names_path && matches!(injection, Injection::Write(..)) {
                add("it doesn't print the path");
            }
            let is_space = [Errno::NOSPC, Errno::DQUOT].iter().any(|e| e.raw_os_error() == error);
            let is_unpacking = call.contains("/tree/") && call.starts_with("write");
            if is_space && is_unpacking && !outcome.stderr.contains(" are free") {
                add("it doesn't print how much space is needed and free");
            }
            // EMFILE in a call that reads may be ignored or retried.
            if is_done && matches!(injection, Injection::Write(..)) {
                add("everything is done, but it failed");
            }
        }
        None => add("a signal ended it"),
    }
    faults
}
