//! Which newer releases there are of a tool that is active here.

use usher_shims::error::Result;
use usher_shims::request::{Author, Meaning, Request};

use super::finder::Finder;
use super::freshness::Freshness;
use super::release::{Listed, Release};
use super::wanted::Wanted;
use crate::registry::Known;
use crate::session::current::CurrentVersion;

/// What of a tool's releases matters here.
pub struct Updates {
    /// The newest that the request admits.
    pub admitted: Option<Release>,
    /// The newest there is.
    pub newest: Option<Release>,
    /// How old the index is that says so, and which source's it is.
    pub freshness: Freshness,
    /// The source.
    pub source: String,
}

impl Updates {
    /// What can be had by now.
    pub fn check(current: &CurrentVersion<'_>, finder: &Finder<'_>) -> Result<Self> {
        let Listed { releases, source, freshness } = finder.all(current.known)?;
        let latest = Request::parse("latest", current.known.tool, Author::Person).ok();
        let newest = match latest {
            Some(latest) => finder.newest(&releases, (&latest, current.known.tool))?,
            None => None,
        };
        let asked = current.asked().filter(|(request, _)| is_of_releases(current.known, request));
        let admitted = match asked {
            None => None,
            Some((request, origin)) => {
                match finder.newest(&releases, (request, current.known.tool))? {
                    Some(release) => Some(release),
                    // Another source may have it, or this one by now.
                    None => finder.find(&Wanted { known: current.known, request, origin }).ok(),
                }
            }
        };
        Ok(Self { admitted, newest, freshness, source })
    }
}

/// Whether a request is one that releases can answer.
pub fn is_of_releases(known: Known<'_>, request: &Request) -> bool {
    match request.meaning() {
        Meaning::System | Meaning::Path(_) => false,
        Meaning::Named(name) => known.has_flavour(name.as_str()),
        Meaning::Version(_)
        | Meaning::Range(_)
        | Meaning::Latest
        | Meaning::Lts
        | Meaning::LtsBack(_)
        | Meaning::LtsNamed(_) => true,
    }
}
