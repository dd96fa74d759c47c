//! What is said where no release was found.

use usher_shims::error::{Error, ErrorKind};
use usher_shims::request::{Meaning, Request};
use usher_shims::version::Version;

use super::{Finder, Wanted};
use crate::releases::nothing;

/// Why a source gave nothing, by its name.
pub(super) type Failed = (String, Error);

impl Finder<'_> {
    /// Nothing answers: what the sources have instead, and which of them couldn't be asked.
    pub(super) fn not_found(
        &self,
        wanted: &Wanted<'_>,
        mut seen: Vec<Version>,
        failures: &[Failed],
    ) -> Error {
        let (tool, request, origin) = (wanted.known.tool.name, wanted.request, wanted.origin);
        let asked = format!("{tool} {request} was asked for by {origin}");
        if seen.is_empty() && failures.is_empty() {
            return nothing::for_request(self.usher, wanted, &self.platform);
        }
        if seen.is_empty() {
            let what = format!("{asked}, but no source could be asked for it");
            return self.unreachable(what, failures);
        }
        seen.sort();
        seen.dedup();
        seen.retain(|version| !version.is_prerelease());
        let what = match failures.is_empty() {
            true => format!("{asked}, but no such release exists"),
            false => format!("{asked}, but no source that could be asked has it"),
        };
        let error = Error::new(ErrorKind::NoMatchingVersion, what);
        let error = match nearest(wanted.request, &seen).as_slice() {
            [below, above] => error
                .because(format!("the nearest are {below} and {above}"))
                .hint(format!("use {tool}@{}", line(below))),
            [one] => error
                .because(format!("the nearest is {one}"))
                .hint(format!("use {tool}@{}", line(one))),
            _ => error.hint(format!("use available {tool}")),
        };
        failures.iter().fold(error, |error, (source, failure)| error.because(told(source, failure)))
    }

    /// No source could be asked.
    pub(super) fn unreachable(&self, what: String, failures: &[Failed]) -> Error {
        let error =
            failures.iter().fold(Error::new(ErrorKind::Network, what), |error, (source, why)| {
                error.because(told(source, why))
            });
        let settings = &self.usher.settings;
        let hint = failures.iter().rev().find_map(|(_, failure)| failure.hint.clone());
        match hint {
            _ if settings.offline => error.hint(settings.end_offline()),
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// What one source couldn't be asked for, where others answer.
pub(super) fn of_source((source, failure): Failed) -> Error {
    let what = format!("{source} isn't listed: {}", failure.what);
    failure.renamed(what)
}

/// A name is a folder of a store, and no source has those.
pub(super) fn no_such_folder(wanted: &Wanted<'_>) -> Error {
    let Wanted { known, request, origin } = wanted;
    let tool = known.tool.name;
    let what = format!("{tool} {request} was asked for by {origin}, but there is no such thing");
    Error::new(ErrorKind::NoMatchingVersion, what)
        .because("it is no version, and no version manager's store has a folder of that name")
        .hint(format!("use available {tool}"))
}

/// The versions just below and just above the one that was asked for; none where it was no one
/// version.
fn nearest<'v>(request: &Request, sorted: &'v [Version]) -> Vec<&'v Version> {
    let Meaning::Version(asked) = request.meaning() else { return Vec::new() };
    let place = sorted.partition_point(|version| version < asked);
    let below = place.checked_sub(1).and_then(|below| sorted.get(below));
    below.into_iter().chain(sorted.get(place)).collect()
}

/// The line of a version: its first number.
fn line(version: &Version) -> u64 {
    version.numbers().at(0)
}

/// Why a source couldn't be asked, on one line.
fn told(source: &str, failure: &Error) -> String {
    let causes = failure.causes.iter().map(|cause| format!(": {cause}"));
    format!("{source}: {}{}", failure.what, causes.collect::<String>())
}
