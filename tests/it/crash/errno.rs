//! A disk that fails at every call that writes, and a process that runs out of descriptors.

use rustix::io::Errno;

use super::operations::{HANDOFF_ARG, INSTALL, Operation, PRUNE, REPAIR, RESHIM, Stage, UNINSTALL};
use super::state::{State, is_temporary};
use super::tracer::{Act, Traced, is_here};
use super::{Numbers, sample, seed};
use crate::support::Upstream;

/// How many points of an operation are tried where not all are.
const SAMPLE: usize = 6;

/// What a disk answers when it can't.
const OF_DISKS: [Errno; 4] = [Errno::NOSPC, Errno::IO, Errno::DQUOT, Errno::ROFS];

#[test]
fn an_install_meets_errors_of_the_disk() {
    check(&INSTALL);
}

#[test]
fn a_shim_that_fetches_meets_errors_of_the_disk() {
    check(&HANDOFF_ARG);
}

#[test]
fn an_uninstall_meets_errors_of_the_disk() {
    check(&UNINSTALL);
}

#[test]
fn a_repair_meets_errors_of_the_disk() {
    check(&REPAIR);
}

#[test]
fn a_prune_meets_errors_of_the_disk() {
    check(&PRUNE);
}

#[test]
fn a_reshim_meets_errors_of_the_disk() {
    check(&RESHIM);
}

fn check(operation: &Operation) {
    if !is_here() {
        return;
    }
    let upstream = Upstream::start();
    let stage = Stage::new(operation, &upstream);
    let seed = seed();
    let acts = acts(&stage);
    let acts = sample(&acts, SAMPLE, &mut Numbers(seed));
    let mut faults = Vec::new();
    for (tried, act) in acts.iter().enumerate() {
        super::tell_progress(operation.name, tried);
        stage.reset();
        let traced = stage.run(*act);
        let found = [judged(&stage, &traced, *act), stage.faults_after_retry()].concat();
        if !found.is_empty() {
            faults.push(format!("{act:?}, {}: {found:#?}", failed_call(&traced, *act)));
        }
        let is_enough = faults.len() > 9;
        assert!(!is_enough, "{}, seed {seed}, {tried} points: {faults:#?}", operation.name);
    }
    assert!(faults.is_empty(), "{}, seed {seed}: {faults:#?}", operation.name);
    eprintln!("{}: {} calls failed", operation.name, acts.len());
}

/// Every call that can fail, with every error.
fn acts(stage: &Stage<'_>) -> Vec<Act> {
    let count = |act: Act| {
        stage.reset();
        let traced = stage.run(act);
        // What the program itself can't open is its own matter.
        match stage.operation.becomes_program {
            true => traced.before_last_program,
            false => traced.calls.len(),
        }
    };
    let (writes, opens) = (count(Act::Write(0, 0)), count(Act::Open(0, 0)));
    let error = |errno: Errno| errno.raw_os_error();
    let of_disks = (1..=writes).flat_map(|n| OF_DISKS.map(|errno| Act::Write(n, error(errno))));
    let of_process = (1..=opens).map(|n| Act::Open(n, error(Errno::MFILE)));
    of_disks.chain(of_process).collect()
}

/// The call that failed: later ones are reported, too.
fn failed_call(traced: &Traced, act: Act) -> String {
    let (Act::Write(number, _) | Act::Open(number, _) | Act::Kill(number)) = act else {
        return String::new();
    };
    let call = traced.calls.iter().find(|call| call.number == number);
    call.map(|call| call.text.clone()).unwrap_or_default()
}

/// What is wrong with how it ended.
fn judged(stage: &Stage<'_>, traced: &Traced, act: Act) -> Vec<String> {
    let outcome = &traced.outcome;
    let mut faults = stage.faults();
    let is_done = State::of(&stage.sandbox).without(is_temporary) == stage.after;
    let call = failed_call(traced, act);
    let mut add = |what: &str| faults.push(format!("{what}: {outcome}"));
    if outcome.stderr.contains("panicked") {
        add("it panics");
    }
    match outcome.status.code() {
        Some(0) if !is_done => add("it says that it succeeded"),
        Some(0) => {}
        Some(_) if call.is_empty() => add("nothing was made to fail, and it failed"),
        Some(_) => {
            let (Act::Write(_, error) | Act::Open(_, error)) = act else { return faults };
            // Each C library has its own words for it; the shim's is another than `use`'s.
            if !outcome.stderr.contains(&format!("(os error {error})")) {
                add("it doesn't say the cause");
            }
            let names_path = outcome.stderr.contains(&*stage.sandbox.root().to_string_lossy());
            if !names_path && matches!(act, Act::Write(..)) {
                add("it doesn't name the path");
            }
            let is_space = [Errno::NOSPC, Errno::DQUOT].iter().any(|e| e.raw_os_error() == error);
            let is_unpacking = call.contains("/tree/") && call.starts_with("write");
            if is_space && is_unpacking && !outcome.stderr.contains(" are free") {
                add("it doesn't say what is needed and free");
            }
            // A list that can't be read may be read in vain and once more.
            if is_done && matches!(act, Act::Write(..)) {
                add("all is done, and it failed");
            }
        }
        None => add("it was ended by a signal"),
    }
    faults
}
