//! How the registry's files are read: TOML into types, or why not, and on which line.
//!
//! A key that had another name before is an error that names the new one: see [`RENAMED`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::mem::take;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_ignored::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

/// A definition that can't be accepted: where, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionError {
    /// The line, counted from 1, where the reader knows it.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: String,
}

type Document = Spanned<DeTable<'static>>;

/// Renamed keys: the table they are in, the old name and the new one.
const RENAMED: &[(&str, &str, &str)] = &[
    ("", "plus", "plus_requests"),
    ("", "parts", "version_components"),
    ("", "respell", "normalize"),
    ("", "host", "runtime"),
    ("", "runs_on", "built_for"),
    ("", "adds", "package_calls"),
    ("", "carry", "migrate"),
    ("", "release", "version_info"),
    ("", "additions", "package_paths"),
    ("file", "alone", "version_only"),
    ("file.field", "at", "path"),
    ("file.field", "named", "entry_name"),
    ("file.field", "asks", "role"),
    ("file.field", "parts", "version_components"),
    ("file.field", "below", "only.after_line"),
    ("file.field", "after_line", "only.after_line"),
    ("package_calls", "path", "path_position"),
    ("migrate", "at", "path"),
    ("migrate", "shipped", "bundled_prefix"),
    ("migrate", "local", "local_field"),
    ("migrate", "except", "exclude"),
    ("migrate", "add", "install"),
    ("store", "until", "version_ends_at"),
    ("store", "inside", "subdir"),
    ("store", "read", "version_from_file"),
    ("system.needs", "lacking", "problem"),
    ("source.index", "mirrors", "mirror_variables"),
    ("source.index", "form", "format"),
    ("source.index", "each", "entries"),
    ("source.index", "take", "release"),
    ("source.index.release", "spelled", "pattern"),
    ("source.index.release", "only", "filter"),
    ("source.index.release", "sums", "checksums"),
    ("source.index.release", "strip", "strip_components"),
    ("source.index.release", "inside", "subdir"),
    ("source.index.release", "into", "destination"),
    ("source.index.release", "unhashed", "unverified"),
    ("source.npm", "beside", "companion"),
    ("source.npm", "into", "destination"),
    ("source.npm.companion", "unstated", "default_engine"),
    ("source.npm.companion", "into", "destination"),
    ("source.pypi", "inside", "subdir"),
    ("source.pypi", "parts", "version_components"),
    ("smoke", "answers", "expect"),
];

/// Keys that a type doesn't know, each with its offset.
type Unknown = BTreeMap<String, Option<usize>>;

/// Reads a document as a type.
pub(crate) fn one<T: Deserialize<'static>>(text: &str) -> Result<T, DefinitionError> {
    let read = table(text).and_then(|table| T::deserialize(Deserializer::from(table)));
    read.map_err(|error| refusal(text, &error))
}

/// Reads what a type knows of a document, and lets the other keys be.
pub(crate) fn rest<T: DeserializeOwned>(text: &str) -> Result<T, DefinitionError> {
    toml::from_str(text).map_err(|error| refusal(text, &error))
}

/// Reads a document as two types that share its keys: what neither of them knows is refused.
pub(crate) fn two<A: Deserialize<'static>, B: Deserialize<'static>>(
    text: &str,
) -> Result<(A, B), DefinitionError> {
    let document = table(text).map_err(|error| refusal(text, &error))?;
    if let Some(key) = renamed_keys("", document.get_ref()).into_iter().min() {
        return Err(key.error(text));
    }
    let read = || Ok((typed(&document)?, typed(&document)?));
    let ((one, unknown), (other, unknown_to_other)) =
        read().map_err(|error| refusal(text, &error))?;
    match unknown.into_iter().find(|(key, _)| unknown_to_other.contains_key(key)) {
        None => Ok((one, other)),
        Some((key, place)) => Err(DefinitionError {
            line: place.map(|place| line_of(text, place)),
            reason: format!("unknown field `{key}`"),
        }),
    }
}

/// A key under its old name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct RenamedKey {
    offset: usize,
    old: &'static str,
    new: &'static str,
}

impl RenamedKey {
    fn error(&self, text: &str) -> DefinitionError {
        let Self { offset, old, new } = self;
        DefinitionError {
            line: Some(line_of(text, *offset)),
            reason: format!("unknown field `{old}`: it is called `{new}` now"),
        }
    }
}

