//! `use config [list|get|set|unset]`: usher's settings, and the lines of `config.toml` that set them.
//!
//! It runs without a session, which a settings file that can't be read would refuse: this fixes it.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Serialize;
use usher_definition::line_of;
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::folders::Folders;
use usher_shims::process::RunningShim;
use usher_shims::world::{Os, World as _};

use crate::cli::output::{self, Line, Meaning, Report, ReportPath, Table, Text};
use crate::config::folders::find_folders;
use crate::config::settings::{Setting, SettingOrigin, Settings};
use crate::files::confined::command;
use crate::files::replace::FileMode;
use crate::project::change_config_file;
use crate::project::edit::toml::{remove_key, set_literal};
use crate::session::own_text;
use crate::session::reporter::{Notice, Reporter};

/// The verbs of `use config`; alone, it lists.
#[derive(Debug, Default, Subcommand)]
pub enum ConfigVerb {
    /// List the settings with their values, and where each comes from
    #[default]
    List,
    /// Print the value of a setting
    Get {
        /// The setting
        key: String,
    },
    /// Set a setting in your config.toml
    #[command(
        after_help = "Examples:\n  use config set auto_install locked\n  use config set ignore_variables NODE_VERSION,PYTHON_VERSION\n  use config set source node=npm"
    )]
    Set {
        /// The setting
        key: String,
        /// Its value, as in the setting's variable: without quotes, lists with commas
        value: String,
    },
    /// Remove a setting from your config.toml
    Unset {
        /// The setting
        key: String,
    },
}

impl ConfigVerb {
    /// Whether it writes nothing.
    pub fn only_reads(&self) -> bool {
        matches!(self, Self::List | Self::Get { .. })
    }
}

/// Settings that shims read from their index, or that decide which shims exist.
const FOR_SHIMS: [&str; 6] =
    ["ceiling", "stores", "ignore_variables", "toolchains", "shims", "versioned_shims"];

/// All settings.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ConfigReport {
    /// The settings.
    settings: Vec<SettingRow>,
}

/// A setting and its value.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub(in crate::cli) struct GetReport {
    row: SettingRow,
}

/// A setting, its value and where that comes from.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
struct SettingRow {
    /// Its key in `config.toml`.
    key: &'static str,
    /// Without passwords; `null` if it isn't set.
    #[cfg_attr(test, schemars(
        with = "serde_json::Value",
        extend("type" = ["string", "integer", "boolean", "array", "object", "null"])
    ))]
    value: Option<toml::Value>,
    /// Where the value comes from.
    origin: OriginReport,
    #[serde(skip)]
    shown: String,
    #[serde(skip)]
    shown_origin: String,
}

/// Where a value comes from.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
struct OriginReport {
    /// `default`, `variable` or `file`.
    kind: &'static str,
    /// The variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    variable: Option<String>,
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<ReportPath>,
    /// The line in the file, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
}

/// What was changed in `config.toml`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ChangeReport {
    /// Its key.
    key: &'static str,
    /// Without passwords; `null` if it was removed.
    #[cfg_attr(test, schemars(
        with = "serde_json::Value",
        extend("type" = ["string", "integer", "boolean", "array", "object", "null"])
    ))]
    value: Option<toml::Value>,
    /// The file.
    file: ReportPath,
    /// Whether the file was changed.
    changed: bool,
    #[serde(skip)]
    shown: Option<String>,
    #[serde(skip)]
    notices: Vec<Notice>,
}

/// Runs the command.
pub fn run(
    running: &RunningShim,
    verb: &ConfigVerb,
    reporter: &dyn Reporter,
    as_json: bool,
) -> Result<i32> {
    let folders = find_folders(&Os, running)?.folders;
    match verb {
        ConfigVerb::List => output::print(&list(&load(&folders)?), as_json, reporter),
        ConfigVerb::Get { key } => {
            let setting =
                setting_named(key, |nearest| Some(format!("use config get {}", nearest.key)))?;
            let rows = list(&load(&folders)?).settings;
            let found = rows.into_iter().find(|row| row.key == setting.key);
            match found {
                Some(row) => output::print(&GetReport { row }, as_json, reporter),
                None => Ok(0),
            }
        }
        ConfigVerb::Set { key, value } => {
            output::print(&set(&folders, key, value)?, as_json, reporter)
        }
        ConfigVerb::Unset { key } => output::print(&unset(&folders, key)?, as_json, reporter),
    }
}

