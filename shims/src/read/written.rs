//! What every reader returns.

use crate::tool::VersionField;

/// A place in a version file that names a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRequest {
    /// The texts, the first preferred: later ones are what will do instead.
    pub texts: Vec<String>,
    /// The line, counted from 1; 0 where a field says it better.
    pub line: u32,
    /// What named it, in files that name more than one thing.
    pub field: Option<&'static VersionField>,
}

/// Why a document can't be understood, in a few words.
pub type ReadError = String;
