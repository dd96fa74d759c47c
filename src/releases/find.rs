//! Finding a release: source by source, from what is kept or asked for anew.

mod failed;
mod kept;
mod kinds;
mod offline;
mod parts;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use usher_definition::Source;
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::pin::Origin;
use usher_shims::request::{Meaning, Request};
use usher_shims::resolve::Runtime;
use usher_shims::tool::Tool;
use usher_shims::version::Version;

use self::failed::{no_such_folder, of_source};
use self::kept::Age;
use self::kinds::Listing;
use super::cache::Cache;
use super::{Artifact, Part, Release, nothing, npm};
use crate::http::Failure;
use crate::registry::Known;
use crate::releases::network::Network;
use crate::releases::platform::platform;
use crate::releases::runtime;
use crate::session::Usher;

pub use self::kept::{Freshness, words};
pub use self::offline::would_be_fetched;

/// One version, as an index has it; this is what the cache keeps.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) version: String,
    pub(super) lts: Option<String>,
    pub(super) artifact: Option<Artifact>,
    /// The `engines` of an npm package.
    pub(super) engines: Option<BTreeMap<String, String>>,
}

/// A request of a tool, and who asks.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Of which tool.
    pub known: Known<'a>,
    /// Which version.
    pub request: &'a Request,
    /// Who asks.
    pub origin: &'a Origin,
}

/// Finds releases and what to fetch for them.
pub struct Finder<'a> {
    usher: &'a Usher,
    network: &'a Network<'a>,
    cache: Cache,
    platform: String,
    together: &'a [Wanted<'a>],
}

/// The releases that a source lists.
pub struct Listed {
    /// In the order of its index.
    pub releases: Vec<Release>,
    /// The source's name.
    pub source: String,
    /// How old its index is.
    pub freshness: Freshness,
}

/// What a source had to say.
enum Said {
    Releases(Listed),
    /// It has nothing for this platform.
    Nothing,
}

impl<'a> Finder<'a> {
    /// A finder for this run.
    pub fn new(usher: &'a Usher, network: &'a Network<'a>) -> Self {
        let cache = Cache::new(usher.folders.indexes());
        Self { usher, network, cache, platform: platform(&usher.world), together: &[] }
    }

