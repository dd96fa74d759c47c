//! How a version is spelled in a file: as the request, or exactly where the file wants that, and in
//! another manager's spelling where that stands there. Knows no file's form.

use std::path::Path;

use usher_shims::normalize::in_spelling_of;
use usher_shims::read::{RawRequest, TOOL_VERSIONS, read};
use usher_shims::request::{Request, RequestKind};
use usher_shims::tool::{FieldRole, Tool, VersionField};
use usher_shims::version::Version;

/// What is to be pinned.
pub(super) struct Wish<'a> {
    /// Of which tool.
    pub(super) tool: &'static Tool,
    /// As it was asked for.
    pub(super) request: &'a Request,
    /// What that comes to today.
    pub(super) version: Option<&'a Version>,
}

/// `.tool-versions` is asdf's, which knows exact versions only: where one stood, one stands.
pub(super) fn in_tool_versions(before: &str, wish: &Wish<'_>) -> String {
    let body = before.trim_start_matches('\u{feff}');
    let old = first_text(read(body, &TOOL_VERSIONS, wish.tool).unwrap_or_default());
    let was_exact = old.and_then(|old| Version::parse(&old)).is_some_and(|old| {
        old.numbers().as_slice().len() >= usize::from(wish.tool.version_components)
    });
    match wish.version.filter(|_| was_exact) {
        Some(version) => version.to_string(),
        None => wish.request.to_string(),
    }
}

/// nvm writes the newest LTS as `lts/*`.
pub(super) fn in_plain_file(path: &Path, request: &Request) -> String {
    match request.kind() {
        RequestKind::Lts if path.ends_with(".nvmrc") => "lts/*".to_owned(),
        _ => request.to_string(),
    }
}

/// Whether a field wants a version and no request: it says so, or counts only some of a version's
/// numbers, or would pin nothing with a range in it.
pub(super) fn wants_version(field: &VersionField, request: &Request) -> bool {
    let is_range = matches!(request.kind(), RequestKind::Range(_));
    field.exact
        || field.version_components != u8::MAX
        || field.role == FieldRole::Either && is_range
}

/// The text for a field in which another one stands; none where the field wants a version, and
/// there is none.
pub(super) fn in_field(old: &str, field: &VersionField, wish: &Wish<'_>) -> Option<String> {
    if !wants_version(field, wish.request) {
        return Some(wish.request.as_str().to_owned());
    }
    let version = wish.version?;
    let plain = version.as_str();
    // Other managers' names of versions may leave the build out.
    let without_build = plain.split_once('+').map_or(plain, |(version, _)| version);
    let alike = [plain, without_build].into_iter().filter_map(|text| {
        let spelled = in_spelling_of(text, old, wish.tool)?;
        means(&spelled, field, wish.tool, version).then_some(spelled)
    });
    let spelled = alike.chain([plain.to_owned()]).next();
    spelled.filter(|text| means(text, field, wish.tool, version))
}

/// Whether a field that says this is answered by that version.
fn means(text: &str, field: &VersionField, tool: &Tool, version: &Version) -> bool {
    Request::parse_field(text, tool, field).is_ok_and(|request| request.matches(version, tool))
}

/// The text that stands first among what was found.
pub(super) fn first_text(found: Vec<RawRequest>) -> Option<String> {
    found.into_iter().next()?.texts.into_iter().next()
}
