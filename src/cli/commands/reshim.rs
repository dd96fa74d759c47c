//! `use reshim`: makes the shims and their index anew from what is on disk.

use serde_json::json;
use usher_shims::error::Result;

use crate::cli::output;
use crate::config::folders;
use crate::inventory::Memory;
use crate::session::Usher;
use crate::shim_folder;

/// Runs the verb.
pub fn run(usher: &mut Usher, as_json: bool) -> Result<()> {
    usher.survey(Memory::GoodAnswers)?;
    let changes = shim_folder::refresh(usher, &folders::write_access(&usher.folders)?, &[])?;
    if as_json {
        output::json(
            &json!({ "made": changes.made, "removed": changes.removed, "left": changes.left }),
        );
        return Ok(());
    }
    for (verb, names) in [("made", &changes.made), ("removed", &changes.removed)] {
        if !names.is_empty() {
            output::line(format_args!("{verb}: {}", names.join(" ")));
        }
    }
    if !changes.left.is_empty() {
        usher.tell(&shim_folder::foreign_files_notice(usher, &changes.left));
    }
    if changes == shim_folder::Changes::default() {
        output::line("all shims are as they must be");
    }
    Ok(())
}
