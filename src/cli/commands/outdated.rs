//! `use outdated [TOOL…]`: the active version of each tool, the latest release that matches its
//! request, and the latest of all. Tools without a newer one are only named.

use serde::Serialize;
use usher_shims::error::{Error, Result};
use usher_shims::store::all_toolchains;

use super::end_of_life_cell;
use crate::cli::output::json::{ErrorReport, RequestOrigin};
use crate::cli::output::{self, Line, Meaning, Report, Table, Text};
use crate::config::folders;
use crate::registry::KnownTool;
use crate::releases::network::Network;
use crate::releases::updates::Updates;
use crate::releases::{Finder, Freshness, Release, ServedFrom, stale_note};
use crate::session::Session;
use crate::session::active::{ActiveVersion, is_the_administrators};
use crate::session::end_of_life::EndOfLife;
use crate::session::reporter::Notice;
use crate::session::short_paths::ShortPaths;

/// The tools to report on.
pub enum ToolFilter<'a> {
    /// Tools that are pinned here.
    Pinned,
    /// Tools that are pinned here or installed.
    All,
    /// These tools.
    Named(&'a [String]),
}

impl<'a> ToolFilter<'a> {
    /// By the tools that were named, and the flag `--all`.
    pub fn new(names: &'a [String], all: bool) -> Self {
        match names {
            [] if all => Self::All,
            [] => Self::Pinned,
            names => Self::Named(names),
        }
    }
}

/// The newer releases of each tool.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct OutdatedReport {
    /// The active version of each tool, and newer releases.
    #[serde(rename = "tools")]
    rows: Vec<OutdatedRow>,
    /// What failed: a tool each, and all tools whose releases can't be looked up. The other tools still
    /// have their rows.
    #[serde(skip)]
    errors: Vec<Error>,
}

/// The newer releases of one tool.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct OutdatedRow {
    /// The tool.
    tool: &'static str,
    /// The active version.
    version: Option<String>,
    /// The last day on which its release line is maintained.
    #[serde(skip_serializing_if = "Option::is_none")]
    end_of_life: Option<EndOfLife>,
    /// The request; `null` if the tool isn't pinned.
    request: Option<String>,
    /// Where the request is written.
    requested_by: Option<RequestOrigin>,
    /// The latest release that matches the request; `null` if the tool isn't pinned, or the release
    /// is unknown.
    latest_matching: Option<LatestRelease>,
    /// The latest release of all.
    latest: Option<LatestRelease>,
    /// The source that lists them; the host of a mirror in its place.
    source: Option<String>,
    /// The host that answered for the source; the path of a file.
    host: Option<String>,
    /// The age of the source's index, in seconds.
    index_age: Option<u64>,
    /// Why no release is known, where nothing failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<OutdatedRule>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What failed. The first of these is the command's error.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorReport>,
    /// Whether the tool could be resolved; if not, it is unknown whether it is pinned.
    #[serde(skip)]
    is_resolved: bool,
    /// Whether no version is active.
    #[serde(skip)]
    is_missing: bool,
    /// Whether `use upgrade` installs a newer version that matches.
    #[serde(skip)]
    is_upgradable: bool,
    /// Where the index is from, and how old it is.
    #[serde(skip)]
    index: Option<(ServedFrom, Freshness)>,
    /// Where the request is written, as people read it.
    #[serde(skip)]
    written_in: String,
}

/// A release, and whether it is newer than the active version.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LatestRelease {
    /// The version.
    version: String,
    /// Whether it is newer than the active version.
    #[serde(rename = "newer")]
    is_newer: bool,
}

/// Why no release of a tool is known.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum OutdatedRule {
    /// The tool has no source.
    NoSource,
}

/// Looks up the releases of a tool.
type CheckUpdates<'a> = dyn Fn(&ActiveVersion<'_>) -> Result<Updates> + 'a;

