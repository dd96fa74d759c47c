//! `use available TOOL [REQUEST]`: the versions that can be installed, from all sources.
//!
//! A person sees the newest version of each release line, newest first, and a line for each other
//! flavour; with `--all` or a request, every version. JSON always has every version.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Escaped, Result};
use usher_shims::request::{Request, RequestTrust};
use usher_shims::resolve::Selection;
use usher_shims::store::all_toolchains;
use usher_shims::tool::{LtsLine, Tool};
use usher_shims::toolchain::Toolchain;
use usher_shims::version::Version;

use super::count_of;
use crate::cli::output::{self, Line, Meaning, Report, Table, Text};
use crate::config::folders;
use crate::registry::KnownTool;
use crate::releases::network::Network;
use crate::releases::{Finder, ListedReleases, Release, ServedFrom, stale_note};
use crate::session::Session;
use crate::session::active::{active_selection, is_active};
use crate::session::end_of_life::EndOfLife;
use crate::session::reporter::Notice;

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
    /// Whether it is the version that runs here.
    #[serde(skip)]
    active: bool,
    /// Its release line: `24`, `3.12`.
    #[serde(skip)]
    line: String,
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
    /// Whether the text has every version, and not only the newest of each release line.
    has_all: bool,
}

/// The arguments of `use available`.
#[derive(Debug, Args)]
pub struct AvailableArguments {
    /// The tool
    pub tool: String,
    /// Only versions that match this request
    request: Option<String>,
    /// List every version, not only the newest of each release line
    #[arg(long, conflicts_with = "request")]
    all: bool,
}

/// Runs `use available`; `TOOL@REQUEST` is the same as `TOOL REQUEST`.
pub fn run(session: &Session, arguments: &AvailableArguments, as_json: bool) -> Result<i32> {
    let AvailableArguments { tool, request, all } = arguments;
    let (tool, request) = match (tool.split_once('@'), request.as_deref()) {
        (Some((tool, request)), None) => (tool, Some(request)),
        (_, request) => (tool.as_str(), request),
    };
    let known = session.registry.named(tool)?;
    let request = request.map(|text| parse(known, text)).transpose()?;
    // Indexes are cached only where the cache is writable; the result is the same.
    let access = folders::write_access(&session.folders).ok();
    let network = Network::with_cache_if(session, access.as_ref());
    let (listed, failed) = Finder::new(session, &network).list_all_sources(known)?;
    let has_all = *all || request.is_some();
    let filter = AvailableFilter { tool: known.tool, request, has_all };
    let mut report = decide(session, filter, &listed)?;
    report.notes.extend(unlisted_note(&failed));
    output::print(&report, as_json, &*session.reporter)
}

