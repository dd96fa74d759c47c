//! A release of a tool, and which of several is the newest.

use std::cmp::Reverse;
use std::fmt;

use serde::Serialize;
use usher_shims::error::Escaped;
use usher_shims::request::{Request, RequestKind};
use usher_shims::tool::Tool;
use usher_shims::version::Version;

use super::freshness::Freshness;
use super::index_entry::ListedArchive;

/// A version that a source has for this platform.
#[derive(Debug, Clone)]
pub struct Release {
    /// The version.
    pub version: Version,
    /// The code name of its long-term support line, if the source names it.
    pub lts: Option<String>,
    /// The source's name.
    pub source: String,
    /// Its archive, if the source's index names it.
    pub(crate) archive: Option<ListedArchive>,
    /// Whether it is for another processor, and the system translates its programs.
    pub(crate) is_translated: bool,
}

/// Who really answers for a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ServedFrom {
    /// The source that lists it; the host of a mirror in its place.
    pub source: String,
    /// The host that answered for the source; the path of a file.
    pub host: String,
}

/// `nodejs.org`, `npm (registry.example)`, the mirror's host, or the address of a mirror in the
/// settings.
impl fmt::Display for ServedFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, host } = self;
        match source == host || source.contains("://") {
            true => Escaped(source).fmt(f),
            false => write!(f, "{} ({})", Escaped(source), Escaped(host)),
        }
    }
}

/// The releases that a source lists.
#[derive(Debug, Clone)]
pub struct ListedReleases {
    /// In the order of its index.
    pub releases: Vec<Release>,
    /// Who listed them.
    pub served_from: ServedFrom,
    /// How old its index is.
    pub freshness: Freshness,
}

impl Release {
    /// Whether it matches a request. For `lts` requests the source's own `lts` field decides first.
    pub fn matches(&self, request: &Request, tool: &Tool) -> bool {
        let by_source = match (request.kind(), &self.lts) {
            (RequestKind::Lts, Some(_)) => true,
            (RequestKind::LtsNamed(name), Some(line)) => name.as_str().eq_ignore_ascii_case(line),
            _ => false,
        };
        by_source || request.matches(&self.version, tool)
    }
}

/// The newest of these releases. Of several vendors, the first in the registry's order wins.
pub(super) fn newest<'r>(
    releases: impl Iterator<Item = &'r Release>,
    tool: &Tool,
) -> Option<Release> {
    let vendors = tool.vendors;
    let rank = |version: &Version| vendors.iter().position(|name| *name == version.flavour());
    let order = |release: &Release| Reverse(rank(&release.version).unwrap_or(vendors.len()));
    releases.max_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.version.cmp(&b.version))).cloned()
}
