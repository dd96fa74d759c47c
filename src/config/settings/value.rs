//! The types of settings: their forms in `config.toml` and in a variable, and how they print.
//!
//! Texts in, values out; it names no setting and reads nothing.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

#[cfg(test)]
use serde_json::json;
use toml::de::DeValue;
use usher_shims::error::Escaped;
use usher_shims::settings;

use super::Address;

/// A type that a setting can have.
pub(super) trait SettingType: Sized {
    /// The form in `config.toml`, for messages and documents.
    const FORM: &'static str;

    /// The form in a variable.
    const TEXT_FORM: &'static str = Self::FORM;

    /// Whether a message may repeat the value; not if it may contain a password.
    const PRINTABLE: bool = true;

    /// Reads a variable's value.
    fn from_text(text: &str) -> Option<Self>;

    /// Reads a value of `config.toml`.
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().and_then(Self::from_text)
    }

    /// The value as in `config.toml`, or [`UNSET`].
    fn shown(&self) -> String;

    /// The schema of its values in `config.toml`.
    #[cfg(test)]
    fn schema() -> serde_json::Value;
}

/// Which missing versions a shim installs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoInstall {
    /// Every requested version.
    Always,
    /// None.
    Never,
    /// Only versions that are requested exactly.
    Locked,
}

/// What is written in a project for a word such as `lts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinAs {
    /// The version that it means on this day.
    Exact,
    /// The release line of that version.
    Line,
    /// The word.
    Request,
}

/// Which tools get shims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShimPolicy {
    /// Tools that are installed or requested.
    Auto,
    /// All tools.
    All,
}

/// Tools, by any of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolNames(Vec<String>);

impl ToolNames {
    /// Whether a tool of this name is among them.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|tool| tool == name)
    }
}

/// Folders of shared stores.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StorePaths(pub Vec<PathBuf>);

/// Tools and the folders of each, with `*` for a version's number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolFolders(BTreeMap<String, Vec<String>>);

impl ToolFolders {
    /// The folders of a tool, by any of its names.
    pub fn of<'n>(&self, mut names: impl Iterator<Item = &'n str>) -> Vec<&str> {
        let folders = names.find_map(|name| self.0.get(name)).into_iter().flatten();
        folders.map(String::as_str).collect()
    }

    fn add(&mut self, tool: &str, folder: Option<&str>) -> Option<()> {
        let folder = folder.filter(|folder| settings::absolute_path(folder).is_some())?;
        let folders = self.0.entry(is_name(tool).then(|| tool.to_owned())?).or_default();
        folders.push(folder.to_owned());
        Some(())
    }
}

/// Settings that are one of several words: the form that messages show, and each choice's spelling.
macro_rules! choices {
    ($($type:ident: $form:literal { $($choice:ident = $name:literal,)+ })+) => {$(
        impl $type {
            const ALL: &[Self] = &[$(Self::$choice,)+];

            /// Its spelling in the settings.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$choice => $name,)+
                }
            }
        }

        impl SettingType for $type {
            const FORM: &'static str = $form;

            fn from_text(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|choice| choice.name() == text)
            }

            #[cfg(test)]
            fn schema() -> serde_json::Value {
                json!({ "enum": Self::ALL.iter().map(|choice| choice.name()).collect::<Vec<_>>() })
            }

            fn shown(&self) -> String {
                quoted(self.name())
            }
        }
    )+};
}

choices! {
    AutoInstall: r#""always", "never" or "locked""# {
        Always = "always",
        Never = "never",
        Locked = "locked",
    }
    PinAs: r#""exact", "line" or "request""# {
        Exact = "exact",
        Line = "line",
        Request = "request",
    }
    ShimPolicy: r#""auto" or "all""# {
        Auto = "auto",
        All = "all",
    }
}

impl SettingType for bool {
    const FORM: &'static str = "true or false";

    fn from_text(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        }
    }

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_bool()
    }

    fn shown(&self) -> String {
        self.to_string()
    }

    #[cfg(test)]
    fn schema() -> serde_json::Value {
        json!({ "type": "boolean" })
    }
}

