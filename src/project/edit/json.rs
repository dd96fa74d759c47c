//! Fields of a JSON document: `package.json`.
//!
//! The one string is found, and its bytes are replaced; every other byte stays. `serde_json` decides
//! what is valid JSON, so that nothing is edited that the reader refuses.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, ParseResult};
use serde::de::IgnoredAny;
use usher_shims::error::{Error, ErrorKind, Escaped, Shown};

use super::lines::split_mark;

/// An error in a JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// The line, counted from 1.
    pub line: usize,
    /// The place in the line, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub reason: String,
}

/// The result of an edit.
pub type EditResult<T> = Result<T, JsonError>;

/// Replaces the string at the end of `path` (`["volta", "node"]`).
///
/// `None` if there is no string. Of fields with the same name the last one counts, as it does
/// for JSON's readers.
pub fn set(text: &str, path: &[&str], value: &str) -> EditResult<Option<String>> {
    replace(text, value, |root| value_at(root, path))
}

/// Replaces the `version` of the object whose `name` is `name`: the object at the end of `path`
/// itself, or the first such one in the list there.
///
/// That is the form of `devEngines.runtime`; the `package.json` page of npm's manual describes it.
/// Text of the form `name@version` becomes `name@value`, as in `packageManager`: a hash after
/// the version is removed, since it is that version's.
///
/// `None` if there is neither such an object with a version nor such a text.
pub fn set_named(text: &str, path: &[&str], name: &str, value: &str) -> EditResult<Option<String>> {
    let is_named = |value: &&Value<'_>| {
        let rest = value.as_string_lit().and_then(|found| found.value.strip_prefix(name));
        rest.is_some_and(|rest| rest.starts_with('@'))
    };
    let in_text =
        replace(text, &format!("{name}@{value}"), |root| value_at(root, path).filter(is_named))?;
    if in_text.is_some() {
        return Ok(in_text);
    }
    replace(text, value, |root| {
        let object = object_named(value_at(root, path)?, name)?;
        field(object, "version")
    })
}

/// Removes the field at the end of `path`, each of them if there are several. `None` if there is none.
pub fn remove(text: &str, path: &[&str]) -> EditResult<Option<String>> {
    let Some((key, above)) = path.split_last() else { return Ok(None) };
    let mut rest = None;
    while let Some(shorter) = remove_field(rest.as_deref().unwrap_or(text), key, |root| {
        value_at(root, above)?.as_object()
    })? {
        rest = Some(shorter);
    }
    Ok(rest)
}

/// Removes what [`set_named`] sets: the `version` of the object of that name, or the field with the
/// text `name@version`.
pub fn remove_named(text: &str, path: &[&str], name: &str) -> EditResult<Option<String>> {
    let in_object =
        remove_field(text, "version", |root| object_named(value_at(root, path)?, name))?;
    if in_object.is_some() {
        return Ok(in_object);
    }
    let Some((key, above)) = path.split_last() else { return Ok(None) };
    remove_field(text, key, |root| {
        let text = value_at(root, path)?.as_string_lit()?;
        let is_named = text.value.strip_prefix(name).is_some_and(|rest| rest.starts_with('@'));
        let object = value_at(root, above)?.as_object()?;
        is_named.then_some(object)
    })
}

/// Removes the last field of a name in an object, with one comma.
fn remove_field(
    text: &str,
    key: &str,
    find: impl for<'a, 'text> Fn(&'a Value<'text>) -> Option<&'a Object<'text>>,
) -> EditResult<Option<String>> {
    let (mark, body) = split_mark(text);
    let document = parse(body)?;
    let found = document.value.as_ref().and_then(find).and_then(|object| {
        let fields = &object.properties;
        let at = fields.iter().rposition(|property| property.name.as_str() == key)?;
        let previous = at.checked_sub(1).and_then(|previous| fields.get(previous));
        Some(match (fields.get(at + 1), previous) {
            (Some(next), _) => fields[at].start()..next.start(),
            (None, Some(previous)) => previous.end()..fields[at].end(),
            (None, None) => object.start() + 1..object.end() - 1,
        })
    });
    Ok(found.map(|cut| [mark, &body[..cut.start], &body[cut.end..]].concat()))
}

