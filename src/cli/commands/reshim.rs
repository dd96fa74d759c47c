//! `use reshim`: makes the shims and their index anew from what is on disk.

use serde_json::json;
use usher_shims::error::Result;

use crate::cli::output;
use crate::config::folders;
use crate::inventory::ProbeCache;
use crate::session::Session;
use crate::shim_folder;

/// Runs the verb.
pub fn run(session: &mut Session, as_json: bool) -> Result<()> {
    session.survey(ProbeCache::SuccessesOnly)?;
    let changes = shim_folder::refresh(session, &folders::write_access(&session.folders)?, &[])?;
    if as_json {
        output::json(
            &json!({ "made": changes.created, "removed": changes.removed, "left": changes.foreign }),
        );
        return Ok(());
    }
    for (verb, names) in [("made", &changes.created), ("removed", &changes.removed)] {
        if !names.is_empty() {
            output::line(format_args!("{verb}: {}", names.join(" ")));
        }
    }
    if !changes.foreign.is_empty() {
        session.note(&shim_folder::foreign_files_notice(session, &changes.foreign));
    }
    if changes == shim_folder::ShimChanges::default() {
        output::line("all shims are as they must be");
    }
    Ok(())
}
