//! `use reshim`: rescans the machine and makes the shims and their index match.

use serde::Serialize;
use usher_shims::error::Result;

use crate::cli::output;
use crate::cli::shims::rescan_all_and_refresh;
use crate::session::Session;
use crate::shim_folder::ShimChanges;

/// The most names that are printed of a list.
const MAX_NAMES: usize = 6;

/// What changed, as programs read it.
#[derive(Serialize)]
struct ReshimReport<'a> {
    created: &'a [String],
    removed: &'a [String],
    foreign: &'a [String],
}

/// Runs the command.
pub fn run(session: &mut Session, as_json: bool) -> Result<()> {
    let changes = rescan_all_and_refresh(session)?;
    if as_json {
        let ShimChanges { created, removed, foreign } = &changes;
        output::print_json(&ReshimReport { created, removed, foreign });
        return Ok(());
    }
    text(&changes).iter().for_each(output::print_line);
    Ok(())
}

fn text(changes: &ShimChanges) -> Vec<String> {
    if *changes == ShimChanges::default() {
        return vec!["all shims are up to date".to_owned()];
    }
    let lists = [("created", &changes.created), ("removed", &changes.removed)];
    let lists = lists.into_iter().filter(|(_, names)| !names.is_empty());
    lists.map(|(verb, names)| format!("{verb}: {}", list(names))).collect()
}

/// A few names in full; of more the first ones and their number.
fn list(names: &[String]) -> String {
    match names.get(..MAX_NAMES) {
        Some(first) if names.len() > MAX_NAMES => {
            format!("{} … ({} shims)", first.join(" "), names.len())
        }
        Some(_) | None => names.join(" "),
    }
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
        let seven = ["a", "b", "c", "d", "e", "f", "g"];
        check(
            &seven[..6],
            &seven,
            &[],
            &["created: a b c d e f", "removed: a b c d e f … (7 shims)"],
        );
        // Files of others are moved away, and that is noted.
        check(&[], &[], &["script"], &[]);
    }
}
