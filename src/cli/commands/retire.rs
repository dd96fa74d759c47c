//! `use retire [TOOL@REQUEST… --on DATE]`: announces that root removes versions of the machine's store.
//! Nothing is removed here, and the versions still run.

use std::time::SystemTime;

use clap::Args;
use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::retired;
use usher_shims::tool::{TOOLS, Tool};
use usher_shims::toolchain::Store;

use super::{ToolArgument, tool_arguments};
use crate::cli::output::{self, Line, Meaning, Report, Table, Text};
use crate::config::folders;
use crate::config::retired::{RetiredVersions, Retirement};
use crate::files::clock::Date;
use crate::files::confined::command;
use crate::files::lock::Locks;
use crate::inventory::accounts::require_root;
use crate::session::Session;
use crate::store::contents::StoreContents;

/// The arguments of `use retire`.
#[derive(Debug, Default, Args)]
pub struct RetireArguments {
    /// Tools and versions to retire; without any, list those that are retired
    #[arg(value_name = "TOOL@REQUEST")]
    pub tools: Vec<String>,
    /// The day from which on they may be removed
    #[arg(long, value_name = "DATE", requires = "tools", conflicts_with = "cancel")]
    pub on: Option<String>,
    /// Take them off the list
    #[arg(long, requires = "tools")]
    pub cancel: bool,
}

/// The machine's list of retired versions.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct RetireReport {
    /// The entries of the list.
    #[serde(rename = "retired")]
    rows: Vec<RetiredRow>,
}

/// An entry of the list.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RetiredRow {
    /// The tool, as it is written in the list.
    tool: String,
    /// The request: every version that matches is retired.
    request: String,
    /// The day from which on they may be removed, in UTC.
    date: String,
    /// Whether that day has come.
    due: bool,
    /// The machine's versions that match.
    versions: Vec<String>,
}

/// Runs the command.
pub fn run(session: &Session, arguments: &RetireArguments, as_json: bool) -> Result<i32> {
    let words = tool_arguments(session, &arguments.tools)?;
    if !words.is_empty() {
        change(session, &words, arguments)?;
    }
    let list = RetiredVersions::read(&session.folders)?;
    let entries = list.entries()?.into_iter().filter(|entry| {
        let is_named = |word: &ToolArgument<'_>| {
            let request = word.request.as_ref().map(usher_shims::request::Request::as_str);
            is_of(entry, word.known.tool) && request == Some(entry.request.as_str())
        };
        words.is_empty() || words.iter().any(is_named)
    });
    let today = Date::of(SystemTime::now());
    let rows = entries.map(|entry| RetiredRow::of(session, entry, today));
    let report = RetireReport { rows: rows.collect::<Result<_>>()? };
    if arguments.cancel && !as_json {
        return words.iter().try_for_each(print_cancelled).map(|()| 0);
    }
    output::print(&report, as_json, &*session.reporter)
}

/// Changes the list: all entries, or none if one of the arguments is wrong.
fn change(
    session: &Session,
    words: &[ToolArgument<'_>],
    arguments: &RetireArguments,
) -> Result<()> {
    require_root("retire the machine's versions")
        .map_err(|error| error.hint(format!("{} retire", command("sudo", &[&session.program]))))?;
    let date = match (&arguments.on, arguments.cancel) {
        (Some(text), _) => Some(text.parse::<Date>().map_err(|reason| {
            let what = format!("invalid date “{}”", usher_shims::error::Escaped(text));
            Error::new(ErrorKind::Usage, what).because(reason)
        })?),
        (None, true) => None,
        (None, false) => {
            return Err(Error::new(ErrorKind::Usage, "missing date: --on DATE")
                .because("accounts are told when the version is removed"));
        }
    };
    let access = folders::write_access(&session.folders)?;
    let locks = Locks::new(&access, session.folders.locks());
    let timeout = session.settings.lock_timeout;
    let _lock = locks.lock("retired", timeout, &|text| session.note(text))?;
    let mut list = RetiredVersions::read(&session.folders)?;
    // A list that can't be read by everything that reads it isn't changed.
    list.entries()?;
    for word in words {
        let (tool, request) = requested(word)?;
        list = match date {
            Some(date) => list.with(tool, request, date),
            None => list.without(tool, request).ok_or_else(|| not_retired(tool, request))?,
        };
    }
    list.write()
}

/// The tool and the request of an argument, which must mean the same versions on every day.
fn requested<'a>(word: &'a ToolArgument<'_>) -> Result<(&'static Tool, &'a str)> {
    let tool = word.known.tool;
    let Some(request) = &word.request else {
        return Err(Error::new(ErrorKind::Usage, format!("which version of {}?", tool.name))
            .hint("use list"));
    };
    let text = request.as_str();
    let is_one_word = !text.contains(|one: char| one.is_whitespace() || one == '#');
    match retired::request(text, tool) {
        Ok(_) if is_one_word => Ok((tool, text)),
        parsed => {
            let reason = parsed.err().unwrap_or("it has a space or a `#`");
            Err(Error::new(ErrorKind::Usage, format!("can't retire {} {request}", tool.name))
                .because(reason)
                .hint("use list"))
        }
    }
}

