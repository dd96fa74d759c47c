//! usher's settings: one table of names, types, defaults and meanings, and the values with their
//! origins.
//!
//! `config.toml`, the `USHER_…` variables and the table in `docs/settings.md` all follow from this
//! table. It parses texts, and never reads a file or the process.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use toml::de::{DeTable, DeValue};
use usher_definition::line_of;
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::settings::{SharedSettings, invalid_variable, not_text};

use crate::text::{closest, shell_line};

mod value;

pub use crate::http::Address;
pub use value::{AutoInstall, PinAs, ShimPolicy, StorePaths, ToolFolders, ToolNames};

use value::SettingType;

/// Makes the struct, its defaults and [`SETTINGS`] out of one list of
/// `/// meaning`, `key: type = default, example;`.
macro_rules! settings {
    ($($(#[doc = $meaning:literal])+ $key:ident: $type:ty = $default:expr, $example:literal;)+) => {
        /// The settings, each with its origin.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Settings {
            $($(#[doc = $meaning])+ pub $key: $type,)+
            origins: BTreeMap<&'static str, SettingOrigin>,
            from_files: SharedSettings,
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($key: $default,)+ origins: BTreeMap::new(), from_files: SharedSettings::default() }
            }
        }

        /// All settings.
        pub static SETTINGS: &[Setting] = &[$(Setting {
            key: stringify!($key),
            form: <$type as SettingType>::FORM,
            text_form: <$type as SettingType>::TEXT_FORM,
            meaning: concat!($($meaning),+),
            example: $example,
            printable: <$type as SettingType>::PRINTABLE,
            set: |settings, written| match written.read() {
                Some(value) => { settings.$key = value; true }
                None => false,
            },
            show: |settings| settings.$key.shown(),
            #[cfg(test)]
            schema: <$type as SettingType>::schema,
            is_same: |one, other| one.$key == other.$key,
        },)+];
    };
}

settings! {
    /// Which missing versions a shim installs: all that are requested, none, or only those that are requested by an exact version.
    auto_install: AutoInstall = AutoInstall::Always, r#"auto_install = "locked""#;

    /// Whether `use TOOL@REQUEST` and `use install TOOL@REQUEST` take an installed version that matches, instead of the newest release.
    prefer_installed: bool = false, "prefer_installed = true";

    /// What `use TOOL@lts`, or another word, writes in a project: the version (`24.11.1`), its release line (`24`), or the word itself.
    pin_as: PinAs = PinAs::Exact, r#"pin_as = "line""#;

    /// Variables that request no version: official Docker images set `NODE_VERSION` and the like as labels.
    ignore_variables: Vec<String> = Vec::new(), r#"ignore_variables = ["NODE_VERSION"]"#;

    /// The topmost folder in which version files are searched for.
    ceiling: Option<PathBuf> = None, r#"ceiling = "/srv""#;

    /// Shared stores, filled by `use install --store`; their versions are used in place.
    stores: StorePaths = StorePaths::default(), r#"stores = ["/srv/usher"]"#;

    /// Folders of versions that were built on this machine, each with its programs in it or in its `bin`; a `*` stands for a version's number.
    toolchains: ToolFolders = ToolFolders::default(), r#"toolchains = { python = ["/usr/alt/python*"] }"#;

    /// Which shims exist: those that are needed here, or those of all tools, in all spellings.
    shims: ShimPolicy = ShimPolicy::Auto, r#"shims = "all""#;

    /// Tools with versioned shims (`node12`) for every known release line; other tools have them for installed versions.
    versioned_shims: ToolNames = ToolNames::default(), r#"versioned_shims = ["node"]"#;

    /// The npm registry; by default, the one that the npm client uses.
    npm_registry: Option<Address> = None, r#"npm_registry = "https://registry.example/""#;

    /// The `PyPI` index; by default, the one that pip or uv uses.
    pypi_index: Option<Address> = None, r#"pypi_index = "https://index.example/simple/""#;

    /// The only source to use for a tool, or the address of a mirror of its site; by default, the tool's sources are tried in order.
    source: BTreeMap<String, String> = BTreeMap::new(), r#"source = { node = "npm" }"#;

    /// Whether to work without the network.
    offline: bool = false, "offline = true";

    /// How long to wait for another process that installs the same version, in seconds.
    lock_timeout: Duration = Duration::from_secs(10 * 60), "lock_timeout = 60";

    /// Whether to hide progress.
    quiet: bool = false, "quiet = true";
}

/// Renamed settings: the old name and the new one.
const RENAMED: [(&str, &str); 1] = [("shim_lines", "versioned_shims")];

/// Renamed values: the setting, the old value and the new one.
const RENAMED_VALUES: [(&str, &str, &str); 1] = [("shims", "needed", "auto")];

/// A row of the table: one setting.
pub struct Setting {
    /// Its key in `config.toml`: `auto_install`.
    pub key: &'static str,
    /// The form of its value in `config.toml`: `true or false`.
    pub form: &'static str,
    /// An example, as a line of `config.toml`.
    pub example: &'static str,
    meaning: &'static str,
    text_form: &'static str,
    printable: bool,
    set: fn(&mut Settings, &SettingText<'_>) -> bool,
    show: fn(&Settings) -> String,
    #[cfg(test)]
    schema: fn() -> serde_json::Value,
    is_same: fn(&Settings, &Settings) -> bool,
}

impl Setting {
    /// The setting of this key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`] if there is none: the nearest is named.
    pub fn named(key: &str) -> Result<&'static Self> {
        let found = SETTINGS.iter().find(|setting| setting.key == key);
        found.ok_or_else(|| {
            let error = Error::new(ErrorKind::Usage, format!("unknown setting “{}”", Escaped(key)));
            match Self::nearest(key) {
                Some(nearest) => error.because(format!("nearest: {}", nearest.key)),
                None => error.hint("use config list"),
            }
        })
    }

    /// The setting that an unknown key is the old name of, or is close to.
    pub fn nearest(key: &str) -> Option<&'static Self> {
        let renamed = RENAMED.iter().find(|(old, _)| *old == key).map(|(_, new)| *new);
        let nearest = renamed.or_else(|| closest(key, SETTINGS.iter().map(|setting| setting.key)));
        SETTINGS.iter().find(|setting| Some(setting.key) == nearest)
    }

    /// The TOML value that sets it, from text as it is in a variable: `["a", "b"]` from `a,b`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`] if the text is no value of this setting.
    pub fn literal(&self, text: &str) -> Result<String> {
        let mut wanted = Settings::default();
        if !(self.set)(&mut wanted, &SettingText::Text(text)) {
            return Err(self.invalid_argument(text));
        }
        // An address may have a password, which isn't shown.
        let candidates = [(self.show)(&wanted), toml::Value::from(text).to_string()];
        let is_meant = |literal: &String| {
            let mut read = Settings::default();
            let line = format!("{} = {literal}", self.key);
            read.take_file(Path::new(""), &line).is_ok() && (self.is_same)(&read, &wanted)
        };
        candidates.into_iter().find(is_meant).ok_or_else(|| self.invalid_argument(text))
    }

    /// A command that sets it to a valid value; `None` if its example isn't a word.
    pub fn command(&self) -> Option<String> {
        let (_, value) = self.example.split_once(" = ")?;
        let word = value.trim_matches('"');
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:".contains(c);
        word.chars().all(is_plain).then(|| format!("use config set {} {word}", self.key))
    }

    /// A command that sets it to this text; `None` if that is no value of it, or may be secret.
    pub fn command_with(&self, text: &str) -> Option<String> {
        let words = ["config", "set", self.key, text].map(str::to_owned);
        let is_shown = self.printable && self.literal(text).is_ok();
        is_shown.then(|| format!("use {}", shell_line(&words)))
    }

    /// The error for an argument of `use config set`.
    fn invalid_argument(&self, text: &str) -> Error {
        let value = match self.printable {
            true => format!(" “{}”", Escaped(text)),
            false => String::new(),
        };
        let (key, form) = (self.key, self.text_form);
        Error::new(ErrorKind::Usage, format!("invalid value{value} for {key}"))
            .because(format!("expected {form}"))
    }

    /// The variable that sets it: `USHER_AUTO_INSTALL`.
    pub fn variable(&self) -> String {
        variable_of(self.key)
    }

    /// Its meaning, in one sentence.
    pub fn description(&self) -> &'static str {
        self.meaning.trim()
    }
}