    /// The same where this is asked for together: what runs on another tool is to fit that.
    #[must_use]
    pub fn together(self, together: &'a [Wanted<'a>]) -> Self {
        Self { together, ..self }
    }

    /// The newest release that answers a request.
    pub fn find(&self, wanted: &Wanted<'_>) -> Result<Release> {
        self.find_elsewhere(wanted, &[])
    }

    /// The newest release that answers a request, from none of the sources of these names.
    pub fn find_elsewhere(&self, wanted: &Wanted<'_>, passed: &[String]) -> Result<Release> {
        let has_sources = !wanted.known.definition.source.is_empty();
        if let (true, Meaning::Named(name)) = (has_sources, wanted.request.meaning())
            && !wanted.known.has_flavour(name.as_str())
        {
            return Err(no_such_folder(wanted));
        }
        let mut failures = Vec::new();
        let mut seen: Vec<Version> = Vec::new();
        let mut unfit: Vec<Version> = Vec::new();
        let host = runtime::of(self.usher, wanted.known.tool, self.together)?;
        let sources = self.sources(wanted.known)?;
        for source in sources.into_iter().filter(|source| !passed.contains(&source.name)) {
            for age in [Age::Fresh, Age::New] {
                let listed = match self.ask(source, age) {
                    Ok(Said::Releases(listed)) => listed,
                    Ok(Said::Nothing) => break,
                    Err(Failure::Fatal(error)) => return Err(error),
                    Err(failure) => {
                        failures.push((source.name.clone(), Error::from(failure)));
                        break;
                    }
                };
                let asked = (wanted.request, wanted.known.tool);
                if let Some(release) = newest_of(host.as_ref(), &listed.releases, asked) {
                    return Ok(release);
                }
                let answering = listed.releases.iter().filter(|one| one.answers(asked.0, asked.1));
                unfit.extend(answering.map(|release| release.version.clone()));
                seen.extend(listed.releases.into_iter().map(|release| release.version));
                if self.usher.settings.offline {
                    let unlisted = self.not_in_kept(listed.freshness);
                    failures.extend(unlisted.map(|error| (source.name.clone(), error)));
                    break;
                }
                if !matches!(listed.freshness, Freshness::Kept(_)) {
                    break;
                }
            }
        }
        match host {
            Some(host) if !unfit.is_empty() => Err(runtime::unfit(&host, wanted, &unfit)),
            _ => Err(self.not_found(wanted, seen, &failures)),
        }
    }

    /// The newest of these releases that answers a request and runs here.
    pub fn newest(
        &self,
        releases: &[Release],
        asked: (&Request, &Tool),
    ) -> Result<Option<Release>> {
        let host = runtime::of(self.usher, asked.1, self.together)?;
        Ok(newest_of(host.as_ref(), releases, asked))
    }

    /// All releases of a tool, from the first source that answers, oldest first.
    pub fn all(&self, known: Known<'_>) -> Result<Listed> {
        let mut failures = Vec::new();
        for source in self.sources(known)? {
            match self.ask(source, Age::Fresh) {
                Ok(Said::Releases(mut listed)) => {
                    listed.releases.sort_by(|a, b| a.version.cmp(&b.version));
                    return Ok(listed);
                }
                Ok(Said::Nothing) => {}
                Err(Failure::Fatal(error)) => return Err(error),
                Err(failure) => failures.push((source.name.clone(), Error::from(failure))),
            }
        }
        if failures.is_empty() {
            return Err(nothing::for_list(known, &self.platform));
        }
        let what = format!("the releases of {} can't be listed", known.tool.name);
        Err(self.unreachable(what, &failures))
    }

    /// All releases of a tool, from all sources that answer, each oldest first; with the reasons of
    /// those that don't. An error only where none does.
    pub fn of_all_sources(&self, known: Known<'_>) -> Result<(Vec<Listed>, Vec<Error>)> {
        let (mut all, mut failures) = (Vec::new(), Vec::new());
        for source in self.sources(known)? {
            match self.ask(source, Age::Fresh) {
                Ok(Said::Releases(mut listed)) => {
                    listed.releases.sort_by(|a, b| a.version.cmp(&b.version));
                    all.push(listed);
                }
                Ok(Said::Nothing) => {}
                Err(Failure::Fatal(error)) => return Err(error),
                Err(failure) => failures.push((source.name.clone(), Error::from(failure))),
            }
        }
        let what = || format!("the releases of {} can't be listed", known.tool.name);
        match (all.is_empty(), failures.is_empty()) {
            (true, true) => Err(nothing::for_list(known, &self.platform)),
            (true, false) => Err(self.unreachable(what(), &failures)),
            (false, _) => Ok((all, failures.into_iter().map(of_source).collect())),
        }
    }

    /// The releases that the cached indexes list, however old these are; nobody is asked.
    pub fn cached(&self, known: Known<'_>) -> Vec<Release> {
        let kept = |source: &Source| {
            let listing = self.listing(source).ok()??;
            let kept = self.cache.get::<Vec<Entry>>(&listing.key())?;
            Some(releases(source, &listing, kept.content))
        };
        // Which registry npm's is may take asking npm, so that comes only after the sites.
        let sources = self.sources(known).unwrap_or_default();
        sources.into_iter().find_map(kept).unwrap_or_default()
    }

    /// What to fetch for a release; offline, an error that says what that would have been.
    pub fn parts(&self, known: Known<'_>, release: &Release) -> Result<Vec<Part>> {
        if self.usher.settings.offline {
            return Err(self.would_be_fetched(known, release));
        }
        let source = known.definition.source.iter().find(|source| source.name == release.source);
        let parts = source.map_or_else(|| Ok(Vec::new()), |source| self.parts_of(source, release));
        parts.map_err(Error::from)
    }

    /// The sources to ask: all, or the one that the settings name.
    fn sources<'b>(&self, known: Known<'b>) -> Result<Vec<&'b Source>> {
        let all: Vec<&Source> = known.definition.source.iter().collect();
        let Some(only) = self.usher.settings.source.get(known.tool.name) else { return Ok(all) };
        let chosen: Vec<&Source> =
            all.iter().copied().filter(|source| &source.name == only).collect();
        if chosen.is_empty() {
            let names: Vec<&str> = all.iter().map(|source| source.name.as_str()).collect();
            let (tool, origin) = (known.tool.name, self.usher.settings.origin("source"));
            return Err(Error::new(
                ErrorKind::BadSetting,
                format!("{tool} has no source “{only}” ({origin})"),
            )
            .because(format!("its sources are {}", names.join(", "))));
        }
        Ok(chosen)
    }

    fn ask(&self, source: &Source, age: Age) -> std::result::Result<Said, Failure> {
        let Some(listing) = self.listing(source)? else { return Ok(Said::Nothing) };
        let index = self.index(&listing, age)?;
        Ok(Said::Releases(Listed {
            releases: releases(source, &listing, index.entries),
            source: source.name.clone(),
            freshness: index.freshness,
        }))
    }
}

/// The releases that a source's index lists.
fn releases(source: &Source, listing: &Listing<'_>, entries: Vec<Entry>) -> Vec<Release> {
    let release = |entry: Entry| {
        let version = Version::parse(&entry.version)?;
        let (lts, artifact) = (entry.lts, entry.artifact);
        npm::is_for(listing.versions, &version).then_some(Release {
            version,
            lts,
            source: source.name.clone(),
            artifact,
        })
    };
    entries.into_iter().filter_map(release).collect()
}

/// The newest of these that answers a request, and that runs here if it is built for another tool.
fn newest_of(
    host: Option<&Runtime>,
    releases: &[Release],
    asked: (&Request, &Tool),
) -> Option<Release> {
    let (request, tool) = asked;
    match host {
        Some(host) => runtime::newest_on(host, releases, asked),
        None => newest(releases.iter().filter(|release| release.answers(request, tool)), tool),
    }
}

/// The newest of these; of vendors any of which will do, that of the usual one.
pub fn newest<'r>(releases: impl Iterator<Item = &'r Release>, tool: &Tool) -> Option<Release> {
    let vendors = tool.vendors;
    let rank = |version: &Version| vendors.iter().position(|name| *name == version.flavour());
    let order = |release: &Release| Reverse(rank(&release.version).unwrap_or(vendors.len()));
    releases.max_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.version.cmp(&b.version))).cloned()
}
