//! The kinds of sources: the address of each one's index, how it is parsed, what is fetched from it.
//! The only file that distinguishes kinds.

use std::collections::BTreeMap;

use usher_definition::{IndexFormat, IndexSource, PypiSource};

use super::catalog::{AvailableSource, Offer};
use super::download_site::{DownloadSite, Variable};
use super::freshness::CachePolicy;
use super::index_entry::IndexEntry;
use super::index_reader::{IndexQuery, ReleaseIndexReader};
use super::limits::{MAX_DOCUMENT, MAX_INDEX};
use super::network::Network;
use super::release::{ListedReleases, Release, ServedFrom};
use super::release_part::ReleasePart;
use super::version_range::applies_to;
use super::{npm, pypi};
use crate::files::integrity::sha256;
use crate::http::{Address, FetchError};

/// Reads sources.
pub(super) trait ReadSource: Sync {
    /// The releases of a source.
    fn read(
        &self,
        source: &AvailableSource<'_>,
        policy: CachePolicy,
    ) -> Result<ListedReleases, FetchError>;

    /// Who serves the archive of one of its releases.
    fn served_from(&self, source: &AvailableSource<'_>, release: &Release) -> ServedFrom {
        let address = release.archive.as_ref().map(|archive| archive.address.host());
        let source = source.name.to_owned();
        ServedFrom { host: address.unwrap_or_else(|| source.clone()), source }
    }

    /// What to fetch for one of its releases.
    fn release_parts(
        &self,
        source: &AvailableSource<'_>,
        release: &Release,
    ) -> Result<Vec<ReleasePart>, FetchError>;
}

/// Reads sources from the network and the cache.
pub(super) struct SourceReader<'a> {
    pub(super) network: &'a Network<'a>,
    /// Looks up the user's variables, which may name mirrors.
    pub(super) variable: Box<Variable<'a>>,
    pub(super) indexes: ReleaseIndexReader<'a>,
}

impl ReadSource for SourceReader<'_> {
    fn read(
        &self,
        source: &AvailableSource<'_>,
        policy: CachePolicy,
    ) -> Result<ListedReleases, FetchError> {
        let (query, versions) = match source.offer {
            Offer::Site(site, words) => (self.site_query(site, (words, source.platform))?, None),
            Offer::Npm(packages, package) => {
                (self.npm_query(package)?, packages.versions.as_deref())
            }
            Offer::Pypi(project) => (self.pypi_query(project, source.platform)?, None),
        };
        let name = match source.offer {
            Offer::Site(site, words) if self.site(site, words)?.is_mirror => query.address.host(),
            Offer::Site(..) | Offer::Npm(..) | Offer::Pypi(_) => source.name.to_owned(),
        };
        let index = self.indexes.read(&query, policy)?;
        let (entries, is_translated) = (index.entries.into_iter(), source.is_translated);
        let release = |IndexEntry { version, lts, archive, .. }: IndexEntry| {
            let source = source.name.to_owned();
            Some(Release {
                version,
                lts,
                source,
                archive: Some(archive.admitted_by(&query.address)?),
                is_translated,
            })
        };
        Ok(ListedReleases {
            releases: entries
                .filter(|entry| applies_to(versions, &entry.version))
                .filter_map(release)
                .collect(),
            served_from: ServedFrom { source: name, host: query.address.host() },
            freshness: index.freshness,
        })
    }

    fn served_from(&self, source: &AvailableSource<'_>, release: &Release) -> ServedFrom {
        let address = release.archive.as_ref().map(|archive| &archive.address);
        let mirror = match (source.offer, address) {
            (Offer::Site(site, words), Some(address)) => {
                self.site(site, words).ok().and_then(|site| site.mirror_of(address))
            }
            _ => None,
        };
        let host = address.map_or_else(|| source.name.to_owned(), Address::host);
        match mirror {
            Some(mirror) => ServedFrom { source: mirror.host(), host: mirror.host() },
            None => ServedFrom { source: source.name.to_owned(), host },
        }
    }

    fn release_parts(
        &self,
        source: &AvailableSource<'_>,
        release: &Release,
    ) -> Result<Vec<ReleasePart>, FetchError> {
        match source.offer {
            Offer::Site(site, words) => {
                let site = self.site(site, words)?;
                let fetch = |address: &Address| self.network.client().get(address, MAX_INDEX);
                Ok(site.release_part(release, &fetch)?.into_iter().collect())
            }
            Offer::Npm(packages, _) => {
                let entries_of = |package: &str| {
                    let query = self.npm_query(package)?;
                    let index = self.indexes.read(&query, CachePolicy::AllowFresh)?;
                    let admitted = |entry: IndexEntry| {
                        let archive = entry.archive.admitted_by(&query.address)?;
                        Some(IndexEntry { archive, ..entry })
                    };
                    Ok(index.entries.into_iter().filter_map(admitted).collect())
                };
                npm::release_parts(packages, release, &entries_of)
            }
            Offer::Pypi(project) => Ok(pypi::release_part(project, release).into_iter().collect()),
        }
    }
}

