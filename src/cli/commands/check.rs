//! `use check`: where a project's files disagree, for people and for CI.

mod json;

use std::collections::BTreeSet;

use clap::Args;
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::request::Request;

use crate::check::{
    CheckOptions, CheckReport, Finding, Level, Mention, MentionKind, Rule, ToolGroup, check,
};
use crate::cli::output::{self, Report};
use crate::session::Session;

/// The exit code if something disagrees: `docs/exit-codes.md`.
const DISAGREES: i32 = 1;

/// What `use check` checks, and how strictly.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Fail on warnings, too: nothing pins a tool, and places differ
    #[arg(long)]
    strict: bool,
    /// Check fixtures, examples, templates and test data, too
    #[arg(long)]
    all: bool,
}

/// Runs `use check`; returns the exit code.
pub fn run(session: &Session, arguments: &CheckArguments, as_json: bool) -> Result<i32> {
    let options = CheckOptions { strict: arguments.strict, all: arguments.all };
    output::print(&check(session, options)?, as_json, &*session.reporter)
}

impl Report for CheckReport {
    fn text(&self) -> String {
        let mut lines = Vec::new();
        for group in &self.groups {
            let mut differing = group.differing().peekable();
            let (Some(baseline), true) = (&group.baseline, differing.peek().is_some()) else {
                continue;
            };
            lines.push(format!("{}: {}", group.tool.name, baseline.sentence()));
            lines.extend(differing.map(|(mention, level)| {
                format!("  {}: {}: {}", name(level), mention.place, mention.text())
            }));
        }
        let of_files =
            self.findings().into_iter().filter(|finding| finding.rule != Rule::VersionsDiffer);
        lines.extend(of_files.map(|finding| finding_line(&finding)));
        if !self.findings().iter().any(|finding| finding.level < Level::Note) {
            lines.push(agreement(self.counts().0));
        }
        lines.into_iter().map(|line| line + "\n").collect()
    }

    fn notes(&self) -> Vec<String> {
        summary(self).map(|error| error.to_string()).into_iter().collect()
    }

    fn exit_code(&self) -> i32 {
        if self.fails() { DISAGREES } else { 0 }
    }
}

/// A level's name in text and in JSON.
fn name(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

fn finding_line(finding: &Finding) -> String {
    let place = finding.place.as_ref().map_or_else(String::new, |place| format!("{place}: "));
    format!("{}: {place}{}", name(finding.level), Escaped(&finding.what))
}

fn agreement(places: usize) -> String {
    match places {
        0 => "no versions to compare are named here".to_owned(),
        1 => "the one place that names a version agrees".to_owned(),
        all => format!("all {all} places that name a version agree"),
    }
}

/// How many places disagree, and what to do; nothing if none does.
fn summary(report: &CheckReport) -> Option<Error> {
    let (all, differing) = report.counts();
    let broken = report.broken.len();
    let files = if broken == 1 { "file" } else { "files" };
    let what = match (all, differing, broken) {
        (_, 0, 0) => return None,
        (_, 0, _) => format!("{broken} version {files} can't be used"),
        (1, _, 0) => "the one place that names a version disagrees".to_owned(),
        (_, 1, 0) => format!("1 of {all} places that name a version disagrees"),
        (_, _, 0) => format!("{differing} of {all} places that name a version disagree"),
        _ => format!(
            "{differing} of {all} places that name a version disagree, and {broken} version {files} can't be used"
        ),
    };
    let error = Error::new(ErrorKind::FaultsFound, what);
    Some(match hint(report) {
        Some(hint) => error.hint(hint),
        None => error,
    })
}

/// What to type or to change, if it is the same for all places that disagree.
fn hint(report: &CheckReport) -> Option<String> {
    let differing: Vec<&ToolGroup> =
        report.groups.iter().filter(|group| group.differing().next().is_some()).collect();
    let [group] = differing.as_slice() else {
        return (!differing.is_empty())
            .then(|| "change these places, or what pins the tools".to_owned());
    };
    let baseline = group.baseline.as_ref()?;
    let mentions: Vec<&Mention> = group.differing().map(|(mention, _)| mention).collect();
    if let Some(number) = mentions.iter().find_map(|mention| mention.unquoted.as_ref()) {
        return Some(format!("quote it: '{}'", number.written));
    }
    let files: BTreeSet<String> =
        mentions.iter().map(|mention| Shown(&mention.place.path).to_string()).collect();
    let files: Vec<String> = files.into_iter().collect();
    if baseline.kind != MentionKind::Pin {
        return Some(format!("pin the version: use {}@VERSION", group.tool.name));
    }
    let change = format!("change {} to {}", listed(&files), baseline.requested());
    Some(match wanted_by_all(&mentions) {
        Some(request) => format!("{change}, or the pin: use {}@{request}", group.tool.name),
        None => format!("{change}, or the pin in {}", Shown(&baseline.place.path)),
    })
}

/// The request that all places have alike, if a shell takes it as it is.
fn wanted_by_all<'a>(mentions: &[&'a Mention]) -> Option<&'a Request> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-/".contains(c);
    let [request] = mentions.first()?.requests.as_slice() else { return None };
    let is_alike = mentions.iter().all(|mention| mention.requests == [request.clone()]);
    (is_alike && request.as_str().chars().all(is_plain)).then_some(request)
}

/// The most names that a hint lists.
const MAX_LISTED: usize = 3;

/// `a, b and c`; of many how many there are.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        _ if names.len() > MAX_LISTED => format!("these {} files", names.len()),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
