//! How a pin is spelled in a file: as the request, or as an exact version where the file needs one, in
//! another manager's spelling if the old value was. Knows no file format.

use std::path::Path;

use usher_shims::normalize::in_spelling_of;
use usher_shims::read::{RawRequest, TOOL_VERSIONS, read};
use usher_shims::request::{Request, RequestKind, RequestTrust};
use usher_shims::tool::{FieldRole, Tool, VersionField};
use usher_shims::version::Version;

use crate::config::settings::PinAs;

/// A pin to write.
pub(super) struct NewPin<'a> {
    /// The tool.
    pub(super) tool: &'static Tool,
    /// The request that was typed.
    pub(super) request: &'a Request,
    /// The version that it means now.
    pub(super) version: Option<&'a Version>,
}

/// Whether a request is a word that means another version later: `lts`, `latest`, a flavour alone.
pub(super) fn is_word(request: &Request, version: Option<&Version>, tool: &Tool) -> bool {
    match request.kind() {
        RequestKind::Latest
        | RequestKind::Lts
        | RequestKind::LtsBack(_)
        | RequestKind::LtsNamed(_) => true,
        // Any other name may be that of a folder in an adopted store.
        RequestKind::Named(_) => version.is_some_and(|version| request.matches(version, tool)),
        RequestKind::Version(_)
        | RequestKind::Exact(_)
        | RequestKind::Range(_)
        | RequestKind::System
        | RequestKind::Path(_) => false,
    }
}

/// The request that is written for a word, which means this version on this day: what other managers
/// and other accounts understand as the same. `release_line` is how many numbers name a release line.
///
/// `None` if the word itself is written.
pub(super) fn instead_of_word(
    version: &Version,
    tool: &Tool,
    pin_as: PinAs,
    release_line: Option<usize>,
) -> Option<Request> {
    let exact = || version.to_string();
    let text = match (pin_as, release_line) {
        (PinAs::Request, _) => return None,
        (PinAs::Line, Some(count)) if version.flavour().is_empty() => {
            let numbers = version.numbers().as_slice().iter().take(count);
            numbers.map(ToString::to_string).collect::<Vec<_>>().join(".")
        }
        (PinAs::Exact | PinAs::Line, _) => exact(),
    };
    let parse = |text: &str| {
        let request = Request::parse(text, tool, RequestTrust::Project).ok();
        request.filter(|request| request.matches(version, tool))
    };
    parse(&text).or_else(|| parse(&exact()))
}

/// `.tool-versions` is asdf's, which only knows exact versions: an exact one is replaced by an exact
/// one.
pub(super) fn text_for_tool_versions(before: &str, new_pin: &NewPin<'_>) -> String {
    let body = before.trim_start_matches('\u{feff}');
    let old = first_request_text(read(body, &TOOL_VERSIONS, new_pin.tool).unwrap_or_default());
    let was_exact = old.and_then(|old| Version::parse(&old)).is_some_and(|old| {
        old.numbers().as_slice().len() >= usize::from(new_pin.tool.version_components)
    });
    match new_pin.version.filter(|_| was_exact) {
        Some(version) => version.to_string(),
        None => new_pin.request.to_string(),
    }
}

/// nvm writes the newest LTS as `lts/*`, and the newest release as `stable`.
pub(super) fn text_for_plain_file(path: &Path, request: &Request) -> String {
    match request.kind() {
        RequestKind::Lts if path.ends_with(".nvmrc") => "lts/*".to_owned(),
        RequestKind::Latest if path.ends_with(".nvmrc") => "stable".to_owned(),
        _ => request.to_string(),
    }
}

/// Whether a field needs a version, not a request: by its definition, or because it counts only some of
/// a version's numbers, or because a range in it would be a constraint.
pub(super) fn wants_version(field: &VersionField, request: &Request) -> bool {
    let is_range = matches!(request.kind(), RequestKind::Range(_));
    field.exact
        || field.version_components != u8::MAX
        || field.role == FieldRole::Either && is_range
}

/// The new text for a field; none if it needs a version, and there is none.
pub(super) fn text_for_field(
    old: &str,
    field: &VersionField,
    new_pin: &NewPin<'_>,
) -> Option<String> {
    if !wants_version(field, new_pin.request) {
        return Some(new_pin.request.as_str().to_owned());
    }
    let version = new_pin.version?;
    let plain = version.as_str();
    // Other managers' names of versions may leave the build out.
    let without_build = plain.split_once('+').map_or(plain, |(version, _)| version);
    let alike = [plain, without_build].into_iter().filter_map(|text| {
        let spelled = in_spelling_of(text, old, new_pin.tool)?;
        is_satisfied_by(&spelled, field, new_pin.tool, version).then_some(spelled)
    });
    let spelled = alike.chain([plain.to_owned()]).next();
    spelled.filter(|text| is_satisfied_by(text, field, new_pin.tool, version))
}

/// Whether that version matches a field with this text.
fn is_satisfied_by(text: &str, field: &VersionField, tool: &Tool, version: &Version) -> bool {
    Request::parse_field(text, tool, field).is_ok_and(|request| request.matches(version, tool))
}

/// The first request text that was found.
pub(super) fn first_request_text(found: Vec<RawRequest>) -> Option<String> {
    found.into_iter().next()?.texts.into_iter().next()
}