/// The document of a text that `serde_json` takes, too.
fn parse(body: &str) -> EditResult<ParseResult<'_>> {
    serde_json::from_str::<IgnoredAny>(body)?;
    Ok(jsonc_parser::parse_to_ast(body, &CollectOptions::default(), &ParseOptions::default())?)
}

fn replace(
    text: &str,
    value: &str,
    find: impl for<'a, 'text> Fn(&'a Value<'text>) -> Option<&'a Value<'text>>,
) -> EditResult<Option<String>> {
    let (mark, body) = split_mark(text);
    let document = parse(body)?;
    let found = document.value.as_ref().and_then(find).and_then(Value::as_string_lit);
    Ok(found.map(|string| {
        let Range { start, end } = string.start()..string.end();
        let value = serde_json::Value::from(value).to_string();
        [mark, &body[..start], &value, &body[end..]].concat()
    }))
}

fn value_at<'a, 'text>(root: &'a Value<'text>, path: &[&str]) -> Option<&'a Value<'text>> {
    path.iter().try_fold(root, |value, key| field(value.as_object()?, key))
}

fn field<'a, 'text>(object: &'a Object<'text>, key: &str) -> Option<&'a Value<'text>> {
    let last = object.properties.iter().rfind(|property| property.name.as_str() == key)?;
    Some(&last.value)
}

fn object_named<'a, 'text>(value: &'a Value<'text>, name: &str) -> Option<&'a Object<'text>> {
    let candidates = match value {
        Value::Array(list) => &list.elements[..],
        _ => std::slice::from_ref(value),
    };
    candidates.iter().filter_map(Value::as_object).find(|object| {
        let found = field(object, "name").and_then(Value::as_string_lit);
        found.is_some_and(|found| found.value == name)
    })
}

impl JsonError {
    /// The error for the user.
    pub fn in_file(&self, path: &Path) -> Error {
        Error::new(ErrorKind::BadFile, format!("{} isn't valid JSON", Shown(path)))
            .because(self.to_string())
            .hint(format!("correct line {}, then try again", self.line))
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, Escaped(&self.reason))
    }
}

impl std::error::Error for JsonError {}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let position = format!(" at line {line} column {column}");
        let reason = message.strip_suffix(&position).unwrap_or(&message).to_owned();
        // A text that ends too early ends at column 0 of its last line.
        Self { line, column: column.max(1), reason }
    }
}

