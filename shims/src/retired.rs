//! The machine's list of retired versions: which ones its administrator removes, and when.
//!
//! ```text
//! # /etc/usher/retired
//! node 8 2027-01-31
//! ```
//!
//! `use retire` writes it; a shim reads it only where a person sees what it prints.

use std::path::{Path, PathBuf};

use crate::index::Index;
use crate::request::{Request, RequestKind, RequestTrust};
use crate::tool::Tool;
use crate::toolchain::{Store, Toolchain};
use crate::version::Version;
use crate::world::World;

/// Whether a toolchain is in the machine's store, whose versions may be retired.
pub fn is_machines(index: &Index, toolchain: &Toolchain) -> bool {
    match toolchain.store {
        Store::Own => index.folders.is_system_wide,
        Store::Shared => index.shared_stores.iter().any(|store| toolchain.root.starts_with(store)),
        Store::Adopted(_) | Store::Linked(_) | Store::System(_) | Store::Folder => false,
    }
}

/// What a person who runs a toolchain of the machine's store is told: once, and not for each program
/// that it calls. `None` if it isn't retired, if the list can't be read, and if no person reads it, which
/// is asked before the list is read. `parent` returns the caller's process.
pub fn notice(
    world: &impl World,
    index: &Index,
    (tool, toolchain): (&Tool, &Toolchain),
    is_read_by_a_person: impl FnOnce() -> bool,
    parent: fn() -> u32,
) -> Option<String> {
    let version = toolchain.version.as_ref()?;
    if !is_machines(index, toolchain) || !is_read_by_a_person() {
        return None;
    }
    let list = world.read(&retired_file(&index.folders.machine_config)).ok()?;
    let date = removal_date(str::from_utf8(&list.bytes).ok()?, tool, version)?;
    (!is_called_by_toolchain(world, index, parent())).then(|| text(tool, version.as_str(), date))
}

/// The text for a retired version.
pub fn text(tool: &Tool, version: &str, date: &str) -> String {
    format!("{} {version} is retired: this machine may remove it from {date} on", tool.name)
}

/// Whether a program of usher's called: its user was told when that was called. `parent` is the
/// caller's process; where the system doesn't show its program, it counts as another one.
fn is_called_by_toolchain(world: &impl World, index: &Index, parent: u32) -> bool {
    let program = world.physical(Path::new(&format!("/proc/{parent}/exe")));
    let own = index.folders.toolchains();
    let mut stores = index.shared_stores.iter().chain([&own]);
    program.is_ok_and(|program| stores.any(|store| program.starts_with(store)))
}

/// The list in the machine's configuration folder.
pub fn retired_file(machine_config: &Path) -> PathBuf {
    machine_config.join("retired")
}

/// A line of the list: a tool, a request and a date, as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetiredLine<'t> {
    /// Its number, counted from 1.
    pub number: u32,
    /// The tool's name.
    pub tool: &'t str,
    /// The request; every version that matches is retired.
    pub request: &'t str,
    /// The date of the removal, `2027-01-31`.
    pub date: &'t str,
}

/// The lines of a list, each with an entry or the number of a line that has none. Empty lines and
/// comments are left out.
pub fn lines(text: &str) -> impl Iterator<Item = Result<RetiredLine<'_>, u32>> {
    text.lines().zip(1..).filter_map(|(line, number)| {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_ascii_whitespace();
        let first = words.next()?;
        Some(match (words.next(), words.next(), words.next()) {
            (Some(request), Some(date), None) if is_date(date) => {
                Ok(RetiredLine { number, tool: first, request, date })
            }
            _ => Err(number),
        })
    })
}

impl RetiredLine<'_> {
    /// Whether this version of a tool is retired by this line.
    pub fn is_for(&self, tool: &Tool, version: &Version) -> bool {
        tool.all_names().any(|name| name == self.tool)
            && request(self.request, tool).is_ok_and(|request| request.matches(version, tool))
    }
}

/// The earliest date at which a version is removed, if it is retired. Invalid lines count for nothing.
pub fn removal_date<'t>(text: &'t str, tool: &Tool, version: &Version) -> Option<&'t str> {
    let entries = lines(text).filter_map(Result::ok);
    entries.filter(|entry| entry.is_for(tool, version)).map(|entry| entry.date).min()
}

/// The request of an entry: a version, or a range of versions. What other words mean changes with
/// time.
pub fn request(text: &str, tool: &Tool) -> Result<Request, &'static str> {
    let request = Request::parse(text, tool, RequestTrust::Project)?;
    match request.kind() {
        RequestKind::Version(_) | RequestKind::Range(_) => Ok(request),
        RequestKind::Exact(_)
        | RequestKind::System
        | RequestKind::Path(_)
        | RequestKind::Named(_)
        | RequestKind::Latest
        | RequestKind::Lts
        | RequestKind::LtsBack(_)
        | RequestKind::LtsNamed(_) => Err("it is not a version or a range of versions"),
    }
}

/// Whether a text has the form of a date; whether the day exists, the cold half checks.
fn is_date(text: &str) -> bool {
    let is_in_place = |(place, byte): (usize, u8)| match place {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 10 && text.bytes().enumerate().all(is_in_place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::TOOLS;

    const LIST: &str = "# a comment\nnode 8 2027-01-31 # soon\n\nnodejs 8.17.0 2026-12-31\n\
                        python >=3.6,<3.8 2027-06-30\nnode 10\nnode lts 2027-01-31\n\
                        go 1.20 31.1.2027\nnode 9 2027-01-31 x\n";

    fn check(tool: &str, version: &str, expected: Option<&str>) {
        let tool = Tool::named(TOOLS, tool).unwrap();
        let version = Version::parse(version).unwrap();
        assert_eq!(removal_date(LIST, tool, &version), expected, "{} {version}", tool.name);
    }

    #[test]
    fn the_earliest_line_that_matches_counts() {
        check("node", "8.16.0", Some("2027-01-31"));
        check("node", "8.17.0", Some("2026-12-31"));
        check("node", "18.17.0", None);
        check("python", "3.7.17", Some("2027-06-30"));
        check("python", "3.8.0", None);
    }

    #[test]
    fn invalid_lines_count_for_nothing() {
        check("node", "10.24.1", None);
        check("node", "9.11.2", None);
        check("node", "22.1.0", None);
        check("go", "1.20", None);
        let invalid: Vec<u32> = lines(LIST).filter_map(Result::err).collect();
        assert_eq!(invalid, [6, 8, 9]);
    }
}
