//! The commands of `use`, one file each, and what several of them share.

pub mod available;
pub mod cache;
pub mod check;
pub mod config;
mod dependents;
pub mod doctor;
pub mod env;
mod get;
pub mod install;
pub mod install_from;
pub mod link;
pub mod list;
pub mod list_accounts;
pub mod lock;
pub mod outdated;
pub mod pin;
pub mod policy;
pub mod prune;
pub mod prune_copies;
pub mod repair;
pub mod reshim;
pub mod retire;
pub mod run;
pub mod schema;
pub mod self_install;
pub mod self_uninstall;
pub mod self_update;
pub mod setup;
pub mod setup_system;
pub mod shim;
mod shim_faults;
pub mod status;
pub mod sync;
pub mod uninstall;
pub mod unpin;
pub mod upgrade;
pub mod verify;
pub mod which;
pub mod why;

use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::index::RejectedProgram;
use usher_shims::request::{Request, RequestTrust};
use usher_shims::tool::Tool;

use crate::cli::output::{Line, Meaning};
use crate::cli::shims::rescan_and_refresh;
use crate::registry::KnownTool;
use crate::session::Session;
use crate::session::end_of_life::EndOfLife;
use crate::session::reporter::Notice;

/// A tool on the command line, with a version request if one was typed.
struct ToolArgument<'a> {
    known: KnownTool<'a>,
    request: Option<Request>,
}

impl<'a> ToolArgument<'a> {
    /// Parses `TOOL[@REQUEST]`.
    fn parse(session: &'a Session, word: &str) -> Result<Self> {
        let (name, request) = match word.split_once('@') {
            Some((name, request)) => (name, Some(request)),
            None => (word, None),
        };
        let known = session.registry.named(name)?;
        let request = request.map(|text| {
            Request::parse(text, known.tool, RequestTrust::User).map_err(|reason| {
                Error::new(
                    ErrorKind::Usage,
                    format!("invalid version of {}: “{}”", known.tool.name, Escaped(text)),
                )
                .because(reason)
                .hint(format!("use available {}", known.tool.name))
            })
        });
        Ok(Self { known, request: request.transpose()? })
    }

    /// What was typed, or the tool's default request.
    fn request_or_default(self) -> Result<(KnownTool<'a>, Request)> {
        let request = self.request.map_or_else(|| default_request(self.known), Ok)?;
        Ok((self.known, request))
    }
}

/// Parses the `TOOL[@REQUEST]` arguments of a command.
fn tool_arguments<'a>(session: &'a Session, words: &[String]) -> Result<Vec<ToolArgument<'a>>> {
    words.iter().map(|word| ToolArgument::parse(session, word)).collect()
}

/// The request that `use TOOL` means: the newest LTS release of a tool that has such releases,
/// else the newest release.
fn default_request(known: KnownTool<'_>) -> Result<Request> {
    let text = if known.tool.lts.is_empty() { "latest" } else { "lts" };
    Request::parse(text, known.tool, RequestTrust::User)
        .map_err(|reason| Error::new(ErrorKind::Usage, reason))
}

/// Makes the shims match after a command failed halfway: versions that it installed or removed
/// before the error count, and tools that the project requests get their shims. Returns the command's
/// own error.
fn refresh_shims_after_error(
    session: &mut Session,
    error: Error,
    requested: &[&'static Tool],
) -> Error {
    if !error.kind().is_usage() {
        // The command's error matters more than one that follows from it.
        let _ = rescan_and_refresh(session, requested);
    }
    error
}

/// An error about a request that was typed behind a verb: the hint to pin another one is for that verb,
/// too.
fn hinting_at(verb: &str, error: Error) -> Error {
    with_hint_for_verb(error, |pin| pin.contains('@').then(|| format!("use {verb} {pin}")))
}

/// The same error; if its hint is only to pin something, `use PIN`, the hint is what `command` makes of
/// that.
pub(super) fn with_hint_for_verb(
    error: Error,
    command: impl FnOnce(&str) -> Option<String>,
) -> Error {
    let pin = error.hint.as_deref().and_then(|hint| hint.strip_prefix("use "));
    let pin = pin.filter(|pin| !pin.contains(' '));
    match pin.and_then(command) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// The result of a command that prints what it did beside an error: what can't be printed matters
/// most, since then nobody learns what was done.
fn ended(session: &Session, error: Option<Error>, printed: Result<()>) -> Result<()> {
    match (error, printed) {
        (None, printed) => printed,
        (Some(error), Ok(())) => Err(error),
        (Some(error), Err(unwritten)) => {
            session.reporter.error(&error);
            Err(unwritten)
        }
    }
}

/// `1 version`, `2 versions`.
fn count_of(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// The last day of a version's release line in a table, if it has passed or is near.
fn end_of_life_cell(end_of_life: Option<EndOfLife>) -> Line {
    let date = end_of_life.and_then(EndOfLife::marked_date);
    date.map_or_else(Line::new, |date| Line::of(Meaning::Warning, date))
}

/// A release of this version, as a source would list it.
#[cfg(test)]
fn test_release(version: &str) -> crate::releases::Release {
    let version = usher_shims::version::Version::parse(version).unwrap();
    crate::releases::Release {
        version,
        lts: None,
        source: "test".to_owned(),
        archive: None,
        is_translated: false,
    }
}

/// Notes on the system's programs of a tool that usher doesn't use, with the reason.
fn refused_system_programs(session: &Session, known: KnownTool<'_>) -> Vec<Notice> {
    let of_tool =
        session.index.rejected_programs.iter().filter(|program| program.tool == known.tool.name);
    let note = |program: &RejectedProgram| {
        let (tool, path, reason) = (&program.tool, Shown(&program.path), &program.reason);
        let what = format!("the system's {tool} at {path} is ignored: {}", Escaped(reason));
        let hint = (!program.hint.is_empty()).then(|| Escaped(&program.hint).to_string());
        Notice { hint, ..Notice::note(what) }
    };
    of_tool.map(note).collect()
}