/// Runs `use outdated`. An outdated version isn't a failure; a failed look-up is.
pub fn run(session: &Session, filter: &ToolFilter<'_>, as_json: bool) -> Result<i32> {
    // Indexes are cached only where the cache is writable; the result is the same.
    let access = folders::write_access(&session.folders).ok();
    let network = Network::with_cache_if(session, access.as_ref());
    let finder = Finder::new(session, &network);
    let report = decide(session, filter, &|current| Updates::check(current, &finder))?;
    output::print(&report, as_json, &*session.reporter)
}

fn decide(
    session: &Session,
    filter: &ToolFilter<'_>,
    check: &CheckUpdates<'_>,
) -> Result<OutdatedReport> {
    let tools: Vec<KnownTool<'_>> = match filter {
        ToolFilter::Pinned | ToolFilter::All => session.registry.all().collect(),
        ToolFilter::Named(names) => {
            names.iter().map(|name| session.registry.named(name)).collect::<Result<_>>()?
        }
    };
    let paths = ShortPaths::of(session);
    let mut report = OutdatedReport { rows: Vec::new(), errors: Vec::new() };
    let mut unavailable = Vec::new();
    for known in tools {
        let mut row = OutdatedRow { tool: known.tool.name, ..OutdatedRow::default() };
        let filled = ActiveVersion::of(session, known).and_then(|current| {
            if !is_included(session, &current, filter)? {
                return Ok(false);
            }
            row.end_of_life = current
                .toolchain
                .as_ref()
                .and_then(|toolchain| EndOfLife::of_toolchain(session, known, toolchain));
            let origin = current.requested().map(|(_, origin)| origin);
            row.written_in = origin.map_or_else(String::new, |one| paths.origin(one));
            let is_fixed = origin.is_some_and(|one| is_the_administrators(session, one));
            row.is_upgradable = !is_fixed && !current.is_constraint;
            row.fill(&current, check).map(|()| true)
        });
        match filled {
            Ok(false) => continue,
            Ok(true) => {}
            Err(error) => {
                row.error = Some(ErrorReport::of(&error));
                match error.kind().is_unavailability() {
                    true => unavailable.push((known.tool.name, error)),
                    false => report.errors.push(error),
                }
            }
        }
        report.rows.push(row);
    }
    report.errors.extend(merged(unavailable));
    Ok(report)
}

