//! Finding a release: source by source, from what is cached or asked anew.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use usher_definition::{Beside, IndexSource, NpmSource, Source, SourceKind};
use usher_shims::error::{Error, Exit, Result};
use usher_shims::pin::Origin;
use usher_shims::request::{Meaning, Request};
use usher_shims::version::Version;

use super::cache::{Cache, FRESH};
use super::index::Site;
use super::{Artifact, Part, Release, nothing, npm};
use crate::fetch::{Client, Failure, Integrity};
use crate::network::Network;
use crate::platform::platform;
use crate::registry::Known;
use crate::usher::Usher;

/// The most bytes of an index.
const LARGEST_INDEX: u64 = 256 << 20;

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
}

/// How old an index may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    /// A fresh one will do.
    Fresh,
    /// The source is to be asked.
    New,
}

/// Understands an index, or complains in a few words.
type Reader<'a> = dyn Fn(&[u8]) -> std::result::Result<Vec<Entry>, String> + 'a;

/// What a source had to say.
enum Said {
    Releases {
        releases: Vec<Release>,
        is_new: bool,
    },
    /// It has nothing for this platform.
    Nothing,
}

impl<'a> Finder<'a> {
    /// A finder for this run.
    pub fn new(usher: &'a Usher, network: &'a Network<'a>) -> Self {
        let cache = Cache::new(&usher.folders.cache);
        Self { usher, network, cache, platform: platform(&usher.world) }
    }

    /// The newest release that answers a request.
    pub fn find(&self, wanted: &Wanted<'_>) -> Result<Release> {
        self.find_elsewhere(wanted, &[])
    }

    /// The newest release that answers a request, from none of the sources of these names.
    pub fn find_elsewhere(&self, wanted: &Wanted<'_>, passed: &[String]) -> Result<Release> {
        let has_sources = !wanted.known.definition.source.is_empty();
        if let (true, Meaning::Named(_)) = (has_sources, wanted.request.meaning()) {
            return Err(no_such_folder(wanted));
        }
        let mut failures = Vec::new();
        let mut seen: Vec<Version> = Vec::new();
        let sources = self.sources(wanted.known)?;
        for source in sources.into_iter().filter(|source| !passed.contains(&source.name)) {
            for age in [Age::Fresh, Age::New] {
                let (releases, is_new) = match self.ask(source, age) {
                    Ok(Said::Releases { releases, is_new }) => (releases, is_new),
                    Ok(Said::Nothing) => break,
                    Err(Failure::Fatal(error)) => return Err(error),
                    Err(failure) => {
                        failures.push((source.name.clone(), Error::from(failure)));
                        break;
                    }
                };
                if let Some(release) = newest(&releases, wanted) {
                    return Ok(release);
                }
                seen.extend(releases.into_iter().map(|release| release.version));
                if is_new {
                    break;
                }
            }
        }
        Err(self.not_found(wanted, seen, &failures))
    }

    /// All releases of a tool, from the first source that answers, oldest first.
    pub fn all(&self, known: Known<'_>) -> Result<Vec<Release>> {
        let mut failures = Vec::new();
        for source in self.sources(known)? {
            match self.ask(source, Age::Fresh) {
                Ok(Said::Releases { mut releases, .. }) => {
                    releases.sort_by(|a, b| a.version.cmp(&b.version));
                    return Ok(releases);
                }
                Ok(Said::Nothing) => {}
                Err(Failure::Fatal(error)) => return Err(error),
                Err(failure) => failures.push((source.name.clone(), Error::from(failure))),
            }
        }
        if failures.is_empty() {
            return Err(nothing::for_list(known, &self.platform));
        }
        let tool = known.tool.name;
        Err(unreachable(
            format!("the releases of {tool} can't be listed"),
            &failures,
            self.usher.settings.offline,
        ))
    }

    /// The releases that the cached indexes list, however old these are; nobody is asked.
    pub fn cached(&self, known: Known<'_>) -> Vec<Release> {
        let kept = |source: &Source| {
            let address = match source.kind()? {
                SourceKind::Index(index) => {
                    Site::new(&self.usher.world, index, &self.platform)?.address()
                }
                SourceKind::Npm(packages) => {
                    let package = packages.package_for(&self.platform)?;
                    npm::address(&self.network.npm().ok()?.registry, package)
                }
            };
            Some(releases(source, self.cache.get::<Vec<Entry>>(&address)?.content))
        };
        // Which registry npm's is may take asking npm, so that comes only after the sites.
        let sources = self.sources(known).unwrap_or_default();
        sources.into_iter().find_map(kept).unwrap_or_default()
    }

