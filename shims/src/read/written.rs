//! The readers' result.

use crate::tool::VersionField;

/// A request in a version file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRequest {
    /// The texts, the preferred one first; the others are alternatives.
    pub texts: Vec<String>,
    /// The line, counted from 1; 0 in a JSON document.
    pub line: u32,
    /// Its field, in files with fields.
    pub field: Option<&'static VersionField>,
}

/// Why a document can't be parsed, in a few words.
pub type ReadError = String;
