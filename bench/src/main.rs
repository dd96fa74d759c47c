//! Measures what a call through a shim costs, usher's beside others', in one run.
//!
//! ```text
//! cargo run --release -p usher-bench [ROUNDS]
//! ```
//!
//! hyperfine does the timing. Every shim becomes the same static program that does nothing, so what
//! is left over its own time is the shim's; the floor is a static program that only calls `execve`.
//! A peer that isn't installed, or that doesn't become the program, is left out and named. Writes
//! a page and a plot, both named `benchmark`, into `docs/`. The page describes how it is measured.
#![allow(clippy::disallowed_methods, reason = "what only developers run prints paths as they are")]

mod hyperfine;
mod in_process;
mod peers;
mod programs;
mod report;
mod shells;
mod usher;

use std::path::Path;
use std::process::ExitCode;

use hyperfine::{Call, Measured};

/// An error is printed and ends the run.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[expect(clippy::disallowed_methods, reason = "this is a main")]
fn main() -> ExitCode {
    let rounds = std::env::args().nth(1).map_or(Ok(hyperfine::ROUNDS), |rounds| rounds.parse());
    match rounds.map_err(|_| "usage: bench [ROUNDS]".into()).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print(&format!("bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(rounds: usize) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("bench/ has no parent")?;
    let folder = tempfile::Builder::new().prefix("usher-bench-").tempdir()?;
    print("building");
    let programs = programs::build(root, folder.path())?;
    hyperfine::check_environment(folder.path())?;
    let home = folder.path();
    let mut calls = vec![
        Call::new(&programs.nothing, home).named("the program itself"),
        Call::new(&programs.floor, home)
            .argument(&programs.nothing)
            .named("`execve` alone: the floor"),
    ];
    calls.extend(usher::calls(&programs, folder.path())?);
    let first_peer = calls.len();
    let peers = peers::set_up(&programs, folder.path());
    calls.extend(peers.calls);
    peers.absent.iter().for_each(|absent| print(&format!("left out: {absent}")));
    print("measuring: keep the machine quiet");
    let mut measured: Vec<Measured> = hyperfine::measure(&calls, rounds, folder.path())?;
    measured[first_peer..].sort_by(|a, b| a.median.total_cmp(&b.median));
    let page = report::Page {
        calls: &measured,
        remarks: &peers.remarks,
        absent: &peers.absent,
        growth: &usher::growth(&programs, rounds, folder.path())?,
        shells: &shells::measured(&programs, rounds, folder.path())?,
        resolved: &in_process::resolved(root)?,
        rounds,
    }
    .text();
    let docs = root.join("docs");
    std::fs::write(docs.join("benchmark.svg"), report::plot(&measured))?;
    std::fs::write(docs.join("benchmark.md"), &page)?;
    print(&page);
    Ok(())
}

#[expect(clippy::print_stderr, reason = "this program's one printer")]
fn print(text: &str) {
    eprintln!("{text}");
}
