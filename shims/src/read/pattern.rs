//! Patterns on lines: `ruby "{}"`, `go {}`.
//!
//! Cheap at start-up: no pattern is compiled. In a pattern
//!
//! - `{}` is the request, `{more}` one that is joined to it by a comma, `{flavour}` what is put in
//!   front of it, `{_}` anything; each ends where the pattern continues, or at a blank;
//! - `"` is either quote, the same on both sides;
//! - a blank is any number of blanks, at least one between words;
//! - the line may continue behind the pattern, after a character that isn't part of a word.

use std::ops::Range;

use super::lines::numbered;
use super::written::RawRequest;
use crate::tool::VersionField;

/// The positions of a pattern's placeholders in a line, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Placeholders {
    /// The request, and constraints that are joined to it.
    pub request: Vec<Range<usize>>,
    /// The flavour in front of it.
    pub flavour: Option<Range<usize>>,
}

/// Reads the first line that matches each of these, in this order.
pub(super) fn read(text: &str, fields: &'static [VersionField]) -> Vec<RawRequest> {
    let mut found: Vec<Option<(u32, String)>> = vec![None; fields.len()];
    let mut above = "";
    for (number, line) in numbered(text) {
        let line = line.trim();
        for (field, found) in fields.iter().zip(&mut found) {
            if found.is_none() && (field.after_line.is_empty() || field.after_line == above) {
                *found = request(line, field.path).map(|text| (number, text));
            }
        }
        if !line.is_empty() {
            above = line;
        }
    }
    let written = fields.iter().zip(found).filter_map(|(field, found)| {
        let (line, text) = found?;
        Some(RawRequest { texts: vec![text], line, field: Some(field) })
    });
    written.collect()
}

/// The request in a line, if the pattern matches.
fn request(line: &str, pattern: &str) -> Option<String> {
    let placeholders = placeholders(line, pattern)?;
    let parts: Vec<&str> = placeholders.request.into_iter().map(|range| &line[range]).collect();
    let request = parts.join(", ");
    let flavoured = placeholders.flavour.map(|range| format!("{}-{request}", &line[range]));
    (!request.is_empty()).then(|| flavoured.unwrap_or(request))
}

/// The positions of a pattern's placeholders in a trimmed line, if the pattern matches.
pub fn placeholders(line: &str, pattern: &str) -> Option<Placeholders> {
    let mut placeholders = Placeholders::default();
    let mut state = LineCursor { line, place: 0, quote: None };
    let mut pattern = pattern;
    while let Some(next) = pattern.chars().next() {
        let after = &pattern[next.len_utf8()..];
        pattern = match next {
            '{' => {
                let (name, after) = after.split_once('}')?;
                placeholders.take(name, state.value(after.chars().next())?);
                after
            }
            '"' => state.quote().map(|()| after)?,
            ' ' => state.blanks(after).map(|()| after)?,
            literal => state.literal(literal).map(|()| after)?,
        };
    }
    let word_continues =
        state.rest().starts_with(|c: char| c.is_alphanumeric() || "._-".contains(c));
    (!word_continues).then_some(placeholders)
}

/// The position in a line, and the open quote.
struct LineCursor<'a> {
    line: &'a str,
    place: usize,
    quote: Option<char>,
}

impl<'a> LineCursor<'a> {
    fn rest(&self) -> &'a str {
        &self.line[self.place..]
    }

    /// The text up to where the pattern continues.
    fn value(&mut self, next: Option<char>) -> Option<Range<usize>> {
        let ends = |c: char| match (self.quote, next) {
            (Some(quote), _) => c == quote,
            (None, Some(next)) => c == next || c.is_whitespace(),
            (None, None) => c.is_whitespace() || ",;\"'".contains(c),
        };
        let start = self.place;
        self.place += self.rest().find(ends).unwrap_or(self.rest().len());
        (start < self.place).then_some(start..self.place)
    }

    fn quote(&mut self) -> Option<()> {
        let quote = self.rest().chars().next().filter(|c| matches!(c, '"' | '\''))?;
        match self.quote.take() {
            Some(open) if open != quote => return None,
            Some(_) => {}
            None => self.quote = Some(quote),
        }
        self.place += 1;
        Some(())
    }

    fn blanks(&mut self, after: &str) -> Option<()> {
        let count = self.rest().len() - self.rest().trim_start().len();
        let is_needed = after.starts_with(|c: char| c.is_alphanumeric() || c == '{');
        self.place += count;
        (count > 0 || !is_needed).then_some(())
    }

    fn literal(&mut self, literal: char) -> Option<()> {
        self.place += self.rest().starts_with(literal).then(|| literal.len_utf8())?;
        Some(())
    }
}

impl Placeholders {
    fn take(&mut self, name: &str, range: Range<usize>) {
        match name {
            "" => self.request.insert(0, range),
            "more" => self.request.push(range),
            "flavour" => self.flavour = Some(range),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_lines() {
        let cases = [
            ("go {}", "go 1.22", Some("1.22")),
            ("go {}", "go\t1.22 // why", Some("1.22")),
            ("go {}", "google 1", None),
            ("go {}", "go1.22", None),
            ("go {}", "go", None),
            ("toolchain go{}", "toolchain go1.22.5", Some("1.22.5")),
            ("toolchain go{}", "toolchain default", None),
            ("x \"{}\"", "x '3.2.1'", Some("3.2.1")),
            ("x \"{}\"", "x\"3.2.1\"", Some("3.2.1")),
            ("x \"{}\"", "x \"~> 3.2\", file: 'y'", Some("~> 3.2")),
            ("x \"{}\"", "x '3.2\"", None),
            ("x \"{}\"", "x 3.2", None),
            ("x \"{}\"", "y x '3.2'", None),
            ("x(\"{}\")", "x('3.2')", Some("3.2")),
            ("x \"{}\" , \"{more}\"", "x '>= 3.0','< 3.4'", Some(">= 3.0, < 3.4")),
            (
                "x \"{_}\", engine: \"{flavour}\", engine_version: \"{}\"",
                "x '3.1', engine: 'j', engine_version: '9.4.8.0'",
                Some("j-9.4.8.0"),
            ),
            ("x {}", "x 3.2.1p31", Some("3.2.1p31")),
            ("p-{}", "p-3.9.1", Some("3.9.1")),
            ("requires \"perl\" , \"{}\"", "requires 'perl', '5.036';", Some("5.036")),
            ("requires \"perl\" => {}", "requires 'perl' => 5.036;", Some("5.036")),
        ];
        for (pattern, line, expected) in cases {
            assert_eq!(request(line, pattern).as_deref(), expected, "{line} by {pattern}");
        }
    }

    proptest::proptest! {
        #[test]
        fn pattern_matching_never_panics(line in "\\PC*", pattern in "[a-z\" {}(,]*") {
            let _ = request(&line, &pattern);
        }
    }
}
