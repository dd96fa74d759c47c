//! The links of `use link` that lead to nothing, or aren't used.

use usher_shims::error::Error;
use usher_shims::store::{damaged, is_complete};

use super::check::DoctorCheck;
use super::check_id::CheckId;
use crate::inventory::refused_links;
use crate::registry::KnownTool;
use crate::session::Session;
use crate::session::active::active_selection;

/// The faults of a tool's links.
pub(super) fn faults(session: &Session, known: KnownTool<'_>) -> Vec<DoctorCheck> {
    let tool = known.tool;
    // What is wrong with the active version is reported as such.
    let active = active_selection(session, known).err();
    let links = session.index.links.iter().filter(|link| link.tool == tool.name);
    let broken = links.filter_map(|link| {
        let toolchain = link.toolchain();
        let is_complete = is_complete(&session.world, tool, &toolchain).unwrap_or(true);
        let error = (!is_complete).then(|| damaged(tool, &toolchain, tool.main_program()))?;
        let is_active = active.as_ref().is_some_and(|active| active.what == error.what);
        let Error { what, hint, .. } = (!is_active).then_some(error)?;
        let check = DoctorCheck::error(CheckId::LinkBroken, what, hint.unwrap_or_default());
        Some(check.of_tool(tool.name).at(&link.root))
    });
    let refused = refused_links(&session.world, &session.folders, tool).unwrap_or_default();
    let refused = refused.into_iter().map(|(link, fault)| {
        let (tool, name) = (tool.name, &link.name);
        let what = format!("{tool}@{name} is not used for all accounts: {fault}");
        let hint = format!("use uninstall {tool}@{name}");
        DoctorCheck::error(CheckId::LinkBroken, what, hint).of_tool(tool).at(&link.root)
    });
    broken.chain(refused).collect()
}
