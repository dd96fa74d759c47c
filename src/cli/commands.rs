//! The verbs of the command line, a file each, and what several of them share.

pub mod available;
pub mod cache;
pub mod check;
pub mod doctor;
pub mod env;
mod get;
pub mod install;
pub mod install_from;
pub mod install_itself;
pub mod list;
pub mod outdated;
pub mod pin;
pub mod prune;
pub mod repair;
pub mod reshim;
pub mod run;
pub mod setup;
pub mod shim;
pub mod status;
pub mod uninstall;
pub mod upgrade;
pub mod verify;
pub mod which;
pub mod why;

use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::index::RefusedProgram;
use usher_shims::request::{Request, RequestTrust};

use crate::config::folders;
use crate::registry::KnownTool;
use crate::session::Session;
use crate::shim_folder;

/// A tool that was named on the command line, with a request where one was.
struct ToolArgument<'a> {
    known: KnownTool<'a>,
    request: Option<Request>,
}

/// Reads `TOOL[@REQUEST]` words.
fn tool_arguments<'a>(session: &'a Session, words: &[String]) -> Result<Vec<ToolArgument<'a>>> {
    words.iter().map(|word| tool_argument(session, word)).collect()
}

fn tool_argument<'a>(session: &'a Session, word: &str) -> Result<ToolArgument<'a>> {
    let (name, request) = match word.split_once('@') {
        Some((name, request)) => (name, Some(request)),
        None => (word, None),
    };
    let known = session.registry.named(name)?;
    let request = request.map(|text| {
        Request::parse(text, known.tool, RequestTrust::User).map_err(|reason| {
            Error::new(
                ErrorKind::Usage,
                format!("“{}” is no version of {}", Escaped(text), known.tool.name),
            )
            .because(reason)
            .hint(format!("use available {}", known.tool.name))
        })
    });
    Ok(ToolArgument { known, request: request.transpose()? })
}

/// What a tool is pinned to where nobody said it: the newest LTS, where there is such a thing.
fn default_request(known: KnownTool<'_>) -> Result<Request> {
    let text = if known.tool.lts.is_empty() { "latest" } else { "lts" };
    Request::parse(text, known.tool, RequestTrust::User)
        .map_err(|reason| Error::new(ErrorKind::Usage, reason))
}

/// Of several versions that were asked for, one can't be had: those that came before it are on
/// disk, and shims are made for what is on disk.
fn refresh_shims_then(session: &mut Session, failed: Error) -> Error {
    if failed.kind().is_usage() {
        return failed;
    }
    // The failure matters more than one that follows from it.
    let _ = session.refresh().and_then(|()| {
        shim_folder::refresh(session, &folders::write_access(&session.folders)?, &[])
    });
    failed
}

/// The system's programs of a tool that don't count, and why.
fn refused_system_programs(session: &Session, known: KnownTool<'_>) -> Vec<String> {
    let of_tool = session.index.refused.iter().filter(|program| program.tool == known.tool.name);
    let told = |program: &RefusedProgram| {
        let (tool, path, reason) = (&program.tool, Shown(&program.path), &program.reason);
        let told = format!("the system's {tool} at {path} doesn't count: {}", Escaped(reason));
        match program.hint.as_str() {
            "" => told,
            hint => format!("{told}\n  hint: {}", Escaped(hint)),
        }
    };
    of_tool.map(told).collect()
}
