//! Files of `KEY=value` or `KEY: value` lines: `.env`, `.sdkmanrc`, properties.
//!
//! Data, not shell: nothing is expanded. A line may have `export` in front, quotes around the
//! value, and a comment. The last line with a key counts; an empty value is ignored.

use std::ops::Range;

use super::lines::numbered;
use super::written::RawRequest;
use crate::tool::VersionField;

/// Reads these keys, in this order.
pub(super) fn read(text: &str, fields: &'static [VersionField]) -> Vec<RawRequest> {
    let mut found = vec![None; fields.len()];
    for (number, line) in numbered(text) {
        let Some((key, value)) = pair(line) else { continue };
        for (field, found) in fields.iter().zip(&mut found) {
            if field.path == key {
                *found = (!value.is_empty()).then(|| (number, line[value.clone()].to_owned()));
            }
        }
    }
    let written = fields.iter().zip(found).filter_map(|(field, found)| {
        let (line, value) = found?;
        Some(RawRequest { texts: vec![value], line, field: Some(field) })
    });
    written.collect()
}

/// The position of a line's value, in bytes, without its quotes.
pub fn value(line: &str) -> Option<Range<usize>> {
    pair(line).map(|(_, value)| value)
}

/// The key of a line, and the position of its value.
fn pair(line: &str) -> Option<(&str, Range<usize>)> {
    let sign = line.find(['=', ':'])?;
    let key = line[..sign].trim_start();
    let key = key.strip_prefix("export ").unwrap_or(key).trim();
    let start = line.len() - line[sign + 1..].trim_start().len();
    let value = line[start..].trim_end();
    let quoted = |quote: char| Some(value.strip_prefix(quote)?.split_once(quote)?.0.len());
    let value = match quoted('"').or_else(|| quoted('\'')) {
        Some(length) => start + 1..start + 1 + length,
        None => start..start + without_comment(value).len(),
    };
    Some((key, trimmed(line, value)))
}

/// A part of a line without the spaces around it.
fn trimmed(line: &str, Range { start, end }: Range<usize>) -> Range<usize> {
    let start = end - line[start..end].trim_start().len();
    start..start + line[start..end].trim_end().len()
}

/// A value without its comment, which begins after a space: a value may contain a `#`.
fn without_comment(value: &str) -> &str {
    let begins = |place: &usize| *place == 0 || value[..*place].ends_with(char::is_whitespace);
    let comment = value.match_indices('#').map(|(place, _)| place).find(begins);
    comment.map_or(value, |place| &value[..place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_split_into_key_and_value() {
        let cases: &[(&str, Option<(&str, &str)>)] = &[
            ("A=12", Some(("A", "12"))),
            (" export A = '12' # why", Some(("A", "12"))),
            ("A=\"1 2\"x", Some(("A", "1 2"))),
            ("A=12 # why", Some(("A", "12"))),
            ("A=12#3", Some(("A", "12#3"))),
            ("A=\"12", Some(("A", "\"12"))),
            ("A=", Some(("A", ""))),
            ("A = # 12", Some(("A", ""))),
            ("A=' 12\t' 13", Some(("A", "12"))),
            ("# A=12", Some(("# A", "12"))),
            ("A", None),
            ("", None),
        ];
        for (line, expected) in cases {
            let pair = pair(line).map(|(key, value)| (key, &line[value]));
            assert_eq!(pair, *expected, "{line}");
        }
    }
}
