//! `use available TOOL [REQUEST]`: the versions that can be installed, from all sources.
//!
//! A person first sees the versions that a bare request means, and a line for each other flavour.
//! JSON has all versions.

use std::collections::BTreeMap;

use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Escaped, Result};
use usher_shims::request::{Request, RequestTrust};
use usher_shims::store::all_toolchains;
use usher_shims::tool::{BuiltFor, LtsLine, Tool};
use usher_shims::version::Version;

use crate::cli::output::{self, Report, Table, Text};
use crate::config::folders;
use crate::registry::KnownTool;
use crate::releases::network::Network;
use crate::releases::{Finder, Freshness, ListedReleases, Release, ServedFrom};
use crate::session::Session;
use crate::session::end_of_life::EndOfLife;
use crate::session::reporter::Notice;
use crate::text::human_duration;

/// The versions that can be installed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct AvailableReport {
    /// The versions, oldest first.
    #[serde(rename = "versions")]
    rows: Vec<AvailableRow>,
    #[serde(skip)]
    filter: AvailableFilter,
    #[serde(skip)]
    notes: Vec<Notice>,
}

/// A version that can be installed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct AvailableRow {
    /// The version.
    version: String,
    /// The code name of its long-term support line.
    lts: Option<String>,
    /// The last day on which its release line is maintained.
    #[serde(skip_serializing_if = "Option::is_none")]
    end_of_life: Option<EndOfLife>,
    /// Whether it is installed.
    installed: bool,
    #[serde(flatten)]
    served_from: ServedFrom,
    /// The age of the source's index, in seconds.
    index_age: u64,
    #[serde(skip)]
    parsed: Version,
}

/// The releases to list.
#[derive(Debug)]
struct AvailableFilter {
    tool: &'static Tool,
    /// Without one, all ordinary releases.
    request: Option<Request>,
}

/// Runs `use available`; `TOOL@REQUEST` is the same as `TOOL REQUEST`.
pub fn run(session: &Session, tool: &str, request: Option<&str>, as_json: bool) -> Result<i32> {
    let (tool, request) = match (tool.split_once('@'), request) {
        (Some((tool, request)), None) => (tool, Some(request)),
        _ => (tool, request),
    };
    let known = session.registry.named(tool)?;
    let request = request.map(|text| parse(known, text)).transpose()?;
    // Indexes are cached only where the cache is writable; the result is the same.
    let access = folders::write_access(&session.folders).ok();
    let network = Network::with_cache_if(session, access.as_ref());
    let (listed, failed) = Finder::new(session, &network).list_all_sources(known)?;
    let filter = AvailableFilter { tool: known.tool, request };
    let mut report = decide(session, filter, &listed)?;
    let failed = failed.iter().map(|error| Notice::note(error.to_string()));
    report.notes.splice(0..0, failed);
    output::print(&report, as_json, &*session.reporter)
}

fn parse(known: KnownTool<'_>, text: &str) -> Result<Request> {
    Request::parse(text, known.tool, RequestTrust::User).map_err(|reason| {
        let what = format!("invalid version of {}: “{}”", known.tool.name, Escaped(text));
        Error::new(ErrorKind::Usage, what).because(reason)
    })
}

fn decide(
    session: &Session,
    filter: AvailableFilter,
    listed: &[ListedReleases],
) -> Result<AvailableReport> {
    let rows = rows(session, &filter, listed)?;
    if rows.is_empty() {
        let tool = filter.tool.name;
        let Some(request) = &filter.request else {
            let what = format!("no {tool} release is available for this platform");
            return Err(Error::new(ErrorKind::NotFound, what));
        };
        let what = format!("no {tool} release matches {request}");
        return Err(Error::new(ErrorKind::NotFound, what).hint(format!("use available {tool}")));
    }
    let cached = listed.iter().filter_map(|one| match one.freshness {
        Freshness::Cached(age) => {
            let age = human_duration(age);
            Some(Notice::note(format!("the index from {} is {age} old", one.served_from)))
        }
        Freshness::New | Freshness::StaleFallback(_) => None,
    });
    Ok(AvailableReport { rows, filter, notes: cached.collect() })
}

/// A version that several sources list is shown for the first of them.
fn rows(
    session: &Session,
    filter: &AvailableFilter,
    listed: &[ListedReleases],
) -> Result<Vec<AvailableRow>> {
    let installed =
        all_toolchains(&session.world, &session.index, filter.tool)?.unwrap_or_default();
    let known = session.registry.named(filter.tool.name)?;
    let is_installed =
        |version: &Version| installed.iter().any(|one| one.version.as_ref() == Some(version));
    let mut rows: BTreeMap<&Version, AvailableRow> = BTreeMap::new();
    for one in listed {
        for release in one.releases.iter().filter(|release| filter.includes(release)) {
            rows.entry(&release.version).or_insert_with(|| AvailableRow {
                version: release.version.to_string(),
                lts: filter.lts(release),
                end_of_life: EndOfLife::of(session, known, &release.version),
                installed: is_installed(&release.version),
                served_from: one.served_from.clone(),
                index_age: one.freshness.age().as_secs(),
                parsed: release.version.clone(),
            });
        }
    }
    Ok(rows.into_values().collect())
}

