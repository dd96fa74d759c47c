//! Making the shims match what a command did.

use usher_shims::error::Result;
use usher_shims::tool::Tool;

use crate::config::folders;
use crate::session::Session;
use crate::shim_folder;

/// Surveys the machine anew, as the caller, and makes the shims match, as the folders' owner; `named`
/// are tools that somebody named.
///
/// Whoever calls this has dropped the access by which it wrote: programs that are asked for their
/// versions are the caller's children.
pub fn refresh_shims(session: &mut Session, named: &[&'static Tool]) -> Result<()> {
    session.refresh()?;
    shim_folder::refresh_after_change(session, &folders::write_access(&session.folders)?, named)
}
