//! What is said where usher does without the network: what would have been fetched, from where,
//! and how to have it fetched. Nobody is asked in here.

use usher_shims::error::{Error, ErrorKind, Escaped};
use usher_shims::tool::Tool;
use usher_shims::version::Version;

use super::kept::words;
use super::kinds::Listing;
use super::{Finder, Freshness};
use crate::config::settings::Settings;
use crate::http::{Failure, host_label};
use crate::registry::Known;
use crate::releases::Release;

impl Finder<'_> {
    /// A source's index was never fetched.
    pub(super) fn not_kept(&self, listing: &Listing<'_>) -> Failure {
        let what = format!("its index, from {}, isn't kept", host_label(&listing.address));
        Failure::Unreachable(
            Error::new(ErrorKind::Offline, what).because(offline(&self.usher.settings)),
        )
    }

    /// A kept index has no answer; a newer one might have.
    pub(super) fn not_in_kept(&self, freshness: Freshness) -> Option<Error> {
        let Freshness::Kept(age) = freshness else { return None };
        let what = format!("its index, {} old, doesn't list it", words(age));
        Some(Error::new(ErrorKind::Offline, what).because(offline(&self.usher.settings)))
    }

    /// A release that is to be had, and isn't fetched.
    pub(super) fn would_be_fetched(&self, known: Known<'_>, release: &Release) -> Error {
        let from = match self.host(known, release) {
            Some(host) => format!("{} ({host})", release.source),
            None => release.source.clone(),
        };
        would_be_fetched(&self.usher.settings, (known.tool, &release.version), &from)
    }

    fn host(&self, known: Known<'_>, release: &Release) -> Option<String> {
        if let Some(artifact) = &release.artifact {
            return Some(host_label(&artifact.address));
        }
        let mut sources = known.definition.source.iter();
        let source = sources.find(|source| source.name == release.source)?;
        Some(host_label(&self.listing(source).ok()??.address))
    }
}

/// A version that would have been fetched from there, and isn't.
pub fn would_be_fetched(
    settings: &Settings,
    (tool, version): (&Tool, &Version),
    from: &str,
) -> Error {
    let what = format!("{} {version} isn't on disk, and {}", tool.name, offline(settings));
    Error::new(ErrorKind::Offline, what)
        .because(format!("it would have been fetched from {}", Escaped(from)))
        .hint(settings.end_offline())
}

fn offline(settings: &Settings) -> String {
    format!("usher is offline ({})", settings.origin("offline"))
}
