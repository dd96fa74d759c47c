//! Making the shims match what a command did.
//!
//! The rescan runs as the caller, since it starts the system's programs to learn their versions; the
//! shim folder is written as its owner. A caller that holds write access drops it first.

use usher_shims::error::Result;
use usher_shims::name::Name;
use usher_shims::pin::Origin;
use usher_shims::process::is_secure;
use usher_shims::tool::Tool;
use usher_shims::world::World as _;

use crate::config::folders;
use crate::files::write_access::WriteAccess;
use crate::inventory::ProbeReuse;
use crate::session::Session;
use crate::session::active::active_selection;
use crate::shim_folder::{self, ShimChanges, requested};

/// Rescans the machine and makes the shims match; tools in `named` get shims even if no version of
/// them is installed.
///
/// If the shims match already, a failure to write them is only a warning: the command itself has
/// succeeded.
pub fn refresh_shims(session: &mut Session, named: &[&'static Tool]) -> Result<()> {
    session.refresh()?;
    make_shims(session, named)
}

/// Like [`refresh_shims`], after a command that pins or installs versions for a project: the tools in
/// `named` and all that are pinned here keep their shims until the tool is uninstalled.
pub fn refresh_shims_of_project(session: &mut Session, named: &[&'static Tool]) -> Result<()> {
    session.refresh()?;
    let tools = [named.to_vec(), pinned_tools(session)].concat();
    keep_shims_of(session, &tools);
    make_shims(session, &tools)
}

/// Rescans the machine, reads what failed again, and makes the shims match, also those of the tools
/// that are pinned here. Returns what changed.
pub fn rescan_all_and_refresh(session: &mut Session) -> Result<ShimChanges> {
    session.rescan(ProbeReuse::SuccessesOnly)?;
    let tools = pinned_tools(session);
    keep_shims_of(session, &tools);
    shim_folder::refresh(session, &folders::write_access(&session.folders)?, &tools)
}

/// Makes shims for the tools that are pinned here, if one is missing. What can't be made is left to
/// `use doctor`: a command that only shows something doesn't fail by it.
pub fn make_missing_shims(session: &mut Session) {
    let shims = session.folders.shims();
    if is_secure() || !shims.is_dir() {
        return;
    }
    let is_missing = |program: &&str| {
        session.world.metadata(&shims.join(program)).is_ok_and(|seen| seen.is_none())
    };
    let mut tools = pinned_tools(session);
    tools.retain(|tool| tool.programs.iter().any(&is_missing));
    if !tools.is_empty() {
        let _ = refresh_shims_of_project(session, &tools);
    }
}

/// Makes the shims match after versions were removed: tools whose shims were only kept for a project
/// lose them.
pub fn refresh_shims_without(
    session: &mut Session,
    tools: impl IntoIterator<Item = &'static str>,
) -> Result<()> {
    let access = folders::write_access(&session.folders)?;
    for name in tools.into_iter().filter_map(Name::parse) {
        requested::remove_entry(&access, &session.folders, &name)?;
    }
    drop(access);
    refresh_shims(session, &[])
}

/// Rescans the machine and makes the shims match, or fails; tools in `kept` keep theirs until they are
/// uninstalled. Returns what changed.
pub fn rescan_and_refresh(session: &mut Session, kept: &[&'static Tool]) -> Result<ShimChanges> {
    session.refresh()?;
    let access = folders::write_access(&session.folders)?;
    record_tools(session, &access, kept)?;
    shim_folder::refresh(session, &access, kept)
}

/// The tools that a file of this project pins or limits.
pub fn pinned_tools(session: &Session) -> Vec<&'static Tool> {
    let is_pinned = |known| {
        let selection = active_selection(session, known);
        selection.is_ok_and(|selection| matches!(selection.origin(), Some(Origin::File(_))))
    };
    session.registry.all().filter(|known| is_pinned(*known)).map(|known| known.tool).collect()
}

fn make_shims(session: &Session, named: &[&'static Tool]) -> Result<()> {
    let access = folders::write_access(&session.folders)?;
    match shim_folder::refresh(session, &access, named) {
        Err(error) if shim_folder::is_current(session, named) => session.note(&error.to_string()),
        refreshed => drop(refreshed?),
    }
    Ok(())
}

/// Records that tools keep their shims; without a record they lose them at the next refresh.
fn keep_shims_of(session: &Session, tools: &[&'static Tool]) {
    let recorded = folders::write_access(&session.folders)
        .and_then(|access| record_tools(session, &access, tools));
    if let Err(error) = recorded {
        session.note(&error.to_string());
    }
}

/// Records tools, unless they have all their shims anyway.
fn record_tools(session: &Session, access: &WriteAccess, tools: &[&'static Tool]) -> Result<()> {
    let recorded = requested::read_entries(&session.folders)?;
    for tool in tools.iter().filter(|tool| !recorded.contains(tool.name)) {
        let known = session.registry.named(tool.name)?;
        if let Some(name) = Name::parse(tool.name)
            && !shim_folder::is_permanent(session, known)?
        {
            requested::add_entry(access, &session.folders, &name)?;
        }
    }
    Ok(())
}
