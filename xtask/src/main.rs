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
mod release;
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

impl Outcome {
    /// Of a task that was skipped, or done in part.
    fn skipped(why: impl Into<String>) -> Self {
        Self { skipped: Some(why.into()), ..Self::default() }
    }
}

/// A task of `cargo xtask`.
struct Task {
    name: &'static str,
    summary: &'static str,
    run: Run,
}

/// What a task runs.
#[derive(Clone, Copy)]
enum Run {
    /// Without options: several such tasks can be named in one call.
    Plain(fn() -> Result<Outcome>),
    /// With the options that follow its name, shown as in a usage line.
    WithOptions(&'static str, fn(&[String]) -> Result<Outcome>),
}

impl Task {
    /// Runs it with its defaults.
    fn run(&self) -> Result<Outcome> {
        match self.run {
            Run::Plain(run) => run(),
            Run::WithOptions(_, run) => run(&[]),
        }
    }
}

const TASKS: [Task; 15] = [
    Task {
        name: "setup",
        summary: "Install what tests run against; prints what can't be installed",
        run: Run::Plain(setup::setup),
    },
    Task { name: "fmt", summary: "Check the format", run: Run::Plain(lint::fmt) },
    Task {
        name: "lint",
        summary: "Run clippy on all targets, and shellcheck",
        run: Run::Plain(lint::lint),
    },
    Task {
        name: "macos",
        summary: "Run clippy on all targets for macOS, whose programs zig can build",
        run: Run::Plain(macos::macos),
    },
    Task {
        name: "macos-link",
        summary: "Build the programs for macOS as they are released, and check the files",
        run: Run::Plain(macos::macos_link),
    },
    Task {
        name: "doc",
        summary: "Build the code's documentation; no warnings",
        run: Run::Plain(lint::doc),
    },
    Task {
        name: "deny",
        summary: "Check the dependencies' licenses, advisories, versions and sources",
        run: Run::Plain(deny::deny),
    },
    Task {
        name: "msrv",
        summary: "Check that the oldest Rust that Cargo.toml promises is enough",
        run: Run::Plain(msrv::msrv),
    },
    Task { name: "test", summary: "Run the tests: cargo test", run: Run::Plain(test) },
    Task {
        name: "test-bare",
        summary: "Run the tests without network, home and interpreters",
        run: Run::Plain(bare::test_bare),
    },
    Task {
        name: "ci",
        summary: "Run all of these, as a commit must pass them",
        run: Run::Plain(ci::ci),
    },
    Task {
        name: "attack",
        summary: "Attack usher for --minutes 10, with hostile input, kills, races and fuzzing",
        run: Run::WithOptions("[--minutes N] [--seed N]", |words| {
            attack::attack(&attack::Options::parse(words)?)
        }),
    },
    Task {
        name: "release",
        summary: "Build all files of a release into target/releases, or what the options say",
        run: Run::WithOptions(
            "[--platform NAME]… [--program NAME=FILE]… [--into FOLDER] [--tag TAG]",
            |words| release::release(&release::Options::parse(words)?),
        ),
    },
    Task {
        name: "sign",
        summary: "Sign the hashes of a release that was built, with minisign",
        run: Run::WithOptions("--key FILE [--into FOLDER]", |words| {
            release::sign(&release::Options::parse(words)?)
        }),
    },
    Task { name: "help", summary: "Print this list", run: Run::Plain(help) },
];

#[expect(clippy::disallowed_methods, reason = "this is a main")]
fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    if names.is_empty() || names.iter().any(|name| name == "--help" || name == "-h") {
        print(&usage());
        return ExitCode::SUCCESS;
    }
    if let [name, options @ ..] = names.as_slice()
        && let Some(Run::WithOptions(_, run)) = find(name).map(|task| task.run)
    {
        return exit_code(name, run(options));
    }
    let mut tasks = Vec::new();
    for name in &names {
        let Some(task) = find(name) else {
            warn(&format!("error: unknown task: {name}\n\n{}", usage()));
            return ExitCode::from(2);
        };
        tasks.push(task);
    }
    for task in tasks {
        let code = exit_code(task.name, task.run());
        if code != ExitCode::SUCCESS {
            return code;
        }
    }
    ExitCode::SUCCESS
}

fn find(name: &str) -> Option<&'static Task> {
    TASKS.iter().find(|task| task.name == name)
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
    let mut text = "Usage: cargo xtask TASK…".to_owned();
    for task in &TASKS {
        if let Run::WithOptions(options, _) = task.run {
            let _ = write!(text, "\n       cargo xtask {} {options}", task.name);
        }
    }
    text.push_str("\n\nTasks:");
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
