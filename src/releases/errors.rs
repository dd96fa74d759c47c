//! The errors if no release is found; there is no network access here.

use usher_shims::error::{Error, ErrorKind};
use usher_shims::pin::Origin;
use usher_shims::request::{Request, RequestKind, RequestTrust};
use usher_shims::resolve::Runtime;
use usher_shims::version::Version;

use super::tool_request::ToolRequest;
use crate::config::settings::Settings;
use crate::registry::KnownTool;
use crate::text::closest;

/// The error of a source after which the next source is tried.
#[derive(Debug, Clone)]
pub(super) struct SourceFailure {
    /// The source's name.
    pub(super) source: String,
    pub(super) error: Error,
}

impl SourceFailure {
    /// The source and its error on one line.
    fn line(&self) -> String {
        let causes = self.error.causes.iter().map(|cause| format!(": {cause}"));
        format!("{}: {}{}", self.source, self.error.what, causes.collect::<String>())
    }
}

/// No release matches a request. Names the nearest of the `listed` versions, and the sources that
/// failed.
pub(super) fn not_found(
    settings: &Settings,
    tool_request: &ToolRequest<'_>,
    mut listed: Vec<Version>,
    failures: &[SourceFailure],
) -> Error {
    let (tool, request, origin) =
        (tool_request.known.tool.name, tool_request.request, tool_request.origin);
    if listed.is_empty() {
        let what =
            format!("can't look up {tool} {request} (requested by {origin}): no source answered");
        return all_sources_failed(settings, what, failures);
    }
    listed.sort();
    listed.dedup();
    listed.retain(|version| !version.is_prerelease());
    let matches = format!("no {tool} release matches {request}");
    let what = match failures.is_empty() {
        true => format!("{matches} (requested by {origin})"),
        false => format!("{matches} in the sources that answered (requested by {origin})"),
    };
    let error = Error::new(ErrorKind::NoMatchingVersion, what);
    let error = match unlisted_flavour(request, &listed) {
        Some(flavour) => error.because(format!("no source has {flavour}")),
        None => error,
    };
    let error = match nearest(request, &listed).as_slice() {
        [] => with_similar_word(error, tool_request),
        nearest => {
            let names: Vec<&str> = nearest.iter().map(|version| version.as_str()).collect();
            let error = error.because(format!("nearest: {}", names.join(", ")));
            match existing_beginning(tool_request, &listed) {
                Some(existing) => error.hint(request_command(tool_request, &existing)),
                None => error.hint(format!("use available {tool}")),
            }
        }
    };
    failures.iter().fold(error, |error, failure| error.because(failure.line()))
}

/// The flavour that is requested, if no listed version is of it.
fn unlisted_flavour<'a>(request: &'a Request, listed: &[Version]) -> Option<&'a str> {
    let RequestKind::Version(requested) = request.kind() else { return None };
    let flavour = requested.flavour();
    let is_listed = listed.iter().any(|version| version.flavour().starts_with(flavour));
    (!is_listed).then_some(flavour)
}

