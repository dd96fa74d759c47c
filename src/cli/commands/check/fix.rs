//! `use check --fix`: the change as a diff, and then made.

use usher_shims::error::{Escaped, Result};

use super::text::{CheckOutput, exit_code};
use crate::check::{CheckOptions, CheckReport, FixPlan, check, plan_fixes};
use crate::cli::output;
use crate::session::Session;

/// Whether the files are changed, or only shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FixMode {
    /// The files are changed.
    Write,
    /// The change is shown.
    DryRun,
}

/// Runs `use check --fix`; returns the exit code of a check of what is there afterwards.
pub(super) fn run(session: &Session, options: CheckOptions, mode: FixMode) -> Result<i32> {
    let before = CheckOutput::of(session, check(session, options)?);
    let plan = plan_fixes(session, &before.report)?;
    for file in &plan.files {
        output::print_patch(&file.diff())?;
    }
    match mode {
        FixMode::DryRun => {
            tell(session, &before, &plan, "would change");
            Ok(exit_code(&before.report))
        }
        FixMode::Write => {
            write(&plan)?;
            tell(session, &before, &plan, "changed");
            print_rest(session, check(session, options)?)
        }
    }
}

/// Replaces the files one after the other. An error says how many were changed before it.
fn write(plan: &FixPlan) -> Result<()> {
    for (count, file) in plan.files.iter().enumerate() {
        file.apply().map_err(|error| match count {
            0 => error,
            1 => error.because("1 file was changed before"),
            _ => error.because(format!("{count} files were changed before")),
        })?;
    }
    Ok(())
}

/// Says on standard error what is left, and how much has changed.
fn tell(session: &Session, before: &CheckOutput, plan: &FixPlan, verb: &str) {
    for left in &plan.left {
        let place = before.seen_place(&left.place);
        session.note(&format!("left as it is: {place}: {}", Escaped(&left.why)));
    }
    session.note(&summary(plan.places(), plan.files.len(), plan.left.len(), verb));
}

/// `changed 3 places in 2 files; 1 is left`
fn summary(places: usize, files: usize, left: usize, verb: &str) -> String {
    let changed = match (places, files) {
        (0, _) => "nothing to change".to_owned(),
        (1, _) => format!("{verb} 1 place in 1 file"),
        (_, 1) => format!("{verb} {places} places in 1 file"),
        _ => format!("{verb} {places} places in {files} files"),
    };
    match left {
        0 => changed,
        1 => format!("{changed}; 1 is left"),
        _ => format!("{changed}; {left} are left"),
    }
}

/// Prints what still disagrees.
fn print_rest(session: &Session, report: CheckReport) -> Result<i32> {
    let rest = CheckOutput::of(session, report);
    match rest.report.findings().is_empty() {
        true => Ok(exit_code(&rest.report)),
        false => output::print(&rest, false, &*session.reporter),
    }
}
