//! A project's file that can name a version: which, how it is read, and what in it counts.

use serde::Deserialize;

use crate::Dialect;

/// A project file that can name a version.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its name: `.nvmrc`.
    pub name: String,
    /// How it is read.
    pub reader: Reader,
    /// Whether it exists for versions alone, so that one that can't be understood is an error;
    /// unless said, plain files and `.tool-versions` do and others don't.
    pub alone: Option<bool>,
    /// Whether a program writes it, so that `use` leaves it alone: `Gemfile.lock`.
    #[serde(default)]
    pub generated: bool,
    /// In which language its ranges are written, where that isn't the tool's.
    pub dialect: Option<Dialect>,
    /// What in it names a version, in the order in which it counts; not for plain files and
    /// `.tool-versions`.
    #[serde(default)]
    pub field: Vec<Field>,
}

/// How a version file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reader {
    /// Requests as plain text, a line each: `.nvmrc`.
    Plain,
    /// Tool and requests on a line: `.tool-versions`.
    ToolVersions,
    /// Fields of a JSON document: `package.json`.
    Json,
    /// Fields of a TOML document: `pyproject.toml`.
    Toml,
    /// `KEY=value` on a line: `.env`.
    Keys,
    /// Patterns on lines: `Gemfile`.
    Lines,
}

/// What names a version in a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Where it is. In JSON and TOML the way to it, keys separated by dots: `volta.node`. A key
    /// where those stand on lines. A pattern for lines: `ruby "{}"`.
    pub at: String,
    /// The field is an object, or a list of objects, with `name` and `version`, or text of the
    /// form `name@version`: the one of this name is meant.
    pub named: Option<String>,
    /// Whether it pins.
    #[serde(default)]
    pub asks: Asks,
    /// In which language its ranges are written, where that isn't the file's.
    pub dialect: Option<Dialect>,
    /// How many numbers of the version count, where that isn't all: 2 makes 8.2 of `8.2.0`.
    pub parts: Option<u8>,
    /// Whether an exact version is wanted there, which `use` then writes in place of the request.
    #[serde(default)]
    pub exact: bool,
    /// For lines: only right below a line that says this.
    pub below: Option<String>,
    /// It names another file of the same kind, from this one's folder, which is read in its place.
    #[serde(default)]
    pub extends: bool,
}

/// What a field asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asks {
    /// It pins.
    #[default]
    Pin,
    /// It is a constraint.
    Constraint,
    /// A version pins, a range is a constraint.
    Either,
}

impl File {
    /// What is impossible in it.
    pub(crate) fn fault(&self) -> Option<String> {
        let has_fields = !matches!(self.reader, Reader::Plain | Reader::ToolVersions);
        if has_fields == self.field.is_empty() {
            return Some(format!(
                "file `{}`: plain files have no fields, all others need some",
                self.name
            ));
        }
        let holed = |field: &&Field| self.reader == Reader::Lines && !field.at.contains("{}");
        let field = self.field.iter().find(holed)?;
        Some(format!("file `{}`: the pattern `{}` has no `{{}}`", self.name, field.at))
    }

    /// Whether it exists for versions alone.
    pub fn is_for_versions_alone(&self) -> bool {
        self.alone.unwrap_or(matches!(self.reader, Reader::Plain | Reader::ToolVersions))
    }

    /// The same file as one tool reads it: `{name}` in a field stands for each of the tool's names,
    /// `{variable}` for each of its variables.
    pub(crate) fn of(&self, names: &[&str], variables: &[String]) -> Self {
        let spelled = |field: &Field| -> Vec<Field> {
            let with = |hole: &str, text: &str| Field {
                at: field.at.replace(hole, text),
                ..field.clone()
            };
            if field.at.contains("{name}") {
                names.iter().map(|name| with("{name}", name)).collect()
            } else if field.at.contains("{variable}") {
                variables.iter().map(|variable| with("{variable}", variable)).collect()
            } else {
                vec![field.clone()]
            }
        };
        Self { field: self.field.iter().flat_map(spelled).collect(), ..self.clone() }
    }
}
