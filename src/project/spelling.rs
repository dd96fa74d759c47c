//! How a pin is spelled in a file: as the request, or as an exact version where the file needs one, in
//! another manager's spelling if the old value was. Knows no file format.

use std::path::Path;

use usher_shims::normalize::in_spelling_of;
use usher_shims::read::{RawRequest, TOOL_VERSIONS, read};
use usher_shims::request::{Request, RequestKind};
use usher_shims::tool::{FieldRole, Tool, VersionField};
use usher_shims::version::Version;

/// A pin to write.
pub(super) struct NewPin<'a> {
    /// The tool.
    pub(super) tool: &'static Tool,
    /// The request that was typed.
    pub(super) request: &'a Request,
    /// The version that it means now.
    pub(super) version: Option<&'a Version>,
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

/// nvm writes the newest LTS as `lts/*`.
pub(super) fn text_for_plain_file(path: &Path, request: &Request) -> String {
    match request.kind() {
        RequestKind::Lts if path.ends_with(".nvmrc") => "lts/*".to_owned(),
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
