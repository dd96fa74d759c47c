//! Virtual environments of the project, and the active one: those that can't run, those of another
//! version than the project requests, and those that come before the shims on PATH.

use std::path::Path;

use usher_shims::error::Shown;
use usher_shims::resolve::Selection;
use usher_shims::world::World as _;

use crate::project::project_root;
use crate::registry::KnownTool;
use crate::session::Session;
use crate::session::active::active_selection;
use crate::store::venvs::{Venv, VenvFault, as_typed};

/// An environment worth knowing of, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum VenvNotice {
    /// It can't do what it is for.
    Fault(String, String),
    /// It is the active one.
    Active(String, String),
}

/// The environments of a tool that are worth knowing of.
pub(super) fn notices(session: &Session, known: KnownTool<'_>) -> Vec<VenvNotice> {
    let Some(rules) = &known.definition.venvs else { return Vec::new() };
    let active = session.world.variable(&rules.variable).filter(|value| !value.is_empty());
    let active = active.and_then(|folder| Venv::read(&session.world, known, Path::new(&folder)));
    let mut venvs = project_venvs(session, known, &rules.names);
    let is_new = |venv: &Venv| venvs.iter().all(|known| !is_same(session, known, venv));
    venvs.extend(active.clone().filter(is_new));
    if venvs.is_empty() {
        return Vec::new();
    }
    let selection = active_selection(session, known).unwrap_or(Selection::Nothing(None));
    let faults = venvs.iter().filter_map(|venv| {
        let is_active = active.as_ref().is_some_and(|active| is_same(session, active, venv));
        fault_notice(session, venv, &selection, is_active)
    });
    let on_path = active.as_ref().and_then(|venv| path_note(session, venv, &rules.variable));
    faults.chain(on_path).collect()
}

/// The environments with the usual names, in the working directory and up to the project's folder.
fn project_venvs(session: &Session, known: KnownTool<'_>, names: &[String]) -> Vec<Venv> {
    let Ok(here) = session.world.directory() else { return Vec::new() };
    let root = project_root(session, &here).ok().flatten().unwrap_or_else(|| here.clone());
    let folders = here.ancestors().take_while(|folder| folder.starts_with(&root));
    let folders = folders.flat_map(|folder| names.iter().map(|name| folder.join(name)));
    folders.filter_map(|folder| Venv::read(&session.world, known, &folder)).collect()
}

fn is_same(session: &Session, one: &Venv, other: &Venv) -> bool {
    one.folder == other.folder || session.world.is_same(&one.file, &other.file)
}

/// What is wrong with an environment, and the line that makes it again.
fn fault_notice(
    session: &Session,
    venv: &Venv,
    selection: &Selection,
    is_active: bool,
) -> Option<VenvNotice> {
    let tool = venv.tool.name;
    let (line, what) = match venv.fault(session, selection)? {
        VenvFault::Broken => (venv.base_line, format!("can't run: its {tool} is gone")),
        VenvFault::OtherVersion { version, line, pin } => {
            let (request, origin) = (pin.request()?, &pin.origin);
            let what = format!("has {tool} {version}, but {request} is requested by {origin}");
            (line, what)
        }
    };
    let here = session.world.directory().unwrap_or_default();
    let folder = as_typed(&venv.folder, &here);
    let file = folder.join(venv.file.file_name()?);
    let command = venv.create_command(&here);
    // The active one would otherwise be made again by its own program.
    let hint = if is_active { format!("deactivate; {command}") } else { command };
    let (folder, file) = (Shown(&folder), Shown(&file));
    let what = format!("the virtual environment {folder} {what} ({file}:{line})");
    Some(VenvNotice::Fault(what, hint))
}

/// Where the active environment is on PATH.
fn path_note(session: &Session, venv: &Venv, variable: &str) -> Option<VenvNotice> {
    let path = session.world.variable("PATH")?;
    let own = venv.programs();
    let shims = &session.shim.folders;
    let first = std::env::split_paths(&path)
        .find(|entry| entry == own || shims.iter().any(|one| one == entry));
    let (tool, folder) = (venv.tool.name, Shown(&venv.folder));
    Some(match first {
        Some(entry) if entry == own => VenvNotice::Active(
            format!(
                "the virtual environment {folder} is active: its {tool} runs, and not the shim's"
            ),
            "to run the version of the folder that you are in: deactivate".to_owned(),
        ),
        _ => VenvNotice::Active(
            format!(
                "{variable}={folder} is set, but the shims come first on PATH: {tool} is not the environment's"
            ),
            format!(
                "run {}, or activate the environment again",
                Shown(&own.join(venv.tool.main_program()))
            ),
        ),
    })
}
