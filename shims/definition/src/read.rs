//! How the registry's files are read: TOML into types, or why not, and on which line.

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
    /// The line, counted from 1, where the reader can tell.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: String,
}

type Document = Spanned<DeTable<'static>>;

/// Keys that a type doesn't know, each with where it stands.
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
    let read = |table: &Document| Ok((typed(table)?, typed(table)?));
    let read = table(text).and_then(|table| read(&table));
    let ((one, unknown), (other, unknown_to_other)) =
        read.map_err(|error| refusal(text, &error))?;
    match unknown.into_iter().find(|(key, _)| unknown_to_other.contains_key(key)) {
        None => Ok((one, other)),
        Some((key, place)) => Err(DefinitionError {
            line: place.map(|place| line_of(text, place)),
            reason: format!("unknown field `{key}`"),
        }),
    }
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

/// Where a key stands.
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
