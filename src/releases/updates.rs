//! Which newer releases there are of a tool that is active here.

use usher_shims::error::Result;
use usher_shims::request::{Request, RequestKind, RequestTrust};

use super::finder::Finder;
use super::freshness::Freshness;
use super::release::{ListedReleases, Release};
use super::tool_request::ToolRequest;
use crate::registry::KnownTool;
use crate::session::current::CurrentVersion;

/// What of a tool's releases matters here.
pub struct Updates {
    /// The newest that the request admits.
    pub latest_matching: Option<Release>,
    /// The newest there is.
    pub latest: Option<Release>,
    /// How old the index is that says so, and which source's it is.
    pub freshness: Freshness,
    /// The source.
    pub source: String,
}

impl Updates {
    /// What can be had by now.
    pub fn check(current: &CurrentVersion<'_>, finder: &Finder<'_>) -> Result<Self> {
        let ListedReleases { releases, source, freshness } = finder.all(current.known)?;
        let latest = Request::parse("latest", current.known.tool, RequestTrust::User).ok();
        let newest = match latest {
            Some(latest) => finder.newest(&releases, (&latest, current.known.tool))?,
            None => None,
        };
        let asked =
            current.requested().filter(|(request, _)| is_release_request(current.known, request));
        let latest_matching = match asked {
            None => None,
            Some((request, origin)) => {
                match finder.newest(&releases, (request, current.known.tool))? {
                    Some(release) => Some(release),
                    // Another source may have it, or this one by now.
                    None => {
                        finder.find(&ToolRequest { known: current.known, request, origin }).ok()
                    }
                }
            }
        };
        Ok(Self { latest_matching, latest: newest, freshness, source })
    }
}

/// Whether a request is one that releases can answer.
pub fn is_release_request(known: KnownTool<'_>, request: &Request) -> bool {
    match request.kind() {
        RequestKind::System | RequestKind::Path(_) => false,
        RequestKind::Named(name) => known.has_flavour(name.as_str()),
        RequestKind::Version(_)
        | RequestKind::Range(_)
        | RequestKind::Latest
        | RequestKind::Lts
        | RequestKind::LtsBack(_)
        | RequestKind::LtsNamed(_) => true,
    }
}
