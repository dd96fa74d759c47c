//! Bare `use`: what is in force here.

use serde::Serialize;
use usher_shims::error::{Error, Result, Shown};
use usher_shims::path::next_on_path;
use usher_shims::pin::Pin;
use usher_shims::resolve::Selection;
use usher_shims::store::{Lookup, highest};

use crate::cli::output;
use crate::registry::KnownTool;
use crate::session::Session;
use crate::session::current::{active_selection, store_label, system_version, version_label};

/// What is in force of one tool.
#[derive(Serialize)]
struct Line {
    tool: &'static str,
    version: Option<String>,
    request: Option<String>,
    origin: Option<String>,
    installed: bool,
    store: Option<String>,
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Runs the verb. In JSON the answer itself has what is wrong, and the result is the exit code.
pub fn run(session: &Session, as_json: bool) -> Result<i32> {
    let mut lines = Vec::new();
    let mut first_error = None;
    for known in session.registry.all() {
        match line(session, known) {
            Ok(line) => lines.extend(line),
            Err(error) => {
                lines.push(broken(known, &error));
                first_error.get_or_insert(error);
            }
        }
    }
    if as_json {
        output::json(&lines);
        return Ok(first_error.map_or(0, |error| error.kind().exit_code().into()));
    }
    if lines.is_empty() {
        output::line("nothing is asked for here, and nothing is on disk: use node@lts");
    } else {
        output::text(output::table(&lines.iter().map(row).collect::<Vec<_>>()).as_bytes());
    }
    first_error.map_or(Ok(0), Err)
}

/// `None` for a tool that nobody asks for and that isn't there.
fn line(session: &Session, known: KnownTool<'_>) -> Result<Option<Line>> {
    let force = active_selection(session, known)?;
    let asked = force.origin().map(ToString::to_string);
    let tool = known.tool.name;
    Ok(match force {
        Selection::Toolchain(toolchain, pin) => Some(Line {
            tool,
            version: Some(version_label(&toolchain)),
            request: pin.as_ref().and_then(|pin| pin.request()).map(ToString::to_string),
            origin: asked,
            installed: true,
            store: Some(store_label(&toolchain.store).to_owned()),
            path: Some(toolchain.root.to_string_lossy().into_owned()),
            error: None,
        }),
        Selection::Missing(missing) => Some(Line {
            tool,
            version: None,
            request: missing.pin.request().map(ToString::to_string),
            origin: asked,
            installed: false,
            store: None,
            path: None,
            error: None,
        }),
        Selection::System(pin) => system(session, known, pin.as_ref())?,
        Selection::Stale => None,
    })
}

/// What would run without usher; where that is nothing and nobody asks, the newest on disk. What
/// runs on another tool comes with that one where nobody asks.
fn system(session: &Session, known: KnownTool<'_>, pin: Option<&Pin>) -> Result<Option<Line>> {
    if known.tool.runtime.is_some() && pin.is_none() {
        return Ok(None);
    }
    let mut programs = known.tool.programs.iter();
    let program = programs.find_map(|name| next_on_path(&session.world, &session.shim, name, &[]));
    let newest =
        highest(&session.world, &session.index, known.tool, |version| !version.is_prerelease())?;
    let mut line = Line {
        tool: known.tool.name,
        version: None,
        request: pin.and_then(Pin::request).map(ToString::to_string),
        origin: pin.map(|pin| pin.origin.to_string()),
        installed: true,
        store: Some("system".to_owned()),
        path: None,
        error: None,
    };
    match (program, newest) {
        (Some(program), _) => {
            line.version = system_version(session, &program).map(|version| version.to_string());
            line.path = Some(program.to_string_lossy().into_owned());
        }
        (None, Lookup::Toolchain(toolchain)) if pin.is_none() => {
            line.version = Some(version_label(&toolchain));
            line.store = Some(store_label(&toolchain.store).to_owned());
            line.path =
                Some(toolchain.program(known.tool.main_program()).to_string_lossy().into_owned());
        }
        (None, _) => {
            line.installed = false;
            line.store = None;
        }
    }
    Ok((line.installed || pin.is_some()).then_some(line))
}

fn broken(known: KnownTool<'_>, error: &Error) -> Line {
    Line {
        tool: known.tool.name,
        version: None,
        request: None,
        origin: None,
        installed: false,
        store: None,
        path: None,
        error: Some(error.what.clone()),
    }
}

fn row(line: &Line) -> Vec<String> {
    let version = line.version.clone().unwrap_or_else(|| "?".to_owned());
    let state = match (&line.error, line.installed, &line.store) {
        (Some(_), ..) => "broken".to_owned(),
        (None, false, _) => "not installed: use install".to_owned(),
        (None, true, Some(store)) if store == "usher" => "installed".to_owned(),
        (None, true, Some(store)) if store == "system" => {
            line.path.as_ref().map_or_else(String::new, |path| Shown(path.as_ref()).to_string())
        }
        (None, true, store) => format!("from {}", store.as_deref().unwrap_or("?")),
    };
    let asked = match (&line.request, &line.origin, &line.error) {
        (_, _, Some(error)) => error.clone(),
        (Some(request), Some(origin), None) => format!("{request} by {origin}"),
        _ => "nobody asks".to_owned(),
    };
    vec![line.tool.to_owned(), version, state, asked]
}
