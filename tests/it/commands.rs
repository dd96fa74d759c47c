//! Every command of `use`, typed as a person types it, its output held whole; a file a command.
//!
//! Nothing here depends on which interpreters the machine itself has: PATH holds the shims and a
//! folder of the sandbox's own, and what the system offers is left out of listings.

mod adds;
mod available;
pub(crate) mod cache;
mod check;
mod check_files;
mod check_output;
mod completions;
mod config;
mod doctor;
mod end_of_life;
mod env;
mod from;
mod install;
mod installer;
mod itself;
pub(crate) mod json;
mod lock;
mod lost_output;
mod outdated;
mod pin;
mod prune;
mod repair;
mod run;
mod setup;
mod setup_system;
mod shim;
mod status;
mod terminal;
mod typed;
mod unpin;
mod upgrade;
mod venvs;
mod verify;
mod why;

use std::io::{self, Write as _};

use serde_json::Value;

use crate::support::{Outcome, Sandbox, Tree, Upstream};

/// A project under version control, usher installed, and an upstream to fetch from.
pub(crate) fn sandbox(upstream: &Upstream) -> Sandbox {
    with_shims_on_path(Sandbox::new().with_upstream(upstream))
}

/// The same where no address answers.
pub(crate) fn offline_sandbox() -> Sandbox {
    with_shims_on_path(Sandbox::new().offline())
}

fn with_shims_on_path(sandbox: Sandbox) -> Sandbox {
    sandbox.folder("project/.git");
    let own = sandbox.folder("bin");
    let path = std::env::join_paths([sandbox.shims(), own]).expect("a PATH");
    // Whatever the machine has, all tools have shims to be called by.
    let sandbox = sandbox.with_variable("PATH", path).with_variable("USHER_SHIMS", "all");
    sandbox.install();
    sandbox
}

/// Has usher know a tool that comes from nowhere: `plain`.
pub(crate) fn with_sourceless_tool(sandbox: &Sandbox) {
    let text = "name = 'plain'\ntitle = 'Plain'\nprograms = ['plain']\n\
                variables = ['PLAIN_VERSION']\ndialect = 'npm'\nversion_components = 3\n";
    sandbox.file("home/.config/usher/registry/plain.toml", text);
}

/// What was printed on standard output, masked, without the lines of the system's own programs
/// and the widths of columns that follow from them. Each line of a tool names it.
pub(crate) fn without_system(sandbox: &Sandbox, outcome: &Outcome) -> String {
    let masked = sandbox.mask(&outcome.stdout);
    let marks = [" system", " shared", " not pinned", ": use --all"];
    let mut tool = String::new();
    let mut lines = Vec::new();
    for line in masked.lines() {
        let cells = cells(line);
        let is_repeated = line.starts_with("  ");
        let cells = if is_repeated { format!("{tool}  {cells}") } else { cells };
        cells.split("  ").next().unwrap_or_default().clone_into(&mut tool);
        if !marks.iter().any(|mark| line.contains(mark)) {
            lines.push(cells);
        }
    }
    lines.join("\n")
}

/// A line of a table, with two blanks between its cells.
fn cells(line: &str) -> String {
    let cells = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty());
    cells.collect::<Vec<_>>().join("  ")
}

/// A JSON list without what is the system's, with the sandbox's paths masked.
pub(crate) fn json_without_system(sandbox: &Sandbox, outcome: &Outcome) -> Value {
    let masked = sandbox.mask(&outcome.stdout);
    let answer: Value = serde_json::from_str(&masked).expect("JSON");
    let list = answer["tools"].as_array().or(answer["versions"].as_array()).expect("a list");
    let foreign = |entry: &Value| entry["store"] == "system" || entry["store"] == "shared";
    list.iter().filter(|entry| !foreign(entry)).cloned().collect()
}

/// Nothing below the sandbox's folder of that name may have changed.
#[track_caller]
pub(crate) fn assert_unchanged(sandbox: &Sandbox, folder: &str, before: &Tree, after_what: &str) {
    let changes = before.changes(&sandbox.tree(folder));
    assert!(changes.is_empty(), "after {after_what}: {changes:#?}");
}

/// Reports what this machine can't test, on the real standard error: the test runner captures what
/// `eprintln!` prints in tests that pass to itself.
pub(crate) fn skipped(what: &str) {
    let _ = writeln!(io::stderr(), "SKIPPED: {what}");
}
