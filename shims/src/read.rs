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
mod written;

pub use decode::decode;
pub use json::field as json_field;
pub use keys::value as value_of_key;
pub use pattern::{Holes, holes};
pub use written::{Complaint, Written};

use crate::tool::{Reader, Tool};

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
