//! How environments outside of a version are recognized that need it: Python's virtual
//! environments. Independent of the rest of a definition.

use serde::Deserialize;

/// Environments outside of a version that link to it, and break when it is removed.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VenvRules {
    /// The file that makes a folder an environment, with lines `key = value`: `pyvenv.cfg`.
    pub file: String,
    /// The usual names of such a folder in a project: `[".venv", "venv"]`.
    pub names: Vec<String>,
    /// The main program in it, which is a link to the version's or a copy: `bin/python`.
    pub program: String,
    /// The keys for the folder or a program of the version that made it: `["home"]`. Without the
    /// first one's folder the environment can't run.
    pub base: Vec<String>,
    /// The keys for the number of that version; the first that is there counts.
    pub version: Vec<String>,
    /// The variable that names the active environment: `VIRTUAL_ENV`.
    pub variable: String,
    /// Where environments outside of projects are; `$NAME` at the start is a variable, `~` the home
    /// folder, and `*` is anything within a name: `~/.virtualenvs/*`.
    #[serde(default)]
    pub folders: Vec<String>,
    /// The commands that make an environment again, the first that applies counts; see
    /// [`VenvCommand`].
    pub create: Vec<VenvCommand>,
}

/// A command that makes an environment again.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VenvCommand {
    /// Only for environments whose file has this key: `uv`.
    pub key: Option<String>,
    /// The command; `{folder}` is the environment's: `uv venv --clear {folder}`.
    pub command: String,
}

impl VenvRules {
    /// What is impossible in it.
    pub(crate) fn fault(&self) -> Option<String> {
        let plain = [&self.file].into_iter().chain(&self.names);
        let is_name = |name: &str| !name.is_empty() && !name.contains('/') && name != "..";
        if let Some(name) = plain.into_iter().find(|name| !is_name(name)) {
            return Some(format!("venvs: `{name}` isn't a name"));
        }
        if self.base.is_empty() || self.create.is_empty() {
            return Some("venvs: `base` and `create` have at least one entry".to_owned());
        }
        let lacking = self.create.iter().find(|create| !create.command.contains("{folder}"))?;
        Some(format!("venvs: `{}` has no `{{folder}}`", lacking.command))
    }
}
