//! `use check`: where a project's files disagree, for people and for CI.

mod code_quality;
mod fix;
mod github;
mod json;
mod located;
mod sarif;
mod text;

#[cfg(test)]
pub(in crate::cli) use self::json::CheckJson;

use clap::Args;
use usher_shims::error::Result;

use self::fix::FixMode;
use self::located::{github_folder, located, repository};
use self::text::{CheckOutput, exit_code};
use crate::check::{CheckOptions, check};
use crate::cli::output::{self, Report as _};
use crate::session::Session;

/// What `use check` checks, how strictly, and what it does with what it finds.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Fail on warnings, too: nothing pins a tool, and places differ
    #[arg(long)]
    strict: bool,
    /// Check fixtures, examples, templates and test data, too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    fix: FixArguments,
    #[command(flatten)]
    format: FormatArguments,
}

/// Whether places are changed.
#[derive(Debug, Args)]
struct FixArguments {
    /// Show a diff, and change what disagrees with a pin to the pinned version
    #[arg(long, conflicts_with = "json")]
    fix: bool,
    /// With --fix: only show the diff
    #[arg(long, requires = "fix")]
    dry_run: bool,
}

/// Who reads the output.
#[derive(Debug, Args)]
struct FormatArguments {
    /// Print GitHub's annotations
    #[arg(long, conflicts_with_all = ["code_quality", "sarif", "fix", "json"])]
    github: bool,
    /// Print a report for GitLab's code quality
    #[arg(long, conflicts_with_all = ["sarif", "fix", "json"])]
    code_quality: bool,
    /// Print SARIF, for code scanning
    #[arg(long, conflicts_with_all = ["fix", "json"])]
    sarif: bool,
}

/// Runs `use check`; returns the exit code.
pub fn run(session: &Session, arguments: &CheckArguments, as_json: bool) -> Result<i32> {
    let options = CheckOptions { strict: arguments.strict, all: arguments.all };
    if arguments.fix.fix {
        let mode = if arguments.fix.dry_run { FixMode::DryRun } else { FixMode::Write };
        return fix::run(session, options, mode);
    }
    let report = check(session, options)?;
    let exit_code = exit_code(&report);
    match &arguments.format {
        FormatArguments { github: true, .. } => {
            let findings = located(&report, &github_folder(session, &report));
            output::print_text(github::annotations(&findings))?;
            CheckOutput::of(session, report)
                .notes()
                .iter()
                .for_each(|note| session.reporter.notice(note));
        }
        FormatArguments { code_quality: true, .. } => {
            let findings = located(&report, &repository(session, &report));
            output::print_json(&code_quality::issues(&findings))?;
        }
        FormatArguments { sarif: true, .. } => {
            let findings = located(&report, &repository(session, &report));
            output::print_json(&sarif::log(&findings))?;
        }
        _ if as_json => output::print_answer(&report)?,
        _ => return output::print(&CheckOutput::of(session, report), false, &*session.reporter),
    }
    Ok(exit_code)
}
