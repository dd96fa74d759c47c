//! The text of an `.npmrc`: keys, values and their lines, as npm reads them (its `ini` package,
//! then `@npmcli/config`'s `env-replace`).
//!
//! It never reads the disk, and names no key.

use std::fmt;

/// A key with its value; `Debug` leaves the value out, because it may be a password.
#[derive(Clone, PartialEq, Eq)]
pub struct NpmrcEntry {
    /// The key: `registry`, `//registry.example/:_authToken`.
    pub key: String,
    /// The value, without quotes and comments, with variables replaced.
    pub value: String,
    /// The line, counted from 1.
    pub line: usize,
}

impl fmt::Debug for NpmrcEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NpmrcEntry({}, line {})", self.key, self.line)
    }
}

/// Reads an `.npmrc`, in the order of its lines; `${NAME}` becomes the result of `variable`.
///
/// Invalid lines are ignored, as npm does. Sections are left out, because npm reads no setting from
/// them. An array's key keeps its brackets: `ca[]`.
pub fn parse(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Vec<NpmrcEntry> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut entries = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        for line in line.split('\r').map(str::trim) {
            if line.starts_with('[') && line.ends_with(']') {
                return entries;
            }
            let (key, value) = line.split_once('=').unwrap_or((line, "true"));
            let key = expand(&unquote(key), variable);
            if !key.is_empty() {
                let value = expand(&unquote(value), variable);
                entries.push(NpmrcEntry { key, value, line: index + 1 });
            }
        }
    }
    entries
}

/// Replaces `${NAME}` with variables. An unknown one stays as it is, or with `${NAME?}` becomes
/// empty. A backslash in front keeps the text, and two are one.
pub fn expand(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((inside, behind)) = placeholder(after) else {
            expanded += before;
            expanded += "${";
            rest = after;
            continue;
        };
        let plain = before.trim_end_matches('\\');
        let backslashes = before.len() - plain.len();
        expanded += plain;
        expanded += &"\\".repeat(backslashes / 2);
        let name = inside.trim_end_matches('?');
        let value = match variable(name) {
            _ if backslashes % 2 == 1 => format!("${{{inside}}}"),
            Some(value) => value,
            None if inside == name => format!("${{{name}}}"),
            None => String::new(),
        };
        expanded += &value;
        rest = behind;
    }
    expanded + rest
}

/// The text before and after the brace that closes a `${`.
fn placeholder(text: &str) -> Option<(&str, &str)> {
    let (inside, behind) = text.split_once('}')?;
    let name = inside.strip_suffix('?').unwrap_or(inside);
    (!name.is_empty() && !name.contains(['$', '{', '?'])).then_some((inside, behind))
}

/// A key or value without its quotes, or without the comment behind it.
fn unquote(text: &str) -> String {
    let text = text.trim();
    if let Some(inside) = unquoted(text, '\'') {
        return inside.to_owned();
    }
    if unquoted(text, '"').is_some() {
        return serde_json::from_str(text).unwrap_or_else(|_| text.to_owned());
    }
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ';' | '#' => break,
            '\\' => match characters.next() {
                Some(next @ ('\\' | ';' | '#')) => plain.push(next),
                Some(next) => plain.extend(['\\', next]),
                None => plain.push('\\'),
            },
            other => plain.push(other),
        }
    }
    plain.trim().to_owned()
}

fn unquoted(text: &str, quote: char) -> Option<&str> {
    text.strip_prefix(quote)?.strip_suffix(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str) -> Option<String> {
        match name {
            "TOKEN" => Some("s3cret".to_owned()),
            "EMPTY" => Some(String::new()),
            "LOOP" => Some("${LOOP}".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn npmrc_lines_are_parsed() {
        let check = |text: &str, expected: &[(&str, &str, usize)]| {
            let entries = parse(text, &variable);
            let found: Vec<_> =
                entries.iter().map(|e| (e.key.as_str(), e.value.as_str(), e.line)).collect();
            assert_eq!(found, expected, "{text:?}");
        };
        check("", &[]);
        check(
            "registry=https://registry.example/",
            &[("registry", "https://registry.example/", 1)],
        );
        check("\u{feff}a = b \r\n\r\nc=d\re=f", &[("a", "b", 1), ("c", "d", 3), ("e", "f", 3)]);
        check("; a=1\n # b=2\n\tc = 3", &[("c", "3", 3)]);
        check("a = b ; comment\nc = d # too", &[("a", "b", 1), ("c", "d", 2)]);
        check(r"a = b\;c\#d\\e\f", &[("a", r"b;c#d\e\f", 1)]);
        check("a = b\\", &[("a", "b\\", 1)]);
        check(r#"a = "b ; \u0041""#, &[("a", "b ; A", 1)]);
        check(r#"a = "b \x""#, &[("a", r#""b \x""#, 1)]);
        check("'a' = 'b # c'", &[("a", "b # c", 1)]);
        check("a = '", &[("a", "'", 1)]);
        check("a", &[("a", "true", 1)]);
        check("a =", &[("a", "", 1)]);
        check("a = b = c", &[("a", "b = c", 1)]);
        check("= b\n==\n;\n#", &[]);
        check("a=1\na=2", &[("a", "1", 1), ("a", "2", 2)]);
        check("ca[]=x\nca[]=y", &[("ca[]", "x", 1), ("ca[]", "y", 2)]);
        check("a=1\n[section]\nb=2", &[("a", "1", 1)]);
        check(
            "//registry.example/:_authToken=${TOKEN}",
            &[("//registry.example/:_authToken", "s3cret", 1)],
        );
        check(
            "//${TOKEN}.example/:_auth=\"${TOKEN}\"",
            &[("//s3cret.example/:_auth", "s3cret", 1)],
        );
    }

    #[test]
    fn npmrc_variables_are_expanded() {
        let check = |text: &str, expected: &str| {
            assert_eq!(expand(text, &variable), expected, "{text}");
        };
        check("a${TOKEN}b${TOKEN}", "as3cretbs3cret");
        check("${EMPTY}", "");
        check("${LOOP}", "${LOOP}");
        check("${NONE}-${TOKEN}", "${NONE}-s3cret");
        check("${NONE?}x${TOKEN?}", "xs3cret");
        check(r"\${TOKEN} \\${TOKEN} \\\${TOKEN}", r"${TOKEN} \s3cret \${TOKEN}");
        check("${} ${?} $TOKEN ${TOKEN", "${} ${?} $TOKEN ${TOKEN");
        check("${${TOKEN}}", "${s3cret}");
    }

    #[test]
    fn npmrc_values_are_not_in_debug_output() {
        let entries = parse("//registry.example/:_authToken=s3cret", &variable);
        assert_eq!(format!("{entries:?}"), "[NpmrcEntry(//registry.example/:_authToken, line 1)]");
    }
}
