//! `use reshim`: rescans the machine and makes the shims and their index match.

use serde::Serialize;
use usher_shims::error::Result;

use crate::cli::output;
use crate::config::folders;
use crate::inventory::ProbeReuse;
use crate::session::Session;
use crate::shim_folder::{self, ShimChanges, foreign_files_notice};

/// What changed, as programs read it.
#[derive(Serialize)]
struct ReshimReport<'a> {
    created: &'a [String],
    removed: &'a [String],
    foreign: &'a [String],
}

/// Runs the command.
pub fn run(session: &mut Session, as_json: bool) -> Result<()> {
    session.rescan(ProbeReuse::SuccessesOnly)?;
    let changes = shim_folder::refresh(session, &folders::write_access(&session.folders)?, &[])?;
    if as_json {
        let ShimChanges { created, removed, foreign } = &changes;
        return output::print_json(&ReshimReport { created, removed, foreign });
    }
    let printed = text(&changes).iter().try_for_each(output::print_line);
    if !changes.foreign.is_empty() {
        session.note(&foreign_files_notice(session, &changes.foreign));
    }
    printed
}

fn text(changes: &ShimChanges) -> Vec<String> {
    if *changes == ShimChanges::default() {
        return vec!["all shims are up to date".to_owned()];
    }
    let lists = [("created", &changes.created), ("removed", &changes.removed)];
    let lists = lists.into_iter().filter(|(_, names)| !names.is_empty());
    lists.map(|(verb, names)| format!("{verb}: {}", names.join(" "))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_listed() {
        let check = |created: &[&str], removed: &[&str], foreign: &[&str], expected: &[&str]| {
            let [created, removed, foreign] = [created, removed, foreign]
                .map(|names| names.iter().map(ToString::to_string).collect());
            assert_eq!(text(&ShimChanges { created, removed, foreign }), expected);
        };
        check(&[], &[], &[], &["all shims are up to date"]);
        check(&["node", "npm"], &[], &[], &["created: node npm"]);
        check(&["node"], &["go"], &[], &["created: node", "removed: go"]);
        // Files of others are a notice, and not up to date either.
        check(&[], &[], &["script"], &[]);
    }
}