/// The schema of `config.toml`.
#[cfg(test)]
pub(crate) fn schema() -> serde_json::Value {
    let properties = SETTINGS.iter().map(|setting| {
        let mut schema = (setting.schema)();
        schema["description"] = setting.description().into();
        (setting.key.to_owned(), schema)
    });
    serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "usher's settings: config.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": properties.collect::<serde_json::Map<_, _>>(),
    })
}

fn variable_of(key: &str) -> String {
    format!("USHER_{}", key.to_ascii_uppercase())
}

/// Where a setting's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingOrigin {
    /// It has its default.
    Default,
    /// The variable of this name.
    Variable(String),
    /// A line of a `config.toml`, counted from 1.
    File(PathBuf, usize),
    /// A flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for SettingOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(flag) => f.write_str(flag),
            Self::File(path, line) => {
                write!(f, "{}:{line}", Shown(path))
            }
        }
    }
}

impl Settings {
    /// Reads the settings from the texts of the `config.toml` files, strongest first (the user's,
    /// then the machine's; no text without a file), and from the variables, which are stronger. An
    /// empty variable counts as unset.
    ///
    /// The strongest place with a setting counts; lists and tables aren't merged.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadFile`] for invalid TOML, [`ErrorKind::BadSetting`] for an unknown key or an
    /// invalid value, even if a stronger place has a valid one.
    pub fn load(
        files: &[(PathBuf, Option<String>)],
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self> {
        let mut settings = Self::default();
        for (path, text) in files.iter().rev() {
            if let Some(text) = text {
                settings.take_file(path, text)?;
            }
        }
        settings.from_files = SharedSettings {
            ignore_variables: settings.ignore_variables.clone(),
            ceiling: settings.ceiling.clone(),
            stores: settings.stores.0.clone(),
        };
        let is_set = |name: &str| variable(name).is_some_and(|text| !text.is_empty());
        for (old, new) in RENAMED {
            if is_set(&variable_of(old)) {
                return Err(renamed_variable(&variable_of(old), &variable_of(new)));
            }
        }
        for setting in SETTINGS {
            if let Some(text) = variable(&setting.variable()).filter(|text| !text.is_empty()) {
                settings.take_variable(setting, &text)?;
            }
        }
        Ok(settings)
    }

    /// The settings from files that shims read too, without variables, which count for one call
    /// only.
    pub fn from_files(&self) -> &SharedSettings {
        &self.from_files
    }

    /// Where the value of a setting comes from.
    pub fn origin(&self, key: &str) -> &SettingOrigin {
        self.origins.get(key).unwrap_or(&SettingOrigin::Default)
    }

    /// Turns `offline` on, for the flag `--offline`.
    pub fn go_offline(&mut self) {
        self.offline = true;
        self.origins.insert("offline", SettingOrigin::Flag("--offline"));
    }

    /// What to type to go online again.
    pub fn online_hint(&self) -> String {
        match self.origin("offline") {
            SettingOrigin::Flag(flag) => format!("leave {flag} out"),
            SettingOrigin::Variable(name) => format!("unset {name}"),
            origin @ (SettingOrigin::File(..) | SettingOrigin::Default) => {
                format!("take `offline` out of {origin}")
            }
        }
    }

    /// All settings with their values, as in `config.toml` but without passwords, and their
    /// origins.
    pub fn list(&self) -> impl Iterator<Item = (&'static Setting, String, &SettingOrigin)> {
        SETTINGS.iter().map(|setting| (setting, (setting.show)(self), self.origin(setting.key)))
    }

    fn take_file(&mut self, path: &Path, text: &str) -> Result<()> {
        let table = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            let origin = SettingOrigin::File(path.to_owned(), line);
            Error::new(ErrorKind::BadFile, format!("invalid TOML ({origin})"))
                .because(Escaped(error.message()).to_string())
        })?;
        for (key, value) in table.get_ref() {
            let origin = SettingOrigin::File(path.to_owned(), line_of(text, key.span().start));
            let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key.get_ref()) else {
                return Err(unknown(key.get_ref(), &origin));
            };
            self.set_value(setting, &SettingText::Toml(value.get_ref()), origin)?;
        }
        Ok(())
    }

    fn take_variable(&mut self, setting: &Setting, text: &OsStr) -> Result<()> {
        let name = setting.variable();
        let Some(text) = text.to_str() else {
            return Err(not_text(&name));
        };
        self.set_value(setting, &SettingText::Text(text), SettingOrigin::Variable(name))
    }

    fn set_value(
        &mut self,
        setting: &Setting,
        written: &SettingText<'_>,
        origin: SettingOrigin,
    ) -> Result<()> {
        if !(setting.set)(self, written) {
            return Err(invalid(setting, written, &origin));
        }
        self.origins.insert(setting.key, origin);
        Ok(())
    }
}

