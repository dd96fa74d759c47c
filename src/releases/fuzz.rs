//! What the bytes of an index come to, without a network and a cache: for fuzzers and for tests that
//! have nothing but bytes.

use std::collections::BTreeMap;

use usher_definition::{IndexSource, PypiSource};
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::version::Version;

use super::download_site::DownloadSite;
use super::index_entry::{IndexEntry, IndexProblem};
use super::{npm, pypi};
use crate::http::FetchError;

/// One version, as an index has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedRelease {
    /// Which version.
    pub version: Version,
    /// Where its archive lies.
    pub address: String,
    /// All that is known of it, as the cache has it.
    pub cached: String,
}

/// What the first page of a site's index lists for a platform that is spelled with these words.
pub fn site(
    definition: &IndexSource,
    words: &BTreeMap<String, String>,
    text: &[u8],
) -> Result<Vec<ParsedRelease>> {
    let absent = |_: &str| {
        let error = Error::new(ErrorKind::NotFound, "there is no further page");
        Err(FetchError::NotFound(error))
    };
    listed(DownloadSite::new(definition, words, &|_| None).read(text, &absent))
}

/// What the document of a package of npm's registry lists.
pub fn npm(text: &[u8]) -> Result<Vec<ParsedRelease>> {
    listed(npm::read(text))
}

/// What the page of a project at that address of a `PyPI` index lists for a platform.
pub fn pypi(
    project: &PypiSource,
    (platform, address): (&str, &str),
    text: &[u8],
) -> Result<Vec<ParsedRelease>> {
    listed(pypi::read(text, (project, platform, address)))
}

/// Reads back what is cached of one version.
pub fn cached(text: &str) -> Result<ParsedRelease> {
    let entry: IndexEntry =
        serde_json::from_str(text).map_err(|error| refused(error.to_string()))?;
    one(entry)
}

fn listed(
    entries: std::result::Result<Vec<IndexEntry>, IndexProblem>,
) -> Result<Vec<ParsedRelease>> {
    let entries = entries.map_err(|complaint| refused(complaint.to_string()))?;
    entries.into_iter().map(one).collect()
}

fn one(entry: IndexEntry) -> Result<ParsedRelease> {
    let cached = serde_json::to_string(&entry).map_err(|error| refused(error.to_string()))?;
    Ok(ParsedRelease { version: entry.version, address: entry.archive.address, cached })
}

fn refused(why: String) -> Error {
    Error::new(ErrorKind::Network, "the index can't be understood").because(why)
}