impl SettingType for Duration {
    const FORM: &'static str = "a whole number of seconds";

    fn from_text(text: &str) -> Option<Self> {
        parse_seconds(text, 10)
    }

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let integer = value.as_integer()?;
        parse_seconds(integer.as_str(), integer.radix())
    }

    fn shown(&self) -> String {
        self.as_secs().to_string()
    }

    #[cfg(test)]
    fn schema() -> serde_json::Value {
        json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })
    }
}

/// Names of variables.
impl SettingType for Vec<String> {
    const FORM: &'static str = "a list of variables' names";
    const TEXT_FORM: &'static str = settings::VARIABLE_NAMES_FORM;

    fn from_text(text: &str) -> Option<Self> {
        settings::variable_names(text)
    }

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let names = value.as_array()?.iter().map(|name| name.get_ref().as_str());
        names
            .map(|name| name.filter(|name| settings::is_variable_name(name)).map(str::to_owned))
            .collect()
    }

    fn shown(&self) -> String {
        quoted_list(self)
    }

    #[cfg(test)]
    fn schema() -> serde_json::Value {
        let name = json!({ "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" });
        json!({ "type": "array", "items": name })
    }
}

impl SettingType for ToolNames {
    const FORM: &'static str = "a list of tools";
    const TEXT_FORM: &'static str = "tools, separated by commas or spaces";

    fn from_text(text: &str) -> Option<Self> {
        let tools = settings::list_items(text).map(|name| is_name(name).then(|| name.to_owned()));
        tools.collect::<Option<_>>().map(Self)
    }

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let tools = value.as_array()?.iter().map(|name| name.get_ref().as_str());
        let tools = tools.map(|name| name.filter(|name| is_name(name)).map(str::to_owned));
        tools.collect::<Option<_>>().map(Self)
    }

    fn shown(&self) -> String {
        quoted_list(&self.0)
    }

    #[cfg(test)]
    fn schema() -> serde_json::Value {
        json!({ "type": "array", "items": { "type": "string", "pattern": NAME } })
    }
}

impl SettingType for StorePaths {
    const FORM: &'static str = "a list of absolute paths";
    const TEXT_FORM: &'static str = settings::PATHS_FORM;

    fn from_text(text: &str) -> Option<Self> {
        settings::absolute_paths(text).map(Self)
    }

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let paths = value.as_array()?.iter().map(|path| path.get_ref().as_str());
        paths.map(|path| path.and_then(settings::absolute_path)).collect::<Option<_>>().map(Self)
    }

    fn shown(&self) -> String {
        let paths: Vec<_> = self.0.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        quoted_list(&paths)
    }

    #[cfg(test)]
    fn schema() -> serde_json::Value {
        json!({ "type": "array", "items": { "type": "string", "pattern": ABSOLUTE } })
    }
}

impl SettingType for ToolFolders {
    const FORM: &'static str = "a table of tools, with a list of absolute paths for each";
    const TEXT_FORM: &'static str =
        "pairs like python=/usr/alt/python*, separated by commas or spaces";

    fn from_text(text: &str) -> Option<Self> {
        let mut found = Self::default();
        for pair in settings::list_items(text) {
            let (tool, folder) = pair.split_once('=')?;
            found.add(tool, Some(folder))?;
        }
        Some(found)
    }

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let mut found = Self::default();
        for (tool, folders) in value.as_table()? {
            for folder in folders.get_ref().as_array()? {
                found.add(tool.get_ref(), folder.get_ref().as_str())?;
            }
        }
        Some(found)
    }

    fn shown(&self) -> String {
        let pairs = self.0.iter().map(|(tool, folders)| {
            let folders: Vec<String> = folders.iter().map(|folder| quoted(folder)).collect();
            format!("{} = [{}]", quoted_key(tool), folders.join(", "))
        });
        shown_table(&pairs.collect::<Vec<_>>())
    }

    #[cfg(test)]
    fn schema() -> serde_json::Value {
        let folders =
            json!({ "type": "array", "items": { "type": "string", "pattern": ABSOLUTE } });
        json!({ "type": "object", "propertyNames": { "pattern": NAME }, "additionalProperties": folders })
    }
}

