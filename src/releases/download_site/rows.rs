//! Reads an index in any format as rows of fields. It knows no tool, and not what fields mean.

use serde_json::{Map, Value};
use usher_definition::IndexFormat;
use usher_shims::error::Escaped;

use crate::releases::index_entry::IndexProblem;

/// An entry of an index, with the objects and lists that contain it.
pub(super) struct Row<'a> {
    /// The objects and lists, outermost first, and the entry itself last.
    scopes: &'a [&'a Value],
    /// What the stars of the path match: names of members, or numbers.
    names: &'a [String],
}

impl Row<'_> {
    /// The text of a field. Its path starts at the entry, or at what contains the entry. A number is
    /// what that star of the path matches, else a column; an empty path is the entry itself. `None`
    /// for a missing field, a list or an object.
    pub(super) fn text(&self, field: &str) -> Option<String> {
        if let Some(name) = parse_position(field).and_then(|index| self.names.get(index)) {
            return Some(name.clone());
        }
        match self.value(field)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(truth) => Some(truth.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The text of a field that is a string, in lower case.
    pub(super) fn string(&self, field: &str) -> Option<String> {
        self.value(field)?.as_str().map(str::to_lowercase)
    }

    /// Whether a field matches a pattern, or is a list with an item that does. An empty pattern matches
    /// a missing field or an empty list, `*` matches any text, and a leading `!` negates.
    pub(super) fn field_matches(&self, field: &str, pattern: &str) -> bool {
        if let Some(negated) = pattern.strip_prefix('!') {
            return !self.field_matches(field, negated);
        }
        match self.value(field) {
            Some(Value::Array(list)) if pattern.is_empty() => list.is_empty(),
            Some(Value::Array(list)) => {
                list.iter().filter_map(Value::as_str).any(|item| matches_pattern(item, pattern))
            }
            _ => matches_pattern(&self.text(field).unwrap_or_default(), pattern),
        }
    }

    fn value(&self, field: &str) -> Option<&Value> {
        self.scopes.iter().rev().find_map(|scope| value_at(scope, field))
    }
}

/// Calls `see` for each entry of a document.
pub(super) fn for_each_row(
    text: &[u8],
    form: IndexFormat,
    path: &str,
    see: &mut dyn FnMut(&Row<'_>) -> Result<(), IndexProblem>,
) -> Result<(), IndexProblem> {
    let path: Vec<&str> = path.split('.').filter(|step| !step.is_empty()).collect();
    match form {
        IndexFormat::Json => entries(&json(text)?, &path, see),
        IndexFormat::Ndjson => {
            non_empty_lines(text).try_for_each(|line| entries(&json(line)?, &path, see))
        }
        IndexFormat::Words => non_empty_lines(text).try_for_each(|line| {
            let words = String::from_utf8_lossy(line);
            let words = words.split_whitespace().map(Value::from).collect();
            entries(&Value::Array(words), &path, see)
        }),
        IndexFormat::Csv => {
            let mut rows = non_empty_lines(text).map(cells);
            let names = rows.next().transpose()?.unwrap_or_default();
            rows.try_for_each(|cells| {
                let cells = cells?.into_iter().map(Value::from);
                let row: Map<String, Value> = names.iter().cloned().zip(cells).collect();
                entries(&Value::Object(row), &path, see)
            })
        }
    }
}

fn entries(
    document: &Value,
    path: &[&str],
    see: &mut dyn FnMut(&Row<'_>) -> Result<(), IndexProblem>,
) -> Result<(), IndexProblem> {
    visit_path(path, &mut vec![document], &mut Vec::new(), see)
}

/// Follows a path from the last of the scopes.
fn visit_path<'a>(
    path: &[&str],
    scopes: &mut Vec<&'a Value>,
    names: &mut Vec<String>,
    see: &mut dyn FnMut(&Row<'_>) -> Result<(), IndexProblem>,
) -> Result<(), IndexProblem> {
    let Some((step, rest)) = path.split_first() else { return see(&Row { scopes, names }) };
    let Some(here) = scopes.last().copied() else { return Ok(()) };
    let members: Vec<(Option<String>, &'a Value)> = match (*step, here) {
        ("*", Value::Array(list)) => {
            (1..).zip(list).map(|(index, one)| (Some(format!("{index}")), one)).collect()
        }
        ("*", Value::Object(members)) => {
            members.iter().map(|(name, one)| (Some(name.clone()), one)).collect()
        }
        // There may be members of other types beside lists and objects.
        ("*", _) if scopes.len() > 1 => Vec::new(),
        ("*", _) => return Err("it is neither a list nor an object".into()),
        (name, _) => match here.get(name) {
            Some(member) => vec![(None, member)],
            None => return Err(format!("it has no “{name}”").into()),
        },
    };
    for (name, member) in members {
        let depth = names.len();
        names.extend(name);
        scopes.push(member);
        visit_path(rest, scopes, names, see)?;
        scopes.pop();
        names.truncate(depth);
    }
    Ok(())
}

/// Whether a text matches a pattern, in which `*` matches any text.
fn matches_pattern(text: &str, pattern: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(text) = text.strip_prefix(start) else { return false };
    text.char_indices()
        .map(|(index, _)| index)
        .chain([text.len()])
        .any(|index| matches_pattern(&text[index..], rest))
}

fn value_at<'v>(scope: &'v Value, path: &str) -> Option<&'v Value> {
    let mut value = scope;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        value = match value {
            Value::Array(list) => list.get(parse_position(step)?)?,
            other => other.get(step)?,
        };
    }
    Some(value)
}

