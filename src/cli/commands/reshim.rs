//! `use reshim`: rescans the machine and makes the shims and their index match.

use serde::Serialize;
use usher_shims::error::Result;

use super::shim_faults::shim_faults;
use crate::cli::output;
use crate::config::folders;
use crate::inventory::ProbeReuse;
use crate::session::Session;
use crate::shim_folder::{self, ShimChanges, foreign_files_notice};

/// What changed, as programs read it.
#[derive(Serialize)]
struct ReshimReport<'a> {
    created: &'a [String],
    mended: Vec<&'a str>,
    removed: &'a [String],
    foreign: &'a [String],
}

/// Runs the command.
pub fn run(session: &mut Session, as_json: bool) -> Result<()> {
    session.rescan(ProbeReuse::SuccessesOnly)?;
    let changes = shim_folder::refresh(session, &folders::write_access(&session.folders)?, &[])?;
    if as_json {
        let ShimChanges { created, mended: _, removed, foreign } = &changes;
        let mended = changes.mended_names();
        output::print_json(&ReshimReport { created, mended, removed, foreign });
        return Ok(());
    }
    text(&changes).iter().for_each(output::print_line);
    for fault in shim_faults(session, &changes.mended) {
        session.note(&fault.report());
    }
    if !changes.foreign.is_empty() {
        session.note(&foreign_files_notice(session, &changes.foreign));
    }
    Ok(())
}

fn text(changes: &ShimChanges) -> Vec<String> {
    if *changes == ShimChanges::default() {
        return vec!["all shims are up to date".to_owned()];
    }
    let names = |list: &[String]| list.join(" ");
    let lists = [
        ("created", names(&changes.created)),
        ("mended", changes.mended_names().join(" ")),
        ("removed", names(&changes.removed)),
    ];
    let lists = lists.into_iter().filter(|(_, names)| !names.is_empty());
    lists.map(|(verb, names)| format!("{verb}: {names}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shim_folder::FaultyProgram;
    use crate::shim_folder::fault::Fault;

    #[test]
    fn what_changed_is_listed() {
        let check = |lists: [&[&str]; 4], expected: &[&str]| {
            let [created, mended, removed, foreign] =
                lists.map(|names| names.iter().map(ToString::to_string).collect::<Vec<_>>());
            let mended = mended.into_iter().map(|name| FaultyProgram { name, fault: Fault::Empty });
            let mended = mended.collect();
            assert_eq!(text(&ShimChanges { created, mended, removed, foreign }), expected);
        };
        check([&[], &[], &[], &[]], &["all shims are up to date"]);
        check([&["node", "npm"], &[], &[], &[]], &["created: node npm"]);
        check(
            [&["node"], &["npx"], &["go"], &[]],
            &["created: node", "mended: npx", "removed: go"],
        );
        // Files of others are a notice, and not up to date either.
        check([&[], &[], &[], &["script"]], &[]);
    }
}
