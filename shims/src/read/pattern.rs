//! Patterns on lines: `python-{}`, `go {}`.
//!
//! Cheap at start-up: no pattern is compiled. In a pattern
//!
//! - `{}` is the request, `{more}` one that is joined to it by a comma, `{flavour}` what is put in
//!   front of it, `{_}` anything; each ends where the pattern continues, or at a blank;
//! - `{version}` is a request of digits, dots and stars, `{range}` one that begins with an operator
//!   and ends with the line, a quote or a comment;
//! - `{constant}` is a name whose value is the request: a line that begins with the name has it in
//!   quotes. Anything else there is computed;
//! - `"` is either quote, the same on both sides, and `'` such a quote or none;
//! - a blank is any number of blanks, at least one between words;
//! - the line may continue behind the pattern, after a character that isn't part of a word;
//! - with a `*` in front, the line may also begin before it, with anything but a comment;
//! - with a `^` in front, the line may not be indented: in YAML, it is another value's then.

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
    /// The name of a constant that is the request.
    pub(super) constant: Option<Range<usize>>,
}

/// Reads the first line that matches each of these, in this order.
pub(super) fn read(text: &str, fields: &'static [VersionField]) -> Vec<RawRequest> {
    let mut found: Vec<Option<RawRequest>> = vec![None; fields.len()];
    let mut above = "";
    for (number, line) in numbered(text) {
        let is_indented = line.starts_with([' ', '\t']);
        let line = line.trim();
        for (field, found) in fields.iter().zip(&mut found) {
            let may_be_here = !is_indented || !field.path.starts_with('^');
            if found.is_none() && may_be_here && ["", above].contains(&field.after_line()) {
                *found = request((text, number, line), field);
            }
        }
        if !line.is_empty() {
            above = line;
        }
    }
    found.into_iter().flatten().collect()
}

/// The request in a line of a text, if the pattern matches.
fn request(
    (text, number, line): (&str, u32, &str),
    field: &'static VersionField,
) -> Option<RawRequest> {
    let found = placeholders(line, field.path)?;
    let (line, text) = match &found.constant {
        Some(name) => constant_value(text, &line[name.clone()]).unwrap_or((number, None)),
        None => (number, Some(text_of(line, found)?)),
    };
    Some(RawRequest { texts: text.into_iter().collect(), line, field: Some(field) })
}

/// The text of a request.
fn text_of(line: &str, found: Placeholders) -> Option<String> {
    let parts: Vec<&str> = found.request.into_iter().map(|range| &line[range]).collect();
    let text = parts.join(", ");
    let flavoured = found.flavour.map(|range| format!("{}-{text}", &line[range]));
    (!text.is_empty()).then(|| flavoured.unwrap_or(text))
}

/// The value of a constant, and its line: `NAME "value"`, `NAME = "value"`.
fn constant_value(text: &str, name: &str) -> Option<(u32, Option<String>)> {
    numbered(text).find_map(|(number, line)| {
        let rest = line.trim().strip_prefix(name)?.trim_start();
        let value = rest.strip_prefix('=').unwrap_or(rest).trim_start();
        let place = match_at(value, 0, "\"{}\"")?.request.pop()?;
        Some((number, Some(value[place].to_owned())))
    })
}

/// The positions of a pattern's placeholders in a trimmed line, if the pattern matches.
pub fn placeholders(line: &str, pattern: &str) -> Option<Placeholders> {
    let Some(pattern) = pattern.strip_prefix('*') else {
        return match_at(line, 0, pattern.strip_prefix('^').unwrap_or(pattern));
    };
    let may_begin =
        |byte: u8| !matches!(byte, b'_' | b'-' | 128..) && !byte.is_ascii_alphanumeric();
    let mut is_start = true;
    for (place, byte) in line.bytes().enumerate() {
        if matches!(byte, b'#' | b'%') {
            return None;
        }
        let found = if is_start { match_at(line, place, pattern) } else { None };
        if found.is_some() {
            return found;
        }
        is_start = may_begin(byte);
    }
    None
}

