//! The tasks of a checkout, one by one, or all that a commit must pass: `cargo xtask ci`.
//!
//! `cargo xtask` lists them. A task is a few commands that could be typed by hand; it is written here
//! so that contributors, `.ci/run` and the hosted checks run the same.
#![allow(clippy::disallowed_methods, reason = "what only developers run prints paths as they are")]

mod attack;
mod bare;
mod ci;
mod deny;
mod fuzz;
mod lint;
mod macho;
mod macos;
mod msrv;
mod process;
mod setup;
mod zig;

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

/// What went wrong, as it is printed.
type Result<T> = std::result::Result<T, String>;

/// How a task ended that didn't fail.
#[derive(Default)]
struct Outcome {
    /// Why the task was skipped, or done in part.
    skipped: Option<String>,
    /// Cargo's own result lines, where tests ran.
    test_results: Vec<String>,
    /// A table of what tests tried, where they counted it.
    figures: Option<String>,
}

/// A task of `cargo xtask`.
struct Task {
    name: &'static str,
    summary: &'static str,
    run: fn() -> Result<Outcome>,
}

const TASKS: [Task; 13] = [
    Task {
        name: "setup",
        summary: "Install what tests run against; prints what can't be installed",
        run: setup::setup,
    },
    Task { name: "fmt", summary: "Check the format", run: lint::fmt },
    Task { name: "lint", summary: "Run clippy on all targets, and shellcheck", run: lint::lint },
    Task {
        name: "macos",
        summary: "Run clippy on all targets for macOS, whose programs zig can build",
        run: macos::macos,
    },
    Task {
        name: "macos-link",
        summary: "Build the programs for macOS as they are released, and check the files",
        run: macos::macos_link,
    },
    Task { name: "doc", summary: "Build the code's documentation; no warnings", run: lint::doc },
    Task {
        name: "deny",
        summary: "Check the dependencies' licenses, advisories, versions and sources",
        run: deny::deny,
    },
    Task {
        name: "msrv",
        summary: "Check that the oldest Rust that Cargo.toml promises is enough",
        run: msrv::msrv,
    },
    Task { name: "test", summary: "Run the tests: cargo test", run: test },
    Task {
        name: "test-bare",
        summary: "Run the tests without network, home and interpreters",
        run: bare::test_bare,
    },
    Task { name: "ci", summary: "Run all of these, as a commit must pass them", run: ci::ci },
    Task {
        name: "attack",
        summary: "Attack usher for --minutes 10, with hostile input, kills, races and fuzzing",
        run: || attack::attack(&attack::Options::parse(&[])?),
    },
    Task { name: "help", summary: "Print this list", run: help },
];

#[expect(clippy::disallowed_methods, reason = "this is a main")]
fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    if names.is_empty() || names.iter().any(|name| name == "--help" || name == "-h") {
        print(&usage());
        return ExitCode::SUCCESS;
    }
    if let [name, options @ ..] = names.as_slice()
        && name == "attack"
    {
        let ended = attack::Options::parse(options).and_then(|options| attack::attack(&options));
        return exit_code(name, ended);
    }
    let mut tasks = Vec::new();
    for name in &names {
        let Some(task) = TASKS.iter().find(|task| task.name == name) else {
            warn(&format!("error: unknown task: {name}\n\n{}", usage()));
            return ExitCode::from(2);
        };
        tasks.push(task);
    }
    for task in tasks {
        let code = exit_code(task.name, (task.run)());
        if code != ExitCode::SUCCESS {
            return code;
        }
    }
    ExitCode::SUCCESS
}

/// Prints how a task ended.
fn exit_code(name: &str, ended: Result<Outcome>) -> ExitCode {
    match ended {
        Ok(outcome) => {
            if let Some(figures) = outcome.figures {
                print(&figures);
            }
            if let Some(why) = outcome.skipped {
                warn(&format!("SKIPPED: {name}: {why}"));
            }
            ExitCode::SUCCESS
        }
        Err(what) => {
            warn(&format!("error: task {name} failed: {what}"));
            ExitCode::FAILURE
        }
    }
}

/// The command that the README names for running the tests.
const TEST: &str = "cargo test";

fn test() -> Result<Outcome> {
    attack::run_counted(process::cargo().args(TEST.split(' ').skip(1)))
}

#[expect(clippy::unnecessary_wraps, reason = "a task like the others")]
fn help() -> Result<Outcome> {
    print(&usage());
    Ok(Outcome::default())
}

fn usage() -> String {
    let mut text =
        "Usage: cargo xtask TASK…\n       cargo xtask attack [--minutes N] [--seed N]\n\nTasks:"
            .to_owned();
    for task in &TASKS {
        let _ = write!(text, "\n  {:<10} {}", task.name, task.summary);
    }
    text
}

/// The folder of the whole workspace.
fn checkout() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

#[expect(clippy::print_stdout, reason = "this program's printer of results")]
fn print(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "this program's printer of errors and progress")]
fn warn(text: &str) {
    eprintln!("{text}");
}
