//! What is said where no release was found. It asks nobody.

use usher_shims::error::{Error, ErrorKind};
use usher_shims::request::{Request, RequestKind};
use usher_shims::resolve::Runtime;
use usher_shims::version::Version;

use super::tool_request::ToolRequest;
use crate::config::settings::Settings;
use crate::registry::KnownTool;

/// Why a source gave nothing, where the next one may.
#[derive(Debug, Clone)]
pub(super) struct SourceFailure {
    /// The source's name.
    pub(super) source: String,
    /// Why.
    pub(super) error: Error,
}

impl SourceFailure {
    /// What one source couldn't be asked for, where others answer.
    pub(super) fn beside_others(self) -> Error {
        let what = format!("{} isn't listed: {}", self.source, self.error.what);
        self.error.renamed(what)
    }

    /// Why a source couldn't be asked, on one line.
    fn line(&self) -> String {
        let causes = self.error.causes.iter().map(|cause| format!(": {cause}"));
        format!("{}: {}{}", self.source, self.error.what, causes.collect::<String>())
    }
}

/// Nothing answers: what the sources have instead, and which of them couldn't be asked.
pub(super) fn not_found(
    settings: &Settings,
    wanted: &ToolRequest<'_>,
    mut listed: Vec<Version>,
    failures: &[SourceFailure],
) -> Error {
    let (tool, request, origin) = (wanted.known.tool.name, wanted.request, wanted.origin);
    let asked = format!("{tool} {request} was asked for by {origin}");
    if listed.is_empty() {
        let what = format!("{asked}, but no source could be asked for it");
        return unreachable(settings, what, failures);
    }
    listed.sort();
    listed.dedup();
    listed.retain(|version| !version.is_prerelease());
    let what = match failures.is_empty() {
        true => format!("{asked}, but no such release exists"),
        false => format!("{asked}, but no source that could be asked has it"),
    };
    let error = Error::new(ErrorKind::NoMatchingVersion, what);
    let error = match nearest(wanted.request, &listed).as_slice() {
        [below, above] => error
            .because(format!("the nearest are {below} and {above}"))
            .hint(format!("use {tool}@{}", line(below))),
        [one] => {
            error.because(format!("the nearest is {one}")).hint(format!("use {tool}@{}", line(one)))
        }
        _ => error.hint(format!("use available {tool}")),
    };
    failures.iter().fold(error, |error, failure| error.because(failure.line()))
}