/// Tools and the source of each.
impl SettingType for BTreeMap<String, String> {
    const FORM: &'static str = "a table of tools, with the name or address of a source for each";
    const TEXT_FORM: &'static str = "pairs like node=npm, separated by commas or spaces";
    // A mirror's address may contain a password.
    const PRINTABLE: bool = false;

    fn from_text(text: &str) -> Option<Self> {
        let pairs = settings::list_items(text).map(|part| part.split_once('='));
        pairs.map(|pair| pair.and_then(|(tool, source)| parse_table_entry(tool, source))).collect()
    }

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let pairs = value.as_table()?.iter();
        pairs
            .map(|(tool, source)| parse_table_entry(tool.get_ref(), source.get_ref().as_str()?))
            .collect()
    }

    fn shown(&self) -> String {
        let pairs = self.iter();
        let pairs =
            pairs.map(|(tool, source)| format!("{} = {}", quoted_key(tool), quoted(source)));
        shown_table(&pairs.collect::<Vec<_>>())
    }

    #[cfg(test)]
    fn schema() -> serde_json::Value {
        let source = json!({ "type": "string", "minLength": 1 });
        json!({ "type": "object", "propertyNames": { "pattern": NAME }, "additionalProperties": source })
    }
}

/// A folder's absolute path.
impl SettingType for Option<PathBuf> {
    const FORM: &'static str = settings::PATH_FORM;

    fn from_text(text: &str) -> Option<Self> {
        settings::absolute_path(text).map(Some)
    }

    fn shown(&self) -> String {
        self.as_ref().map_or_else(|| UNSET.to_owned(), |path| quoted(&path.to_string_lossy()))
    }

    #[cfg(test)]
    fn schema() -> serde_json::Value {
        json!({ "type": "string", "pattern": ABSOLUTE })
    }
}

impl SettingType for Option<Address> {
    const FORM: &'static str = Address::FORM;
    const PRINTABLE: bool = false;

    fn from_text(text: &str) -> Option<Self> {
        Address::configured(text).map(Some)
    }

    fn shown(&self) -> String {
        self.as_ref().map_or_else(|| UNSET.to_owned(), |address| quoted(&address.to_string()))
    }

    #[cfg(test)]
    fn schema() -> serde_json::Value {
        json!({ "type": "string", "minLength": 1 })
    }
}

/// The names of tools and sources, in a schema.
#[cfg(test)]
const NAME: &str = "^[A-Za-z0-9][A-Za-z0-9._-]*$";

/// Absolute paths, in a schema.
#[cfg(test)]
const ABSOLUTE: &str = "^/";

/// The text for a setting without a value.
pub(super) const UNSET: &str = "not set";

fn quoted(text: &str) -> String {
    format!("\"{}\"", Escaped(text))
}

/// A key of a table, quoted if it has to be.
fn quoted_key(tool: &str) -> String {
    if tool.contains('.') { quoted(tool) } else { tool.to_owned() }
}

fn shown_table(pairs: &[String]) -> String {
    match pairs {
        [] => "{}".to_owned(),
        pairs => format!("{{ {} }}", pairs.join(", ")),
    }
}

fn quoted_list(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| quoted(name)).collect();
    format!("[{}]", names.join(", "))
}

fn parse_seconds(text: &str, radix: u32) -> Option<Duration> {
    let seconds = u32::from_str_radix(text, radix).ok()?;
    Some(Duration::from_secs(seconds.into()))
}

fn parse_table_entry(tool: &str, source: &str) -> Option<(String, String)> {
    // A source's name is printed and recorded, so its address must have no password.
    let is_source = is_name(source)
        || Address::configured(source).is_some_and(|address| !address.has_secrets());
    (is_name(tool) && is_source).then(|| (tool.to_owned(), source.to_owned()))
}

/// Whether this can be the name of a tool or a source.
fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}