    /// What to fetch for a release.
    pub fn parts(&self, known: Known<'_>, release: &Release) -> Result<Vec<Part>> {
        let source = known.definition.source.iter().find(|source| source.name == release.source);
        let parts = match source.and_then(Source::kind) {
            Some(SourceKind::Index(index)) => self.index_parts(index, release),
            Some(SourceKind::Npm(npm)) => self.npm_parts(npm, release),
            None => Ok(Vec::new()),
        };
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
                Exit::Data,
                format!("{tool} has no source “{only}” ({origin})"),
            )
            .because(format!("its sources are {}", names.join(", "))));
        }
        Ok(chosen)
    }

    fn ask(&self, source: &Source, age: Age) -> std::result::Result<Said, Failure> {
        let (entries, is_new) = match source.kind() {
            Some(SourceKind::Index(index)) => {
                let Some(site) = Site::new(&self.usher.world, index, &self.platform) else {
                    return Ok(Said::Nothing);
                };
                self.entries(self.network.client(), &site.address(), age, &|text| site.read(text))?
            }
            Some(SourceKind::Npm(packages)) => {
                let Some(package) = packages.package_for(&self.platform) else {
                    return Ok(Said::Nothing);
                };
                self.package(package, age)?
            }
            None => return Ok(Said::Nothing),
        };
        Ok(Said::Releases { releases: releases(source, entries), is_new })
    }

    fn package(&self, package: &str, age: Age) -> std::result::Result<(Vec<Entry>, bool), Failure> {
        let npm = self.network.npm().map_err(Failure::Unreachable)?;
        self.entries(&npm.client, &npm::address(&npm.registry, package), age, &npm::read)
    }

    /// An index, from the cache where that is fresh enough, and where its source can't be reached
    /// however old it is; and whether it was asked for just now.
    fn entries(
        &self,
        client: &Client,
        address: &str,
        age: Age,
        read: &Reader<'_>,
    ) -> std::result::Result<(Vec<Entry>, bool), Failure> {
        let cached = self.cache.get::<Vec<Entry>>(address);
        let offline = self.usher.settings.offline;
        match cached {
            Some(cached) if offline || (age == Age::Fresh && cached.age < FRESH) => {
                return Ok((cached.content, offline));
            }
            None if offline => {
                return Err(Failure::Unreachable(Error::new(
                    Exit::Network,
                    "usher is offline (the setting `offline`)",
                )));
            }
            Some(_) | None => {}
        }
        let fetched = client.get(address, LARGEST_INDEX).and_then(|text| {
            read(&text).map_err(|complaint| {
                Failure::Refused(
                    Error::new(
                        Exit::Network,
                        format!("the index at {address} can't be understood"),
                    )
                    .because(complaint),
                )
            })
        });
        match (fetched, cached) {
            (Ok(entries), _) => {
                self.cache.put(address, &entries);
                Ok((entries, true))
            }
            (Err(Failure::Unreachable(error)), Some(cached)) => {
                self.usher.tell(&format!(
                    "{}; an index {} old serves",
                    error.what,
                    words(cached.age)
                ));
                Ok((cached.content, true))
            }
            (Err(failure), _) => Err(failure),
        }
    }

    fn index_parts(
        &self,
        index: &IndexSource,
        release: &Release,
    ) -> std::result::Result<Vec<Part>, Failure> {
        let Some(site) = Site::new(&self.usher.world, index, &self.platform) else {
            return Ok(Vec::new());
        };
        let (addresses, integrity) = match (&release.artifact, site.archive(&release.version)) {
            (Some(artifact), _) => (
                site.addresses(&self.usher.world, &artifact.address),
                Integrity::from_text(&artifact.integrity),
            ),
            (None, Some((archive, sums, name))) => {
                let text = self.network.client().get(&sums, LARGEST_INDEX)?;
                let integrity = Integrity::from_shasums(&String::from_utf8_lossy(&text), &name);
                let Some(integrity) = integrity else {
                    return Err(Failure::Fatal(Error::new(
                        Exit::Integrity,
                        format!("{sums} has no checksum for {name}"),
                    )));
                };
                (vec![archive], Some(integrity))
            }
            (None, None) => return Ok(Vec::new()),
        };
        Ok(vec![Part {
            addresses,
            integrity,
            from_npm: false,
            into: "".into(),
            strip: site.strip(),
            links: Vec::new(),
            title: String::new(),
        }])
    }

    fn npm_parts(
        &self,
        packages: &NpmSource,
        release: &Release,
    ) -> std::result::Result<Vec<Part>, Failure> {
        let Some(artifact) = &release.artifact else { return Ok(Vec::new()) };
        let main = Part {
            into: packages.into.as_str().into(),
            links: pairs(&packages.links),
            ..npm_part(artifact)
        };
        let mut parts = vec![main];
        let is_for = |rule: &&Beside| npm::is_for(rule.versions.as_deref(), &release.version);
        for rule in packages.beside.iter().filter(is_for) {
            let (entries, _) = self.package(&rule.package, Age::Fresh)?;
            let chosen = npm::beside(&entries, rule, &release.version);
            let Some((Entry { artifact: Some(artifact), .. }, version)) = chosen else {
                let what =
                    format!("no {} is to be had that runs on {}", rule.package, release.version);
                return Err(Failure::Fatal(Error::new(Exit::Network, what)));
            };
            parts.push(Part {
                into: rule.into.as_str().into(),
                links: pairs(&rule.links),
                title: format!("{} {version}", rule.package),
                ..npm_part(artifact)
            });
        }
        Ok(parts)
    }

    fn not_found(
        &self,
        wanted: &Wanted<'_>,
        mut seen: Vec<Version>,
        failures: &[(String, Error)],
    ) -> Error {
        let (tool, request, origin) = (wanted.known.tool.name, wanted.request, wanted.origin);
        let asked = format!("{tool} {request} was asked for by {origin}");
        if seen.is_empty() && failures.is_empty() {
            return nothing::for_request(self.usher, wanted, &self.platform);
        }
        if seen.is_empty() {
            return unreachable(
                format!("{asked}, but no source could be asked for it"),
                failures,
                self.usher.settings.offline,
            );
        }
        seen.sort();
        seen.dedup();
        seen.retain(|version| !version.is_prerelease());
        let what = match failures.is_empty() {
            true => format!("{asked}, but no such release exists"),
            false => format!("{asked}, but no source that could be asked has it"),
        };
        let error = Error::new(Exit::NotFound, what);
        let error = match nearest(wanted.request, &seen).as_slice() {
            [below, above] => error
                .because(format!("the nearest are {below} and {above}"))
                .hint(format!("use {tool}@{}", line(below))),
            [one] => error
                .because(format!("the nearest is {one}"))
                .hint(format!("use {tool}@{}", line(one))),
            _ => error.hint(format!("use available {tool}")),
        };
        failures.iter().fold(error, |error, (source, failure)| error.because(told(source, failure)))
    }
}

