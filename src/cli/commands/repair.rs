//! `use repair [TOOL[@VERSION]…]`: restores changed versions to what was installed.

use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::toolchain::Store;

use super::verify::{select_versions, version_with_store};
use super::{count_of, ended};
use crate::cli::output::json::Versions;
use crate::cli::output::{self, Branch, Line, Meaning, ReportPath, Text};
use crate::cli::shims::refresh_shims;
use crate::config::folders;
use crate::releases::Finder;
use crate::releases::network::Network;
use crate::session::Session;
use crate::store::contents::StoreContents;
use crate::store::install::Installer;
use crate::store::location::InstallLocation;
use crate::store::repair::{self, ConfirmRemoval, Repaired};
use crate::store::verify::verify;

/// How many removed files of a version are printed; `--json` has all.
const MAX_LISTED: usize = 5;

/// What came of a version.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct RepairReport {
    #[serde(skip)]
    name: String,
    /// The tool.
    tool: &'static str,
    /// The version.
    version: String,
    /// Its folder.
    path: ReportPath,
    /// Whether something was restored.
    repaired: bool,
    /// How many files and folders that package managers added were preserved.
    preserved: usize,
    /// With `--yes`: what was removed since it was neither from upstream nor from a package manager,
    /// relative to its folder.
    removed: Vec<String>,
    /// Such files that were kept, and bundled packages that a package manager replaced.
    kept: Vec<String>,
}

/// Runs the command. A version that can't be repaired doesn't stop the others; the last error is the
/// command's.
pub fn run(session: &mut Session, words: &[String], yes: bool, as_json: bool) -> Result<()> {
    let contents = select_versions(session, words)?;
    for entry in &contents.unexpected {
        session.note(&format!("{}: {}; left as it is", Shown(&entry.path), entry.rule.reason()));
    }
    let confirm = |location: &InstallLocation<'_>, entries: &[String]| {
        yes || (!as_json
            && output::can_ask()
            && output::confirm(question(location, entries), "nothing was removed"))
    };
    let (reports, error) = apply(session, &contents, &confirm)?;
    drop(contents);
    refresh_shims(session, &[])?;
    let printed = match as_json {
        true if error.is_some() => Ok(()),
        true => output::print_answer(&Versions { versions: &reports }),
        false => output::print_text(text(&reports, error.is_some())),
    };
    ended(session, error, printed)
}

fn apply(
    session: &Session,
    contents: &StoreContents<'_>,
    confirm: &ConfirmRemoval<'_>,
) -> Result<(Vec<RepairReport>, Option<Error>)> {
    let access = folders::write_access(&session.folders)?;
    let network = Network::with_cache(session, &access);
    let finder = Finder::new(session, &network);
    let installer = Installer::new(session, &access, &network, &finder);
    let (mut reports, mut failed) = (Vec::new(), None);
    for location in &contents.locations {
        match repair_one(&installer, location, confirm) {
            Ok(repaired) => reports.push(RepairReport::of(location, repaired)),
            Err(error) => {
                if let Some(earlier) = failed.replace(error) {
                    session.reporter.error(&earlier);
                }
            }
        }
    }
    Ok((reports, failed))
}

/// Repairs a version if it changed: only then it is locked.
fn repair_one(
    installer: &Installer<'_>,
    location: &InstallLocation<'_>,
    confirm: &ConfirmRemoval<'_>,
) -> Result<Option<Repaired>> {
    let unfinished = repair::not_repaired(location);
    if verify(location)?.is_intact() {
        return Ok(None);
    }
    drop(unfinished);
    if location.store != Store::Own {
        return Err(not_yours(location));
    }
    repair::repair(installer, location, confirm)
}

/// A shared store is repaired by the account that it belongs to.
fn not_yours(location: &InstallLocation<'_>) -> Error {
    let what = format!("{} is not in your own store", version_with_store(location));
    Error::new(ErrorKind::Permission, what)
        .because(format!("it is in {}", Shown(&location.root)))
        .hint("ask this machine's administrator to repair it")
}

impl RepairReport {
    fn of(location: &InstallLocation<'_>, repaired: Option<Repaired>) -> Self {
        let Repaired { is_restored, preserved, removed, kept } = repaired.unwrap_or_default();
        Self {
            name: version_with_store(location),
            tool: location.known.tool.name,
            version: location.version.to_string(),
            path: ReportPath::new(&location.root),
            repaired: is_restored,
            preserved,
            removed,
            kept,
        }
    }

    /// What was done, with the files that it was done to below; nothing for an unchanged version.
    fn tree(&self) -> Option<Branch> {
        let Self { tool, version, name, preserved, removed, kept, .. } = self;
        let heading = match (self.repaired, preserved) {
            (false, _) if kept.is_empty() => return None,
            (false, _) => format!("{name} needs no repair").into(),
            (true, 0) => Line::of(Meaning::Active, "repaired").then(format!(" {name}")),
            (true, count) => {
                let count = match count {
                    1 => "1 entry".to_owned(),
                    _ => format!("{count} entries"),
                };
                let kept = format!(" {name}, keeping {count} added by package managers");
                Line::of(Meaning::Active, "repaired").then(kept)
            }
        };
        let mut below = Vec::new();
        for (label, paths) in [("removed", removed), ("kept, though not from upstream", kept)] {
            let listed = paths.iter().take(MAX_LISTED);
            below.extend(listed.map(|path| Branch::leaf(format!("{label}: {}", Escaped(path)))));
            if let more @ 1.. = paths.len().saturating_sub(MAX_LISTED) {
                let more = format!("… and {} (--json lists all)", count_of(more, "more file"));
                below.push(Branch::leaf(Line::of(Meaning::Muted, more)));
            }
        }
        if !kept.is_empty() {
            let command = format!("use repair {tool}@{version} --yes");
            below.push(Branch::leaf(Line::from("to remove them: ").and(Meaning::Hint, command)));
        }
        Some(Branch::new(heading, below))
    }
}