impl SourceReader<'_> {
    fn site<'b>(
        &'b self,
        definition: &'b IndexSource,
        words: &'b BTreeMap<String, String>,
    ) -> Result<DownloadSite<'b>, FetchError> {
        DownloadSite::new(definition, words, &*self.variable)
    }

    /// The index of a download site, which may have further pages.
    fn site_query<'b>(
        &'b self,
        definition: &'b IndexSource,
        (words, platform): (&'b BTreeMap<String, String>, &str),
    ) -> Result<IndexQuery<'b>, FetchError> {
        let site = self.site(definition, words)?;
        let client = self.network.client();
        let most = match definition.format {
            IndexFormat::Json => MAX_DOCUMENT,
            IndexFormat::Ndjson | IndexFormat::Csv | IndexFormat::Words => MAX_INDEX,
        };
        let address = site.address()?;
        Ok(IndexQuery {
            address: address.clone(),
            parser_id: parser_id_on(platform, definition),
            is_private: client.sends_secrets_to(&address),
            get: Box::new(move |validator| {
                client.get_if_modified(&address, most, "*/*", validator)
            }),
            parse: Box::new(move |bytes| site.read(bytes, &|page| client.get(page, most))),
        })
    }

    /// The document of a package in npm's registry.
    fn npm_query(&self, package: &str) -> Result<IndexQuery<'_>, FetchError> {
        let npm = self.network.npm().map_err(FetchError::Unreachable)?;
        let address = npm::address(&npm.registry, package)?;
        let page = address.clone();
        Ok(IndexQuery {
            address: address.clone(),
            parser_id: parser_id("packument"),
            is_private: npm.client.sends_secrets_to(&address),
            get: Box::new(move |validator| {
                npm.client.get_if_modified(&address, MAX_INDEX, "*/*", validator)
            }),
            parse: Box::new(move |bytes| npm::read(bytes, &page)),
        })
    }

    /// The page of a project in the `PyPI` index.
    fn pypi_query<'b>(
        &'b self,
        project: &'b PypiSource,
        platform: &'b str,
    ) -> Result<IndexQuery<'b>, FetchError> {
        let index = self.network.pypi().map_err(FetchError::Unreachable)?;
        let address = pypi::address(&index.address, &project.project)?;
        let page = address.clone();
        Ok(IndexQuery {
            address: address.clone(),
            parser_id: parser_id_on(platform, project),
            is_private: index.client.sends_secrets_to(&address),
            get: Box::new(move |validator| {
                index.client.get_if_modified(&address, MAX_INDEX, pypi::ACCEPT, validator)
            }),
            parse: Box::new(move |bytes| pypi::read(bytes, project, platform, &page)),
        })
    }
}

fn parser_id_on(platform: &str, definition: &impl std::fmt::Debug) -> String {
    parser_id(&format!("{definition:?} for {platform}"))
}

/// Identifies how an index is parsed: by the source's definition and usher's version.
fn parser_id(definition: &str) -> String {
    format!("{} {}", env!("CARGO_PKG_VERSION"), sha256(definition.as_bytes()))
}

#[cfg(test)]
mod tests;
