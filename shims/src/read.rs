//! What a version file says: text in, what was written out. Readers see no disk.
//!
//! A reader finds the places that can name a version and returns them as they were written;
//! what a text means is [`crate::request`]'s.

mod decode;
mod json;
mod keys;
mod lines;
mod pattern;
mod toml;

pub use decode::decode;
pub use json::field as json_field;
pub use keys::value as value_of_key;
pub use pattern::{Holes, holes};

use crate::tool::{Field, Reader, Tool};

/// A place in a version file that names a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The texts, the first preferred: later ones are what will do instead.
    pub texts: Vec<String>,
    /// The line, counted from 1; 0 where a field says it better.
    pub line: u32,
    /// What named it, in files that name more than one thing.
    pub field: Option<&'static Field>,
}

/// Why a document can't be understood, in a few words.
pub type Complaint = String;

/// Finds what a file says of a tool, strongest first.
pub fn read(text: &str, reader: &Reader, tool: &Tool) -> Result<Vec<Written>, Complaint> {
    match reader {
        Reader::Plain => lines::plain(text).map(|written| vec![written]),
        Reader::ToolVersions => {
            lines::tool_versions(text, tool).map(|found| found.into_iter().collect())
        }
        Reader::Json(fields) => json::read(text, fields),
        Reader::Toml(fields) => toml::read(text, fields),
        Reader::Keys(fields) => Ok(keys::read(text, fields)),
        Reader::Lines(fields) => Ok(pattern::read(text, fields)),
    }
}