/// Whether to remove entries that aren't from upstream.
fn question(location: &InstallLocation<'_>, entries: &[String]) -> String {
    let listed = entries.iter().take(MAX_LISTED).map(|path| Escaped(path).to_string());
    let listed = listed.collect::<Vec<_>>().join(", ");
    let more = if entries.len() > MAX_LISTED { ", …" } else { "" };
    let count = match entries.len() {
        1 => "1 entry".to_owned(),
        count => format!("{count} entries"),
    };
    let name = version_with_store(location);
    format!("remove {count} of {name}, not from upstream ({listed}{more})?")
}

fn text(reports: &[RepairReport], has_failed: bool) -> Text {
    if reports.is_empty() && !has_failed {
        return "usher has installed no versions".into();
    }
    let mut text = Text::new();
    let trees: Vec<Branch> = reports.iter().filter_map(RepairReport::tree).collect();
    let unchanged = reports.len() - trees.len();
    for tree in trees {
        text.tree(tree);
    }
    match (unchanged, reports) {
        (0, _) => {}
        (1, [one]) => text.line(format!("{} is unchanged", one.name)),
        (1, _) => text.line("1 version is unchanged"),
        (count, _) => text.line(format!("{count} versions are unchanged")),
    }
    text
}

#[cfg(test)]
mod tests {
    use usher_shims::version::Version;
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    fn report(repaired: Option<(usize, usize)>, store: Store) -> RepairReport {
        let session = session(MemoryWorld::at("/p"));
        let known = session.registry.named("node").unwrap();
        let version = Version::parse("12.22.12").unwrap();
        let root = "/usher/toolchains/node/12.22.12".into();
        let repaired = repaired.map(|(preserved, removed)| {
            let removed = (0..removed).map(|number| format!("lib/{number}")).collect();
            Repaired { is_restored: true, preserved, removed, kept: Vec::new() }
        });
        RepairReport::of(&InstallLocation { known, version, root, store }, repaired)
    }

    #[test]
    fn a_report_counts_preserved_and_deleted_entries() {
        let text = |repaired| text(&[report(repaired, Store::Own)], false);
        assert_eq!(text(None), "node 12.22.12 is unchanged\n");
        assert_eq!(text(Some((0, 0))), "repaired node 12.22.12\n");
        let repaired = "repaired node 12.22.12, keeping 2 entries added by package managers\n";
        assert_eq!(text(Some((2, 0))), repaired);
        let mut kept = report(Some((1, 6)), Store::Own);
        kept.kept = vec!["lib/own".to_owned()];
        let reports = [report(None, Store::Own), kept, report(None, Store::Shared)];
        insta::assert_snapshot!(super::text(&reports, false), @"
        repaired node 12.22.12, keeping 1 entry added by package managers
        ├─ removed: lib/0
        ├─ removed: lib/1
        ├─ removed: lib/2
        ├─ removed: lib/3
        ├─ removed: lib/4
        ├─ … and 1 more file (--json lists all)
        ├─ kept, though not from upstream: lib/own
        └─ to remove them: use repair node@12.22.12 --yes
        2 versions are unchanged
        ");
        insta::assert_snapshot!(super::text(&reports, false).at_width(60), @"
        repaired node 12.22.12, keeping 1 entry added by package
        │ managers
        ├─ removed: lib/0
        ├─ removed: lib/1
        ├─ removed: lib/2
        ├─ removed: lib/3
        ├─ removed: lib/4
        ├─ … and 1 more file (--json lists all)
        ├─ kept, though not from upstream: lib/own
        └─ to remove them: use repair node@12.22.12 --yes
        2 versions are unchanged
        ");
        insta::assert_snapshot!(super::text(&reports, false).with_meanings(), @"
        <Active>repaired</> node 12.22.12, keeping 1 entry added by package managers
        <Muted>├─ </>removed: lib/0
        <Muted>├─ </>removed: lib/1
        <Muted>├─ </>removed: lib/2
        <Muted>├─ </>removed: lib/3
        <Muted>├─ </>removed: lib/4
        <Muted>├─ </><Muted>… and 1 more file (--json lists all)</>
        <Muted>├─ </>kept, though not from upstream: lib/own
        <Muted>└─ </>to remove them: <Hint>use repair node@12.22.12 --yes</>
        2 versions are unchanged
        ");
        let shared = [report(None, Store::Shared)];
        assert_eq!(super::text(&shared, false), "node 12.22.12 (shared) is unchanged\n");
        assert_eq!(super::text(&[], false), "usher has installed no versions\n");
        assert_eq!(super::text(&[], true), "");
    }

    #[test]
    fn programs_read_the_same() {
        let report = report(Some((2, 1)), Store::Own);
        insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap(), @r#"
        {
          "tool": "node",
          "version": "12.22.12",
          "path": "/usher/toolchains/node/12.22.12",
          "repaired": true,
          "preserved": 2,
          "removed": [
            "lib/0"
          ],
          "kept": []
        }
        "#);
    }
}
