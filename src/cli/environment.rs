//! What a program that asks no shim needs for the versions in force here: folders for PATH, and the
//! variables of their tools.
//!
//! `environment/gather.rs` finds it out; `environment/shell.rs` and `environment/pipeline.rs` put it
//! in the words of shells and of CI services. These know neither tools nor the disk.

mod gather;
mod pipeline;
mod shell;

use std::path::Path;

use serde::{Serialize, Serializer};
use usher_shims::error::{Error, ErrorKind, Escaped, Result};

pub use gather::{active_selection, folder, of};
pub use pipeline::{github_path, github_variables, gitlab};
pub use shell::code;

/// What to put before PATH, and what to set.
#[derive(Debug, Default, Serialize)]
pub struct Environment {
    /// The folders, first first.
    pub path: Vec<String>,
    /// The variables.
    #[serde(serialize_with = "as_table")]
    pub variables: Vec<(&'static str, String)>,
    /// Which versions that is.
    pub tools: Vec<Provided>,
}

/// A tool's version in force.
#[derive(Debug, Serialize)]
pub struct Provided {
    /// The tool.
    pub tool: &'static str,
    /// Its version, or the name of its folder.
    pub version: String,
    /// Its folder.
    pub path: String,
    /// The folder that holds its programs.
    pub programs: String,
}

impl Environment {
    /// Whether there is nothing to set.
    pub fn is_empty(&self) -> bool {
        self.path.is_empty() && self.variables.is_empty()
    }

    /// Adds a folder to PATH, once.
    fn add_folder(&mut self, folder: &Path) -> Result<()> {
        let folder = text(folder)?;
        if folder.contains(':') {
            return Err(refusal(folder, "a colon would end it"));
        }
        if !self.path.iter().any(|known| known == folder) {
            self.path.push(folder.to_owned());
        }
        Ok(())
    }
}

/// A folder's name, which has to be text to stand in a script or a file.
fn text(folder: &Path) -> Result<&str> {
    folder.to_str().ok_or_else(|| refusal(&folder.to_string_lossy(), "its name isn't UTF-8"))
}

fn refusal(folder: &str, cause: &str) -> Error {
    Error::new(ErrorKind::BadValue, format!("the folder {} can't stand in PATH", Escaped(folder)))
        .because(cause)
        .hint("choose another folder with USHER_HOME")
}

fn as_table<S: Serializer>(
    variables: &[(&'static str, String)],
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_map(variables.iter().map(|(name, value)| (name, value)))
}
