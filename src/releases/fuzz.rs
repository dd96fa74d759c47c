//! Parses indexes without network and cache: for fuzzers, and for tests that have only bytes.

use std::collections::BTreeMap;

use usher_definition::{IndexSource, PypiSource};
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::version::Version;

use super::download_site::DownloadSite;
use super::index_entry::{IndexEntry, IndexProblem};
use super::{npm, pypi};
use crate::http::{Address, FetchError};

/// Where the documents of packages are said to come from.
const REGISTRY: &str = "https://registry.example/package";

/// A version in an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedRelease {
    /// The version.
    pub version: Version,
    /// The address of its archive.
    pub address: String,
    /// The whole entry, as it is cached.
    pub cached: String,
}

/// Parses the first page of a download site's index; `words` are the site's for the platform.
pub fn site(
    definition: &IndexSource,
    words: &BTreeMap<String, String>,
    text: &[u8],
) -> Result<Vec<ParsedRelease>> {
    let absent = |_: &Address| {
        let error = Error::new(ErrorKind::NotFound, "there is no further page");
        Err(FetchError::NotFound(error))
    };
    listed(DownloadSite::new(definition, words, &|_| None)?.read(text, &absent))
}

/// Parses the document of a package in npm's registry.
pub fn npm(text: &[u8]) -> Result<Vec<ParsedRelease>> {
    listed(npm::read(text, &Address::parse(REGISTRY)?))
}

/// Parses the page of a project in a `PyPI` index, for a platform.
pub fn pypi(
    project: &PypiSource,
    (platform, address): (&str, &str),
    text: &[u8],
) -> Result<Vec<ParsedRelease>> {
    listed(pypi::read(text, project, platform, &Address::parse(address)?))
}

/// Parses a cached entry.
pub fn cached(text: &str) -> Result<ParsedRelease> {
    let entry: IndexEntry =
        serde_json::from_str(text).map_err(|error| refusal_error(error.to_string()))?;
    parsed_release(entry)
}

fn listed(
    entries: std::result::Result<Vec<IndexEntry>, IndexProblem>,
) -> Result<Vec<ParsedRelease>> {
    let entries = entries.map_err(|problem| refusal_error(problem.to_string()))?;
    entries.into_iter().map(parsed_release).collect()
}

fn parsed_release(entry: IndexEntry) -> Result<ParsedRelease> {
    let cached = serde_json::to_string(&entry).map_err(|error| refusal_error(error.to_string()))?;
    Ok(ParsedRelease {
        version: entry.version,
        address: entry.archive.address.with_secrets(),
        cached,
    })
}

fn refusal_error(why: String) -> Error {
    Error::new(ErrorKind::Network, "the index is invalid").because(why)
}
