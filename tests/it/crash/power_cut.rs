//! A power cut at any moment of the operations that change something.
//!
//! The tracer records what an operation changes and syncs (`record.rs`). A model of the file system
//! decides what is on the disk after a cut (`model.rs`, with its rules). That tree is built in the
//! sandbox, and then usher works in it.
//!
//! After each cut, every toolchain, shim, index, settings file and version file is as it was before the
//! operation or as it is after it. After the operation's exit, it is as after it. In a part of the
//! cases `use doctor`, a shim, and the operation itself are then run.

mod model;
mod record;

use std::collections::HashSet;

use self::model::{Choice, Cut, History, Rules, Tree};
use self::record::Event;
use super::operations::{
    DEFAULT, FIRST_INSTALL, FIRST_PIN, INSTALL, LINK, Operation, OperationSandbox, PIN, PRUNE,
    REMOVE_SHIM, REPAIR, RESHIM, SELF_UPDATE, SETUP, SHIM, UNDO_SETUP, UNINSTALL,
};
use super::state::State;
use super::tracer::{Injection, can_trace};
use super::{Numbers, is_full, sample, seed};
use crate::support::{Tally, Upstream};

/// How many trees of an operation and a rule set a sample compares, and a full run.
const COMPARED: (usize, usize) = (24, 3_000);

/// On how many of them commands run.
const RUN: (usize, usize) = (2, 150);

#[test]
fn install_survives_a_power_cut() {
    check(&INSTALL);
}

#[test]
fn a_first_install_survives_a_power_cut() {
    check(&FIRST_INSTALL);
}

#[test]
fn uninstall_survives_a_power_cut() {
    check(&UNINSTALL);
}

#[test]
fn repair_survives_a_power_cut() {
    check(&REPAIR);
}

#[test]
fn prune_survives_a_power_cut() {
    check(&PRUNE);
}

#[test]
fn reshim_survives_a_power_cut() {
    check(&RESHIM);
}

#[test]
fn self_update_survives_a_power_cut() {
    check(&SELF_UPDATE);
}

#[test]
fn link_survives_a_power_cut() {
    check(&LINK);
}

#[test]
fn a_pin_survives_a_power_cut() {
    check(&PIN);
}

#[test]
fn a_pin_in_a_new_file_survives_a_power_cut() {
    check(&FIRST_PIN);
}

#[test]
fn a_default_survives_a_power_cut() {
    check(&DEFAULT);
}

#[test]
fn versioned_shims_survive_a_power_cut() {
    check(&SHIM);
    check(&REMOVE_SHIM);
}

#[test]
fn setup_survives_a_power_cut() {
    check(&SETUP);
    check(&UNDO_SETUP);
}

fn check(operation: &Operation) {
    if !can_trace() {
        return;
    }
    let upstream = Upstream::start();
    let stage = OperationSandbox::traced(operation, &upstream, Injection::Record);
    let events = record::read(&stage.sandbox);
    stage.reset();
    let before = Tree::read(stage.sandbox.root(), &["home", "project"], &stage.saved());
    let seed = seed();
    let mut faults = Vec::new();
    for rules in [Rules::Ext4, Rules::Weakest] {
        let history = History::new(rules, &before, &events);
        check_history(&stage, (&history, &events), seed, &mut faults);
    }
    assert!(faults.is_empty(), "{}, seed {seed}: {faults:#?}", operation.name);
}

/// Builds the trees after some cuts, and adds what is wrong with them.
fn check_history(
    stage: &OperationSandbox<'_>,
    (history, events): (&History, &[Event]),
    seed: u64,
    faults: &mut Vec<String>,
) {
    let mut numbers = Numbers(seed);
    let end = 1 + events.iter().position(|event| *event == Event::End).expect("the command's exit");
    let cuts = cuts(history, end, &mut numbers);
    let (compared, run) = match is_full() {
        true => (COMPARED.1, RUN.1),
        false => (COMPARED.0, RUN.0),
    };
    let mut known = HashSet::new();
    let mut tally = Tally::new("a power cut", "trees");
    for cut in cuts {
        if known.len() >= compared || faults.len() > 9 {
            break;
        }
        let tree = history.tree_after(&cut);
        if !known.insert((tree.fingerprint(), cut.moment >= end)) {
            continue;
        }
        tally.add(1);
        for name in ["home", "project"] {
            tree.build(stage.sandbox.root(), name);
        }
        let mut found = faults_of_state(stage, cut.moment >= end);
        if found.is_empty() && known.len() <= run {
            found = faults_of_commands(stage);
        }
        if !found.is_empty() {
            faults.push(format!("{}: {found:#?}", history.shown(&cut, events)));
        }
    }
    eprintln!("{}: {} trees", stage.operation.name, tally.count());
}

/// Cuts, the most telling first: nothing survives that isn't synced, or all but bytes.
fn cuts(history: &History, end: usize, numbers: &mut Numbers) -> Vec<Cut> {
    let mut cuts = vec![
        Cut { moment: end, choice: Choice::Nothing },
        Cut { moment: end, choice: Choice::NoBytes },
    ];
    let mut random = |count: usize, choice: fn(u64) -> Choice| {
        for _ in 0..count {
            let (moment, seed) = (numbers.below(history.moments()), numbers.below(usize::MAX));
            cuts.push(Cut { moment, choice: choice(seed as u64) });
        }
    };
    // All moments in a full run, and in a sample a few from all parts.
    let all: Vec<usize> = (0..history.moments()).collect();
    let count = if is_full() { 1_000 } else { 10 };
    random(count, Choice::Random);
    random(count, Choice::AllButOne);
    random(count, Choice::One);
    for moment in sample(&all, 20, numbers.below(usize::MAX) as u64) {
        for choice in [Choice::Nothing, Choice::NoBytes, Choice::Everything] {
            cuts.push(Cut { moment, choice });
        }
    }
    cuts
}

/// What is neither as before nor as after the operation; what isn't as after, if it has ended.
fn faults_of_state(stage: &OperationSandbox<'_>, has_ended: bool) -> Vec<String> {
    let now = State::of(&stage.sandbox);
    let mut faults = now.faults(&stage.before, &stage.after);
    let now = now.without_temporary(&stage.after);
    if has_ended && now != stage.after {
        let missing = stage.after.0.keys().filter(|name| !now.0.contains_key(*name));
        let extra = now.0.keys().filter(|name| stage.after.0.get(*name) != now.0.get(*name));
        faults.push(format!(
            "after exit 0, missing: {:?}, other: {:?}",
            missing.collect::<Vec<_>>(),
            extra.collect::<Vec<_>>()
        ));
    }
    faults
}

/// What doesn't work in the tree that was built.
fn faults_of_commands(stage: &OperationSandbox<'_>) -> Vec<String> {
    let mut faults = stage.faults();
    let doctor = stage.sandbox.command(env!("CARGO_BIN_EXE_use")).argument("doctor").run();
    if !matches!(doctor.status.code(), Some(0 | 65)) || doctor.stderr.contains("panicked") {
        faults.push(format!("doctor fails: {doctor}"));
    }
    faults.extend(stage.faults_after_retry());
    faults
}