impl AvailableFilter {
    fn includes(&self, release: &Release) -> bool {
        match &self.request {
            Some(request) => release.matches(request, self.tool),
            None => !release.version.is_prerelease(),
        }
    }

    /// The LTS line of a release: as its source names it, else as the registry does.
    fn lts(&self, release: &Release) -> Option<String> {
        let includes = |line: &&LtsLine| {
            Request::parse(line.versions, self.tool, RequestTrust::User)
                .is_ok_and(|range| range.matches(&release.version, self.tool))
        };
        let by_registry = || self.tool.lts.iter().find(includes).map(|line| line.name.to_owned());
        release.lts.clone().or_else(by_registry)
    }

    /// One line for all versions of an unusual flavour: the latest, the count, and what lists them.
    fn flavour_cells(&self, rows: &[&AvailableRow]) -> Option<Vec<String>> {
        let version = &rows.last()?.parsed;
        let request = self.request.as_ref().map_or("", Request::as_str);
        let (_, flavour) = flavour(self.tool, version);
        let named = match version.is_free_threaded() {
            true => format!("{}t", version.numbers().at(0)),
            false
                if request.starts_with(|c: char| c.is_ascii_digit())
                    && !self.tool.vendors.is_empty() =>
            {
                format!("{flavour}-{request}")
            }
            false => flavour,
        };
        let count = format!("latest of {}", rows.len());
        Some(vec![version.to_string(), count, format!("use available {}@{named}", self.tool.name)])
    }
}

/// The flavour of a version, and its rank: none, then the tool's usual vendors, then others, then
/// free-threaded builds.
fn flavour(tool: &Tool, version: &Version) -> (usize, String) {
    let flavour = version.flavour();
    let vendor = tool.vendors.iter().position(|vendor| *vendor == flavour);
    match (flavour, vendor) {
        _ if version.is_free_threaded() => (usize::MAX, flavour.to_owned()),
        ("", _) => (0, String::new()),
        (_, Some(index)) => (index + 1, flavour.to_owned()),
        _ => {
            let name = flavour.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
            (tool.vendors.len() + 1, name.to_owned())
        }
    }
}

impl AvailableRow {
    fn cells(&self) -> Vec<String> {
        let lts = self.lts.as_ref().map_or_else(String::new, |name| format!("lts/{name}"));
        let installed = if self.installed { "installed" } else { "" };
        let mut cells = vec![self.version.clone(), lts, installed.to_owned()];
        cells.extend(self.mark());
        cells
    }

    /// The mark of a release line that isn't maintained any more, or soon won't be.
    fn mark(&self) -> Option<String> {
        self.end_of_life.and_then(EndOfLife::mark)
    }
}

/// A line for each version that has builds for several versions of its runtime.
fn build_cells(rule: BuiltFor, rows: &[&AvailableRow]) -> Vec<Vec<String>> {
    let mut lines: Vec<Vec<String>> = Vec::new();
    for row in rows {
        let (name, least) =
            (rule.without_build_suffix(&row.parsed), rule.minimum_runtime(&row.parsed));
        if lines.last().is_none_or(|line| line[0] != name) {
            let mut line = vec![name.to_owned(), String::new(), String::new()];
            line.extend(row.mark());
            lines.push(line);
        }
        let Some(line) = lines.last_mut() else { continue };
        match least {
            Some(least) if line[1].is_empty() => line[1] = format!("{} {least}", rule.tool),
            Some(least) => line[1] = format!("{} {least}", line[1]),
            None => {}
        }
        if row.installed {
            "installed".clone_into(&mut line[2]);
        }
    }
    lines
}

impl Report for AvailableReport {
    fn text(&self) -> Text {
        let tool = self.filter.tool;
        let mut flavours: BTreeMap<(usize, String), Vec<&AvailableRow>> = BTreeMap::new();
        for row in &self.rows {
            flavours.entry(flavour(tool, &row.parsed)).or_default().push(row);
        }
        let mut flavours = flavours.into_values();
        let usual = flavours.next().unwrap_or_default();
        let lines: Vec<Vec<String>> = match (tool.built_for, &self.filter.request) {
            (Some(rule), None) => build_cells(rule, &usual),
            _ => usual.iter().map(|row| row.cells()).collect(),
        };
        let others: Vec<Vec<String>> =
            flavours.filter_map(|rows| self.filter.flavour_cells(&rows)).collect();
        let mut text = Text::from(Table::of_rows(lines));
        if !others.is_empty() {
            text.gap();
            text.table(Table::of_rows(others));
        }
        text
    }

