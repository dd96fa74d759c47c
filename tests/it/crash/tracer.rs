//! Counts a command's system calls, and kills it before one of them or makes one fail (`tracer.c`).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::support::{Outcome, Sandbox, built};

/// The fault to inject into a command.
#[derive(Debug, Clone, Copy)]
pub(super) enum Injection {
    /// None: only count its calls.
    Count,
    /// None: record what it changes in the sandbox.
    Record,
    /// Kill all its processes before this call.
    Kill(usize),
    /// Let this call fail with this error. Counts calls that write below the sandbox's home.
    Write(usize, i32),
    /// Let this call fail with this error. Counts calls that create file descriptors.
    Open(usize, i32),
}

/// A counted system call.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// Its number among the counted calls.
    pub(super) number: usize,
    /// Whether it changes something in the home.
    pub(super) changes: bool,
    /// Its text: `renameat2 /home/…`.
    pub(super) text: String,
}

/// A traced command.
pub(super) struct Traced {
    pub(super) outcome: Outcome,
    /// The counted calls.
    pub(super) calls: Vec<Call>,
    /// How many calls there were when the last program started.
    pub(super) before_last_program: usize,
}

impl Traced {
    /// The last call.
    pub(super) fn last(&self) -> &str {
        self.calls.last().map_or("", |call| &call.text)
    }
}

/// Whether processes can be traced here; prints a message if not.
pub(super) fn can_trace() -> bool {
    static HERE: OnceLock<bool> = OnceLock::new();
    let can_trace = *HERE.get_or_init(|| {
        let known = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
        let sandbox = Sandbox::new();
        known && run(&sandbox, Injection::Count, &["true"]).outcome.status.success()
    });
    if !can_trace {
        crate::commands::skipped(
            "can't trace processes here; faults in system calls aren't tested",
        );
    }
    can_trace
}

/// Runs a command in the sandbox under the tracer.
pub(super) fn run(sandbox: &Sandbox, injection: Injection, command: &[&str]) -> Traced {
    let report = sandbox.root().join("report");
    let (mode, number, error) = match injection {
        Injection::Count => ("count", 0, 0),
        Injection::Record => ("record", 0, 0),
        Injection::Kill(number) => ("kill", number, 0),
        Injection::Write(number, error) => ("write", number, error),
        Injection::Open(number, error) => ("open", number, error),
    };
    let root = match injection {
        Injection::Record => sandbox.root().to_path_buf(),
        _ => sandbox.home(),
    };
    let tracer = sandbox.command(program()).argument(root).argument(&report);
    let tracer = tracer.arguments([mode, &number.to_string(), &error.to_string()]);
    let outcome = tracer.arguments(command).run();
    let text = String::from_utf8_lossy(&fs::read(&report).unwrap_or_default()).into_owned();
    let programs = text.lines().filter_map(|line| line.strip_suffix(" x exec")?.parse().ok());
    Traced { outcome, before_last_program: programs.max().unwrap_or(0), calls: calls(&text) }
}

fn calls(text: &str) -> Vec<Call> {
    let call = |line: &str| {
        let (number, rest) = line.split_once(' ')?;
        let (kind, text) = rest.split_once(' ')?;
        let number = number.parse().ok().filter(|_| kind != "x")?;
        Some(Call { number, changes: kind == "w", text: text.to_owned() })
    };
    text.lines().filter_map(call).collect()
}

fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| built::c_program("tracer", include_str!("tracer.c")))
}
