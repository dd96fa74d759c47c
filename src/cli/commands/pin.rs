//! `use TOOL[@REQUEST]…`: pins in the project, or as the user's default, and gets the version.

use serde_json::json;
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::pin::Origin;
use usher_shims::request::{Request, RequestTrust};
use usher_shims::tool::Tool;
use usher_shims::version::Version;
use usher_shims::world::World as _;

use super::get::{self, Acquired, Prefer};
use super::{ToolArgument, default_request, refresh_shims_then, tool_arguments};
use crate::cli::output;
use crate::cli::shims::refresh_shims;
use crate::config::folders;
use crate::project::{PinTarget, WrittenPin, target, write};
use crate::releases::ToolRequest;
use crate::session::Session;

/// A pin to be written, once all versions are there.
struct Pinned {
    tool: &'static Tool,
    request: Request,
    version: Option<Version>,
    target: PinTarget,
}

/// Runs the verb. Nothing is written before all that was asked for is on disk.
pub fn run(session: &mut Session, words: &[String], is_global: bool, as_json: bool) -> Result<()> {
    let pins = match get_all(session, words, is_global) {
        Ok(pins) => pins,
        Err(error) => return Err(refresh_shims_then(session, error)),
    };
    let mut report = Vec::new();
    for pin in &pins {
        let written = write(session, &pin.target, pin.tool, (&pin.request, pin.version.as_ref()))?;
        if !as_json {
            note(pin, &written);
        }
        report.push(json!({
            "tool": pin.tool.name,
            "request": written.text,
            "version": pin.version.as_ref().map(ToString::to_string),
            "file": written.path,
            "changed": written.changed,
        }));
        warn_of_stronger(session, pin);
    }
    let tools: Vec<&'static Tool> = pins.iter().map(|pin| pin.tool).collect();
    refresh_shims(session, &tools)?;
    if as_json {
        output::json(&report);
    }
    Ok(())
}

fn get_all(session: &Session, words: &[String], is_global: bool) -> Result<Vec<Pinned>> {
    let mut wanted = Vec::new();
    for ToolArgument { known, request } in tool_arguments(session, words)? {
        let request = request.map_or_else(|| default_request(known), Ok)?;
        let target = match is_global {
            true => PinTarget::Default,
            false => target(session, known.tool, &request)?,
        };
        if matches!(target, PinTarget::Default) && !is_global {
            session.note("there is no project here: this becomes your default (--global)");
        }
        check_author(&target, known.tool, &request)?;
        wanted.push((known, request, target));
    }
    // What can't be written isn't fetched.
    let asking = wanted.iter().map(|(known, request, _)| {
        (ToolRequest { known: *known, request, origin: &Origin::CommandLine }, Prefer::Newest)
    });
    let got = get::install_all(
        session,
        &folders::write_access(&session.folders)?,
        &asking.collect::<Vec<_>>(),
    )?;
    let pinned = wanted.into_iter().zip(got).map(|((known, request, target), got)| {
        let version = match got {
            Acquired::Toolchain(toolchain, _) => toolchain.version,
            Acquired::Nothing => None,
        };
        Pinned { tool: known.tool, request, version, target }
    });
    Ok(pinned.collect())
}

/// A project's files may say less than a person.
fn check_author(target: &PinTarget, tool: &'static Tool, request: &Request) -> Result<()> {
    match target {
        PinTarget::Default => Ok(()),
        PinTarget::Existing(_) | PinTarget::NewFile(_) => {
            let text = request.as_str();
            Request::parse(text, tool, RequestTrust::Project).map(drop).map_err(|reason| {
                Error::new(ErrorKind::Usage, format!("{request} can't be pinned in a project"))
                    .because(reason)
                    .hint(format!("use --global {}@{request}", tool.name))
            })
        }
    }
}

fn note(pin: &Pinned, written: &WrittenPin) {
    let version =
        pin.version.as_ref().map_or_else(String::new, |version| format!(" (now {version})"));
    let verb = if written.changed { "pinned" } else { "is pinned already" };
    output::line(format_args!(
        "{} {}{version} {verb} in {}",
        pin.tool.name,
        written.text,
        Shown(&written.path)
    ));
}

/// A variable is stronger than what was just written.
fn warn_of_stronger(session: &Session, pin: &Pinned) {
    for variable in pin.tool.variables {
        let is_ignored =
            session.settings.ignore_variables.iter().any(|ignored| ignored == variable);
        if let Some(value) =
            session.world.variable(variable).filter(|value| !value.is_empty() && !is_ignored)
        {
            let value = value.to_string_lossy();
            session.note(&format!(
                "{variable}={} is set, and stronger than this pin: unset {variable}",
                Escaped(&value)
            ));
        }
    }
}
