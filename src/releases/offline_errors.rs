//! The errors when usher is offline: what would be fetched, from where, and how to go online. It sends
//! nothing.

use std::time::Duration;

use usher_shims::error::{Error, ErrorKind, Escaped};
use usher_shims::tool::Tool;
use usher_shims::version::Version;

use super::release::{Release, ServedFrom};
use crate::config::settings::Settings;
use crate::http::{Address, FetchError};
use crate::text::human_duration;

/// The index at an address isn't cached.
pub(super) fn not_cached(settings: &Settings, address: &Address) -> FetchError {
    let what = format!("no cached index of {}", address.host());
    FetchError::Unreachable(Error::new(ErrorKind::Offline, what).because(offline(settings)))
}

/// A cached index of this age has no matching release; a newer one may have one.
pub(super) fn not_in_cache(settings: &Settings, age: Duration) -> Error {
    let what = format!("not in the cached index, which is {} old", human_duration(age));
    Error::new(ErrorKind::Offline, what).because(offline(settings))
}

/// A release that would be fetched.
pub(super) fn release_not_fetched(
    settings: &Settings,
    tool: &Tool,
    release: &Release,
    from: &ServedFrom,
) -> Error {
    offline_error(settings, tool, &release.version, &from.to_string())
}

/// A version that would be fetched from `from`.
pub fn offline_error(settings: &Settings, tool: &Tool, version: &Version, from: &str) -> Error {
    let what = format!("{} {version} is not installed, and {}", tool.name, offline(settings));
    Error::new(ErrorKind::Offline, what)
        .because(format!("it would be fetched from {}", Escaped(from)))
        .hint(settings.online_hint())
}

fn offline(settings: &Settings) -> String {
    format!("usher is offline ({})", settings.origin("offline"))
}
