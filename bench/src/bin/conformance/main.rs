//! Runs the conformance suite with another version manager, and prints where it differs.
//!
//! ```text
//! cargo run -p usher-bench --bin conformance -- pyenv
//! BENCH_MISE=/path/of/mise cargo run -p usher-bench --bin conformance -- mise
//! ```
//!
//! Each case gets a home of its own, in which every installed version is a script that prints its
//! name. What the manager runs is compared with what the case gives, and both with the case's
//! `others`. This program finds the differences that the column doesn't name, and those that it
//! names and that don't exist. Nothing reaches the network.
//!
//! It also puts cases of other projects' suites to usher, and prints for each source how many agree
//! and which differ; `tests/conformance/README.md` has the form of such a file.
//!
//! ```text
//! cargo run -p usher-bench --bin conformance -- cases.jsonl
//! ```
#![allow(clippy::disallowed_methods, reason = "what only developers run prints paths as they are")]

mod cases;
#[allow(dead_code, reason = "this runner needs less of the form than the suite's own")]
#[path = "../../../../tests/it/conformance/format.rs"]
mod format;
#[allow(
    dead_code,
    clippy::expect_used,
    clippy::panic,
    reason = "a part of the suite's own runner, of which this one compares less"
)]
#[path = "../../../../tests/it/conformance/machine.rs"]
mod machine;
#[allow(
    dead_code,
    clippy::expect_used,
    clippy::panic,
    reason = "a part of the suite's own runner, of which this one compares less"
)]
#[path = "../../../../tests/it/conformance/memory.rs"]
mod memory;
mod peers;

use std::path::Path;
use std::process::ExitCode;

use format::{Case, Subject};
use peers::Peer;

/// An error is printed and ends the run.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[expect(clippy::disallowed_methods, reason = "this is a main")]
fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    let differences = match Peer::named(&name) {
        Some(peer) => run(&peer),
        None if Path::new(&name).extension().is_some_and(|extension| extension == "jsonl") => {
            cases::run(Path::new(&name))
        }
        None => Err(format!("{}, or a file of cases, .jsonl", Peer::usage()).into()),
    };
    match differences {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            print(&format!("conformance: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs all cases that a peer supports; returns how many differences the columns don't have.
fn run(peer: &Peer) -> Result<usize> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("bench/ has no parent")?;
    let mut files: Vec<_> = std::fs::read_dir(root.join("tests/conformance"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    let (mut supported, mut alike, mut unrecorded) = (0, 0, 0);
    for file in files {
        let subject = Subject::parse(&std::fs::read_to_string(&file)?)?;
        for case in subject.cases().iter().filter(|case| peer.supports(case)) {
            let answer = peer.ask(case)?;
            supported += 1;
            alike += usize::from(is_alike(&case.gives, &answer));
            if let Some(what) = unrecorded_difference(case, peer.name, &answer) {
                unrecorded += 1;
                let stem = file.file_stem().unwrap_or_default().to_string_lossy();
                print(&format!("{stem}: {}\n  {what}", case.name));
            }
        }
    }
    print(&format!(
        "{supported} cases, {alike} alike, {unrecorded} differences that the column doesn't have"
    ));
    Ok(unrecorded)
}

/// A difference that the column of a case should have, but doesn't.
fn unrecorded_difference(case: &Case, peer: &str, answer: &str) -> Option<String> {
    let recorded =
        case.others.get(peer).map(|recorded| recorded.split(": ").next().unwrap_or_default());
    let outcome = answer.split(": ").next().unwrap_or_default();
    match recorded {
        None if is_alike(&case.gives, answer) => None,
        None => Some(format!("usher: {}\n  {peer}: {answer}", case.gives)),
        Some(recorded) if recorded == outcome => None,
        Some(recorded) => Some(format!("the column: {recorded}\n  {peer}: {answer}")),
    }
}

/// Whether both choose the same version. Where it isn't installed, one may install it and the other
/// refuse.
fn is_alike(gives: &str, answer: &str) -> bool {
    let expected = gives.split(" of ").next().unwrap_or_default();
    match answer.split(": ").next().unwrap_or_default() {
        "error" | "missing" => expected.starts_with("missing ") || expected.starts_with("error "),
        "nothing" => expected.starts_with("path "),
        outcome => outcome == expected,
    }
}

#[expect(clippy::print_stdout, reason = "this program's one printer")]
fn print(text: &str) {
    println!("{text}");
}
