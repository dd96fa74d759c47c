//! Changing which version a project file pins, and nothing else in it.
//!
//! Every function here takes a file's text and gives its new text. Comments, order, indentation,
//! blank lines, line ends, a byte order mark and a missing final newline stay byte for byte, and
//! doing it twice changes no more than doing it once.
//!
//! | file | module |
//! |---|---|
//! | `.tool-versions` | [`tool_versions`] |
//! | `.nvmrc`, `.node-version`, `.python-version` | [`plain`] |
//! | `package.json` | [`json`] |
//!
//! Nothing here knows the disk, a tool, or which file is the right one to change. A request comes
//! parsed, so that it holds no line end and no `#`.

mod lines;

pub mod json;
pub mod plain;
pub mod tool_versions;