/// The releases that a source's index lists.
fn releases(source: &Source, entries: Vec<Entry>) -> Vec<Release> {
    let versions = match source.kind() {
        Some(SourceKind::Npm(packages)) => packages.versions.as_deref(),
        Some(SourceKind::Index(_)) | None => None,
    };
    let release = |entry: Entry| {
        let version = Version::parse(&entry.version)?;
        let (lts, artifact) = (entry.lts, entry.artifact);
        npm::is_for(versions, &version).then_some(Release {
            version,
            lts,
            source: source.name.clone(),
            artifact,
        })
    };
    entries.into_iter().filter_map(release).collect()
}

/// A name is a folder of a store, and no source has those.
fn no_such_folder(wanted: &Wanted<'_>) -> Error {
    let Wanted { known, request, origin } = wanted;
    let tool = known.tool.name;
    let what = format!("{tool} {request} was asked for by {origin}, but there is no such thing");
    Error::new(Exit::NotFound, what)
        .because("it is no version, and no version manager's store has a folder of that name")
        .hint(format!("use available {tool}"))
}

fn pairs(links: &BTreeMap<String, String>) -> Vec<(String, String)> {
    links.iter().map(|(link, target)| (link.clone(), target.clone())).collect()
}

fn npm_part(artifact: &Artifact) -> Part {
    Part {
        addresses: vec![artifact.address.clone()],
        integrity: Integrity::from_text(&artifact.integrity),
        from_npm: true,
        into: "".into(),
        strip: 1,
        links: Vec::new(),
        title: String::new(),
    }
}

fn newest(releases: &[Release], wanted: &Wanted<'_>) -> Option<Release> {
    let answering =
        releases.iter().filter(|release| release.answers(wanted.request, wanted.known.tool));
    answering.max_by(|a, b| a.version.cmp(&b.version)).cloned()
}

/// The versions just below and just above the one that was asked for; none where it was no one
/// version.
fn nearest<'v>(request: &Request, sorted: &'v [Version]) -> Vec<&'v Version> {
    let Meaning::Version(asked) = request.meaning() else { return Vec::new() };
    let place = sorted.partition_point(|version| version < asked);
    let below = place.checked_sub(1).and_then(|below| sorted.get(below));
    below.into_iter().chain(sorted.get(place)).collect()
}

/// The line of a version: its first number.
fn line(version: &Version) -> u64 {
    version.numbers().at(0)
}

fn unreachable(what: String, failures: &[(String, Error)], offline: bool) -> Error {
    let mut error = Error::new(Exit::Network, what);
    for (source, failure) in failures {
        error = error.because(told(source, failure));
    }
    let hint = failures.iter().rev().find_map(|(_, failure)| failure.hint.clone());
    match hint {
        _ if offline => error.hint("unset USHER_OFFLINE, or take `offline` out of config.toml"),
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// Why a source couldn't be asked, on one line.
fn told(source: &str, failure: &Error) -> String {
    let causes = failure.causes.iter().map(|cause| format!(": {cause}"));
    format!("{source}: {}{}", failure.what, causes.collect::<String>())
}

/// A time in words, in its largest unit.
fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