/// No source could be asked.
pub(super) fn unreachable(settings: &Settings, what: String, failures: &[SourceFailure]) -> Error {
    let error = failures
        .iter()
        .fold(Error::new(ErrorKind::Network, what), |error, failure| error.because(failure.line()));
    let hint = failures.iter().rev().find_map(|failure| failure.error.hint.clone());
    match hint {
        _ if settings.offline => error.hint(settings.online_hint()),
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// No source could be asked for a list.
pub(super) fn unlisted(
    settings: &Settings,
    known: KnownTool<'_>,
    failures: &[SourceFailure],
) -> Error {
    let what = format!("the releases of {} can't be listed", known.tool.name);
    unreachable(settings, what, failures)
}

/// A name is a folder of a store, and no source has those.
pub(super) fn no_such_folder(wanted: &ToolRequest<'_>) -> Error {
    let ToolRequest { known, request, origin } = wanted;
    let tool = known.tool.name;
    let what = format!("{tool} {request} was asked for by {origin}, but there is no such thing");
    Error::new(ErrorKind::NoMatchingVersion, what)
        .because("it is no version, and no version manager's store has a folder of that name")
        .hint(format!("use available {tool}"))
}

/// There is no source that could ever have it: the tool has none, or none for this platform. What
/// is installed, highest first, is the only way out.
pub(super) fn no_source(wanted: &ToolRequest<'_>, platform: &str, installed: &[Version]) -> Error {
    let ToolRequest { known, request, origin } = wanted;
    let tool = known.tool.name;
    let what = format!("{tool} {request} was asked for by {origin}, but isn't on disk");
    let error =
        Error::new(ErrorKind::NoMatchingVersion, what).because(why_no_source(*known, platform));
    let Some(newest) = installed.iter().find(|version| !version.is_prerelease()) else {
        return error
            .because(format!("no {tool} is on disk either; usher {}", looks_at(*known)))
            .hint(format!("install {} there, then: use reshim", known.tool.title));
    };
    let listed: Vec<&str> = installed.iter().map(Version::as_str).collect();
    error
        .because(format!("on disk: {}; usher {}", listed.join(", "), looks_at(*known)))
        .hint(format!("use {tool}@{newest}"))
}

/// There is no source that could be asked for a list.
pub(super) fn no_source_to_list(known: KnownTool<'_>, platform: &str) -> Error {
    let tool = known.tool.name;
    let what = format!("the releases of {tool} can't be listed");
    Error::new(ErrorKind::NoMatchingVersion, what)
        .because(why_no_source(known, platform))
        .hint(format!("use list {tool}"))
}

/// What is said where somebody asks for a version of the host that runs nothing of what is asked
/// for; `releases` are those that were asked for.
pub(super) fn incompatible_runtime(
    host: &Runtime,
    wanted: &ToolRequest<'_>,
    releases: &[Version],
) -> Error {
    let ToolRequest { known, request, origin } = wanted;
    let (tool, other) = (known.tool.name, host.tool.name);
    let by_other = host.pin.as_ref().and_then(|pin| Some((pin.request()?, &pin.origin)));
    let other_asked = by_other.map_or_else(
        || format!("{other} is in force"),
        |(request, origin)| format!("{other} {request} by {origin}"),
    );
    let what = format!(
        "{tool} {request} was asked for by {origin}, and {other_asked}, but the one doesn't run on the other"
    );
    let Some(newest) = releases.iter().max() else {
        return Error::new(ErrorKind::NoMatchingVersion, what);
    };
    let name = host.rule.without_mark(newest);
    let builds = releases.iter().filter(|one| host.rule.without_mark(one) == name);
    let mut needs: Vec<u64> = builds.filter_map(|one| host.rule.least(one)).collect();
    needs.sort_unstable();
    needs.dedup();
    let listed: Vec<String> = needs.iter().map(ToString::to_string).collect();
    let error = Error::new(ErrorKind::NoMatchingVersion, what)
        .because(format!("{tool} {name} is built for {other} {}", listed.join(", ")));
    match needs.last() {
        Some(most) => error.hint(format!("use {other}@{most}")),
        None => error,
    }
}

fn why_no_source(known: KnownTool<'_>, platform: &str) -> String {
    let tool = known.tool.name;
    match known.definition.source.is_empty() {
        true => format!("usher has no source for {tool} yet: it runs what is on disk"),
        false => format!("no source has {tool} for {platform}"),
    }
}

/// Whose versions are used where they lie.
fn looks_at(known: KnownTool<'_>) -> String {
    let stores = known.definition.store.iter().map(|store| store.manager.as_str());
    let system = known.definition.system.iter().map(|_| "the system");
    let mut names: Vec<&str> = stores.chain(system).collect();
    names.dedup();
    match names.as_slice() {
        [] => "knows no other place for it".to_owned(),
        names => format!("looks at what these have: {}", names.join(", ")),
    }
}

/// The versions just below and just above the one that was asked for; none where it was no one
/// version.
fn nearest<'v>(request: &Request, sorted: &'v [Version]) -> Vec<&'v Version> {
    let RequestKind::Version(asked) = request.kind() else { return Vec::new() };
    let place = sorted.partition_point(|version| version < asked);
    let below = place.checked_sub(1).and_then(|below| sorted.get(below));
    below.into_iter().chain(sorted.get(place)).collect()
}

/// The line of a version: its first number.
fn line(version: &Version) -> u64 {
    version.numbers().at(0)
}