/// All sources failed; `what` couldn't be done.
pub(super) fn all_sources_failed(
    settings: &Settings,
    what: String,
    failures: &[SourceFailure],
) -> Error {
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

/// All sources failed to list a tool's releases.
pub(super) fn no_index_error(
    settings: &Settings,
    known: KnownTool<'_>,
    failures: &[SourceFailure],
) -> Error {
    let what = format!("can't list the releases of {}", known.tool.name);
    all_sources_failed(settings, what, failures)
}

/// A request that is not a version could only be a link or a folder of a store, and there is none.
pub(super) fn no_such_folder(tool_request: &ToolRequest<'_>) -> Error {
    let ToolRequest { known, request, origin } = tool_request;
    let tool = known.tool.name;
    let what = format!("unknown version of {tool}: {request} (requested by {origin})");
    let error = Error::new(ErrorKind::NoMatchingVersion, what)
        .because("it is not a version, and nothing is linked or installed under that name");
    with_similar_word(error, tool_request)
}

/// Adds the word that a request nearly is.
pub(super) fn with_similar_word(error: Error, tool_request: &ToolRequest<'_>) -> Error {
    match similar_word(tool_request) {
        Some(word) => {
            error.because(format!("nearest: {word}")).hint(request_command(tool_request, &word))
        }
        None => error.hint(format!("use available {}", tool_request.known.tool.name)),
    }
}

/// The alias or flavour that a request nearly is: `lts/hydrogen` for `lts/hydorgen`, `pypy3.10` for
/// `pypi3.10`.
fn similar_word(tool_request: &ToolRequest<'_>) -> Option<String> {
    let ToolRequest { known, request, .. } = tool_request;
    let lines = || known.tool.lts.iter().map(|line| line.name);
    let line = |word: &str| {
        let near = closest(word, lines()).filter(|name| *name != word)?;
        Some(format!("lts/{near}"))
    };
    match request.kind() {
        RequestKind::LtsNamed(name) => line(name.as_str()),
        RequestKind::Named(name) => {
            let aliases = ["latest", "stable", "system"].into_iter();
            let lts = (!known.tool.lts.is_empty()).then_some("lts");
            let word = closest(name.as_str(), aliases.chain(lts).chain(known.flavours()));
            word.map(str::to_owned).or_else(|| line(name.as_str()))
        }
        RequestKind::Version(version) => {
            let flavour = version.flavour();
            let near = closest(flavour, known.flavours()).filter(|near| *near != flavour)?;
            let rest = version.as_str().strip_prefix(flavour)?;
            Some(format!("{near}{rest}"))
        }
        RequestKind::Exact(_)
        | RequestKind::Range(_)
        | RequestKind::Latest
        | RequestKind::Lts
        | RequestKind::LtsBack(_)
        | RequestKind::System
        | RequestKind::Path(_) => None,
    }
}

/// The longest beginning of a requested version that releases have: `12` of `12.99`. `None` if it is
/// the beginning of all of them, as `1` of `1.99` is.
fn existing_beginning(tool_request: &ToolRequest<'_>, listed: &[Version]) -> Option<String> {
    let ToolRequest { known, request, .. } = tool_request;
    let RequestKind::Version(requested) = request.kind() else { return None };
    let text = requested.as_str();
    text.rmatch_indices('.').map(|(end, _)| &text[..end]).find_map(|beginning| {
        let shorter = Request::parse(beginning, known.tool, RequestTrust::User).ok()?;
        let count = listed.iter().filter(|version| shorter.matches(version, known.tool)).count();
        (count > 0 && (count < listed.len() || count == 1)).then(|| beginning.to_owned())
    })
}

/// The command that requests something else where the request was made.
fn request_command(tool_request: &ToolRequest<'_>, other: &str) -> String {
    match tool_request.origin {
        // It is stronger than a pin.
        Origin::Variable(name) => format!("export {name}={other}"),
        Origin::Argument
        | Origin::Name(_)
        | Origin::File(_)
        | Origin::Default(_)
        | Origin::Account(_)
        | Origin::Group(_)
        | Origin::Machine(_)
        | Origin::CommandLine => format!("use {}@{other}", tool_request.known.tool.name),
    }
}

/// The tool has no source, or none for this platform. Names the `installed` versions, highest first,
/// which can be used instead.
pub(super) fn no_source(
    tool_request: &ToolRequest<'_>,
    platform: &str,
    installed: &[Version],
) -> Error {
    let ToolRequest { known, request, origin } = tool_request;
    let tool = known.tool.name;
    let what = format!("{tool} {request} is not installed (requested by {origin})");
    let error =
        Error::new(ErrorKind::NoMatchingVersion, what).because(why_no_source(*known, platform));
    let Some(newest) = installed.iter().find(|version| !version.is_prerelease()) else {
        return error
            .because(format!("no version of {tool} is installed; {}", searched(*known)))
            .hint(format!("install {} there, then: use reshim", known.tool.title));
    };
    let listed: Vec<&str> = installed.iter().map(Version::as_str).collect();
    error
        .because(format!("installed: {}; {}", listed.join(", "), searched(*known)))
        .hint(format!("use {tool}@{newest}"))
}

/// The tool has no source that could list its releases.
pub(super) fn no_source_to_list(known: KnownTool<'_>, platform: &str) -> Error {
    let tool = known.tool.name;
    let what = format!("can't list the releases of {tool}");
    Error::new(ErrorKind::NoMatchingVersion, what)
        .because(why_no_source(known, platform))
        .hint(format!("use list {tool}"))
}

/// The requested version of a runtime runs none of the matching `releases` of a tool.
pub(super) fn incompatible_runtime(
    runtime: &Runtime,
    tool_request: &ToolRequest<'_>,
    releases: &[Version],
) -> Error {
    let ToolRequest { known, request, origin } = tool_request;
    let (tool, other) = (known.tool.name, runtime.tool.name);
    let pinned = runtime.pin.as_ref().and_then(|pin| Some((pin.request()?, &pin.origin)));
    let shown = pinned.map_or_else(
        || format!("the active version of {other}"),
        |(request, origin)| format!("{other} {request} (requested by {origin})"),
    );
    let what = format!("{tool} {request} (requested by {origin}) doesn't run on {shown}");
    let Some(newest) = releases.iter().max() else {
        return Error::new(ErrorKind::NoMatchingVersion, what);
    };
    let name = runtime.rule.without_build_suffix(newest);
    let builds = releases.iter().filter(|one| runtime.rule.without_build_suffix(one) == name);
    let mut needs: Vec<u64> = builds.filter_map(|one| runtime.rule.minimum_runtime(one)).collect();
    needs.sort_unstable();
    needs.dedup();
    let listed: Vec<String> = needs.iter().map(ToString::to_string).collect();
    let error = Error::new(ErrorKind::NoMatchingVersion, what)
        .because(format!("{tool} {name} is built for {other} {}", listed.join(", ")));
    match needs.last() {
        Some(newest_needed) => error.hint(format!("use {other}@{newest_needed}")),
        None => error,
    }
}

fn why_no_source(known: KnownTool<'_>, platform: &str) -> String {
    let tool = known.tool.name;
    match known.definition.source.is_empty() {
        true => format!("usher can't install {tool} yet: it only runs installed versions"),
        false => format!("no source has {tool} for {platform}"),
    }
}

/// Where usher looks for installed versions of a tool.
fn searched(known: KnownTool<'_>) -> String {
    let stores = known.definition.store.iter().map(|store| store.manager.as_str());
    let system = known.definition.system.iter().map(|_| "the system");
    let mut names: Vec<&str> = stores.chain(system).collect();
    names.dedup();
    match names.as_slice() {
        [] => "no other folders are searched".to_owned(),
        names => format!("searched: {}", names.join(", ")),
    }
}

/// The versions just below and just above the requested one, of its flavour; none for a request that
/// isn't a version.
fn nearest<'v>(request: &Request, sorted: &'v [Version]) -> Vec<&'v Version> {
    let RequestKind::Version(requested) = request.kind() else { return Vec::new() };
    let of_flavour = |version: &&Version| version.flavour().starts_with(requested.flavour());
    let below = sorted.iter().rfind(|version| version < &requested && of_flavour(version));
    let above = sorted.iter().find(|version| version >= &requested && of_flavour(version));
    below.into_iter().chain(above).collect()
}