/// A value as written.
enum SettingText<'a> {
    Toml(&'a DeValue<'a>),
    Text(&'a str),
}

impl SettingText<'_> {
    fn read<T: SettingType>(&self) -> Option<T> {
        match self {
            Self::Toml(value) => T::from_toml(value),
            Self::Text(text) => T::from_text(text),
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Toml(value) => value.as_str(),
            Self::Text(text) => Some(text),
        }
    }
}

fn unknown(key: &str, origin: &SettingOrigin) -> Error {
    let error =
        Error::new(ErrorKind::BadSetting, format!("unknown setting {} ({origin})", Escaped(key)));
    if let Some((_, new)) = RENAMED.iter().find(|(old, _)| *old == key) {
        return error.because(format!("it is called {new} now"));
    }
    if let Some(nearest) = closest(key, SETTINGS.iter().map(|setting| setting.key)) {
        return error.because(format!("nearest: {nearest}"));
    }
    let keys: Vec<_> = SETTINGS.iter().map(|setting| setting.key).collect();
    error.because(format!("settings: {}", keys.join(", ")))
}

/// A variable under the old name of its setting.
fn renamed_variable(old: &str, new: &str) -> Error {
    Error::new(ErrorKind::BadSetting, format!("unknown variable {old}"))
        .because(format!("it is called {new} now"))
        .hint(format!("unset {old}"))
}

