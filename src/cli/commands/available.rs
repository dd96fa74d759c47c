//! `use available TOOL [REQUEST]`: the versions that can be had, from all sources.
//!
//! What a person sees first are the versions that a bare request means; of other flavours and
//! builds there is a line each. A program gets all.

use std::collections::BTreeMap;

use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Escaped, Result};
use usher_shims::request::{Request, RequestTrust};
use usher_shims::store::all;
use usher_shims::tool::{BuiltFor, LtsLine, Tool};
use usher_shims::version::Version;

use crate::cli::output;
use crate::config::folders;
use crate::registry::KnownTool;
use crate::releases::network::Network;
use crate::releases::{Finder, Freshness, ListedReleases, Release};
use crate::session::Session;
use crate::text::human_duration;

/// A version that can be had.
#[derive(Serialize)]
struct Line {
    version: String,
    lts: Option<String>,
    installed: bool,
    source: String,
    /// How old the index is that lists it, in seconds.
    index_age: u64,
    #[serde(skip)]
    parsed: Version,
}

/// Runs the verb; `TOOL@REQUEST` says the same as `TOOL REQUEST`.
pub fn run(session: &Session, tool: &str, request: Option<&str>, as_json: bool) -> Result<()> {
    let (tool, request) = match (tool.split_once('@'), request) {
        (Some((tool, request)), None) => (tool, Some(request)),
        _ => (tool, request),
    };
    let known = session.registry.named(tool)?;
    let request = request.map(|text| parse(known, text)).transpose()?;
    // What is kept of the answers is the folders' owner's; where it can't be, nothing depends on it.
    let access = folders::write_access(&session.folders).ok();
    let network = Network::keeping_if(session, access.as_ref());
    let (listed, unlisted) = Finder::new(session, &network).of_all_sources(known)?;
    for error in unlisted {
        session.note(&error.to_string());
    }
    let lines = lines(session, (known.tool, request.as_ref()), &listed)?;
    if lines.is_empty() {
        let asked = request.map_or_else(String::new, |request| format!(" {request}"));
        return Err(Error::new(
            ErrorKind::NotFound,
            format!("no release of {}{asked} is to be had", known.tool.name),
        )
        .hint(format!("use available {}", known.tool.name)));
    }
    if as_json {
        output::json(&lines);
        return Ok(());
    }
    for one in &listed {
        if let Freshness::Cached(age) = one.freshness {
            session.note(&format!("the index of {} is {} old", one.source, human_duration(age)));
        }
    }
    print(known.tool, request.as_ref(), &lines);
    Ok(())
}

fn parse(known: KnownTool<'_>, text: &str) -> Result<Request> {
    Request::parse(text, known.tool, RequestTrust::User).map_err(|reason| {
        Error::new(
            ErrorKind::Usage,
            format!("“{}” is no version of {}", Escaped(text), known.tool.name),
        )
        .because(reason)
    })
}

