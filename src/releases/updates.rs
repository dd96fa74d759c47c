//! The latest releases of a tool that is active here.

use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::request::{Request, RequestKind, RequestTrust};

use super::errors::with_similar_word;
use super::finder::Finder;
use super::freshness::Freshness;
use super::release::{ListedReleases, Release, ServedFrom};
use super::tool_request::ToolRequest;
use crate::registry::KnownTool;
use crate::session::active::ActiveVersion;

/// The latest releases of a tool.
pub struct Updates {
    /// The latest that matches the request.
    pub latest_matching: Option<Release>,
    /// The latest of all.
    pub latest: Option<Release>,
    /// How old the source's index is.
    pub freshness: Freshness,
    /// Who lists them.
    pub served_from: ServedFrom,
}

impl Updates {
    /// Looks up the latest releases. An error if no source can be listed.
    pub fn check(current: &ActiveVersion<'_>, finder: &Finder<'_>) -> Result<Self> {
        let ListedReleases { releases, served_from, freshness } =
            finder.list_first_source(current.known)?;
        let latest = Request::parse("latest", current.known.tool, RequestTrust::User).ok();
        let latest = match latest {
            Some(latest) => finder.newest(&releases, &latest, current.known.tool)?,
            None => None,
        };
        let requested =
            current.requested().filter(|(request, _)| is_release_request(current.known, request));
        let latest_matching = match requested {
            None => None,
            Some((request, origin)) => {
                match finder.newest(&releases, request, current.known.tool)? {
                    Some(release) => Some(release),
                    // Another source may have it, or this one by now.
                    None => {
                        finder.find(&ToolRequest { known: current.known, request, origin }).ok()
                    }
                }
            }
        };
        Ok(Self { latest_matching, latest, freshness, served_from })
    }
}

/// Whether a request is a word that is no alias, line or flavour. It may still name a folder of another
/// manager's store.
pub fn is_unknown_word(known: KnownTool<'_>, request: &Request) -> bool {
    let lines = known.tool.lts;
    match request.kind() {
        RequestKind::Named(name) => !known.has_flavour(name.as_str()),
        RequestKind::LtsNamed(name) => lines.iter().all(|line| line.name != name.as_str()),
        RequestKind::LtsBack(steps) => *steps >= lines.len(),
        RequestKind::Version(_)
        | RequestKind::Exact(_)
        | RequestKind::Range(_)
        | RequestKind::Latest
        | RequestKind::Lts
        | RequestKind::System
        | RequestKind::Path(_) => false,
    }
}

/// The error of a request that [is such a word](is_unknown_word), with the word that it nearly is.
pub fn unknown_word_error(requested: &ToolRequest<'_>) -> Error {
    let ToolRequest { known, request, origin } = requested;
    let tool = known.tool.name;
    let what = format!("no {tool} release matches {request} (requested by {origin})");
    with_similar_word(Error::new(ErrorKind::NoMatchingVersion, what), requested)
}

/// Whether a release can match a request; `false` for `system`, paths and folders of other stores.
pub fn is_release_request(known: KnownTool<'_>, request: &Request) -> bool {
    match request.kind() {
        RequestKind::System | RequestKind::Path(_) => false,
        RequestKind::Named(name) => known.has_flavour(name.as_str()),
        RequestKind::Version(_)
        | RequestKind::Exact(_)
        | RequestKind::Range(_)
        | RequestKind::Latest
        | RequestKind::Lts
        | RequestKind::LtsBack(_)
        | RequestKind::LtsNamed(_) => true,
    }
}
