//! What is said where programs come before the shims on PATH: which they are, and what to type.

use std::path::PathBuf;

use super::commands::setup::remedy;
use super::search_path::{SearchPath, shown_paths};
use crate::session::Session;
use crate::session::reporter::Notice;
use crate::text::short_list;

/// The warning that these programs don't run by the shims of this PATH, if one doesn't. Virtual
/// environments come before the shims on purpose.
pub fn warning<'p>(
    session: &Session,
    programs: impl IntoIterator<Item = &'p str>,
) -> Option<Notice> {
    let path = SearchPath::of(session)?.without_venvs(session);
    let (names, hiding): (Vec<&str>, Vec<PathBuf>) =
        path.hidden(session, programs).into_iter().unzip();
    let first = hiding.first()?;
    let are = if names.len() == 1 { "is" } else { "are" };
    let what =
        format!("{} on this PATH {are} {}, not the shim", short_list(&names), shown_paths(&hiding));
    let what = if names.len() == 1 { what } else { format!("{what}s") };
    Some(Notice::warning(what).hint(remedy(session, &path, first)))
}

#[cfg(test)]
mod tests {
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    #[track_caller]
    fn check(path: &str, expected: Option<&str>) {
        let world = MemoryWorld::at("/p")
            .file("/usher/shims/node", "")
            .file("/usher/shims/python", "")
            .file("/sys/bin/node", "")
            .file("/venv/pyvenv.cfg", "home = /sys/bin\n")
            .file("/venv/bin/python", "")
            .file("/other/bin/python", "")
            .variable("SHELL", "/bin/none")
            .variable("PATH", path);
        let warning = warning(&session(world), ["node", "python", "ruby"]);
        assert_eq!(warning.map(|one| one.what).as_deref(), expected, "{path}");
    }

    #[test]
    fn programs_before_the_shims_are_named() {
        check("/usher/shims:/sys/bin", None);
        check("/sys/bin:/usher/shims", Some("node on this PATH is /sys/bin/node, not the shim"));
        check("/venv/bin:/usher/shims", None);
        check("/sys/bin", None);
        let both = "node, python on this PATH are /sys/bin/node, /other/bin/python, not the shims";
        check("/other/bin:/sys/bin:/usher/shims", Some(both));
    }
}
