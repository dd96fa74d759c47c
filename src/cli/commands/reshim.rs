//! `use reshim`: rescans the machine and makes the shims and their index match.

use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Result};

use super::ended;
use super::shim_faults::shim_faults;
use crate::cli::output;
use crate::cli::shims::rescan_all_and_refresh;
use crate::inventory::refused_stores;
use crate::session::Session;
use crate::shim_folder::ShimChanges;
use crate::shim_folder::foreign::foreign_files_notice;
use crate::text::some_names;

/// What changed, as programs read it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ReshimReport<'a> {
    /// The shims that were added.
    created: &'a [String],
    /// The shims that had a fault, `use` and the shims' binary among them.
    mended: Vec<&'a str>,
    /// The shims that were removed.
    removed: &'a [String],
    /// Files that aren't usher's, and were moved out of the shim folder.
    foreign: &'a [String],
}

/// Runs the command. An error if it leaves a file that isn't usher's among the shims.
pub fn run(session: &mut Session, as_json: bool) -> Result<()> {
    let changes = rescan_all_and_refresh(session)?;
    let refused = refused_stores(&session.world, &session.folders, &session.registry)?;
    for text in refused {
        session.note(&text);
    }
    let error = (!changes.unmoved.is_empty())
        .then(|| Error::new(ErrorKind::Io, foreign_files_notice(session, &changes.unmoved)));
    let ShimChanges { created, mended: _, removed, foreign, unmoved: _ } = &changes;
    let mended = changes.mended_names();
    let printed = match as_json {
        true if error.is_some() => Ok(()),
        true => output::print_answer(&ReshimReport { created, mended, removed, foreign }),
        false => text(&changes).iter().try_for_each(output::print_line),
    };
    let faults = shim_faults(session, &changes.mended);
    for fault in faults.iter().filter(|_| !as_json) {
        session.note(&fault.report());
    }
    ended(session, error, printed)
}

fn text(changes: &ShimChanges) -> Vec<String> {
    if *changes == ShimChanges::default() {
        return vec!["all shims are up to date".to_owned()];
    }
    let lists = [
        ("created", some_names(&changes.created)),
        ("mended", some_names(&changes.mended_names())),
        ("removed", some_names(&changes.removed)),
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
            let unmoved = Vec::new();
            let changes = ShimChanges { created, mended, removed, foreign, unmoved };
            assert_eq!(text(&changes), expected);
        };
        check([&[], &[], &[], &[]], &["all shims are up to date"]);
        check([&["node", "npm"], &[], &[], &[]], &["created: node npm"]);
        check(
            [&["node"], &["npx"], &["go"], &[]],
            &["created: node", "mended: npx", "removed: go"],
        );
        let seven = ["a", "b", "c", "d", "e", "f", "g"];
        check(
            [&seven[..6], &[], &seven, &[]],
            &["created: a b c d e f", "removed: a b c d e f and 1 more"],
        );
        // Files of others are moved away, and that is noted.
        check([&[], &[], &[], &["script"]], &[]);
    }
}
