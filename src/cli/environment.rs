//! What a program that doesn't use the shims needs to run the active versions: folders for PATH, and
//! the variables of their tools.
//!
//! `environment/gather.rs` finds it out; `environment/shell.rs` and `environment/pipeline.rs` write
//! it for shells and for CI services, and read nothing.

mod gather;
mod pipeline;
mod shell;

use std::path::Path;

use serde::{Serialize, Serializer};
use usher_shims::error::{Error, ErrorKind, Escaped, Result};

pub use gather::{for_pinned_tools, for_tools, toolchain_folder};
pub use pipeline::{github_path, github_variables, gitlab_dotenv};
pub use shell::shell_code;

/// What to put before PATH, which variables to set, and which to unset.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EnvReport {
    /// The folders to put before PATH, in this order.
    pub path: Vec<String>,
    /// The variables to set.
    #[serde(serialize_with = "as_map")]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, String>"))]
    pub variables: Vec<(&'static str, String)>,
    /// Variables that are set, and name another version than the active one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unset: Vec<&'static str>,
    /// The versions that these are for.
    pub tools: Vec<EnvTool>,
}

/// The active version of a tool.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EnvTool {
    /// The tool.
    pub tool: &'static str,
    /// Its version, or the name of its folder; `null` if the system's version is unknown.
    pub version: Option<String>,
    /// Its store.
    pub store: String,
    /// Its folder; `null` for the system's version, which has none.
    pub path: Option<String>,
    /// The folder of its programs.
    pub programs: String,
}

impl EnvReport {
    /// Whether there is nothing to set or to unset.
    pub fn is_empty(&self) -> bool {
        self.path.is_empty() && self.variables.is_empty() && self.unset.is_empty()
    }

    /// Adds a folder to PATH, unless it is there already.
    fn add_folder(&mut self, folder: &Path) -> Result<()> {
        let folder = utf8(folder)?;
        if folder.contains(':') {
            return Err(not_for_path(folder, "a colon separates folders there"));
        }
        if !self.path.iter().any(|known| known == folder) {
            self.path.push(folder.to_owned());
        }
        Ok(())
    }
}

/// A folder's name as text, which scripts and files need.
fn utf8(folder: &Path) -> Result<&str> {
    folder.to_str().ok_or_else(|| not_for_path(&folder.to_string_lossy(), "its name isn't UTF-8"))
}

fn not_for_path(folder: &str, cause: &str) -> Error {
    let what = format!("can't add this folder to PATH: {}", Escaped(folder));
    Error::new(ErrorKind::BadValue, what)
        .because(cause)
        .hint("choose another folder with USHER_HOME")
}

fn as_map<S: Serializer>(
    variables: &[(&'static str, String)],
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_map(variables.iter().map(|(name, value)| (name, value)))
}