/// The setting with this key. About an unknown one, the hint is the command with the nearest.
fn setting_named(
    key: &str,
    command: impl FnOnce(&Setting) -> Option<String>,
) -> Result<&'static Setting> {
    Setting::named(key).map_err(|error| match Setting::nearest(key).and_then(command) {
        Some(command) => error.hint(command),
        None => error,
    })
}

/// The settings as a command would have them.
fn load(folders: &Folders) -> Result<Settings> {
    let texts = [folders.settings_file(), folders.machine_settings_file()]
        .map(|path| own_text(&path).map(|text| (path, text)));
    let texts: Vec<(PathBuf, Option<String>)> = texts.into_iter().collect::<Result<_>>()?;
    Settings::load(&texts, &|name| Os.variable(name))
}

fn list(settings: &Settings) -> ConfigReport {
    let rows = settings.list().map(|(setting, shown, origin)| SettingRow {
        key: setting.key,
        value: toml_value(&shown),
        origin: OriginReport::of(origin),
        shown,
        shown_origin: origin.to_string(),
    });
    ConfigReport { settings: rows.collect() }
}

/// A value as in `config.toml`; `None` for one that isn't set.
fn toml_value(shown: &str) -> Option<toml::Value> {
    let table: toml::Table = format!("value = {shown}").parse().ok()?;
    table.get("value").cloned()
}

fn set(folders: &Folders, key: &str, value: &str) -> Result<ChangeReport> {
    let setting =
        setting_named(key, |nearest| nearest.command_with(value).or_else(|| nearest.command()))?;
    let literal = setting.literal(value).map_err(|error| match setting.command() {
        Some(example) => error.hint(example),
        None => error,
    })?;
    let path = folders.settings_file();
    let mut report = ChangeReport::new(setting, &path);
    change(folders, |before| {
        let after = set_literal(before, setting.key, &literal)
            .ok_or_else(|| cannot_edit(&path, before, setting.key))?;
        // What is written can be read again: the whole file, by its own parser.
        let read = Settings::load(&[(path.clone(), Some(after.clone()))], &|_| None)?;
        let shown = read.list().find(|(one, ..)| one.key == setting.key);
        report.shown = shown.map(|(_, shown, _)| shown);
        report.changed = after != before;
        Ok(after)
    })?;
    report.value = report.shown.as_deref().and_then(toml_value);
    Ok(report)
}

fn unset(folders: &Folders, key: &str) -> Result<ChangeReport> {
    let path = folders.settings_file();
    let setting = setting_named(key, |nearest| Some(format!("use config unset {}", nearest.key)))?;
    let mut report = ChangeReport::new(setting, &path);
    change(folders, |before| {
        let table = parse(&path, before)?;
        if !table.contains_key(setting.key) {
            return Err(not_set(folders, setting));
        }
        report.changed = true;
        remove_key(before, setting.key).ok_or_else(|| cannot_edit(&path, before, setting.key))
    })?;
    Ok(report)
}

/// Changes `config.toml`. Nobody else reads a new one of an account: it may get a password.
fn change(folders: &Folders, change: impl FnOnce(&str) -> Result<String>) -> Result<()> {
    let path = folders.settings_file();
    // One that another account could have written is refused, as by all that read it.
    own_text(&path)?;
    let bits = if folders.is_system_wide { 0o644 } else { 0o600 };
    change_config_file(folders, &path, FileMode::Exact(bits), change)
}

