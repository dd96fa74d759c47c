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

use std::fmt;

use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::index::RefusedProgram;
use usher_shims::request::{Request, RequestTrust};

use crate::config::folders;
use crate::registry::KnownTool;
use crate::session::Session;
use crate::shim_folder;

/// A tool that was named on the command line, with a request where one was.
struct Asked<'a> {
    known: KnownTool<'a>,
    request: Option<Request>,
}

/// Reads `TOOL[@REQUEST]` words.
fn asked<'a>(session: &'a Session, words: &[String]) -> Result<Vec<Asked<'a>>> {
    words.iter().map(|word| one_asked(session, word)).collect()
}

fn one_asked<'a>(session: &'a Session, word: &str) -> Result<Asked<'a>> {
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
    Ok(Asked { known, request: request.transpose()? })
}

/// What a tool is pinned to where nobody said it: the newest LTS, where there is such a thing.
fn usual(known: KnownTool<'_>) -> Result<Request> {
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

/// Notes on the system's programs of a tool that usher doesn't use, with the reason.
fn refused_programs(session: &Session, known: KnownTool<'_>) -> Vec<RefusedNote> {
    let of_tool = session.index.refused.iter().filter(|program| program.tool == known.tool.name);
    let note = |program: &RefusedProgram| {
        let (tool, path, reason) = (&program.tool, Shown(&program.path), &program.reason);
        let what = format!("the system's {tool} at {path} isn't used: {}", Escaped(reason));
        let hint = (!program.hint.is_empty()).then(|| Escaped(&program.hint).to_string());
        RefusedNote { what, hint }
    };
    of_tool.map(note).collect()
}

/// A program of the system that usher doesn't use.
#[derive(Debug, Clone)]
struct RefusedNote {
    what: String,
    hint: Option<String>,
}

impl fmt::Display for RefusedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hint {
            Some(hint) => write!(f, "{}\n  hint: {hint}", self.what),
            None => f.write_str(&self.what),
        }
    }
}