fn not_retired(tool: &Tool, request: &str) -> Error {
    Error::new(ErrorKind::Usage, format!("{} {request} is not on the list", tool.name))
        .because("nothing was changed")
        .hint("use retire")
}

fn print_cancelled(word: &ToolArgument<'_>) -> Result<()> {
    let request = word.request.as_ref().map(ToString::to_string).unwrap_or_default();
    output::print_line(format!("no longer retired: {} {request}", word.known.tool.name))
}

fn is_of(entry: &Retirement, tool: &Tool) -> bool {
    tool.all_names().any(|name| name == entry.tool)
}

impl RetiredRow {
    fn of(session: &Session, entry: Retirement, today: Date) -> Result<Self> {
        let mut versions = Vec::new();
        if let Some(tool) = Tool::named(TOOLS, &entry.tool)
            && let Ok(request) = retired::request(&entry.request, tool)
        {
            let store = session.machine.join("toolchains");
            let contents = StoreContents::of(&session.registry, &store, &Store::Shared)?;
            let of_tool = contents.locations.iter().filter(|one| one.known.tool.name == tool.name);
            let matching = of_tool.filter(|one| request.matches(&one.version, tool));
            versions.extend(matching.map(|one| one.version.to_string()));
        }
        let Retirement { tool, request, date, .. } = entry;
        Ok(Self { tool, request, date: date.to_string(), due: date <= today, versions })
    }

    fn cells(&self) -> [Line; 4] {
        let versions = match self.versions.is_empty() {
            true => Line::of(Meaning::Muted, "not installed"),
            false => self.versions.join(", ").into(),
        };
        let (when, meaning) = match self.due {
            true => ("since", Meaning::Warning),
            false => ("on", Meaning::Plain),
        };
        let date = Line::of(meaning, format!("{when} {}", self.date));
        [self.tool.as_str().into(), self.request.as_str().into(), date, versions]
    }
}

impl Report for RetireReport {
    fn text(&self) -> Text {
        if self.rows.is_empty() {
            return "no version of the machine's is retired".into();
        }
        let mut table = Table::with_headings(["TOOL", "REQUEST", "RETIRED", "INSTALLED"]);
        self.rows.iter().for_each(|row| table.row(row.cells()));
        table.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::at_widths;

    #[test]
    fn each_request_has_a_row() {
        let row = |request: &str, date: &str, due, versions: &[&str]| RetiredRow {
            tool: "node".to_owned(),
            request: request.to_owned(),
            date: date.to_owned(),
            due,
            versions: versions.iter().map(ToString::to_string).collect(),
        };
        let many = ["10.24.1", "10.24.0", "10.23.3", "10.23.2"];
        let rows = vec![row("8", "2026-01-31", true, &[]), row("10", "2027-01-31", false, &many)];
        insta::assert_snapshot!(at_widths(&RetireReport { rows }.text()), @"");
        let empty = RetireReport { rows: Vec::new() };
        assert_eq!(empty.text(), "no version of the machine's is retired\n");
    }
}