/// The index of a position that is counted from one.
fn parse_position(number: &str) -> Option<usize> {
    number.parse::<usize>().ok()?.checked_sub(1)
}

fn json(text: &[u8]) -> Result<Value, IndexProblem> {
    serde_json::from_slice(text).map_err(|error| format!("invalid JSON: {error}").into())
}

/// The lines that aren't empty.
fn non_empty_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty())
}

/// The cells of a CSV line, which may be quoted (<https://www.rfc-editor.org/rfc/rfc4180>). No index
/// has line ends in them.
fn cells(line: &[u8]) -> Result<Vec<String>, IndexProblem> {
    let line = String::from_utf8_lossy(line);
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let Some(cell) = cells.last_mut() else { break };
        match (character, is_quoted) {
            ('"', true) if characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            ('"', _) => is_quoted = !is_quoted,
            (',', false) => cells.push(String::new()),
            (other, _) => cell.push(other),
        }
    }
    match is_quoted {
        true => Err(format!("a quote doesn't end: {}", Escaped(&line)).into()),
        false => Ok(cells),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields of each entry, joined by blanks, or the problem.
    fn check((form, path): (IndexFormat, &str), text: &str, fields: &[&str], expected: &[&str]) {
        let mut seen = Vec::new();
        let read = for_each_row(text.as_bytes(), form, path, &mut |row| {
            let text = |field: &&str| row.text(field).unwrap_or_else(|| "-".to_owned());
            seen.push(fields.iter().map(text).collect::<Vec<_>>().join(" "));
            Ok(())
        });
        seen.extend(read.err().map(|problem| problem.to_string()));
        assert_eq!(seen, expected, "{text}");
    }

    #[test]
    fn every_format_is_read_as_rows() {
        let nested = r#"[{"v":"1","f":[{"os":"l","n":{"x":2}},{"os":"m","v":true}]},{"f":[]}]"#;
        let fields = ["v", "os", "n.x", "1", "2"];
        check((IndexFormat::Json, "*.f.*"), nested, &fields, &["1 l 2 1 1", "true m - 1 2"]);
        let keyed = r#"{"1.0":{"date":"x","linux":{"u":"a"}},"master":{"linux":{"u":"b"}}}"#;
        let expected = ["1.0 date -", "1.0 linux a", "master linux b"];
        check((IndexFormat::Json, "*.*"), keyed, &["1", "2", "u"], &expected);
        check((IndexFormat::Json, "cli.*"), r#"{"cli":["v1","v2"]}"#, &[""], &["v1", "v2"]);
        let lines = "{\"v\":1,\"a\":[{\"p\":\"x\"}]}\r\n\n{\"v\":2,\"a\":[{\"p\":\"y\"}]}\n";
        check((IndexFormat::Ndjson, "a.*"), lines, &["v", "p"], &["1 x", "2 y"]);
        check(
            (IndexFormat::Words, ""),
            "OTP-28 abc  \n\nOTP-27\n",
            &["1", "2"],
            &["OTP-28 abc", "OTP-27 -"],
        );
        let table = "v,os,note\n1,l,\"a, \"\"b\"\"\"\n2,m\n";
        check((IndexFormat::Csv, ""), table, &["v", "note"], &["1 a, \"b\"", "2 -"]);
    }

    #[test]
    fn another_format_is_an_error() {
        check((IndexFormat::Json, "*"), "\"x\"", &[], &["it is neither a list nor an object"]);
        check((IndexFormat::Json, "a.*"), "{}", &[], &["it has no “a”"]);
        let expected = ["invalid JSON: expected value at line 1 column 1"];
        check((IndexFormat::Json, "*"), "<html>", &[], &expected);
        check((IndexFormat::Csv, ""), "a\n\"b", &[], &["a quote doesn't end: \"b"]);
    }

    #[test]
    fn patterns_match_lists_and_missing_fields() {
        let check = |text: &str, pattern: &str, expected: bool| {
            let mut seen = false;
            for_each_row(text.as_bytes(), IndexFormat::Json, "*", &mut |row| {
                seen = row.field_matches("f", pattern);
                Ok(())
            })
            .unwrap();
            assert_eq!(seen, expected, "{text} {pattern}");
        };
        check(r#"[{"f":["a","b"]}]"#, "b", true);
        check(r#"[{"f":["a","b"]}]"#, "", false);
        check(r#"[{"f":[]}]"#, "", true);
        check("[{}]", "", true);
        check(r#"[{"f":false}]"#, "false", true);
        check(r#"[{"f":"ruby-3.2.1.linux.tar.gz"}]"#, "ruby-*.linux.tar.gz", true);
        check(r#"[{"f":"ruby-3.2.1.linux.tar.gz"}]"#, "!ruby-*.macos.tar.gz", true);
        check(r#"[{"f":"1.17-otp-27"}]"#, "!*-otp-*", false);
    }
}