/// The keys of a table and of those in it that are written under their old names.
fn renamed_keys(path: &str, table: &DeTable<'_>) -> Vec<RenamedKey> {
    let mut found = Vec::new();
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let is_this = |(table, old, _): &&(&str, &str, &str)| *table == path && *old == name;
        if let Some((_, old, new)) = RENAMED.iter().find(is_this) {
            found.push(RenamedKey { offset: key.span().start, old, new });
            continue;
        }
        let inner = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match value.get_ref() {
            DeValue::Table(table) => found.extend(renamed_keys(&inner, table)),
            DeValue::Array(all) => {
                let tables = all.iter().filter_map(|value| value.get_ref().as_table());
                found.extend(tables.flat_map(|table| renamed_keys(&inner, table)));
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => {}
        }
    }
    found
}

/// The line, counted from 1, of a place in a text.
pub fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn refusal(text: &str, error: &Error) -> DefinitionError {
    DefinitionError {
        line: error.span().map(|span| line_of(text, span.start)),
        reason: error.message().to_owned(),
    }
}

/// A document, leaked, so that types can have its texts as they are.
fn table(text: &str) -> Result<Document, Error> {
    let mut table = DeTable::parse(text.to_owned().leak())?;
    table.get_mut().iter_mut().for_each(|(_, value)| leak(value.get_mut()));
    Ok(table)
}

/// Leaks the texts of a value that stand otherwise in the document, with escapes.
fn leak(value: &mut DeValue<'static>) {
    match value {
        DeValue::String(text) => *text = Cow::Borrowed(take(text).into_owned().leak()),
        DeValue::Array(all) => all.iter_mut().for_each(|value| leak(value.get_mut())),
        DeValue::Table(all) => all.iter_mut().for_each(|(_, value)| leak(value.get_mut())),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
    }
}

/// A document as a type, and what the type doesn't know of it.
fn typed<T: Deserialize<'static>>(table: &Document) -> Result<(T, Unknown), Error> {
    let mut unknown = Unknown::new();
    let note = &mut |path: Path<'_>| {
        unknown.insert(path.to_string(), place(table.get_ref(), &path));
    };
    let value = serde_ignored::deserialize(Deserializer::from(table.clone()), note)?;
    Ok((value, unknown))
}

/// The position of a key.
fn place(table: &DeTable<'static>, path: &Path<'_>) -> Option<usize> {
    let Path::Map { parent, key } = path else { return None };
    let table = match parent {
        Path::Root => table,
        _ => value(table, parent)?.as_table()?,
    };
    table.get_key_value(key.as_str()).map(|(key, _)| key.span().start)
}

fn value<'t>(table: &'t DeTable<'static>, path: &Path<'_>) -> Option<&'t DeValue<'static>> {
    match path {
        Path::Root => None,
        Path::Map { parent: Path::Root, key } => table.get(key.as_str()).map(Spanned::get_ref),
        Path::Map { parent, key } => {
            value(table, parent)?.as_table()?.get(key.as_str()).map(Spanned::get_ref)
        }
        Path::Seq { parent, index } => {
            value(table, parent)?.as_array()?.get(*index).map(Spanned::get_ref)
        }
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => value(table, parent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Definition;

    #[test]
    fn a_key_under_its_old_name_is_refused_with_the_new_one() {
        for (table, old, new) in RENAMED {
            let (text, line) = match *table {
                "" => (format!("name = 'x'\n{old} = 1\n"), 2),
                table => (format!("name = 'x'\n[{table}]\n\n{old} = 1\n"), 4),
            };
            let error = Definition::parse(&text).unwrap_err();
            let reason = format!("unknown field `{old}`: it is called `{new}` now");
            assert_eq!(error, DefinitionError { line: Some(line), reason }, "{text}");
        }
    }

    #[test]
    fn the_first_old_name_is_reported_in_lists_of_tables_too() {
        let text = "x = 1\n[[file]]\nfield = [{ path = 'a' }, { at = 'b' }]\nalone = true\n";
        let error = Definition::parse(text).unwrap_err();
        assert_eq!(error.line, Some(3));
        assert!(error.reason.contains("`at`"), "{error:?}");
    }
}
