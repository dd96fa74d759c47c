//! What is said where usher does without the network: what would have been fetched, from where,
//! and how to have it fetched. Nobody is asked in here.

use std::time::Duration;

use usher_shims::error::{Error, ErrorKind, Escaped};
use usher_shims::tool::Tool;
use usher_shims::version::Version;

use super::release::Release;
use crate::config::settings::Settings;
use crate::http::{FetchError, host_label};
use crate::text::human_duration;

/// A source's index was never fetched.
pub(super) fn not_cached(settings: &Settings, address: &str) -> FetchError {
    let what = format!("its index, from {}, isn't kept", host_label(address));
    FetchError::Unreachable(Error::new(ErrorKind::Offline, what).because(offline(settings)))
}

/// A cached index of this age has no answer; a newer one might have.
pub(super) fn not_in_cache(settings: &Settings, age: Duration) -> Error {
    let what = format!("its index, {} old, doesn't list it", human_duration(age));
    Error::new(ErrorKind::Offline, what).because(offline(settings))
}

/// A release that is to be had, and isn't fetched.
pub(super) fn release_not_fetched(settings: &Settings, tool: &Tool, release: &Release) -> Error {
    let from = match &release.archive {
        Some(archive) => format!("{} ({})", release.source, host_label(&archive.address)),
        None => release.source.clone(),
    };
    offline_error(settings, (tool, &release.version), &from)
}

/// A version that would have been fetched from there, and isn't.
pub fn offline_error(settings: &Settings, (tool, version): (&Tool, &Version), from: &str) -> Error {
    let what = format!("{} {version} isn't on disk, and {}", tool.name, offline(settings));
    Error::new(ErrorKind::Offline, what)
        .because(format!("it would have been fetched from {}", Escaped(from)))
        .hint(settings.online_hint())
}

fn offline(settings: &Settings) -> String {
    format!("usher is offline ({})", settings.origin("offline"))
}
