//! What `use check` knows of a tool: images, inputs of CI actions, lock files. Independent of the
//! rest of a definition.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use usher_tool::{Dialect, FieldRole, Reader, Tool, VersionField, VersionFile};

/// Where a project can name a version besides version files.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CheckRules {
    /// Container images whose tag is a version: `node`, `cimg/node`. A name matches without its
    /// registry (`docker.io/library/node` is `node`), or whole if it is written so here. One `*` is
    /// a version in the name itself: `ubi9/nodejs-*`; `*.*` is one whose first dot isn't written:
    /// `ubi9/python-*.*` is `ubi9/python-311`. Behind a colon is what precedes the version in the
    /// tag, if that doesn't begin with it: `maven:temurin-*`.
    #[serde(default)]
    pub images: Vec<String>,
    /// Inputs of CI actions that request a version: `node-version` of any action,
    /// `pnpm/action-setup:version` of this one.
    #[serde(default)]
    pub inputs: Vec<String>,
    /// Version files, or fields of one, that pin the version that a shim runs, and let projects use any
    /// later one: `go.mod`, `composer.json:config.platform.php`.
    #[serde(default)]
    pub minimums: Vec<String>,
    /// Keys of other services' files that request a version, by the name of the format; see below.
    #[serde(default)]
    pub settings: BTreeMap<String, Vec<String>>,
    /// Lock files and similar files that name the version a project was made with; see
    /// [`LockfileRule`].
    #[serde(default)]
    pub locks: Vec<LockfileRule>,
    /// Version files that no shim reads; see [`UnreadFile`].
    #[serde(default)]
    pub files: Vec<UnreadFile>,
}

/// A version file that only `use check` and `use why` read: a shim looks for files by name, and lists
/// no folder.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UnreadFile {
    /// Where it may be. The last name may have a `*`, which is anything: `["*.gemspec"]`.
    pub places: Vec<String>,
    /// How it is read, as in `[[file]]`.
    pub reader: Reader,
    /// The paths of its fields, as in `[[file]]`.
    pub fields: Vec<String>,
    /// The syntax of its ranges, if it isn't the tool's.
    #[serde(default)]
    pub dialect: Option<Dialect>,
    /// Whether they pin or limit, as in `[[file]]`.
    #[serde(default)]
    pub role: FieldRole,
    /// `true` if it counts in some environments only: another version there is no difference.
    #[serde(default)]
    pub conditional: bool,
}

impl UnreadFile {
    /// Whether a path may be this file.
    pub fn is_at(&self, path: &Path) -> bool {
        self.places.iter().any(|place| {
            let (folder, pattern) = split(place);
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| matches(name, pattern))
                && path.parent().is_some_and(|parent| parent.ends_with(folder))
        })
    }

    /// The folders, relative to one of the project, in which it may be.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(|place| split(place).0)
    }

    /// The same file as the readers of a tool's version files know it. Leaks a little memory.
    pub fn of_tool(&self, tool: &Tool) -> VersionFile {
        let table = self.reader == Reader::Toml;
        let field = |path: &String| VersionField {
            role: self.role,
            dialect: self.dialect,
            table,
            ..VersionField::pinning(path.clone().leak())
        };
        let fields = self.fields.iter().map(field).collect::<Vec<_>>().leak();
        crate::version_file::of_tool(&VersionFile::new("", self.reader, fields), tool)
    }

    fn fault(&self) -> Option<String> {
        let is_wrong = |place: &&String| {
            let (folder, pattern) = split(place);
            pattern.is_empty() || folder.contains('*') || pattern.matches('*').count() > 1
        };
        let place = self.places.iter().find(is_wrong)?;
        Some(format!("file `{place}`: at most one `*`, in the last name"))
    }
}

/// The folder and the last name of a path.
fn split(place: &str) -> (&str, &str) {
    place.rsplit_once('/').unwrap_or(("", place))
}

/// Whether a name matches one with a `*`, which is at least one character.
fn matches(name: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((start, end)) => {
            let middle = name.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
            middle.is_some_and(|middle| !middle.is_empty())
        }
    }
}

/// A file that names the version a project was made with.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LockfileRule {
    /// The file's name: `Pipfile.lock`.
    pub name: String,
    /// Its syntax; see [`Notation`].
    pub notation: Notation,
    /// The paths to the fields, keys separated by dots: `["_meta.requires.python_version"]`.
    pub fields: Vec<String>,
}

/// The syntax of a lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Notation {
    /// A JSON document.
    Json,
    /// A TOML document.
    Toml,
}

impl CheckRules {
    /// Whether an input requests a version of the tool: of this action, or of an unknown one.
    pub fn has_input(&self, action: Option<&str>, name: &str) -> bool {
        self.inputs.iter().any(|input| match input.split_once(':') {
            Some((own, input)) => action == Some(own) && input == name,
            None => input == name,
        })
    }

    /// Whether a pin at this place lets projects use later versions.
    pub fn is_minimum(&self, file: &str, field: Option<&str>) -> bool {
        self.minimums.iter().any(|minimum| match minimum.split_once(':') {
            Some((own, of)) => file == own && field == Some(of),
            None => file == minimum,
        })
    }

    /// Whether a key of a file of this format requests a version of the tool.
    pub fn has_setting(&self, format: &str, key: &str) -> bool {
        self.settings.get(format).is_some_and(|keys| keys.iter().any(|own| own == key))
    }

    /// What is impossible in it.
    pub(crate) fn fault(&self) -> Option<String> {
        let stars = |image: &str| image.replace("*.*", "*").matches('*').count();
        let is_wrong = |image: &&String| match image.split_once(':') {
            Some((name, tag)) => {
                name.is_empty() || tag.contains(':') || tag.find('*') != Some(tag.len().max(2) - 1)
            }
            None => image.is_empty() || stars(image) > 1 || image.contains('@'),
        };
        if let Some(image) = self.images.iter().find(is_wrong) {
            return Some(format!(
                "image `{image}`: a name with at most one `*`, or `name:mark*` for a version behind \
                 a mark in the tag"
            ));
        }
        if let Some(lock) = self.locks.iter().find(|lock| lock.fields.is_empty()) {
            return Some(format!("lock `{}`: it has no fields", lock.name));
        }
        self.files.iter().find_map(UnreadFile::fault)
    }
}