/// The note on sources that failed, while others answered.
fn unlisted_note(sources: &[String]) -> Option<Notice> {
    let pronoun = if sources.len() == 1 { "it has" } else { "they have" };
    let names = sources.join(", ");
    let what = format!("can't list {names}: versions that only {pronoun} are missing");
    (!sources.is_empty()).then(|| Notice::note(what))
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
    let stale = stale_note(listed.iter().map(|one| (&one.served_from, one.freshness)));
    Ok(AvailableReport { rows, filter, notes: stale.into_iter().collect() })
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
    // A broken pin makes no version active; the versions are listed all the same.
    let active = active_selection(session, known).unwrap_or(Selection::Stale);
    let of_version = |version| {
        installed.iter().filter(move |one: &&Toolchain| one.version.as_ref() == Some(version))
    };
    let mut rows: BTreeMap<&Version, AvailableRow> = BTreeMap::new();
    for one in listed {
        for release in one.releases.iter().filter(|release| filter.includes(release)) {
            rows.entry(&release.version).or_insert_with(|| AvailableRow {
                version: release.version.to_string(),
                lts: filter.lts(release),
                end_of_life: EndOfLife::of(session, known, &release.version),
                installed: of_version(&release.version).next().is_some(),
                active: of_version(&release.version)
                    .any(|one| is_active(session, filter.tool, one, &active)),
                line: known.release_line(&release.version),
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

    /// One line for all versions of an unusual flavour: the newest, the count, and what lists them.
    fn flavour_cells(&self, rows: &[&AvailableRow]) -> Option<[Line; 3]> {
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
        let command = format!("use available {}@{named}", self.tool.name);
        Some([
            version.to_string().into(),
            rows.len().to_string().into(),
            Line::of(Meaning::Hint, command),
        ])
    }

    /// The versions of the usual flavour in the order of the text: newest first, and builds for several
    /// versions of a runtime as one.
    fn entries<'a>(&self, rows: &[&'a AvailableRow]) -> Vec<Entry<'a>> {
        let mut entries: Vec<Entry<'a>> = Vec::new();
        for row in rows.iter().rev() {
            let rule = self.tool.built_for.filter(|_| self.request.is_none());
            let version =
                rule.map_or(row.version.as_str(), |one| one.without_build_suffix(&row.parsed));
            let runtime = rule.and_then(|one| one.minimum_runtime(&row.parsed));
            match entries.last_mut().filter(|last| last.version == version) {
                Some(last) => {
                    last.runtimes.extend(runtime);
                    last.installed |= row.installed;
                    last.active |= row.active;
                }
                None => entries.push(Entry {
                    row,
                    version,
                    runtimes: runtime.into_iter().collect(),
                    installed: row.installed,
                    active: row.active,
                    older: None,
                }),
            }
        }
        entries
    }
}

/// A version in the text.
#[derive(Debug)]
struct Entry<'a> {
    row: &'a AvailableRow,
    /// The version, without the suffix of a build.
    version: &'a str,
    /// The versions of the runtime that it is built for, the newest first.
    runtimes: Vec<u64>,
    installed: bool,
    active: bool,
    /// Of an older version of its release line that is installed: which, and whether it is active.
    older: Option<(&'a str, bool)>,
}

impl Entry<'_> {
    /// The newest of each release line; they name the version of it that is installed.
    fn newest_of_lines(entries: Vec<Self>) -> Vec<Self> {
        let mut newest: Vec<Self> = Vec::new();
        for entry in entries {
            match newest.iter_mut().find(|one| one.row.line == entry.row.line) {
                Some(one) => one.add_older(&entry),
                None => newest.push(entry),
            }
        }
        newest
    }

    /// Notes an older version of its line: the active one, else the newest that is installed.
    fn add_older(&mut self, older: &Self) {
        let is_better = match self.older {
            Some((_, is_active)) => older.active && !is_active,
            None => older.active || (older.installed && !self.installed),
        };
        if is_better {
            self.older = Some((older.version, older.active));
        }
    }

    fn cells(&self) -> [Line; 6] {
        let lts = self.row.lts.as_ref().map_or_else(String::new, |name| format!("lts/{name}"));
        let runtimes: Vec<String> = self.runtimes.iter().rev().map(u64::to_string).collect();
        [
            self.row.line.as_str().into(),
            Line::of(self.meaning(), self.version),
            lts.into(),
            runtimes.join(" ").into(),
            self.state(),
            self.end_of_life(),
        ]
    }

    /// Whether this line runs here, is installed, or is of no use any more.
    fn meaning(&self) -> Meaning {
        match (self.active, self.row.end_of_life) {
            (true, _) => Meaning::Active,
            (false, Some(end)) if end.has_ended() && !self.installed => Meaning::Muted,
            (false, _) => Meaning::Plain,
        }
    }

    fn state(&self) -> Line {
        match self.older {
            _ if self.active => Line::of(Meaning::Active, "active"),
            Some((version, true)) => Line::of(Meaning::Active, format!("{version} active")),
            _ if self.installed => "installed".into(),
            Some((version, false)) => format!("{version} installed").into(),
            None => Line::new(),
        }
    }

    /// The day. It is a warning where the line is in use.
    fn end_of_life(&self) -> Line {
        let Some(end) = self.row.end_of_life else { return Line::new() };
        let is_used = self.active || self.installed || self.older.is_some();
        let meaning = match end.marked_date() {
            Some(_) if is_used || !end.has_ended() => Meaning::Warning,
            Some(_) => Meaning::Muted,
            None => Meaning::Plain,
        };
        Line::of(meaning, end.date())
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

impl Report for AvailableReport {
    fn text(&self) -> Text {
        let AvailableFilter { tool, has_all, .. } = self.filter;
        let mut flavours: BTreeMap<(usize, String), Vec<&AvailableRow>> = BTreeMap::new();
        for row in &self.rows {
            flavours.entry(flavour(tool, &row.parsed)).or_default().push(row);
        }
        let mut flavours = flavours.into_values();
        let all = self.filter.entries(&flavours.next().unwrap_or_default());
        let count = all.len();
        let shown = if has_all { all } else { Entry::newest_of_lines(all) };
        let runtime = tool.built_for.map_or("", |rule| rule.tool).to_uppercase();
        let line = if has_all { "" } else { "LINE" };
        let headings = [line, "VERSION", "LTS", &runtime, "STATE", "END OF LIFE"];
        let mut table = Table::with_headings(headings);
        for entry in &shown {
            let [line, others @ ..] = entry.cells();
            let line = if has_all { Line::new() } else { line };
            table.row([line].into_iter().chain(others));
        }
        let mut text = Text::from(table.without_empty_columns());
        let mut others = Table::with_headings(["OTHER BUILDS", "VERSIONS", ""]);
        flavours
            .filter_map(|rows| self.filter.flavour_cells(&rows))
            .for_each(|row| others.row(row));
        if !others.is_empty() {
            text.gap();
            text.table(others);
        }
        if shown.len() < count {
            text.gap();
            let all =
                format!("all {}: use available {} --all", count_of(count, "version"), tool.name);
            text.line(Line::of(Meaning::Muted, all));
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
    use crate::cli::output::at_widths;
    use crate::releases::Freshness;
    use crate::session::end_of_life::tests::day_of_2027;
    use crate::session::in_memory::{self, session};

    fn listed_releases(source: &str, freshness: Freshness, versions: &[&str]) -> ListedReleases {
        let release = |text: &&str| Release {
            version: Version::parse(text).unwrap(),
            lts: None,
            source: source.to_owned(),
            archive: None,
            is_translated: false,
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
        decide(
            &session,
            AvailableFilter { tool: known.tool, has_all: request.is_some(), request },
            listed,
        )
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
        LINE  VERSION   LTS         STATE   END OF LIFE
        13    13.0.0                        2020-06-01
        12    12.22.12  lts/erbium  active  2022-04-30

        all 3 versions: use available node --all
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
    fn the_newest_of_each_line_is_listed_with_what_is_installed_of_it() {
        let world = MemoryWorld::at("/p")
            .file("/p/.nvmrc", "22")
            .file("/usher/toolchains/node/12.22.11/bin/node", "")
            .file("/usher/toolchains/node/12.22.12/bin/node", "")
            .file("/usher/toolchains/node/22.20.0/bin/node", "")
            .file("/usher/toolchains/node/22.21.0/bin/node", "")
            .file("/usher/toolchains/node/24.11.0/bin/node", "");
        let mut session = session(world.clone());
        session.now = day_of_2027(60);
        let tool = session.registry.named("node").unwrap().tool;
        let versions = [
            "10.24.1", "12.22.11", "12.22.12", "12.22.13", "22.20.0", "22.21.0", "22.21.1",
            "24.10.0", "24.11.0", "99.0.0",
        ];
        let listed = [listed_releases("site", Freshness::New, &versions)];
        let text = |session: &Session, has_all| {
            let filter = AvailableFilter { tool, request: None, has_all };
            decide(session, filter, &listed).unwrap().text()
        };
        insta::assert_snapshot!(at_widths(&text(&session, false)), @"
        --- 60, 80, 120
        LINE  VERSION   LTS          STATE               END OF LIFE
        99    99.0.0
        24    24.11.0   lts/krypton  installed           2028-04-30
        22    22.21.1   lts/jod      22.21.0 active      2027-04-30
        12    12.22.13  lts/erbium   12.22.12 installed  2022-04-30
        10    10.24.1   lts/dubnium                      2021-04-30

        all 10 versions: use available node --all
        --- colours
        <heading>LINE</>  <heading>VERSION</>   <heading>LTS</>          <heading>STATE</>               <heading>END OF LIFE</>
        99    99.0.0
        24    24.11.0   lts/krypton  installed           2028-04-30
        22    22.21.1   lts/jod      <active>22.21.0 active</>      <warning>2027-04-30</>
        12    <muted>12.22.13</>  lts/erbium   12.22.12 installed  <warning>2022-04-30</>
        10    <muted>10.24.1</>   lts/dubnium                      <muted>2021-04-30</>

        <muted>all 10 versions: use available node --all</>
        ");
        insta::assert_snapshot!(at_widths(&text(&session, true)), @"
        --- 60, 80, 120
        VERSION   LTS          STATE      END OF LIFE
        99.0.0
        24.11.0   lts/krypton  installed  2028-04-30
        24.10.0                           2028-04-30
        22.21.1   lts/jod                 2027-04-30
        22.21.0   lts/jod      active     2027-04-30
        22.20.0   lts/jod      installed  2027-04-30
        12.22.13  lts/erbium              2022-04-30
        12.22.12  lts/erbium   installed  2022-04-30
        12.22.11  lts/erbium   installed  2022-04-30
        10.24.1   lts/dubnium             2021-04-30
        --- colours
        <heading>VERSION</>   <heading>LTS</>          <heading>STATE</>      <heading>END OF LIFE</>
        99.0.0
        24.11.0   lts/krypton  installed  2028-04-30
        24.10.0                           2028-04-30
        22.21.1   lts/jod                 <warning>2027-04-30</>
        <active>22.21.0</>   lts/jod      <active>active</>     <warning>2027-04-30</>
        22.20.0   lts/jod      installed  <warning>2027-04-30</>
        <muted>12.22.13</>  lts/erbium              <muted>2022-04-30</>
        12.22.12  lts/erbium   installed  <warning>2022-04-30</>
        12.22.11  lts/erbium   installed  <warning>2022-04-30</>
        <muted>10.24.1</>   lts/dubnium             <muted>2021-04-30</>
        ");
        let broken = in_memory::session(world.file("/p/.nvmrc", "../x"));
        assert!(!text(&broken, true).to_string().contains("active"));
    }

    #[test]
    fn a_tool_s_lines_are_those_of_the_registry() {
        let lines = |name: &str, versions: &[&str]| {
            let listed = [listed_releases("site", Freshness::New, versions)];
            let text = report_for(name, None, &listed).unwrap().text().to_string();
            let lines = text.lines().skip(1).map_while(|line| line.split_whitespace().next());
            lines.map(str::to_owned).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(lines("python", &["3.12.1", "3.12.2", "3.13.0"]), "3.13 3.12");
        // Without a count of its own, as its lines' days have.
        assert_eq!(lines("go", &["1.24.1", "1.25.0", "1.25.1"]), "1.25 1.24");
        // Without either.
        assert_eq!(lines("pnpm", &["9.0.0", "9.1.0", "10.2.0"]), "10 9");
        assert_eq!(lines("zig", &["0.13.0", "0.14.0", "0.14.1"]), "0.14 0.13");
    }

    #[test]
    fn sources_that_failed_are_one_note() {
        let note = |sources: &[&str]| {
            let sources: Vec<String> = sources.iter().map(ToString::to_string).collect();
            unlisted_note(&sources).map(|notice| notice.to_string())
        };
        assert_eq!(note(&[]), None);
        insta::assert_snapshot!(note(&["nodejs.org"]).unwrap(), @"can't list nodejs.org: versions that only it has are missing");
        insta::assert_snapshot!(note(&["nodejs.org", "npm"]).unwrap(), @"can't list nodejs.org, npm: versions that only they have are missing");
    }

    #[test]
    fn release_lines_that_end_are_marked() {
        let mut session = session(MemoryWorld::at("/p"));
        session.now = day_of_2027(60);
        let text = |name: &str, versions: &[&str]| {
            let tool = session.registry.named(name).unwrap().tool;
            let listed = [listed_releases("site", Freshness::New, versions)];
            decide(&session, AvailableFilter { tool, request: None, has_all: false }, &listed)
                .unwrap()
                .text()
        };
        insta::assert_snapshot!(text("node", &["20.19.5", "22.20.0", "24.11.0", "99.0.0"]), @"
        LINE  VERSION  LTS          END OF LIFE
        99    99.0.0
        24    24.11.0  lts/krypton  2028-04-30
        22    22.20.0  lts/jod      2027-04-30
        20    20.19.5  lts/iron     2026-04-30
        ");
        insta::assert_snapshot!(text("elixir", &["1.14.5-otp-24", "1.14.5-otp-25", "1.18.0"]), @"
        LINE  VERSION  ERLANG  END OF LIFE
        1.18  1.18.0
        1.14  1.14.5   24 25   2025-10-16
        ");
    }

    #[test]
    fn other_flavours_have_a_line_each() {
        let versions = ["3.12.1", "3.13.0", "3.13.0t", "pypy3.10.1", "pypy3.10.2"];
        let listed = [listed_releases("site", Freshness::New, &versions)];
        insta::assert_snapshot!(report_for("python", None, &listed).unwrap().text(), @"
        LINE  VERSION  END OF LIFE
        3.13  3.13.0   2029-10-31
        3.12  3.12.1   2028-10-31

        OTHER BUILDS  VERSIONS
        pypy3.10.2    2         use available python@pypy
        3.13.0t       1         use available python@3t
        ");
        let pypy = report_for("python", Some("pypy"), &listed).unwrap();
        insta::assert_snapshot!(pypy.text(), @"
        VERSION
        pypy3.10.2
        pypy3.10.1
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
