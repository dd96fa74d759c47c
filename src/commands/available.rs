//! `use available TOOL [REQUEST]`: the versions that can be had.

use serde::Serialize;
use usher_shims::error::{Error, Escaped, Exit, Result};
use usher_shims::request::{Author, Request};
use usher_shims::store::all;
use usher_shims::tool::{LtsLine, Tool};

use crate::network::Network;
use crate::output;
use crate::registry::Known;
use crate::release::{Finder, Freshness, Release, words};
use crate::usher::Usher;
use crate::writing::Writing;

/// A version that can be had.
#[derive(Serialize)]
struct Line {
    version: String,
    lts: Option<String>,
    installed: bool,
    source: String,
    /// How old the index is that lists it, in seconds.
    index_age: u64,
}

/// Runs the verb.
pub fn run(usher: &Usher, tool: &str, request: Option<&str>, as_json: bool) -> Result<()> {
    let known = usher.registry.named(tool)?;
    let request = request.map(|text| parse(known, text)).transpose()?;
    // What is kept of the answers is the folders' owner's; where it can't be, nothing depends on it.
    let _writing = Writing::to(&usher.folders).ok();
    let network = Network::new(usher);
    let listed = Finder::new(usher, &network).all(known)?;
    let fits = |release: &&Release| match &request {
        Some(request) => release.answers(request, known.tool),
        None => !release.version.is_prerelease(),
    };
    let there = all(&usher.world, &usher.home, known.tool)?.unwrap_or_default();
    let lines: Vec<Line> = listed
        .releases
        .iter()
        .filter(fits)
        .map(|release| Line {
            version: release.version.to_string(),
            lts: lts(release, known.tool),
            installed: there
                .iter()
                .any(|toolchain| toolchain.version.as_ref() == Some(&release.version)),
            source: release.source.clone(),
            index_age: listed.freshness.age().as_secs(),
        })
        .collect();
    if lines.is_empty() {
        let asked = request.map_or_else(String::new, |request| format!(" {request}"));
        return Err(Error::new(
            Exit::NotFound,
            format!("no release of {}{asked} is to be had", known.tool.name),
        )
        .hint(format!("use available {}", known.tool.name)));
    }
    if as_json {
        output::json(&lines);
        return Ok(());
    }
    if let Freshness::Kept(age) = listed.freshness {
        usher.tell(&format!("the index of {} is {} old", listed.source, words(age)));
    }
    output::table(&lines.iter().map(row).collect::<Vec<_>>());
    Ok(())
}

fn parse(known: Known<'_>, text: &str) -> Result<Request> {
    Request::parse(text, known.tool, Author::Person).map_err(|reason| {
        Error::new(Exit::Usage, format!("“{}” is no version of {}", Escaped(text), known.tool.name))
            .because(reason)
    })
}

/// The line a release belongs to: as its source says, else as the registry knows.
fn lts(release: &Release, tool: &'static Tool) -> Option<String> {
    let of_line = |line: &&LtsLine| {
        Request::parse(line.versions, tool, Author::Person)
            .is_ok_and(|range| range.matches(&release.version, tool))
    };
    let by_registry = || tool.lts.iter().find(of_line).map(|line| line.name.to_owned());
    release.lts.clone().or_else(by_registry)
}

fn row(line: &Line) -> Vec<String> {
    let lts = line.lts.as_ref().map_or_else(String::new, |name| format!("lts/{name}"));
    let installed = if line.installed { "on disk" } else { "" };
    vec![line.version.clone(), lts, installed.to_owned()]
}
