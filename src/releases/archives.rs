//! What a source has of a version for every platform: what a lockfile lists. It is the same whatever
//! machine asks.

use usher_definition::{PLATFORMS, Source, SourceKind};
use usher_shims::error::{Error, Result};
use usher_shims::version::Version;

use super::catalog::{AvailableSource, Catalog};
use super::finder::Finder;
use super::freshness::{CachePolicy, Freshness};
use crate::files::integrity::Integrity;
use crate::http::FetchError;
use crate::registry::KnownTool;

/// The newest C library that a wheel can ask for: what is listed runs on it.
const NEWEST_GLIBC: &str = "-glibc2.999";

/// What a source has of a version.
#[derive(Debug)]
pub struct SourceArchives {
    /// The source's name.
    pub source: String,
    /// Its archives, a platform each; an error if it can't be asked.
    pub archives: Result<Vec<PlatformArchive>>,
}

/// A version's archive for a platform.
#[derive(Debug)]
pub struct PlatformArchive {
    /// The platform, as the source's table in the registry has it.
    pub platform: String,
    /// The published hash.
    pub integrity: Option<Integrity>,
    /// The published size in bytes.
    pub size: Option<u64>,
    /// What is unpacked beside it: names and hashes.
    pub parts: Vec<(String, Integrity)>,
}

impl Finder<'_> {
    /// What the sources of these names have of a version, on every platform; all sources of the tool, if
    /// no name is given. An error only if nothing else should be asked, as after a wrong signature.
    pub fn archives(
        &self,
        known: KnownTool<'_>,
        version: &Version,
        sources: &[String],
    ) -> Result<Vec<SourceArchives>> {
        let is_named = |source: &&Source| sources.is_empty() || sources.contains(&source.name);
        let chosen = known.definition.source.iter().filter(is_named);
        chosen
            .map(|source| {
                let archives = match self.archives_of(source, version) {
                    Err(FetchError::Fatal(error)) => return Err(error),
                    archives => archives.map_err(Error::from),
                };
                Ok(SourceArchives { source: source.name.clone(), archives })
            })
            .collect()
    }

    fn archives_of(
        &self,
        source: &Source,
        version: &Version,
    ) -> std::result::Result<Vec<PlatformArchive>, FetchError> {
        let mut found = Vec::new();
        for (platform, asked) in platforms(source) {
            let catalog =
                Catalog { settings: self.catalog.settings, platform: asked, translated: None };
            let Some(available) = catalog.available(source, false) else { continue };
            found.extend(self.archive(&available, version, platform)?);
        }
        Ok(found)
    }

    /// The archive for one platform; `None` if the version has none.
    fn archive(
        &self,
        source: &AvailableSource<'_>,
        version: &Version,
        platform: String,
    ) -> std::result::Result<Option<PlatformArchive>, FetchError> {
        for policy in [CachePolicy::AllowFresh, CachePolicy::Revalidate] {
            let listed = self.sources.read(source, policy)?;
            let Some(release) = listed.releases.iter().find(|one| one.version == *version) else {
                match listed.freshness {
                    Freshness::Cached(_) if !self.settings.offline => continue,
                    _ => return Ok(None),
                }
            };
            let mut parts = self.sources.release_parts(source, release)?.into_iter();
            let Some(main) = parts.next() else { return Ok(None) };
            let beside = parts.filter_map(|part| Some((part.title, part.integrity?)));
            return Ok(Some(PlatformArchive {
                platform,
                integrity: main.integrity,
                size: main.size,
                parts: beside.collect(),
            }));
        }
        Ok(None)
    }
}

/// The platforms that a source is for, each with the machine to ask it for.
fn platforms(source: &Source) -> Vec<(String, String)> {
    let named =
        |keys: Vec<&String>| keys.into_iter().map(|key| (key.clone(), key.clone())).collect();
    match source.kind() {
        Some(SourceKind::Index(site)) => named(site.platform.keys().collect()),
        Some(SourceKind::Npm(packages)) => named(packages.package.keys().collect()),
        Some(SourceKind::Pypi(_)) => {
            let machine = |platform: &str| match platform.starts_with("linux-") {
                true if !platform.ends_with("-musl") => format!("{platform}{NEWEST_GLIBC}"),
                _ => platform.to_owned(),
            };
            PLATFORMS.map(|platform| (platform.to_owned(), machine(platform))).to_vec()
        }
        None => Vec::new(),
    }
}
