//! What holds for every tool: `registry/common.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Definition, File, PassOver, Refusal, from_toml};

/// What holds for every tool.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Common {
    /// Folders that hold other people's code, where version files decide nothing.
    #[serde(default)]
    pub pass_over: Vec<PassOver>,
    /// Project files that are asked before a tool's own.
    #[serde(default)]
    pub before: Vec<File>,
    /// Project files that are asked after a tool's own.
    #[serde(default)]
    pub after: Vec<File>,
    /// How the managers of adopted stores take a version away: `{tool}` stands for the name that
    /// `.tool-versions` uses, `{name}` for the version's folder.
    #[serde(default)]
    pub uninstall: BTreeMap<String, String>,
}

impl Common {
    /// Reads the file.
    ///
    /// Unknown keys, missing ones and wrong types are refused.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let common: Self = from_toml(text)?;
        match common.before.iter().chain(&common.after).find_map(File::fault) {
            None => Ok(common),
            Some(reason) => Err(Refusal { line: None, reason }),
        }
    }

    /// All project files that can name a version of a tool, in the order in which they are asked.
    pub fn files(&self, definition: &Definition) -> Vec<File> {
        let names: Vec<&str> =
            definition.names.iter().chain([&definition.name]).map(String::as_str).collect();
        let of = |file: &File| file.of(&names, &definition.variables);
        let around = |files: &[File]| -> Vec<File> {
            files.iter().map(of).filter(|file| file.fault().is_none()).collect()
        };
        [around(&self.before), definition.file.clone(), around(&self.after)].concat()
    }
}