fn invalid(setting: &Setting, written: &SettingText<'_>, origin: &SettingOrigin) -> Error {
    let text = written.text().filter(|_| setting.printable);
    let error = match written {
        SettingText::Text(_) => invalid_variable(&setting.variable(), setting.text_form, text),
        SettingText::Toml(_) => {
            let value = text.map_or_else(String::new, |text| format!(" “{}”", Escaped(text)));
            let what = format!("invalid value{value} for {} ({origin})", setting.key);
            let error = Error::new(ErrorKind::BadSetting, what);
            error
                .because(format!("expected {}", setting.form))
                .because(format!("example: {}", setting.example))
        }
    };
    let is_renamed = |(key, old, _): &&(&str, &str, &str)| *key == setting.key && text == Some(old);
    match RENAMED_VALUES.iter().find(is_renamed) {
        Some((_, old, new)) => error.because(format!("“{old}” is called “{new}” now")),
        None => error,
    }
}

/// The table of the settings, in Markdown, for `docs/settings.md`.
pub fn table() -> String {
    let defaults = Settings::default();
    let rows = SETTINGS.iter().map(|setting| {
        let default = match (setting.show)(&defaults) {
            shown if shown == value::UNSET => shown,
            shown => format!("`{shown}`"),
        };
        format!(
            "| `{}` | `{}` | {} | {default} | {} | `{}` |\n",
            setting.key,
            setting.variable(),
            setting.form,
            setting.description(),
            setting.example,
        )
    });
    let heading = "| in `config.toml` | variable | value | default | meaning | example |\n\
                   |---|---|---|---|---|---|\n";
    [heading.to_owned()].into_iter().chain(rows).collect()
}

#[cfg(test)]
mod tests;
