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
pub use pattern::{Placeholders, placeholders};
pub use written::{RawRequest, ReadError};

use crate::tool::{Reader, Tool, VersionFile};

/// Any file that is written as `.tool-versions` is.
pub const TOOL_VERSIONS: VersionFile =
    VersionFile::new(".tool-versions", Reader::ToolVersions, &[]);

/// Finds what a file says of a tool, strongest first.
pub fn read(text: &str, file: &VersionFile, tool: &Tool) -> Result<Vec<RawRequest>, ReadError> {
    match file.reader {
        Reader::Plain => lines::plain(text).map(|written| vec![written]),
        Reader::ToolVersions => {
            lines::tool_versions(text, tool).map(|found| found.into_iter().collect())
        }
        Reader::Json => json::read(text, file.fields),
        Reader::Toml => toml::read(text, file.fields),
        Reader::Keys => Ok(keys::read(text, file.fields)),
        Reader::Lines => Ok(pattern::read(text, file.fields)),
    }
}
