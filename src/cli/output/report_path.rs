//! A path in a report.

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};
use usher_shims::error::Shown;

/// A path in a report: text shows all its bytes, and JSON has its UTF-8 form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportPath(PathBuf);

impl ReportPath {
    /// The path in a report.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self(path.as_ref().to_path_buf())
    }

    /// The path itself.
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

impl Display for ReportPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(&self.0).fmt(f)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for ReportPath {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Path".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

impl Serialize for ReportPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_string_lossy())
    }
}
