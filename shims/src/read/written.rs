//! The readers' result.

use crate::tool::VersionField;

/// A request in a version file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRequest {
    /// The texts, the preferred one first; the others are alternatives. None if it is computed: by
    /// an expression, a template, a variable.
    pub texts: Vec<String>,
    /// The line, counted from 1; 0 in a JSON document.
    pub line: u32,
    /// Its field, in files with fields.
    pub field: Option<&'static VersionField>,
}

/// The most alternatives in one place. A person writes a few; a file of megabytes may have a million.
pub(super) const MAX_ALTERNATIVES: usize = 256;

/// The error for more alternatives than that.
pub(super) fn too_many(line: usize) -> ReadError {
    format!("line {line} names more than {MAX_ALTERNATIVES} versions")
}

/// Why a document can't be parsed, in a few words.
pub type ReadError = String;
