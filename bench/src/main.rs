//! Measures what a call through a shim costs, usher's beside others', in one run.
//!
//! ```text
//! cargo run --release -p usher-bench
//! ```
//!
//! hyperfine does the timing. Every shim becomes the same static program that does nothing, so what
//! is left over its own time is the shim's; the floor is a static program that only calls `execve`.
//! A peer that isn't installed, or that doesn't become the program, is left out and named. Writes
//! a page and a plot, both named `benchmark`, into `docs/`.
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

/// What goes wrong here is told and ends the run.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("bench/ has no parent")?;
    let folder = tempfile::Builder::new().prefix("usher-bench-").tempdir()?;
    tell("building");
    let programs = programs::build(root, folder.path())?;
    let mut calls = vec![
        Call::new("the program itself", &programs.nothing),
        Call::new("execve alone: the floor", &programs.floor).argument(&programs.nothing),
    ];
    calls.extend(usher::calls(&programs, folder.path())?);
    let (peers, absent) = peers::calls(&programs, folder.path());
    calls.extend(peers);
    tell("measuring: keep the machine quiet");
    let measured: Vec<Measured> = hyperfine::measure(&calls, folder.path())?;
    let growth = usher::growth(&programs, folder.path())?;
    let shells = shells::start_ups(&programs, folder.path())?;
    let resolved = in_process::resolved(root)?;
    let page = [
        report::calls(&measured, &growth),
        report::in_process(&resolved),
        report::shells(&shells, &absent),
    ]
    .concat();
    let docs = root.join("docs");
    std::fs::write(docs.join("benchmark.svg"), report::plot(&measured))?;
    std::fs::write(docs.join("benchmark.md"), &page)?;
    tell(&page);
    Ok(())
}

#[expect(clippy::print_stderr, reason = "this program's one printer")]
fn tell(text: &str) {
    eprintln!("{text}");
}
