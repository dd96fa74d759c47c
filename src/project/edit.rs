//! Changing which version a project file pins, and nothing else in it.
//!
//! Every function here takes a file's text and gives its new text. Comments, order, indentation,
//! blank lines, line ends, a byte order mark and a missing final newline stay byte for byte, and
//! doing it twice changes no more than doing it once.
//!
//! | file | module |
//! |---|---|
//! | `.tool-versions` | [`tool_versions`] |
//! | requests as plain text | [`plain`] |
//! | JSON: `package.json` | [`json`] |
//! | TOML: `mise.toml`, `.prototools` | [`toml`] |
//! | `KEY=value` on lines: `.env` | [`keys`] |
//! | patterns on lines: `runtime.txt` | [`pattern`] |
//! | a method call: `Gemfile` | [`call`] |
//!
//! Nothing here knows the disk, a tool, or which file is the right one to change. A request comes
//! parsed, so that it contains no line end and no `#`.

mod lines;
mod style;

pub mod call;
pub mod json;
pub mod keys;
pub mod pattern;
pub mod plain;
pub mod toml;
pub mod tool_versions;