/// One error for all tools whose releases can't be looked up: mostly the network is the cause, and each
/// tool's sources say so again. A tool has a line, with what its first source says.
fn merged(mut errors: Vec<(&'static str, Error)>) -> Option<Error> {
    let [(_, first), _, ..] = errors.as_slice() else {
        return errors.pop().map(|(_, error)| error);
    };
    let names: Vec<&str> = errors.iter().map(|(tool, _)| *tool).collect();
    let what = format!("can't list the releases of {}", names.join(", "));
    let merged = Error::new(first.kind(), what);
    let merged = errors.iter().fold(merged, |merged, (tool, error)| {
        let cause = error.causes.first().unwrap_or(&error.what);
        merged.because(format!("{tool}: {cause}"))
    });
    let mut hints = errors.iter().filter_map(|(_, error)| error.hint.clone());
    Some(match hints.next() {
        Some(hint) => merged.hint(hint),
        None => merged,
    })
}

fn is_included(
    session: &Session,
    current: &ActiveVersion<'_>,
    filter: &ToolFilter<'_>,
) -> Result<bool> {
    Ok(match filter {
        ToolFilter::Named(_) => true,
        ToolFilter::Pinned | ToolFilter::All if current.pin.is_some() => true,
        ToolFilter::Pinned => false,
        ToolFilter::All => {
            let installed = all_toolchains(&session.world, &session.index, current.known.tool)?;
            installed.is_some_and(|toolchains| !toolchains.is_empty())
        }
    })
}

impl OutdatedRow {
    fn fill(&mut self, current: &ActiveVersion<'_>, check: &CheckUpdates<'_>) -> Result<()> {
        self.is_resolved = true;
        self.is_missing = !current.is_installed;
        self.version = current.version.as_ref().map(ToString::to_string);
        if let Some((request, origin)) = current.requested() {
            self.request = Some(request.to_string());
            self.requested_by = Some(RequestOrigin::of(origin));
        }
        if current.known.definition.source.is_empty() {
            self.rule = Some(OutdatedRule::NoSource);
            self.reason = Some(format!("{} has no source", self.tool));
            return Ok(());
        }
        let updates = check(current)?;
        let latest = |release: Release| LatestRelease {
            is_newer: current.is_newer(&release.version),
            version: release.version.to_string(),
        };
        self.latest_matching = updates.latest_matching.map(latest);
        self.latest = updates.latest.map(latest);
        self.index_age = Some(updates.freshness.age().as_secs());
        self.host = Some(updates.served_from.host.clone());
        self.source = Some(updates.served_from.source.clone());
        self.index = Some((updates.served_from, updates.freshness));
        Ok(())
    }

    /// The tool with its active version: `node 12.22.12`.
    fn name(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.tool),
            None => self.tool.to_owned(),
        }
    }

    /// Whether `use upgrade` installs a newer version.
    fn can_be_upgraded(&self) -> bool {
        self.is_upgradable && self.latest_matching.as_ref().is_some_and(|one| one.is_newer)
    }

    /// Whether nothing is newer than the active version, and nothing else is to be seen.
    fn is_current(&self) -> bool {
        let is_newer =
            |release: &Option<LatestRelease>| release.as_ref().is_some_and(|one| one.is_newer);
        let is_marked = self.end_of_life.and_then(EndOfLife::marked_date).is_some();
        self.latest.is_some()
            && !is_newer(&self.latest)
            && !is_newer(&self.latest_matching)
            && !is_marked
    }

    fn cells(&self) -> [Line; 6] {
        let (matching, request) = match &self.request {
            Some(request) => (
                release_cell(self.latest_matching.as_ref()),
                format!("{request} in {}", self.written_in),
            ),
            None if self.is_resolved => ("-".into(), "not pinned".to_owned()),
            None => ("?".into(), "unknown".to_owned()),
        };
        let active = match &self.version {
            Some(version) => version.into(),
            None if self.is_missing => Line::of(Meaning::Warning, "not installed"),
            None => "?".into(),
        };
        [
            self.tool.into(),
            active,
            matching,
            release_cell(self.latest.as_ref()),
            end_of_life_cell(self.end_of_life),
            request.into(),
        ]
    }
}

/// What is newer stands out; what isn't is the active version, or older.
fn release_cell(release: Option<&LatestRelease>) -> Line {
    match release {
        Some(release) if release.is_newer => Line::of(Meaning::New, &release.version),
        Some(release) => Line::of(Meaning::Muted, &release.version),
        None => "?".into(),
    }
}

impl Report for OutdatedReport {
    fn text(&self) -> Text {
        if self.rows.is_empty() {
            let line = Line::from("no tool is pinned here: ");
            return line.and(Meaning::Hint, "use outdated --all").into();
        }
        let (unlisted, listed): (Vec<_>, Vec<_>) =
            self.rows.iter().partition(|row| row.reason.is_some());
        let (current, others): (Vec<_>, Vec<_>) =
            listed.into_iter().partition(|row| row.is_current());
        let headings = ["TOOL", "ACTIVE", "MATCHING", "LATEST", "END OF LIFE", "REQUESTED BY"];
        let mut table = Table::with_headings(headings);
        for row in others {
            table.row(row.cells());
        }
        let mut text = Text::from(table.without_empty_columns());
        for (what, rows) in [("up to date", current), ("no source", unlisted)] {
            if !rows.is_empty() {
                let names: Vec<String> = rows.iter().map(|row| row.name()).collect();
                text.line(Line::of(Meaning::Muted, format!("{what}: {}", names.join(", "))));
            }
        }
        if self.rows.iter().any(OutdatedRow::can_be_upgraded) {
            let line = Line::from("to install what matches: ");
            text.line(line.and(Meaning::Hint, "use upgrade"));
        }
        text
    }

