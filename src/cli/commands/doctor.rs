//! `use doctor`: looks for what may be wrong, and says what to do about it.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::Serialize;
use usher_shims::call::Call;
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::index::{Index, index_file};
use usher_shims::path::next_on_path;
use usher_shims::pin::Origin;
use usher_shims::resolve::Selection;
use usher_shims::search::{Finding, search};
use usher_shims::world::World as _;

use super::{RefusedNote, refused_programs};
use crate::cli::output;
use crate::config::settings;
use crate::registry::KnownTool;
use crate::releases::platform::platform;
use crate::session::Session;
use crate::session::current::active_selection;
use crate::shim_folder;

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Good,
    /// Worth knowing.
    Note,
    /// Wrong.
    Bad,
}

/// A check.
#[derive(Serialize)]
struct Check {
    state: State,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Check {
    fn good(what: impl Into<String>) -> Self {
        Self { state: State::Good, what: what.into(), hint: None }
    }

    fn note(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { state: State::Note, what: what.into(), hint: Some(hint.into()) }
    }

    fn bad(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { state: State::Bad, what: what.into(), hint: Some(hint.into()) }
    }
}

/// Runs the verb; anything wrong ends it with [`ErrorKind::FaultsFound`]'s exit code, which is the result.
pub fn run(session: &Session, as_json: bool) -> Result<i32> {
    let mut checks = vec![Check::good(format!(
        "usher {} on {}, at {}",
        env!("CARGO_PKG_VERSION"),
        platform(&session.world),
        Shown(&session.folders.data)
    ))];
    checks.push(path(session));
    checks.push(index(session));
    checks.extend(shims(session));
    checks.push(writable(session));
    checks.extend(own_tools(session));
    for known in session.registry.all() {
        checks.extend(variables(session, known));
        checks.extend(force(session, known));
        checks.extend(refused_ones(session, known));
    }
    checks.extend(set_otherwise(session));
    let bad = checks.iter().filter(|check| check.state == State::Bad).count();
    if as_json {
        output::json(&checks);
        return Ok(if bad == 0 { 0 } else { i32::from(ErrorKind::FaultsFound.exit_code()) });
    }
    print(&checks);
    match bad {
        0 => Ok(0),
        1 => Err(Error::new(ErrorKind::FaultsFound, "one thing is wrong")),
        several => Err(Error::new(ErrorKind::FaultsFound, format!("{several} things are wrong"))),
    }
}

fn print(checks: &[Check]) {
    for check in checks {
        let mark = match check.state {
            State::Good => "ok  ",
            State::Note => "note",
            State::Bad => "BAD ",
        };
        output::line(format_args!("{mark}  {}", check.what));
        if let Some(hint) = &check.hint {
            output::line(format_args!("      {hint}"));
        }
    }
}

/// Whether shims come first on PATH.
fn path(session: &Session) -> Check {
    let shims = session.folders.shims();
    let path = session.world.variable("PATH").unwrap_or_default();
    let entries: Vec<_> = std::env::split_paths(&path).collect();
    // An account that has nothing of its own is served by the machine's shims.
    let holds =
        |entry: &PathBuf| session.shim.folders.iter().any(|one| is_one(session, entry, one));
    let Some(place) = entries.iter().position(holds) else {
        return Check::bad(format!("PATH doesn't hold {}", Shown(&shims)), "use setup");
    };
    let before = &entries[..place];
    let hidden = session.registry.all().flat_map(|known| known.tool.programs).find_map(|program| {
        let earlier = before.iter().map(|folder| folder.join(program));
        earlier.into_iter().find(|path| {
            session.world.metadata(path).ok().flatten().is_some_and(|seen| seen.is_program)
        })
    });
    match hidden {
        Some(program) => Check::bad(
            format!("{} comes before the shims on PATH, and hides them", Shown(&program)),
            format!("put {} further to the front, or: use setup", Shown(&shims)),
        ),
        None => Check::good(format!("{} is on PATH", Shown(&entries[place]))),
    }
}

fn is_one(session: &Session, entry: &Path, shims: &Path) -> bool {
    let identity =
        |path: &Path| session.world.metadata(path).ok().flatten().map(|seen| seen.identity);
    entry == shims
        || (entry.is_absolute() && identity(entry).is_some() && identity(entry) == identity(shims))
}

/// Whether the shims' index is what it should be.
fn index(session: &Session) -> Check {
    let file = index_file(&session.folders.shims());
    let index = session.world.read(&file).ok().and_then(|index| Index::parse(&index));
    match index {
        Some(index) if index.print() == session.index.print() => {
            Check::good("the shims' index is up to date")
        }
        Some(_) => Check::note("the shims' index is out of date", "use reshim"),
        None => Check::bad(format!("{} is absent or unreadable", Shown(&file)), "use reshim"),
    }
}

/// Whether all shims are there, and whether others' files stand among them.
fn shims(session: &Session) -> Vec<Check> {
    let folder = session.folders.shims();
    if !folder.is_dir() {
        return Vec::new();
    }
    let changes = match shim_folder::needed(session, &[]) {
        Ok(changes) => changes,
        Err(error) => return vec![Check::bad(error.what, "use reshim")],
    };
    let mut checks = Vec::new();
    if !changes.made.is_empty() {
        let what = format!("shims are missing: {}", changes.made.join(" "));
        checks.push(Check::note(what, "use reshim"));
    }
    if !changes.left.is_empty() {
        let what = shim_folder::foreign_files_notice(session, &changes.left);
        checks.push(Check::note(what, "move them elsewhere, then: use reshim"));
    }
    checks
}

fn writable(session: &Session) -> Check {
    let data = &session.folders.data;
    match rustix::fs::access(data, rustix::fs::Access::WRITE_OK) {
        Ok(()) => Check::good(format!("{} may be written", Shown(data))),
        Err(error) => Check::note(
            format!(
                "{} can't be written ({error}): what is on disk runs, nothing can be fetched",
                Shown(data)
            ),
            "export USHER_HOME=/a/folder/of/yours",
        ),
    }
}

/// Official images set such variables as labels of what they contain.
fn variables(session: &Session, known: KnownTool<'_>) -> Vec<Check> {
    let set = known.tool.variables.iter().filter_map(|name| {
        let value = session.world.variable(name).filter(|value| !value.is_empty())?;
        Some((name, Escaped(&value.to_string_lossy()).to_string()))
    });
    set.map(|(name, value)| {
        match session.settings.ignore_variables.iter().any(|ignored| ignored == name) {
            true => Check::good(format!(
                "{name}={value} is set, and ignored (the setting `ignore_variables`)"
            )),
            false => Check::note(
                match overridden(session, known) {
                    Some(pin) => format!("{name}={value} is set: it overrides {pin}"),
                    None => format!("{name}={value} is set: it is stronger than all version files"),
                },
                format!(
                    "unset {name}, or put ignore_variables = [\"{name}\"] into {}",
                    Shown(&session.folders.settings_file())
                ),
            ),
        }
    })
    .collect()
}

/// What the project's files would say if it weren't for a variable.
fn overridden(session: &Session, known: KnownTool<'_>) -> Option<String> {
    let call = Call::of_interpreter(known.tool)?;
    let mut pin = None;
    let searched = search(&session.world, &session.index, &call, &mut |finding| match finding {
        Finding::Pin(one) if matches!(one.origin, Origin::File(_)) => {
            pin = Some(one);
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    let pin = searched.ok().and(pin)?;
    let request = pin.request()?;
    Some(format!("{request}, which {} asks for", pin.origin))
}

/// Own tools' files: what is wrong with them, and which take the place of usher's own definitions.
fn own_tools(session: &Session) -> Vec<Check> {
    let faulty = session.registry.faults().iter().map(|fault| {
        let what = [vec![fault.what.clone()], fault.causes.clone()].concat().join(": ");
        Check::bad(what, "mend the file, and: use reshim")
    });
    let replaced = session.registry.replaced().map(|(tool, file)| {
        let (name, file) = (tool.name, Shown(file));
        Check::note(
            format!("{name} is what {file} says, not what usher knows of it"),
            format!("rm '{file}', if that isn't meant"),
        )
    });
    faulty.chain(replaced).collect()
}

/// The system's programs that don't count, of a tool that somebody asks for here.
fn refused_ones(session: &Session, known: KnownTool<'_>) -> Vec<Check> {
    if matches!(active_selection(session, known), Ok(Selection::System(None))) {
        return Vec::new();
    }
    let note = |RefusedNote { what, hint }| Check { state: State::Note, what, hint };
    refused_programs(session, known).into_iter().map(note).collect()
}

fn force(session: &Session, known: KnownTool<'_>) -> Option<Check> {
    let tool = known.tool.name;
    match active_selection(session, known) {
        Err(Error { what, causes, hint, .. }) => {
            let what = [vec![what], causes].concat().join(": ");
            Some(Check { state: State::Bad, what, hint })
        }
        Ok(Selection::Missing(missing)) => {
            let request = missing.pin.request().map(ToString::to_string).unwrap_or_default();
            let what = format!(
                "{tool} {request} was asked for by {}, but isn't on disk",
                missing.pin.origin
            );
            Some(Check::note(what, format!("use install {tool}@{request}")))
        }
        // What runs on another tool comes with that one where nobody asks.
        Ok(Selection::System(None)) if known.tool.runtime.is_none() => {
            next_on_path(&session.world, &session.shim, known.tool.main_program(), &[]).map(
                |program| {
                    Check::good(format!("nobody asks for {tool} here: {} runs", Shown(&program)))
                },
            )
        }
        Ok(Selection::Toolchain(..) | Selection::System(_) | Selection::Stale) => None,
    }
}

/// What was set, and where.
fn set_otherwise(session: &Session) -> Vec<Check> {
    let set =
        session.settings.list().filter(|(_, _, origin)| **origin != settings::Origin::Default);
    set.map(|(setting, value, origin)| Check::good(format!("{} = {value} ({origin})", setting.key)))
        .collect()
}
