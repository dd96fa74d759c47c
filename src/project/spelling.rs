//! How a version is spelled in a file: as the request, or exactly where the file wants that, and in
//! another manager's spelling where that stands there. Knows no file's form.

use std::path::Path;

use usher_shims::normalize::in_spelling_of;
use usher_shims::read::{RawRequest, TOOL_VERSIONS, read};
use usher_shims::request::{Request, RequestKind};
use usher_shims::tool::{Field, FieldRole, Tool};
use usher_shims::version::Version;

/// What is to be pinned.
pub(super) struct NewPin<'a> {
    /// Of which tool.
    pub(super) tool: &'static Tool,
    /// As it was asked for.
    pub(super) request: &'a Request,
    /// What that comes to today.
    pub(super) version: Option<&'a Version>,
}

/// `.tool-versions` is asdf's, which knows exact versions only: where one stood, one stands.
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

/// nvm writes the newest LTS as `lts/*`.
pub(super) fn text_for_plain_file(path: &Path, request: &Request) -> String {
    match request.kind() {
        RequestKind::Lts if path.ends_with(".nvmrc") => "lts/*".to_owned(),
        _ => request.to_string(),
    }
}

/// Whether a field wants a version and no request: it says so, or counts only some of a version's
/// numbers, or would pin nothing with a range in it.
pub(super) fn wants_version(field: &Field, request: &Request) -> bool {
    let is_range = matches!(request.kind(), RequestKind::Range(_));
    field.exact
        || field.version_components != u8::MAX
        || field.role == FieldRole::Either && is_range
}

/// The text for a field in which another one stands; none where the field wants a version, and
/// there is none.
pub(super) fn text_for_field(old: &str, field: &Field, new_pin: &NewPin<'_>) -> Option<String> {
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

/// Whether a field that says this is answered by that version.
fn is_satisfied_by(text: &str, field: &Field, tool: &Tool, version: &Version) -> bool {
    Request::parse_field(text, tool, field).is_ok_and(|request| request.matches(version, tool))
}

/// The text that stands first among what was found.
pub(super) fn first_request_text(found: Vec<RawRequest>) -> Option<String> {
    found.into_iter().next()?.texts.into_iter().next()
}
