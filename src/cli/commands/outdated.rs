//! `use outdated [TOOL…]`: what is in force, the newest that is asked for, the newest there is.

use std::time::Duration;

use serde::Serialize;
use usher_shims::error::{Error, Result};
use usher_shims::store::all;

use crate::cli::output;
use crate::config::folders;
use crate::registry::KnownTool;
use crate::releases::network::Network;
use crate::releases::updates::Updates;
use crate::releases::{Finder, Freshness, Release};
use crate::session::Session;
use crate::session::current::CurrentVersion;
use crate::text::human_duration;

/// Which tools are meant.
pub enum Meant<'a> {
    /// Those that somebody asks for here.
    Asked,
    /// Those, and those that something on disk is of.
    All,
    /// These.
    Named(&'a [String]),
}

/// How one tool stands.
#[derive(Default, Serialize)]
struct Line {
    tool: &'static str,
    active_selection: Option<String>,
    request: Option<String>,
    origin: Option<String>,
    /// The newest that the request admits.
    admitted: Option<Newer>,
    /// The newest there is.
    newest: Option<Newer>,
    source: Option<String>,
    /// How old the index is that says so, in seconds.
    index_age: Option<u64>,
    /// Why something can't be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<String>,
    /// How long the index was kept, where nobody was asked.
    #[serde(skip)]
    kept: Option<Duration>,
    /// Whether it can't be told because something went wrong.
    #[serde(skip)]
    is_failed: bool,
}

/// A release, and whether it is newer than what is in force.
#[derive(Serialize)]
struct Newer {
    version: String,
    is_new: bool,
}

/// Runs the verb. What is outdated is an answer and no failure; what can't be told is one.
pub fn run(session: &Session, meant: &Meant<'_>, as_json: bool) -> Result<i32> {
    // What is kept of the answers is the folders' owner's; where it can't be, nothing depends on it.
    let access = folders::write_access(&session.folders).ok();
    let network = Network::keeping_if(session, access.as_ref());
    let finder = Finder::new(session, &network);
    let mut lines = Vec::new();
    let mut failed: Option<Error> = None;
    for known in chosen(session, meant)? {
        let mut line = Line { tool: known.tool.name, ..Line::default() };
        match fill(&mut line, (session, &finder), (known, meant)) {
            Ok(false) => continue,
            Ok(true) => {}
            Err(error) => {
                line.unknown = Some(error.what.clone());
                line.is_failed = true;
                if let (Some(_), false) = (&failed, as_json) {
                    session.note(&error.to_string());
                }
                failed.get_or_insert(error);
            }
        }
        lines.push(line);
    }
    if as_json {
        output::json(&lines);
        return Ok(failed.map_or(0, |error| error.kind().exit_code().into()));
    }
    print(session, &lines);
    failed.map_or(Ok(0), Err)
}

fn chosen<'a>(session: &'a Session, meant: &Meant<'_>) -> Result<Vec<KnownTool<'a>>> {
    match meant {
        Meant::Asked | Meant::All => Ok(session.registry.all().collect()),
        Meant::Named(names) => names.iter().map(|name| session.registry.named(name)).collect(),
    }
}

/// Finds out how a tool stands; `false` for one that isn't meant.
fn fill(
    line: &mut Line,
    (session, finder): (&Session, &Finder<'_>),
    (known, meant): (KnownTool<'_>, &Meant<'_>),
) -> Result<bool> {
    let standing = CurrentVersion::of(session, known)?;
    if !is_meant(session, &standing, meant)? {
        return Ok(false);
    }
    line.active_selection = standing.version.as_ref().map(ToString::to_string);
    if let Some((request, origin)) = standing.requested() {
        line.request = Some(request.to_string());
        line.origin = Some(origin.to_string());
    }
    if known.definition.source.is_empty() {
        line.unknown = Some(format!("usher has no source for {} yet", known.tool.name));
    } else {
        line.take(&standing, Updates::check(&standing, finder)?);
    }
    Ok(true)
}

fn is_meant(session: &Session, standing: &CurrentVersion<'_>, meant: &Meant<'_>) -> Result<bool> {
    Ok(match meant {
        Meant::Named(_) => true,
        Meant::Asked | Meant::All if standing.pin.is_some() => true,
        Meant::Asked => false,
        Meant::All => {
            let on_disk = all(&session.world, &session.index, standing.known.tool)?;
            on_disk.is_some_and(|toolchains| !toolchains.is_empty())
        }
    })
}

impl Line {
    fn take(&mut self, standing: &CurrentVersion<'_>, news: Updates) {
        let newer = |release: Release| Newer {
            is_new: standing.is_newer(&release.version),
            version: release.version.to_string(),
        };
        self.admitted = news.admitted.map(newer);
        self.newest = news.newest.map(newer);
        self.source = Some(news.source);
        self.index_age = Some(news.freshness.age().as_secs());
        self.kept = match news.freshness {
            Freshness::Cached(age) => Some(age),
            Freshness::New | Freshness::StaleFallback(_) => None,
        };
    }

    fn row(&self) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
        let newer = |newer: &Option<Newer>| match newer {
            Some(newer) if newer.is_new => format!("{} new", newer.version),
            Some(newer) => newer.version.clone(),
            None => "?".to_owned(),
        };
        let (admitted, asked) = match (&self.request, &self.origin) {
            (Some(request), Some(origin)) => {
                (newer(&self.admitted), format!("{request} by {origin}"))
            }
            _ if self.is_failed => ("?".to_owned(), "can't be told".to_owned()),
            _ => ("-".to_owned(), "nobody asks".to_owned()),
        };
        vec![
            self.tool.to_owned(),
            text(&self.active_selection),
            admitted,
            newer(&self.newest),
            asked,
        ]
    }
}

fn print(session: &Session, lines: &[Line]) {
    if lines.is_empty() {
        output::line("nobody asks for anything here: use outdated --all");
        return;
    }
    let head = ["tool", "in force", "admitted", "newest", "asked for"].map(str::to_owned);
    let rows: Vec<_> = [head.to_vec()].into_iter().chain(lines.iter().map(Line::row)).collect();
    output::text(output::table(&rows).as_bytes());
    for line in lines {
        if let (Some(age), Some(source)) = (line.kept, &line.source) {
            session.note(&format!(
                "{}: the index of {source} is {} old",
                line.tool,
                human_duration(age)
            ));
        }
        if let (Some(unknown), false) = (&line.unknown, line.is_failed) {
            session.note(unknown);
        }
    }
    if lines.iter().any(|line| line.admitted.as_ref().is_some_and(|newer| newer.is_new)) {
        session.note("what is admitted and new is fetched by: use upgrade");
    }
}