fn parse(path: &Path, text: &str) -> Result<toml::Table> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    body.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| line_of(body, span.start));
        let origin = SettingOrigin::File(path.to_owned(), line);
        Error::new(ErrorKind::BadFile, format!("invalid TOML ({origin})"))
            .because(Escaped(error.message()).to_string())
            .hint(command("vi", &[path]))
    })
}

/// The error for a file in which the key can't be changed alone.
fn cannot_edit(path: &Path, text: &str, key: &str) -> Error {
    if let Err(error) = parse(path, text) {
        return error;
    }
    Error::new(ErrorKind::BadFile, format!("can't change {key} in {}", Shown(path)))
        .because("it is a section with comments, or beside other values")
        .hint(command("vi", &[path]))
}

/// The error where the user's file doesn't set it: what does.
fn not_set(folders: &Folders, setting: &Setting) -> Error {
    let (key, path) = (setting.key, folders.settings_file());
    let error = Error::new(ErrorKind::Usage, format!("{} doesn't set {key}", Shown(&path)));
    let origin = load(folders).ok().map(|settings| settings.origin(key).clone());
    match origin {
        Some(SettingOrigin::Variable(name)) => {
            error.because(format!("{name} does")).hint(format!("unset {name}"))
        }
        Some(origin @ SettingOrigin::File(..)) => error.because(format!("{origin} does")),
        Some(SettingOrigin::Default | SettingOrigin::Flag(_)) | None => {
            error.because("it has its default")
        }
    }
}

impl OriginReport {
    fn of(origin: &SettingOrigin) -> Self {
        let none = Self { kind: "default", variable: None, file: None, line: None };
        match origin {
            SettingOrigin::Variable(name) => {
                Self { kind: "variable", variable: Some(name.clone()), ..none }
            }
            SettingOrigin::File(path, line) => {
                let file = Some(ReportPath::new(path));
                Self { kind: "file", file, line: Some(*line), ..none }
            }
            SettingOrigin::Default | SettingOrigin::Flag(_) => none,
        }
    }
}

impl ChangeReport {
    fn new(setting: &'static Setting, path: &Path) -> Self {
        let mut notices = Vec::new();
        let variable = setting.variable();
        if Os.variable(&variable).is_some_and(|value| !value.is_empty()) {
            let overrides = Notice::warning(format!("{variable} overrides {}", setting.key));
            notices.push(overrides.hint(format!("unset {variable}")));
        }
        if FOR_SHIMS.contains(&setting.key) {
            let note = "shims read this setting when they are made again";
            notices.push(Notice::note(note).hint("use reshim"));
        }
        let (key, file) = (setting.key, ReportPath::new(path));
        Self { key, value: None, file, changed: false, shown: None, notices }
    }
}

impl Report for ConfigReport {
    fn text(&self) -> Text {
        let mut table = Table::with_headings(["SETTING", "VALUE", "SET BY"]);
        for SettingRow { key, shown, shown_origin, origin, .. } in &self.settings {
            let is_set = origin.variable.is_some() || origin.file.is_some();
            let meaning = if is_set { Meaning::Plain } else { Meaning::Muted };
            table.row([
                Line::of(meaning, key),
                Line::of(meaning, shown),
                Line::of(meaning, shown_origin),
            ]);
        }
        table.into()
    }
}

impl Report for GetReport {
    /// A text without its quotes, for scripts.
    fn text(&self) -> Text {
        let SettingRow { value, shown, .. } = &self.row;
        let text = value.as_ref().and_then(toml::Value::as_str);
        text.unwrap_or(shown).into()
    }
}

impl Report for ChangeReport {
    fn text(&self) -> Text {
        let Self { key, file, shown, .. } = self;
        match shown {
            Some(shown) if self.changed => format!("set {key} = {shown} in {file}"),
            Some(shown) => format!("{key} = {shown} is already set in {file}"),
            None => format!("removed {key} from {file}"),
        }
        .into()
    }

    fn notes(&self) -> Vec<Notice> {
        self.notices.clone()
    }
}