    fn notes(&self) -> Vec<Notice> {
        self.notes.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::end_of_life::tests::day_of_2027;
    use crate::session::in_memory::session;

    fn listed_releases(source: &str, freshness: Freshness, versions: &[&str]) -> ListedReleases {
        let release = |text: &&str| Release {
            version: Version::parse(text).unwrap(),
            lts: None,
            source: source.to_owned(),
            archive: None,
        };
        let releases = versions.iter().map(release).collect();
        let served_from = ServedFrom { source: source.to_owned(), host: source.to_owned() };
        ListedReleases { releases, served_from, freshness }
    }

    fn report_for(
        name: &str,
        request: Option<&str>,
        listed: &[ListedReleases],
    ) -> Result<AvailableReport> {
        let world = MemoryWorld::at("/p").file("/usher/toolchains/node/12.22.12/bin/node", "");
        let session = session(world);
        let known = session.registry.named(name).unwrap();
        let request = request.map(|text| parse(known, text)).transpose()?;
        decide(&session, AvailableFilter { tool: known.tool, request }, listed)
    }

    #[test]
    fn versions_are_listed_once_with_their_lts_lines() {
        let listed = [
            listed_releases("site", Freshness::New, &["13.0.0", "12.22.12", "26.0.0-rc.1"]),
            listed_releases(
                "npm",
                Freshness::Cached(Duration::from_secs(7200)),
                &["12.0.0", "12.22.12"],
            ),
        ];
        let report = report_for("node", None, &listed).unwrap();
        insta::assert_snapshot!(report.text(), @"
        12.0.0
        12.22.12  lts/erbium  installed
        13.0.0
        ");
        assert_eq!(report.notes(), ["the index from npm is 2 h old"]);
        let report = report_for("node", Some("12.22"), &listed).unwrap();
        assert_eq!(
            serde_json::to_value(&report).unwrap()["versions"],
            json!([{
                "version": "12.22.12",
                "lts": "erbium",
                "end_of_life": "2022-04-30",
                "installed": true,
                "source": "site",
                "host": "site",
                "index_age": 0,
            }])
        );
    }

    #[test]
    fn release_lines_that_end_are_marked() {
        let mut session = session(MemoryWorld::at("/p"));
        session.now = day_of_2027(60);
        let text = |name: &str, versions: &[&str]| {
            let tool = session.registry.named(name).unwrap().tool;
            let listed = [listed_releases("site", Freshness::New, versions)];
            decide(&session, AvailableFilter { tool, request: None }, &listed).unwrap().text()
        };
        insta::assert_snapshot!(text("node", &["20.19.5", "22.20.0", "24.11.0", "99.0.0"]), @"
        20.19.5  lts/iron       end of life: 2026-04-30
        22.20.0  lts/jod        end of life: 2027-04-30
        24.11.0  lts/krypton
        99.0.0
        ");
        insta::assert_snapshot!(text("elixir", &["1.14.5-otp-24", "1.14.5-otp-25", "1.18.0"]), @"
        1.14.5  erlang 24 25    end of life: 2025-10-16
        1.18.0
        ");
    }

    #[test]
    fn other_flavours_have_a_line_each() {
        let versions = ["3.12.1", "3.13.0", "3.13.0t", "pypy3.10.1", "pypy3.10.2"];
        let listed = [listed_releases("site", Freshness::New, &versions)];
        insta::assert_snapshot!(report_for("python", None, &listed).unwrap().text(), @"
        3.12.1
        3.13.0

        pypy3.10.2  latest of 2  use available python@pypy
        3.13.0t     latest of 1  use available python@3t
        ");
        let pypy = report_for("python", Some("pypy"), &listed).unwrap();
        insta::assert_snapshot!(pypy.text(), @"
        pypy3.10.1
        pypy3.10.2
        ");
    }

    #[test]
    fn no_match_and_an_invalid_request_are_errors() {
        let listed = [listed_releases("site", Freshness::New, &["12.0.0"])];
        let error = |request| report_for("node", request, &listed).unwrap_err().to_string();
        assert_eq!(error(Some("99")), "no node release matches 99\n  hint: use available node");
        assert_eq!(
            error(Some("a b")),
            "invalid version of node: “a b”\n  expected a version, a range or an alias"
        );
        let none = report_for("node", None, &[]).unwrap_err();
        assert_eq!(none.to_string(), "no node release is available for this platform");
    }
}