    fn notes(&self) -> Vec<Notice> {
        let indexes = self.rows.iter().filter_map(|row| row.index.as_ref());
        let stale = stale_note(indexes.map(|(from, freshness)| (from, *freshness)));
        let errors = self.errors.iter().skip(1);
        let errors = errors.map(|error| Notice::warning(error.to_string()));
        stale.into_iter().chain(errors).collect()
    }

    fn error(&self) -> Option<&Error> {
        self.errors.first()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use usher_shims::error::ErrorKind;
    use usher_shims::version::Version;
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::cli::output::at_widths;
    use crate::releases::ServedFrom;
    use crate::session::end_of_life::tests::day_of_2027;
    use crate::session::in_memory::session;

    fn release(version: &str) -> Release {
        Release {
            version: Version::parse(version).unwrap(),
            lts: None,
            source: "site".to_owned(),
            archive: None,
            is_translated: false,
        }
    }

    /// node 12.22.12 matches and 25.0.0 is the latest; the source of python fails.
    fn updates(current: &ActiveVersion<'_>) -> Result<Updates> {
        match current.known.tool.name {
            "node" => Ok(Updates {
                latest_matching: current.requested().map(|_| release("12.22.12")),
                latest: Some(release("25.0.0")),
                freshness: Freshness::Cached(Duration::from_secs(10_800)),
                served_from: ServedFrom { source: "site".to_owned(), host: "site".to_owned() },
            }),
            name => Err(Error::new(ErrorKind::Network, format!("can't list {name} releases"))),
        }
    }

    fn world() -> MemoryWorld {
        MemoryWorld::at("/p")
            .file("/usher/toolchains/node/12.22.11/bin/node", "")
            .file("/usher/toolchains/python/3.12.1/bin/python", "")
    }

    #[track_caller]
    fn report(world: MemoryWorld, filter: &ToolFilter<'_>) -> OutdatedReport {
        decide(&session(world), filter, &updates).unwrap()
    }

    #[test]
    fn newer_releases_are_reported() {
        let report = report(world().file("/p/.nvmrc", "12"), &ToolFilter::Pinned);
        insta::assert_snapshot!(at_widths(&report.text()), @"
        --- 60, 80, 120
        TOOL  ACTIVE    MATCHING  LATEST  REQUESTED BY
        node  12.22.11  12.22.12  25.0.0  12 in .nvmrc:1
        to install what matches: use upgrade
        --- colours
        <heading>TOOL</>  <heading>ACTIVE</>    <heading>MATCHING</>  <heading>LATEST</>  <heading>REQUESTED BY</>
        node  12.22.11  <new>12.22.12</>  <new>25.0.0</>  12 in .nvmrc:1
        to install what matches: <hint>use upgrade</>
        ");
        assert_eq!(report.notes(), ["the index from site is 3 h old"]);
        assert_eq!(report.exit_code(), 0);
        assert_eq!(
            serde_json::to_value(&report).unwrap()["tools"],
            json!([{
                "tool": "node",
                "version": "12.22.11",
                "end_of_life": "2022-04-30",
                "request": "12",
                "requested_by": report.rows[0].requested_by,
                "latest_matching": { "version": "12.22.12", "newer": true },
                "latest": { "version": "25.0.0", "newer": true },
                "source": "site",
                "host": "site",
                "index_age": 10_800,
            }])
        );
    }

    #[test]
    fn an_active_version_of_a_release_line_that_ends_is_marked() {
        let mut session = session(world().file("/p/.nvmrc", "12").file("/p/.python-version", "3"));
        session.now = day_of_2027(0);
        let text = decide(&session, &ToolFilter::Pinned, &updates).unwrap().text();
        insta::assert_snapshot!(text, @"
        TOOL    ACTIVE    MATCHING  LATEST  END OF LIFE  REQUESTED BY
        node    12.22.11  12.22.12  25.0.0  2022-04-30   12 in .nvmrc:1
        python  3.12.1    ?         ?                    3 in .python-version:1
        to install what matches: use upgrade
        ");
    }

    #[test]
    fn a_tool_without_a_newer_release_is_named() {
        let world = MemoryWorld::at("/p")
            .file("/p/.nvmrc", "25")
            .file("/usher/toolchains/node/25.0.0/bin/node", "")
            .file("/usher/toolchains/python/3.12.1/bin/python", "");
        let current = |current: &ActiveVersion<'_>| {
            let latest = current.version.as_ref().map(|version| release(version.as_str()));
            Ok(Updates {
                latest_matching: latest.clone(),
                latest,
                freshness: Freshness::Cached(Duration::from_secs(60)),
                served_from: ServedFrom { source: "site".to_owned(), host: "site".to_owned() },
            })
        };
        let report = decide(&session(world), &ToolFilter::All, &current).unwrap();
        insta::assert_snapshot!(at_widths(&report.text()), @"
        --- 60, 80, 120
        up to date: node 25.0.0, python 3.12.1
        --- colours
        <muted>up to date: node 25.0.0, python 3.12.1</>
        ");
        assert_eq!(report.notes().len(), 0, "a fresh index is worth no note");
    }

    #[test]
    fn a_failed_look_up_is_an_error_and_hides_no_other_tool() {
        let report = report(world(), &ToolFilter::All);
        insta::assert_snapshot!(report.text(), @"
        TOOL    ACTIVE    MATCHING  LATEST  REQUESTED BY
        node    12.22.11  -         25.0.0  not pinned
        python  3.12.1    -         ?       not pinned
        ");
        assert_eq!(report.exit_code(), 69);
        assert_eq!(report.error().unwrap().what, "can't list python releases");
        assert_eq!(report.rows[1].error.as_ref().unwrap().what, "can't list python releases");
    }

    #[test]
    fn failed_look_ups_are_one_error_with_a_line_for_each_tool() {
        let refused = |current: &ActiveVersion<'_>| {
            let tool = current.known.tool.name;
            let error = Error::new(ErrorKind::Network, format!("can't list {tool} releases"));
            let error =
                error.because(format!("{tool}.example: refused")).because("mirror: refused");
            Err(error.hint("check the network connection"))
        };
        let world = world().file("/p/.ruby-version", "../x");
        let report = decide(&session(world), &ToolFilter::All, &refused).unwrap();
        insta::assert_snapshot!(report.errors[1], @"
        can't list the releases of node, python
          node: node.example: refused
          python: python.example: refused
          hint: check the network connection
        ");
        assert_eq!(report.errors.len(), 2, "{:?}", report.errors);
        assert_eq!(report.rows[1].error.as_ref().unwrap().causes.len(), 2);
    }

    #[test]
    fn a_broken_pin_and_an_unreadable_file_are_errors() {
        let world = world().file("/p/.nvmrc", "../x").file("/p/.python-version", "3.12");
        let report = report(world.unreadable("/p/.python-version"), &ToolFilter::Pinned);
        insta::assert_snapshot!(report.text(), @"
        TOOL    ACTIVE  MATCHING  LATEST  REQUESTED BY
        node    ?       ?         ?       unknown
        python  ?       ?         ?       unknown
        ");
        assert_eq!(report.exit_code(), 65);
        assert_eq!(report.notes().len(), 1, "the second error: {:?}", report.notes());
    }

    #[test]
    fn nothing_is_pinned_or_installed() {
        let empty = || MemoryWorld::at("/p");
        let pinned = report(empty(), &ToolFilter::Pinned);
        assert_eq!(pinned.text(), "no tool is pinned here: use outdated --all\n");
        assert_eq!(
            serde_json::to_string(&report(empty(), &ToolFilter::All)).unwrap(),
            r#"{"tools":[]}"#
        );
        let named = ["node".to_owned()];
        let named = report(empty(), &ToolFilter::Named(&named));
        insta::assert_snapshot!(named.text(), @"
        TOOL  ACTIVE         MATCHING  LATEST  REQUESTED BY
        node  not installed  -         25.0.0  not pinned
        ");
        let unknown = ["nodee".to_owned()];
        let unknown = decide(&session(empty()), &ToolFilter::Named(&unknown), &updates);
        assert_eq!(unknown.unwrap_err().kind(), ErrorKind::UnknownTool);
    }
}
