//! What all tools have in common: `registry/common.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use usher_tool::{DefaultFile, IgnoredFolder, Tool, VersionFile};

use crate::{DefinitionError, UnreadFile, read, version_file};

/// What all tools have in common.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
pub struct Common {
    /// Folders of other people's code, which are skipped; see [`IgnoredFolder`].
    #[serde(default)]
    pub ignored_folders: Vec<IgnoredFolder>,
    /// Files, as under `[[file]]`, that are read before a tool's own.
    #[serde(default)]
    pub before: Vec<VersionFile>,
    /// Files, as under `[[file]]`, that are read after a tool's own.
    #[serde(default)]
    pub after: Vec<VersionFile>,
    /// Files of other managers in which a user keeps a default, as under `[[default]]`. They are read
    /// before a tool's own.
    #[serde(default)]
    pub default: Vec<DefaultFile>,
    /// Version files that no shim reads, as under `[[check.files]]`.
    #[serde(default)]
    pub unread: Vec<UnreadFile>,
    /// Endings of names that get no shim in global packages: `.cmd`, `.py`. Such files are for another
    /// system, for an interpreter, or for a shell to read.
    #[serde(default)]
    pub unshimmed_endings: Vec<String>,
    /// Endings of programs, documents, templates and copies: a file with one isn't what its name begins
    /// like, as `dockerfile.go` is no Dockerfile.
    #[serde(default)]
    pub document_endings: Vec<String>,
    /// Names that get no shim in global packages: commands of the operating system, on which scripts
    /// rely.
    #[serde(default)]
    pub system_commands: Vec<String>,
    /// The commands with which other managers remove a version, for the message that usher doesn't:
    /// `pyenv = "pyenv uninstall {name}"`. `{tool}` is the name in `.tool-versions`, `{name}` the
    /// version's folder.
    #[serde(default)]
    pub uninstall: BTreeMap<String, String>,
}

impl Common {
    /// Reads the file.
    ///
    /// Unknown keys, missing ones and wrong types are refused.
    pub fn parse(text: &str) -> Result<Self, DefinitionError> {
        let common: Self = read::one(text)?;
        let defaults = common.default.iter().map(|default| &default.file);
        let mut files = common.before.iter().chain(&common.after).chain(defaults);
        match files.find_map(version_file::fault) {
            None => Ok(common),
            Some(reason) => Err(DefinitionError { line: None, reason }),
        }
    }

    /// A tool with all its version files, in the order in which they are read.
    pub fn complete(&self, tool: &Tool) -> Tool {
        let around = |files: &[VersionFile]| -> Vec<VersionFile> {
            let files = files.iter().map(|file| version_file::of_tool(file, tool));
            files.filter(|file| version_file::fault(file).is_none()).collect()
        };
        let own = tool.files.iter().map(|file| version_file::of_tool(file, tool)).collect();
        let files = [around(&self.before), own, around(&self.after)].concat();
        let defaults = self.default.iter().chain(tool.defaults);
        let defaults: Vec<DefaultFile> = defaults
            .map(|one| DefaultFile { file: version_file::of_tool(&one.file, tool), ..*one })
            .collect();
        Tool { files: files.leak(), defaults: defaults.leak(), ..*tool }
    }
}
