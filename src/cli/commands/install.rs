//! `use install [TOOL@REQUEST…]`: gets versions; without arguments, all that the project asks for.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::pin::Origin;
use usher_shims::request::Request;
use usher_shims::resolve::Selection;
use usher_shims::tool::Tool;
use usher_shims::toolchain::Toolchain;
use usher_shims::world::World as _;

use super::get::{self, Acquired, Prefer};
use super::{ToolArgument, default_request, refresh_shims_then, tool_arguments};
use crate::cli::output;
use crate::cli::shims::refresh_shims;
use crate::config::folders;
use crate::registry::KnownTool;
use crate::releases::ToolRequest;
use crate::session::Session;
use crate::session::current::{active_selection, store_label, version_label};

/// A request of a tool, and who asks.
type Asking<'a> = (KnownTool<'a>, Request, Origin);

/// Runs the verb.
pub fn run(session: &mut Session, words: &[String], as_json: bool) -> Result<()> {
    let wanted = match words {
        [] => of_project(session)?,
        words => named(session, words)?,
    };
    if wanted.is_empty() {
        return Err(Error::new(ErrorKind::Usage, "nothing here asks for a version")
            .hint("use install node@lts"));
    }
    let tools: Vec<&'static Tool> = wanted.iter().map(|(known, ..)| known.tool).collect();
    let report = match get_all(session, &wanted, as_json) {
        Ok(report) => report,
        Err(error) => return Err(refresh_shims_then(session, error)),
    };
    refresh_shims(session, &tools)?;
    if as_json {
        output::json(&report);
    }
    Ok(())
}

/// Runs the verb for a shared store: what else is on disk doesn't count there.
pub fn into_store(
    session: &mut Session,
    words: &[String],
    (store, as_json): (&Path, bool),
) -> Result<()> {
    let store = absolute(session, store)?;
    let report =
        session.in_store(&store, |session| get_all(session, &named(session, words)?, as_json))?;
    refresh_shims(session, &[])?;
    if as_json {
        output::json(&report);
    }
    if !session.index.stores().contains(&store) {
        let (shown, file) = (Shown(&store), session.folders.machine_settings_file());
        session.note(&format!("to use it, put stores = [\"{shown}\"] into {}", Shown(&file)));
    }
    Ok(())
}

/// A store's path from the root.
fn absolute(session: &Session, store: &Path) -> Result<PathBuf> {
    let directory = session.world.directory();
    let directory = directory.map_err(|error| Error::io("find", Path::new("."), error))?;
    Ok(directory.join(store).components().collect())
}

/// Gets all that is wanted. What can't be had keeps nothing else back, and is the error in the end.
fn get_all(session: &Session, wanted: &[Asking<'_>], as_json: bool) -> Result<Vec<Value>> {
    // A project asks for what will do; a person who names a version asks for the newest.
    let asking = wanted.iter().map(|(known, request, origin)| {
        let which = match origin {
            Origin::CommandLine => Prefer::Newest,
            _ => Prefer::Installed,
        };
        (ToolRequest { known: *known, request, origin }, which)
    });
    let asking: Vec<_> = asking.collect();
    let access = folders::write_access(&session.folders)?;
    let mut report = Vec::new();
    let mut failed: Vec<Error> = Vec::new();
    for ((wanted, _), got) in asking.iter().zip(get::all(session, &access, &asking)) {
        match got {
            Some(Ok(Acquired::Toolchain(toolchain, was_there))) => {
                report.push(told(wanted, (&toolchain, was_there), as_json));
            }
            Some(Err(error)) => failed.push(error),
            Some(Ok(Acquired::Nothing)) | None => {}
        }
    }
    // What stopped the others is the error; of those that didn't the first.
    let place = failed.iter().position(get::stops_the_batch).unwrap_or(0);
    if failed.is_empty() {
        return Ok(report);
    }
    let error = failed.remove(place);
    for other in &failed {
        session.note(&other.to_string());
    }
    Err(error)
}

/// Tells what came of one, and is what is reported of it.
fn told(
    ToolRequest { known, request, .. }: &ToolRequest<'_>,
    (toolchain, was_there): (&Toolchain, bool),
    as_json: bool,
) -> Value {
    let (tool, version) = (known.tool.name, version_label(toolchain));
    if !as_json {
        let state = if was_there { "is on disk" } else { "installed" };
        output::line(format_args!("{tool} {version} {state} ({})", Shown(&toolchain.root)));
    }
    json!({
        "tool": tool,
        "request": request.as_str(),
        "version": version,
        "store": store_label(&toolchain.store),
        "path": toolchain.root,
        "installed_now": !was_there,
    })
}

/// What was named on the command line.
fn named<'a>(session: &'a Session, words: &[String]) -> Result<Vec<Asking<'a>>> {
    let wanted =
        tool_arguments(session, words)?.into_iter().map(|ToolArgument { known, request }| {
            Ok((known, request.map_or_else(|| default_request(known), Ok)?, Origin::CommandLine))
        });
    wanted.collect()
}

/// What is asked for here, a request a tool.
fn of_project(session: &Session) -> Result<Vec<Asking<'_>>> {
    let mut wanted = Vec::new();
    for known in session.registry.all() {
        let pin = match active_selection(session, known)? {
            Selection::Missing(missing) => Some(missing.pin),
            Selection::Toolchain(_, pin) | Selection::System(pin) => pin,
            Selection::Stale => None,
        };
        let first = pin.and_then(|pin| Some((pin.requests.into_iter().next()?, pin.origin)));
        wanted.extend(first.map(|(request, origin)| (known, request, origin)));
    }
    Ok(wanted)
}
