//! The links of `use link` that lead to nothing, or aren't used.

use usher_shims::error::Error;
use usher_shims::index::Link;
use usher_shims::store::{damaged, is_complete};

use super::check::DoctorCheck;
use super::check_id::CheckId;
use crate::inventory::refused_links;
use crate::registry::KnownTool;
use crate::session::Session;
use crate::session::active::active_selection;

/// The faults of all links.
pub(super) fn faults(session: &Session) -> Vec<DoctorCheck> {
    let known = |link: &Link| session.registry.named(&link.tool).ok();
    let broken = session.index.links.iter().filter_map(|link| broken(session, known(link)?, link));
    let refused = refused_links(&session.world, &session.folders).unwrap_or_default();
    let refused = refused.into_iter().filter_map(|(link, fault)| {
        let (tool, name) = (known(&link)?.tool.name, &link.name);
        let what = format!("{tool}@{name} is not used for all accounts: {fault}");
        let hint = format!("use uninstall {tool}@{name}");
        Some(DoctorCheck::error(CheckId::LinkBroken, what, hint).of_tool(tool).at(&link.root))
    });
    broken.chain(refused).collect()
}

/// The error about a link that leads to nothing. What is wrong with the active version is reported as
/// such.
fn broken(session: &Session, known: KnownTool<'_>, link: &Link) -> Option<DoctorCheck> {
    let (tool, toolchain) = (known.tool, link.toolchain());
    if is_complete(&session.world, tool, &toolchain).unwrap_or(true) {
        return None;
    }
    let Error { what, hint, .. } = damaged(tool, &toolchain, tool.main_program());
    let is_active = active_selection(session, known).is_err_and(|active| active.what == what);
    let check = DoctorCheck::error(CheckId::LinkBroken, what, hint.unwrap_or_default());
    (!is_active).then(|| check.of_tool(tool.name).at(&link.root))
}
