//! Making the shims match what a command did.
//!
//! The rescan runs as the caller, since it starts the system's programs to learn their versions; the
//! shim folder is written as its owner. A caller that holds write access drops it first.

use usher_shims::error::Result;
use usher_shims::tool::Tool;

use crate::config::folders;
use crate::session::Session;
use crate::shim_folder::{self, ShimChanges};

/// Rescans the machine and makes the shims match; tools in `named` get shims even if no version of
/// them is installed.
///
/// If the shims match already, a failure to write them is only a warning: the command itself has
/// succeeded.
pub fn refresh_shims(session: &mut Session, named: &[&'static Tool]) -> Result<()> {
    session.refresh()?;
    let access = folders::write_access(&session.folders)?;
    match shim_folder::refresh(session, &access, named) {
        Err(error) if shim_folder::is_current(session, named) => session.note(&error.to_string()),
        refreshed => drop(refreshed?),
    }
    Ok(())
}

/// Rescans the machine and makes the shims match, or fails. Returns what changed.
pub fn rescan_and_refresh(session: &mut Session) -> Result<ShimChanges> {
    session.refresh()?;
    shim_folder::refresh(session, &folders::write_access(&session.folders)?, &[])
}
