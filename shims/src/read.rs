//! The readers of version files: text in, requests out. Readers never read the disk.
//!
//! A reader finds the requests and returns their text; [`crate::request`] parses them.

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

/// Any file with the syntax of `.tool-versions`.
pub const TOOL_VERSIONS: VersionFile =
    VersionFile::new(".tool-versions", Reader::ToolVersions, &[]);

/// Finds a tool's requests in a file, strongest first.
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
