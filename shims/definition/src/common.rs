//! What holds for every tool: `registry/common.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use usher_tool::{IgnoredFolder, Tool, VersionFile};

use crate::{DefinitionError, read, version_file};

/// The most version files that one tool can have: a folder is asked for so many at once.
const MOST_FILES: usize = 32;

/// What holds for every tool.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
pub struct Common {
    /// Folders that hold other people's code; see [`IgnoredFolder`].
    #[serde(default)]
    pub pass_over: Vec<IgnoredFolder>,
    /// Files of the form of `[[file]]` that are asked before a tool's own.
    #[serde(default)]
    pub before: Vec<VersionFile>,
    /// Files of the form of `[[file]]` that are asked after a tool's own.
    #[serde(default)]
    pub after: Vec<VersionFile>,
    /// How the managers of adopted stores take a version away, for the message that usher doesn't:
    /// `pyenv = "pyenv uninstall {name}"`. `{tool}` stands for the name that `.tool-versions` uses,
    /// `{name}` for the version's folder.
    #[serde(default)]
    pub uninstall: BTreeMap<String, String>,
}

impl Common {
    /// Reads the file.
    ///
    /// Unknown keys, missing ones and wrong types are refused.
    pub fn parse(text: &str) -> Result<Self, DefinitionError> {
        let common: Self = read::one(text)?;
        match common.before.iter().chain(&common.after).find_map(version_file::fault) {
            None => Ok(common),
            Some(reason) => Err(DefinitionError { line: None, reason }),
        }
    }

    /// A tool with all project files that can name a version of it, in the order in which they are
    /// asked; the error says what is impossible in that.
    pub fn complete(&self, tool: &Tool) -> Result<Tool, String> {
        let around = |files: &[VersionFile]| -> Vec<VersionFile> {
            let files = files.iter().map(|file| version_file::of_tool(file, tool));
            files.filter(|file| version_file::fault(file).is_none()).collect()
        };
        let own = tool.files.iter().map(|file| version_file::of_tool(file, tool)).collect();
        let files = [around(&self.before), own, around(&self.after)].concat();
        if files.len() > MOST_FILES {
            return Err(format!("with the files of all tools it has more than {MOST_FILES}"));
        }
        Ok(Tool { files: files.leak(), ..*tool })
    }
}
