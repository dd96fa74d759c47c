//! Patterns on lines: `ruby "{}"`, `go {}`.
//!
//! Made for what costs nothing when a program starts: no pattern is compiled. In a pattern
//!
//! - `{}` is the request, `{more}` one that is joined to it by a comma, `{flavour}` what is put in
//!   front of it, `{_}` anything; each ends where the pattern goes on, or at a blank;
//! - `"` is either quote, the same on both sides;
//! - a blank is any number of blanks, at least one between words;
//! - the line may go on behind the pattern, after something that is no part of a word.

use super::Written;
use super::lines::numbered;
use crate::tool::Field;

/// Reads the first line that fits each of these, in this order.
pub(super) fn read(text: &str, fields: &'static [Field]) -> Vec<Written> {
    let mut found: Vec<Option<(u32, String)>> = vec![None; fields.len()];
    let mut above = "";
    for (number, line) in numbered(text) {
        let line = line.trim();
        for (field, found) in fields.iter().zip(&mut found) {
            if found.is_none() && (field.below.is_empty() || field.below == above) {
                *found = request(line, field.at).map(|text| (number, text));
            }
        }
        if !line.is_empty() {
            above = line;
        }
    }
    let written = fields.iter().zip(found).filter_map(|(field, found)| {
        let (line, text) = found?;
        Some(Written { texts: vec![text], line, field: Some(field) })
    });
    written.collect()
}

/// The request in a line, if the pattern fits.
pub(super) fn request(line: &str, pattern: &str) -> Option<String> {
    let mut parts = Parts::default();
    let mut state = State { rest: line, quote: None };
    let mut pattern = pattern;
    while let Some(next) = pattern.chars().next() {
        let after = &pattern[next.len_utf8()..];
        pattern = match next {
            '{' => {
                let (name, after) = after.split_once('}')?;
                parts.take(name, state.value(after.chars().next())?);
                after
            }
            '"' => state.quote().map(|()| after)?,
            ' ' => state.blanks(after).map(|()| after)?,
            literal => {
                state.rest = state.rest.strip_prefix(literal)?;
                after
            }
        };
    }
    let goes_on = state.rest.starts_with(|c: char| c.is_alphanumeric() || "._-".contains(c));
    if goes_on { None } else { parts.request() }
}

/// What is left of a line, and the quote that is open.
struct State<'a> {
    rest: &'a str,
    quote: Option<char>,
}

impl<'a> State<'a> {
    /// What stands up to where the pattern goes on.
    fn value(&mut self, next: Option<char>) -> Option<&'a str> {
        let ends = |c: char| match (self.quote, next) {
            (Some(quote), _) => c == quote,
            (None, Some(next)) => c == next || c.is_whitespace(),
            (None, None) => c.is_whitespace() || ",;\"'".contains(c),
        };
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (value, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!value.is_empty()).then_some(value)
    }

    fn quote(&mut self) -> Option<()> {
        let quote = self.rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        match self.quote.take() {
            Some(open) if open != quote => return None,
            Some(_) => {}
            None => self.quote = Some(quote),
        }
        self.rest = &self.rest[1..];
        Some(())
    }

    fn blanks(&mut self, after: &str) -> Option<()> {
        let rest = self.rest.trim_start();
        let is_needed = after.starts_with(|c: char| c.is_alphanumeric() || c == '{');
        let fits = rest.len() < self.rest.len() || !is_needed;
        self.rest = rest;
        fits.then_some(())
    }
}

/// What stood in a pattern's holes.
#[derive(Default)]
struct Parts<'a> {
    request: Vec<&'a str>,
    flavour: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn take(&mut self, name: &str, value: &'a str) {
        match name {
            "" => self.request.insert(0, value),
            "more" => self.request.push(value),
            "flavour" => self.flavour = Some(value),
            _ => {}
        }
    }

    fn request(self) -> Option<String> {
        let request = self.request.join(", ");
        let flavoured = self.flavour.map(|flavour| format!("{flavour}-{request}"));
        (!request.is_empty()).then(|| flavoured.unwrap_or(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_lines() {
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
        fn no_line_breaks_a_pattern(line in "\\PC*", pattern in "[a-z\" {}(,]*") {
            let _ = request(&line, &pattern);
        }
    }
}
