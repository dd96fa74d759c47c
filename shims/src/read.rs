//! The readers of version files: text in, requests out. Readers never read the disk.
//!
//! A reader finds the requests and returns their text; [`crate::request`] parses them.

mod call;
mod decode;
mod json;
mod keys;
mod lines;
mod pattern;
mod toml;
mod written;

pub use call::call_placeholders;
pub use decode::decode;
pub use json::field as json_field;
pub use keys::value as value_of_key;
pub use pattern::{Placeholders, placeholders};
pub(crate) use toml::read as read_toml;
pub use written::{RawRequest, ReadError};

use crate::tool::{Reader, Tool, VersionField, VersionFile};
use crate::version::Version;

/// Any file with the syntax of `.tool-versions`.
pub const TOOL_VERSIONS: VersionFile =
    VersionFile::new(".tool-versions", Reader::ToolVersions, &[]);

/// Any file with a request per line.
pub static PLAIN: VersionFile = VersionFile::new("", Reader::Plain, &[]);

/// Finds a tool's requests in a file, strongest first.
pub fn read(text: &str, file: &VersionFile, tool: &Tool) -> Result<Vec<RawRequest>, ReadError> {
    let mut found = match file.reader {
        Reader::Plain => vec![lines::plain(text, tool)?],
        Reader::ToolVersions => lines::tool_versions(text, tool)?.into_iter().collect(),
        Reader::Json => json::read(text, file.fields)?,
        Reader::Toml => toml::read(text, file.fields)?,
        Reader::Keys => keys::read(text, file.fields),
        Reader::Lines => pattern::read(text, file.fields),
        Reader::Call => call::read(text, file.fields, tool)?,
    };
    for raw in &mut found {
        if raw.field.is_some() && raw.texts.iter().any(|text| is_computed(text)) {
            raw.texts.clear();
        }
    }
    if file.fields.iter().any(|field| at_least(field).is_some()) {
        let outdated: Vec<usize> =
            (0..found.len()).filter(|place| is_outdated(&found[*place], &found)).collect();
        outdated.into_iter().rev().for_each(|place| drop(found.remove(place)));
    }
    Ok(found)
}

/// Whether a text is code in a template or of a shell, and no request.
fn is_computed(text: &str) -> bool {
    let mut pairs = text.as_bytes().windows(2);
    text.starts_with(['$', '('])
        || pairs.any(|pair| matches!(pair, b"{{" | b"#{" | b"${" | b"$(" | b"<%"))
}

/// The field with the version that another one must not be below.
fn at_least(field: &VersionField) -> Option<&'static str> {
    field.only?.at_least
}

/// Whether a version is below the one in the field that it must not be below.
fn is_outdated(raw: &RawRequest, all: &[RawRequest]) -> bool {
    let version = |raw: &RawRequest| raw.texts.first().and_then(|text| Version::parse(text));
    let Some(at_least) = raw.field.and_then(at_least) else { return false };
    let is_that = |other: &&RawRequest| other.field.is_some_and(|field| field.path == at_least);
    let minimum = all.iter().find(is_that).and_then(version);
    version(raw).zip(minimum).is_some_and(|(version, minimum)| version < minimum)
}