/// The same for a pattern that begins at a place of the line.
fn match_at(line: &str, place: usize, mut pattern: &str) -> Option<Placeholders> {
    if !line.is_char_boundary(place) {
        return None;
    }
    let mut placeholders = Placeholders::default();
    let mut state = LineCursor { line, place, quote: None };
    while let Some(next) = pattern.chars().next() {
        let after = &pattern[next.len_utf8()..];
        pattern = match next {
            '{' => {
                let (name, after) = after.split_once('}')?;
                placeholders.take(name, state.value(name, after.chars().next())?);
                after
            }
            '"' => state.quote().map(|()| after)?,
            '\'' if state.quote.is_none() && !state.rest().starts_with(['"', '\'']) => after,
            '\'' => state.quote().map(|()| after)?,
            ' ' => state.blanks(after).map(|()| after)?,
            literal => state.literal(literal).map(|()| after)?,
        };
    }
    (!state.rest().starts_with(is_of_word)).then_some(placeholders)
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '-')
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

    /// The text of a placeholder: up to where the pattern continues, or by its kind.
    fn value(&mut self, kind: &str, next: Option<char>) -> Option<Range<usize>> {
        let (is_version, is_range) = (kind == "version", kind == "range");
        let ends = |c: char| match (self.quote, next) {
            _ if is_version => !matches!(c, '0'..='9' | '.' | '*'),
            (Some(quote), _) => c == quote,
            _ if is_range => matches!(c, '"' | '\'' | '#' | ';'),
            (None, Some('\'') | None) => c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\''),
            (None, Some(next)) => c == next || c.is_whitespace(),
        };
        let rest = self.rest();
        let length = rest.find(ends).unwrap_or(rest.len());
        let text = match kind {
            "constant" => rest[..length].trim_end_matches([')', ']', '}']),
            _ => rest[..length].trim_end(),
        };
        let mut first = text.trim_start().bytes();
        let is_valid = match (first.next(), first.next()) {
            (Some(b'<' | b'>' | b'!' | b'~'), _) | (Some(b'='), Some(b'=')) if is_range => true,
            (Some(first), _) => !is_range && (!is_version || first.is_ascii_digit()),
            (None, _) => false,
        };
        let start = self.place;
        self.place += text.len();
        is_valid.then_some(start..self.place)
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
            "" | "version" | "range" => self.request.insert(0, range),
            "constant" => self.constant = Some(range),
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
            assert_eq!(text_in(line, pattern).as_deref(), expected, "{line} by {pattern}");
        }
    }

    fn text_in(line: &str, pattern: &str) -> Option<String> {
        text_of(line, placeholders(line, pattern)?)
    }

    #[test]
    fn patterns_may_begin_anywhere_in_a_line() {
        let cases = [
            ("*x: \"{}\"", "[y: 1, x: '~> 3.2', z: 2]", Some("~> 3.2")),
            ("*x: \"{}\"", "x: \"3.2\"", Some("3.2")),
            ("*x: \"{}\"", "yx: \"3.2\", x: \"3.3\"", Some("3.3")),
            ("*x: \"{}\"", "# x: \"3.2\"", None),
            ("*\"x\" => '{}'", "y('x' => 5.8, 'z' => 1)", Some("5.8")),
            ("*\"x\" => '{}'", "y('x' => '5.8')", Some("5.8")),
            ("*\"x\" => '{}'", "é 'x' => 5", Some("5")),
            ("*\"x\" => '{}'", "éx => 5", None),
            ("*x , \"{}\"", "{x, \"22\"}.", Some("22")),
            ("*x , \"{}\"", "%% {x, \"22\"}.", None),
        ];
        for (pattern, line, expected) in cases {
            assert_eq!(text_in(line, pattern).as_deref(), expected, "{line} by {pattern}");
        }
    }

    #[test]
    fn kinds_of_requests_are_told_apart() {
        let cases = [
            ("x: '{}'", "x: 3.2", Some("3.2")),
            ("x: '{}'", "x: \"3.2\" # why", Some("3.2")),
            ("x: '{}'", "x: '3.2\"", None),
            ("*x ={version}", "- x=3.11", Some("3.11")),
            ("*x ={version}", "- x =3.11.*=h1_y", Some("3.11.*")),
            ("*x ={version}", "- x==3.11", None),
            ("*x ={version}", "- y-x=3.11", None),
            ("*x{range}", "- x>=3.9,<3.12", Some(">=3.9,<3.12")),
            ("*x{range}", "- \"x >= 3.9, < 3.12\" # why", Some(">= 3.9, < 3.12")),
            ("*x{range}", "- x=3.11", None),
            ("*x{range}", "- x==3.11", Some("==3.11")),
            ("*x{range}", "- x-y>=3", None),
        ];
        for (pattern, line, expected) in cases {
            let found = text_in(line, pattern);
            assert_eq!(found.as_deref().map(str::trim), expected, "{line} by {pattern}");
        }
    }

    #[test]
    fn a_constant_is_its_value_or_computed() {
        static FIELDS: [VersionField; 1] = [VersionField::pinning("*x: {constant}")];
        let check = |text: &str, expected: &[(u32, &[&str])]| {
            let found = read(text, &FIELDS);
            let found: Vec<(u32, Vec<&str>)> = found
                .iter()
                .map(|raw| (raw.line, raw.texts.iter().map(String::as_str).collect()))
                .collect();
            let expected: Vec<(u32, Vec<&str>)> =
                expected.iter().map(|(line, texts)| (*line, texts.to_vec())).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("@v \"~> 1.15\"\n  x: @v,", &[(1, &["~> 1.15"])]);
        check("[y: 1, x: @v]\n\n@v '1.15' # why", &[(3, &["1.15"])]);
        check("v = \"1.15\"\nx: v", &[(1, &["1.15"])]);
        check("@vv \"1.15\"\nx: @v", &[(2, &[])]);
        check("x: v()", &[(1, &[])]);
        check("x: \"1.15\"", &[]);
    }

    #[test]
    fn an_indented_line_is_another_value() {
        static FIELDS: [VersionField; 1] = [VersionField::pinning("^'x' : '{}'")];
        let check = |text: &str, expected: &[&str]| {
            let found = read(text, &FIELDS);
            let found: Vec<&str> =
                found.iter().flat_map(|raw| &raw.texts).map(String::as_str).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("x: 12", &["12"]);
        check("x : 12 # why", &["12"]);
        check("\"x\": 12", &["12"]);
        check("'x': '12'", &["12"]);
        check("y:\n  x: 12", &[]);
        check("y: |\n\tx: 12\nx: 13", &["13"]);
        check("y\"x\": 12", &[]);
    }

    proptest::proptest! {
        #[test]
        fn pattern_matching_never_panics(line in "\\PC*", pattern in "[a-z\" {}(,]*") {
            let _ = text_in(&line, &pattern);
        }

        #[test]
        fn matching_anywhere_never_panics(line in "[x\"' é=>1.]*", pattern in "[*^]?[x\"'= ]{0,4}[{](version|range|constant|)[}][\"']?") {
            let _ = text_in(&line, &pattern);
        }
    }
}