impl From<jsonc_parser::errors::ParseError> for JsonError {
    fn from(error: jsonc_parser::errors::ParseError) -> Self {
        Self {
            line: error.line_display(),
            column: error.column_display(),
            reason: error.kind().to_string().to_lowercase(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::Strategy;
    use proptest::{collection, prop_assert_eq, prop_oneof, proptest};

    const VOLTA: &[&str] = &["volta", "node"];
    const RUNTIME: &[&str] = &["devEngines", "runtime"];

    fn check(before: &str, after: Option<&str>) {
        assert_eq!(set(before, VOLTA, "20.1.0").unwrap().as_deref(), after, "{before:?}");
    }

    #[test]
    fn only_the_json_string_changes() {
        for (before, after) in [
            (r#"{"volta":{"node":"12.0.0"}}"#, r#"{"volta":{"node":"20.1.0"}}"#),
            (
                "{\r\n\t\"volta\" : {\r\n\t\t\"npm\":\"6\", \"node\"  :\t\"12\"\r\n}}\r\n\r\n",
                "{\r\n\t\"volta\" : {\r\n\t\t\"npm\":\"6\", \"node\"  :\t\"20.1.0\"\r\n}}\r\n\r\n",
            ),
            ("\u{feff}{\"volta\":{\"node\":\"\"}}", "\u{feff}{\"volta\":{\"node\":\"20.1.0\"}}"),
            (
                r#"{"a\"\u00e9\ud83d\ude00\\":"é\/\n\"}","volta":{"node":"1\u0032"},"n":[1.0e+5,-0]}"#,
                r#"{"a\"\u00e9\ud83d\ude00\\":"é\/\n\"}","volta":{"node":"20.1.0"},"n":[1.0e+5,-0]}"#,
            ),
            // A name may be written with escapes.
            (r#"{"v\u006flta":{"node":"1"}}"#, r#"{"v\u006flta":{"node":"20.1.0"}}"#),
            // The last of several counts.
            (
                r#"{"volta":{"node":"1"},"volta":{"node":"2","node":"3"}}"#,
                r#"{"volta":{"node":"1"},"volta":{"node":"2","node":"20.1.0"}}"#,
            ),
            // Only at that very place.
            (
                r#"{"x":{"volta":{"node":"1"}},"volta":{"x":{"node":"1"},"node":"1"}}"#,
                r#"{"x":{"volta":{"node":"1"}},"volta":{"x":{"node":"1"},"node":"20.1.0"}}"#,
            ),
        ] {
            check(before, Some(after));
        }
    }

    #[test]
    fn a_text_without_that_string_is_not_edited() {
        for text in [
            "{}",
            "[]",
            "12",
            r#"{"volta":"node"}"#,
            r#"{"volta":{"node":12}}"#,
            r#"{"volta":{"node":null}}"#,
            r#"{"volta":{"node":{}}}"#,
            r#"{"volta":[{"node":"1"}]}"#,
            r#"{"volta":{"node":"1"},"volta":{"npm":"2"}}"#,
        ] {
            check(text, None);
        }
    }

    #[test]
    fn the_last_duplicate_json_key_is_set() {
        let text = r#"{"volta":{"node":"1","node":"2"}}"#;
        let edited = set(text, VOLTA, "3").unwrap().unwrap();
        let read: serde_json::Value = serde_json::from_str(&edited).unwrap();
        assert_eq!(read["volta"]["node"], "3");
    }

    #[test]
    fn a_named_json_object_is_found_alone_or_in_a_list() {
        let check = |before: &str, after: Option<&str>| {
            let set = set_named(before, RUNTIME, "node", "20").unwrap();
            assert_eq!(set.as_deref(), after, "{before:?}");
        };
        for (before, after) in [
            (r#"{"name":"node","version":"1"}"#, Some(r#"{"name":"node","version":"20"}"#)),
            (r#"{"version":"1" ,"name":"node"}"#, Some(r#"{"version":"20" ,"name":"node"}"#)),
            (r#"{"name":"bun","version":"1"}"#, None),
            (r#"{"name":"node"}"#, None),
            (r#""node""#, None),
            (
                r#"[7,{"name":"bun","version":"1"}, {"name":"node","version":"1"}]"#,
                Some(r#"[7,{"name":"bun","version":"1"}, {"name":"node","version":"20"}]"#),
            ),
            (
                r#"[{"name":"node","version":"1"},{"name":"node","version":"2"}]"#,
                Some(r#"[{"name":"node","version":"20"},{"name":"node","version":"2"}]"#),
            ),
            ("[]", None),
        ] {
            let document = |runtime: &str| format!("{{\"devEngines\":{{\"runtime\":{runtime}}}}}");
            check(&document(before), after.map(document).as_deref());
        }
    }

    #[test]
    fn changing_the_package_manager_version_drops_its_hash() {
        let check = |before: &str, after: Option<&str>| {
            let set = set_named(before, &["packageManager"], "pnpm", "9.2.0").unwrap();
            assert_eq!(set.as_deref(), after, "{before:?}");
        };
        let document =
            |text: &str| format!("{{ \"packageManager\" :\t\"{text}\",\r\n\"x\": 1 }}\n");
        for (before, after) in [
            ("pnpm@9.1.0", Some("pnpm@9.2.0")),
            ("pnpm@9.1.0+sha512.a1b2", Some("pnpm@9.2.0")),
            ("pnpm@", Some("pnpm@9.2.0")),
            ("pnpm", None),
            ("pnpmx@9.1.0", None),
            ("yarn@1.22.22", None),
        ] {
            check(&document(before), after.map(document).as_deref());
        }
        check(r#"{"packageManager":["pnpm@9.1.0"]}"#, None);
    }

    #[test]
    fn removal_deletes_one_json_field_and_its_comma() {
        for (before, after) in [
            (r#"{"volta":{"node":"12"}}"#, Some(r#"{"volta":{}}"#)),
            (r#"{"volta":{ "node":"12", "npm":"6"}}"#, Some(r#"{"volta":{ "npm":"6"}}"#)),
            (
                "{\r\n\t\"volta\": {\r\n\t\t\"npm\": \"6\",\r\n\t\t\"node\": \"12\"\r\n\t}\r\n}",
                Some("{\r\n\t\"volta\": {\r\n\t\t\"npm\": \"6\"\r\n\t}\r\n}"),
            ),
            (r#"{"volta":{"node":"1","npm":"6","node":"2"}}"#, Some(r#"{"volta":{"npm":"6"}}"#)),
            (r#"{"volta":"node"}"#, None),
            (r#"{"node":"1"}"#, None),
        ] {
            assert_eq!(remove(before, VOLTA).unwrap().as_deref(), after, "{before:?}");
        }
    }

    #[test]
    fn removal_of_a_named_json_entry_leaves_its_other_fields() {
        let runtime = |entries: &str| format!(r#"{{"devEngines":{{"runtime":{entries}}}}}"#);
        let bun = r#"{"name":"bun","version":"1"}"#;
        let before =
            runtime(&format!(r#"[{bun}, {{"name":"node","version":"1","onFail":"warn"}}]"#));
        let after = runtime(&format!(r#"[{bun}, {{"name":"node","onFail":"warn"}}]"#));
        assert_eq!(remove_named(&before, RUNTIME, "node").unwrap().unwrap(), after);
        let manager = "{\n  \"name\": \"x\",\n  \"packageManager\": \"pnpm@9.1.0\"\n}\n";
        let removed = remove_named(manager, &["packageManager"], "pnpm").unwrap();
        assert_eq!(removed.unwrap(), "{\n  \"name\": \"x\"\n}\n");
        assert_eq!(remove_named(manager, &["packageManager"], "yarn").unwrap(), None);
    }

    #[test]
    fn a_written_json_value_is_escaped() {
        let edited = set(r#"{"volta":{"node":"1"}}"#, VOLTA, "a\"\\\n").unwrap();
        assert_eq!(edited.unwrap(), r#"{"volta":{"node":"a\"\\\n"}}"#);
    }

    #[test]
    fn invalid_json_is_refused_with_its_line() {
        for (text, line, reason) in [
            ("", 1, "EOF while parsing a value"),
            ("{\n  // why\n}", 2, "key must be a string"),
            ("{\"a\": 1,\n}", 2, "key must be a string"),
            ("{\"a\": 1\n\"b\": 2}", 2, "expected `,` or `}`"),
            ("{}\n{}", 2, "trailing characters"),
            (
                "{\"a\":\n\"\t\"}",
                2,
                "control character (\\u0000-\\u001F) found while parsing a string",
            ),
            ("{\"a\":\u{a0}1}", 1, "expected value"),
        ] {
            let fault = set(text, VOLTA, "20").unwrap_err();
            assert_eq!((fault.line, &*fault.reason), (line, reason), "{text:?}");
        }
        let nested = "[".repeat(100_000) + &"]".repeat(100_000);
        assert_eq!(set(&nested, VOLTA, "20").unwrap_err().reason, "maximum nesting depth exceeded");
        let half = set("{\n\"a\":\"\\ud800\"}", VOLTA, "20").unwrap_err();
        assert_eq!(half.line, 2, "{half}");
    }

    #[test]
    fn the_error_names_the_file_and_the_line() {
        let fault = set("{\n", VOLTA, "20").unwrap_err();
        insta::assert_snapshot!(fault.in_file(Path::new("/p/package.json")), @r"
        /p/package.json isn't valid JSON
          line 2, column 1: EOF while parsing an object
          hint: correct line 2, then try again
        ");
    }

    #[test]
    fn editing_a_large_json_file_keeps_every_other_byte() {
        let filler = r#"{"k": "v", "list": [1, 2.50, null, true]},"#.repeat(100_000);
        let before = format!("{{\"all\":[{filler}0],\"volta\":{{\"node\":\"1\"}}}}");
        let edited = set(&before, VOLTA, "20").unwrap().unwrap();
        assert!(edited == before.replace("\"node\":\"1\"", "\"node\":\"20\""));
    }

    fn documents() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            "-?[1-9][0-9]{0,3}([.][0-9]{1,2})?(e[+-]?[0-9])?",
            "true|false|null",
            r#""([a-z é{}:,]|\\["\\/bfnrt]|\\u00[0-9a-fA-F]{2}){0,6}""#,
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let space = "[ \t\r\n]{0,3}";
            let key = "(volta|node|name|version|[a-c]{1,2})";
            let fields = collection::vec((space, key, space, inner.clone(), space), 0..4);
            let items = collection::vec((space, inner, space), 0..4);
            prop_oneof![
                fields.prop_map(|fields| {
                    let field = |(a, k, b, v, c)| format!("{a}\"{k}\"{b}:{v}{c}");
                    let all: Vec<String> = fields.into_iter().map(field).collect();
                    format!("{{{}}}", all.join(","))
                }),
                items.prop_map(|items| {
                    let all: Vec<String> = items.into_iter().map(|(a, v, b)| a + &v + &b).collect();
                    format!("[{}]", all.join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn editing_json_keeps_every_other_byte(
            (head, tail) in (documents(), documents()), mark in "\u{feff}?", old in "[a-z0-9.]{0,5}",
        ) {
            let around = |value: &str| {
                format!("{mark}{{\"head\": {head},\n\"volta\": {{\"node\":\t\"{value}\" }},\r\n\"x\":{tail}}}\n")
            };
            let edited = set(&around(&old), VOLTA, "20.1.0").unwrap().unwrap();
            prop_assert_eq!(&edited, &around("20.1.0"));
            prop_assert_eq!(set(&edited, VOLTA, "20.1.0").unwrap().unwrap(), edited);
        }

        #[test]
        fn json_editing_agrees_with_serde_json(text in documents()) {
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            let old = read.get("volta").and_then(|volta| volta.get("node")).and_then(|v| v.as_str());
            let edited = set(&text, VOLTA, "20").unwrap();
            prop_assert_eq!(edited.is_some(), old.is_some());
            if let Some(edited) = edited {
                let mut expected = read.clone();
                expected["volta"]["node"] = "20".into();
                let now: serde_json::Value = serde_json::from_str(&edited).unwrap();
                prop_assert_eq!(now, expected);
            }
        }

        #[test]
        fn removal_from_json_agrees_with_serde_json(text in documents()) {
            let mut expected: serde_json::Value = serde_json::from_str(&text).unwrap();
            let volta = expected.get_mut("volta").and_then(|volta| volta.as_object_mut());
            let had = volta.is_some_and(|volta| volta.remove("node").is_some());
            let edited = remove(&text, VOLTA).unwrap();
            prop_assert_eq!(edited.is_some(), had);
            if let Some(edited) = edited {
                let now: serde_json::Value = serde_json::from_str(&edited).unwrap();
                prop_assert_eq!(now, expected);
            }
        }

        #[test]
        fn json_editing_never_panics(text in "[{}\\[\\]\",:a0 \n\\\\u{feff}é]{0,30}") {
            let _ = set(&text, VOLTA, "20");
        }
    }
}