/// What answers, oldest first; of what several sources have, the first one's.
fn lines(
    session: &Session,
    (tool, request): (&'static Tool, Option<&Request>),
    listed: &[ListedReleases],
) -> Result<Vec<Line>> {
    let there = all(&session.world, &session.index, tool)?.unwrap_or_default();
    let mut found: BTreeMap<&Version, Line> = BTreeMap::new();
    for one in listed {
        for release in one.releases.iter().filter(|release| fits(release, (tool, request))) {
            let installed = there.iter().any(|one| one.version.as_ref() == Some(&release.version));
            found.entry(&release.version).or_insert_with(|| Line {
                version: release.version.to_string(),
                lts: lts(release, tool),
                installed,
                source: release.source.clone(),
                index_age: one.freshness.age().as_secs(),
                parsed: release.version.clone(),
            });
        }
    }
    Ok(found.into_values().collect())
}

fn fits(release: &Release, (tool, request): (&Tool, Option<&Request>)) -> bool {
    match request {
        Some(request) => release.answers(request, tool),
        None => !release.version.is_prerelease(),
    }
}

/// The line a release belongs to: as its source says, else as the registry knows.
fn lts(release: &Release, tool: &'static Tool) -> Option<String> {
    let of_line = |line: &&LtsLine| {
        Request::parse(line.versions, tool, RequestTrust::User)
            .is_ok_and(|range| range.matches(&release.version, tool))
    };
    let by_registry = || tool.lts.iter().find(of_line).map(|line| line.name.to_owned());
    release.lts.clone().or_else(by_registry)
}

/// The versions of the usual kind a line each, and behind them a line for each other kind.
fn print(tool: &Tool, request: Option<&Request>, lines: &[Line]) {
    let mut kinds: BTreeMap<(usize, String), Vec<&Line>> = BTreeMap::new();
    for line in lines {
        kinds.entry(kind(tool, &line.parsed)).or_default().push(line);
    }
    let mut kinds = kinds.into_values();
    let usual = kinds.next().unwrap_or_default();
    let rows: Vec<Vec<String>> = match (tool.built_for, request) {
        (Some(rule), None) => with_builds(rule, &usual),
        _ => usual.iter().map(|line| row(line)).collect(),
    };
    output::text(output::table(&rows).as_bytes());
    let others: Vec<Vec<String>> = kinds.filter_map(|lines| other(tool, request, &lines)).collect();
    if !others.is_empty() {
        output::line("");
        output::text(output::table(&others).as_bytes());
    }
}

/// Of which kind a version is, and how usual that is: no flavour, then the vendors any of which will
/// do, then others, and last free-threaded builds.
fn kind(tool: &Tool, version: &Version) -> (usize, String) {
    let flavour = version.flavour();
    let vendor = tool.vendors.iter().position(|vendor| *vendor == flavour);
    match (flavour, vendor) {
        _ if version.is_free_threaded() => (usize::MAX, flavour.to_owned()),
        ("", _) => (0, String::new()),
        (_, Some(place)) => (place + 1, flavour.to_owned()),
        _ => {
            let name = flavour.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
            (tool.vendors.len() + 1, name.to_owned())
        }
    }
}

fn row(line: &Line) -> Vec<String> {
    let lts = line.lts.as_ref().map_or_else(String::new, |name| format!("lts/{name}"));
    let installed = if line.installed { "on disk" } else { "" };
    vec![line.version.clone(), lts, installed.to_owned()]
}

/// A line for each version of which there are builds, with what these are for.
fn with_builds(rule: BuiltFor, lines: &[&Line]) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for line in lines {
        let (name, least) = (rule.without_mark(&line.parsed), rule.least(&line.parsed));
        if rows.last().is_none_or(|row| row[0] != name) {
            rows.push(vec![name.to_owned(), String::new(), String::new()]);
        }
        let Some(row) = rows.last_mut() else { continue };
        match least {
            Some(least) if row[1].is_empty() => row[1] = format!("{} {least}", rule.tool),
            Some(least) => row[1] = format!("{} {least}", row[1]),
            None => {}
        }
        if line.installed {
            "on disk".clone_into(&mut row[2]);
        }
    }
    rows
}

/// One line for all versions of another kind: the newest, how many there are, and what lists them.
fn other(tool: &Tool, request: Option<&Request>, lines: &[&Line]) -> Option<Vec<String>> {
    let newest = lines.last()?;
    let version = &newest.parsed;
    let asked = request.map_or("", Request::as_str);
    let (_, kind) = kind(tool, version);
    let named = match version.is_free_threaded() {
        true => format!("{}t", version.numbers().at(0)),
        false if asked.starts_with(|c: char| c.is_ascii_digit()) && !tool.vendors.is_empty() => {
            format!("{kind}-{asked}")
        }
        false => kind,
    };
    let count = format!("newest of {}", lines.len());
    Some(vec![version.to_string(), count, format!("use available {}@{named}", tool.name)])
}
