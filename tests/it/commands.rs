//! Every command of `use`, as users type it, with its complete output. One file per command.
//!
//! The tests don't depend on the machine's interpreters: PATH has only the shims and a folder of
//! the sandbox, and listings are compared without the system's versions.

mod adds;
mod available;
pub(crate) mod cache;
mod check;
mod doctor;
mod env;
mod from;
mod install;
mod json;
mod outdated;
mod pin;
mod prune;
mod repair;
mod run;
mod setup;
mod shim;
mod status;
mod typed;
mod upgrade;
mod verify;
mod why;

use std::io::{self, Write as _};

use serde_json::Value;

use crate::support::{Outcome, Sandbox, Tree, Upstream};

/// A sandbox with usher, a project under version control, and an upstream.
pub(crate) fn sandbox(upstream: &Upstream) -> Sandbox {
    set_up(Sandbox::new().with_upstream(upstream))
}

/// The same without a network: every address refuses connections.
pub(crate) fn offline_sandbox() -> Sandbox {
    set_up(Sandbox::new().offline())
}

fn set_up(sandbox: Sandbox) -> Sandbox {
    sandbox.folder("project/.git");
    let own = sandbox.folder("bin");
    let path = std::env::join_paths([sandbox.shims(), own]).expect("a PATH");
    // Create shims for all tools, whatever the machine has.
    let sandbox = sandbox.with_variable("PATH", path).with_variable("USHER_SHIMS", "all");
    sandbox.install();
    sandbox
}

/// Defines a tool without sources: `plain`.
pub(crate) fn with_sourceless_tool(sandbox: &Sandbox) {
    let text = "name = 'plain'\ntitle = 'Plain'\nprograms = ['plain']\n\
                variables = ['PLAIN_VERSION']\ndialect = 'npm'\nversion_components = 3\n";
    sandbox.file("home/.config/usher/registry/plain.toml", text);
}

/// Standard output, masked, without the lines of the system's own programs, and without column
/// widths, which depend on them.
pub(crate) fn without_system(sandbox: &Sandbox, outcome: &Outcome) -> String {
    let masked = sandbox.mask(&outcome.stdout);
    let marks = [" system ", " shared ", " not pinned"];
    let foreign = |line: &&str| marks.iter().any(|mark| line.contains(mark));
    let lines = masked.lines().filter(|line| !foreign(line));
    lines.map(cells).collect::<Vec<_>>().join("\n")
}

/// A table row with two spaces between its cells.
fn cells(line: &str) -> String {
    let cells = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty());
    cells.collect::<Vec<_>>().join("  ")
}

/// A JSON list without the system's versions, with masked paths.
pub(crate) fn json_without_system(sandbox: &Sandbox, outcome: &Outcome) -> Value {
    let masked = sandbox.mask(&outcome.stdout);
    let list: Vec<Value> = serde_json::from_str(&masked).expect("a list in JSON");
    let is_systems = |entry: &Value| entry["store"] == "system" || entry["store"] == "shared";
    list.into_iter().filter(|entry| !is_systems(entry)).collect()
}

/// Checks that nothing changed in this folder of the sandbox.
#[track_caller]
pub(crate) fn assert_unchanged(sandbox: &Sandbox, folder: &str, before: &Tree, after_what: &str) {
    let changes = before.changes(&sandbox.tree(folder));
    assert!(changes.is_empty(), "after {after_what}: {changes:#?}");
}

/// Reports what can't be tested on this machine. Writes to standard error directly, because the
/// test harness captures `eprintln!`.
pub(crate) fn skipped(what: &str) {
    let _ = writeln!(io::stderr(), "SKIPPED: {what}");
}
