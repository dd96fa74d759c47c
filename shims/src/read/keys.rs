//! Files of `KEY=value` lines: `.env`, `.sdkmanrc`.
//!
//! Data, not shell: nothing is expanded. `export` may stand in front, quotes around the value, a
//! comment behind it; of two lines with one key the last counts, and an empty value is none.

use super::Written;
use super::lines::numbered;
use crate::tool::Field;

/// Reads these keys, in this order.
pub(super) fn read(text: &str, fields: &'static [Field]) -> Vec<Written> {
    let mut found = vec![None; fields.len()];
    for (number, line) in numbered(text) {
        let Some((key, value)) = pair(line) else { continue };
        for (field, found) in fields.iter().zip(&mut found) {
            if field.at == key {
                *found = (!value.is_empty()).then(|| (number, value.to_owned()));
            }
        }
    }
    let written = fields.iter().zip(found).filter_map(|(field, found)| {
        let (line, value) = found?;
        Some(Written { texts: vec![value], line, field: Some(field) })
    });
    written.collect()
}

/// The key and the value of a line that has both.
fn pair(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (key, value) = line.split_once('=')?;
    let value = value.trim();
    let quoted = |quote: char| value.strip_prefix(quote)?.split_once(quote);
    let value = match quoted('"').or_else(|| quoted('\'')) {
        Some((inside, _)) => inside,
        None => without_comment(value),
    };
    Some((key.trim(), value.trim()))
}

/// A value up to its comment, which begins after a blank: a value may have a `#` in it.
fn without_comment(value: &str) -> &str {
    let begins = |place: &usize| *place == 0 || value[..*place].ends_with(char::is_whitespace);
    let comment = value.match_indices('#').map(|(place, _)| place).find(begins);
    comment.map_or(value, |place| &value[..place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_lines() {
        let cases: &[(&str, Option<(&str, &str)>)] = &[
            ("A=12", Some(("A", "12"))),
            (" export A = '12' # why", Some(("A", "12"))),
            ("A=\"1 2\"x", Some(("A", "1 2"))),
            ("A=12 # why", Some(("A", "12"))),
            ("A=12#3", Some(("A", "12#3"))),
            ("A=\"12", Some(("A", "\"12"))),
            ("A=", Some(("A", ""))),
            ("# A=12", Some(("# A", "12"))),
            ("A", None),
            ("", None),
        ];
        for (line, expected) in cases {
            assert_eq!(pair(line), *expected, "{line}");
        }
    }
}
