//! A value of a TOML document: `mise.toml`, `.prototools`.
//!
//! The parser finds the value, and its bytes are replaced; every other byte stays.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::lines::split_mark;
use super::style::in_style_of;

/// Makes `request` the value at the end of `path` (`["tools", "node"]`).
///
/// A string keeps its kind of quotes. A number becomes a string: 3.10 would be 3.1. In an array, the
/// request becomes the only element. In a table, it becomes the value of `version`. `None` if the
/// text isn't TOML, or if the value is none of these.
pub fn set(text: &str, path: &[&str], request: &str) -> Option<String> {
    let (mark, body) = split_mark(text);
    let document = DeTable::parse(body).ok()?;
    let found = value_at(document.get_ref(), path)?;
    let found = version_in_table(found).unwrap_or(found);
    let mut cuts = Vec::new();
    let first = match found.get_ref() {
        DeValue::Array(list) => {
            let (first, others) = list.split_first()?;
            if !list.iter().all(is_request) {
                return None;
            }
            cuts = ranges_of_others(body, first, others);
            first
        }
        _ => Some(found).filter(|found| is_request(found))?,
    };
    let Range { start, end } = first.span();
    let written = toml_literal(&body[start..end], first.get_ref(), request);
    Some([mark, &body[..start], &written, &without_ranges(&body[end..], end, &cuts)].concat())
}

/// Removes the key at the end of `path` with its value: its line, or its part of an inline table.
///
/// `None` if the text isn't TOML or has no such key, or if the value is a section of its own.
pub fn remove(text: &str, path: &[&str]) -> Option<String> {
    let (mark, body) = split_mark(text);
    let document = DeTable::parse(body).ok()?;
    let (key, above) = path.split_last()?;
    let table = match above {
        [] => document.get_ref(),
        above => value_at(document.get_ref(), above)?.get_ref().as_table()?,
    };
    let (key, value) = table.iter().find(|(known, _)| known.get_ref() == key)?;
    let (start, end) = (key.span().start, value.span().end);
    let cut = line_of_key(body, start, end).or_else(|| inline_entry(body, start, end))?;
    let rest = [&body[..cut.start], &body[cut.end..]].concat();
    // Nothing else may mean something else.
    let mut expected: toml::Table = body.parse().ok()?;
    remove_value(&mut expected, path)?;
    (rest.parse::<toml::Table>().ok()? == expected).then(|| [mark, &rest].concat())
}

/// Removes a value; the tables that it was in stay.
fn remove_value(table: &mut toml::Table, path: &[&str]) -> Option<()> {
    match path {
        [] => None,
        [key] => table.remove(*key).map(drop),
        [key, rest @ ..] => remove_value(table.get_mut(*key)?.as_table_mut()?, rest),
    }
}

/// Makes `literal`, a TOML value, the value of a key at the top of the document. A new key comes behind
/// the others there.
///
/// `None` if the text isn't TOML, if the literal is none, or if the key is a section that has comments.
pub fn set_literal(text: &str, key: &str, literal: &str) -> Option<String> {
    let (mark, body) = split_mark(text);
    let document = DeTable::parse(body).ok()?;
    let assigned: toml::Table = format!("{key} = {literal}").parse().ok()?;
    let mut expected: toml::Table = body.parse().ok()?;
    expected.extend(assigned);
    let (range, new) = match document.get_ref().iter().find(|(known, _)| known.get_ref() == key) {
        Some((known, value)) => match line_of_key(body, known.span().start, value.span().end) {
            Some(_) => (value.span(), literal.to_owned()),
            None => (section(body, known, value)?, String::new()),
        },
        None => (0..0, String::new()),
    };
    let changed = [&body[..range.start], &new, &body[range.end..]].concat();
    let changed = match new.is_empty() {
        true => with_new_key(&changed, key, literal)?,
        false => changed,
    };
    (changed.parse::<toml::Table>().ok()? == expected).then(|| [mark, &changed].concat())
}

/// Removes a key at the top of the document with its value, also one that is a section without
/// comments. `None` if there is none, or if it can't be removed.
pub fn remove_key(text: &str, key: &str) -> Option<String> {
    if let Some(rest) = remove(text, &[key]) {
        return Some(rest);
    }
    let (mark, body) = split_mark(text);
    let document = DeTable::parse(body).ok()?;
    let (known, value) = document.get_ref().iter().find(|(known, _)| known.get_ref() == key)?;
    let cut = section(body, known, value)?;
    let rest = [&body[..cut.start], &body[cut.end..]].concat();
    let mut expected: toml::Table = body.parse().ok()?;
    expected.remove(key)?;
    (rest.parse::<toml::Table>().ok()? == expected).then(|| [mark, &rest].concat())
}

/// The lines of a section, from its header to its last value; `None` if there are comments in it.
fn section(
    body: &str,
    key: &Spanned<Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
) -> Option<Range<usize>> {
    let table = value.get_ref().as_table()?;
    let start = body[..key.span().start].rfind('\n').map_or(0, |at| at + 1);
    let ends = table.iter().map(|(_, value)| value.span().end);
    let last = ends.chain([key.span().end]).max()?;
    let end = body[last..].find('\n').map_or(body.len(), |at| last + at + 1);
    let lines = &body[start..end];
    (lines.trim_start().starts_with('[') && !lines.contains('#')).then_some(start..end)
}

/// A document with a new key at the top: behind the last one there, or at the start.
fn with_new_key(body: &str, key: &str, literal: &str) -> Option<String> {
    let document = DeTable::parse(body).ok()?;
    let line_ends = document.get_ref().iter().filter_map(|(known, value)| {
        Some(line_of_key(body, known.span().start, value.span().end)?.end)
    });
    let at = line_ends.max().unwrap_or(0);
    let end = if body.contains("\r\n") { "\r\n" } else { "\n" };
    let before = &body[..at];
    let gap = if before.is_empty() || before.ends_with('\n') { "" } else { end };
    Some([before, gap, key, " = ", literal, end, &body[at..]].concat())
}

/// The lines of a key and its value that have nothing else but a comment.
fn line_of_key(body: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let line = body[..start].rfind('\n').map_or(0, |at| at + 1);
    let is_key = |c: char| c.is_alphanumeric() || " \t_-.\"'".contains(c);
    let rest = &body[end..];
    let length = rest.find('\n').map_or(rest.len(), |at| at + 1);
    let after = rest[..length].trim();
    let is_alone = body[line..start].chars().all(is_key);
    (is_alone && (after.is_empty() || after.starts_with('#'))).then(|| line..end + length)
}

/// An entry of an inline table, with one comma.
fn inline_entry(body: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let before = body[..start].trim_end();
    if !before.ends_with(['{', ',']) {
        return None;
    }
    Some(match comma_after(body, end) {
        Some(comma) => {
            let rest = &body[comma + 1..];
            start..body.len() - rest.trim_start_matches([' ', '\t']).len()
        }
        None if before.ends_with(',') => before.len() - 1..end,
        None => start..end,
    })
}

fn value_at<'a, 'text>(
    table: &'a DeTable<'text>,
    path: &[&str],
) -> Option<&'a Spanned<DeValue<'text>>> {
    let (key, rest) = path.split_first()?;
    let (_, value) = table.iter().find(|(known, _)| known.get_ref() == key)?;
    match rest {
        [] => Some(value),
        rest => value_at(value.get_ref().as_table()?, rest),
    }
}

/// The version of a value that is a table: `{ version = "20", os = ["linux"] }`.
fn version_in_table<'a, 'text>(
    value: &'a Spanned<DeValue<'text>>,
) -> Option<&'a Spanned<DeValue<'text>>> {
    value_at(value.get_ref().as_table()?, &["version"])
}

fn is_request(value: &Spanned<DeValue<'_>>) -> bool {
    matches!(value.get_ref(), DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_))
}

/// A request as it is written in place of a value.
fn toml_literal(source: &str, old: &DeValue<'_>, request: &str) -> String {
    let request = in_style_of(old.as_str().unwrap_or_default(), request);
    if source.starts_with('\'') && !request.contains('\'') {
        return format!("'{request}'");
    }
    format!("\"{}\"", request.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The ranges to delete so that only the first element of an array is left: the other elements,
/// each with its comma and the blanks before it, and the lines that would be empty. Comments stay.
fn ranges_of_others(
    body: &str,
    first: &Spanned<DeValue<'_>>,
    others: &[Spanned<DeValue<'_>>],
) -> Vec<Range<usize>> {
    let comma = |value: &Spanned<DeValue<'_>>| comma_after(body, value.span().end);
    let mut cuts = Vec::new();
    if others.last().is_some_and(|last| comma(last).is_none()) {
        cuts.extend(comma(first).map(|comma| comma..comma + 1));
    }
    for other in others {
        let Range { start, end } = other.span();
        let start = body[..start].trim_end_matches([' ', '\t']).len();
        match comma(other) {
            Some(comma) if body[end..comma].trim().is_empty() => {
                cuts.push(with_line_end(body, start..comma + 1));
            }
            Some(comma) => cuts.extend([start..end, comma..comma + 1]),
            None => cuts.push(with_line_end(body, start..end)),
        }
    }
    cuts
}

/// The position of the next comma, after blanks, line ends and comments.
fn comma_after(body: &str, mut offset: usize) -> Option<usize> {
    loop {
        offset += body[offset..].len() - body[offset..].trim_start().len();
        match body[offset..].chars().next()? {
            ',' => return Some(offset),
            '#' => offset += body[offset..].find('\n')?,
            _ => return None,
        }
    }
}

/// A range that leaves nothing of its line, with the line's end; another one as it is.
fn with_line_end(body: &str, range: Range<usize>) -> Range<usize> {
    let rest = body[range.end..].trim_start_matches([' ', '\t']);
    let rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n'));
    match rest {
        Some(rest) if body[..range.start].ends_with('\n') => range.start..body.len() - rest.len(),
        Some(_) | None => range,
    }
}

/// A text that begins at this position of the document, without the ranges of the document in
/// `cuts`.
fn without_ranges(text: &str, begins: usize, cuts: &[Range<usize>]) -> String {
    let mut remaining = String::new();
    let mut offset = begins;
    for cut in cuts {
        remaining.push_str(text.get(offset - begins..cut.start - begins).unwrap_or_default());
        offset = cut.end;
    }
    remaining + &text[offset - begins..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection, option, prop_assert, prop_assert_eq, proptest, sample};
    use usher_shims::read::read;
    use usher_shims::tool::{Reader, TOOLS, VersionField, VersionFile};

    const NODE: &[&str] = &["tools", "node"];

    static FILE: VersionFile =
        VersionFile::new("mise.toml", Reader::Toml, &[VersionField::pinning("tools.node")]);

    fn check(before: &str, after: Option<&str>) {
        assert_eq!(set(before, NODE, "22").as_deref(), after, "{before:?}");
    }

    #[test]
    fn only_the_toml_value_changes() {
        for (before, after) in [
            ("[tools]\nnode = \"20\"\n", "[tools]\nnode = \"22\"\n"),
            (
                "\u{feff}# x\r\n[tools] # y\r\n\"node\"\t=  '20'   # why\r\nruby='3'\r\n",
                "\u{feff}# x\r\n[tools] # y\r\n\"node\"\t=  '22'   # why\r\nruby='3'\r\n",
            ),
            ("tools.node='20'", "tools.node='22'"),
            ("tools = { node = \"20\", ruby = '3' }", "tools = { node = \"22\", ruby = '3' }"),
            ("[tools]\nnode = \"\"\"\n20\"\"\"", "[tools]\nnode = \"22\""),
            ("[tools]\nnode = '''20'''", "[tools]\nnode = '22'"),
            ("[tools]\nnode = 20 # x", "[tools]\nnode = \"22\" # x"),
            ("[tools]\nnode = 20.10", "[tools]\nnode = \"22\""),
            ("[tools]\nnode = 'v20.1.0'", "[tools]\nnode = 'v22'"),
            (
                "[other]\nnode = '1'\n[tools]\nnode = ''",
                "[other]\nnode = '1'\n[tools]\nnode = '22'",
            ),
        ] {
            check(before, Some(after));
        }
    }

    #[test]
    fn a_toml_list_of_requests_becomes_one_request() {
        for (before, after) in [
            ("['20']", "['22']"),
            ("[ \"20\", '18' ]", "[ \"22\" ]"),
            ("[20,18,16,]", "[\"22\",]"),
            ("['20' , '18' , '16']", "['22' ]"),
            ("[\n  '20', # a, b\n  '18', # c\n  '16',\n]", "[\n  '22', # a, b\n # c\n]"),
            ("[\r\n\t'20',\r\n\t'18'\r\n]", "[\r\n\t'22'\r\n]"),
            ("[\n'20' # a\n, # b\n'18' # c\n,'16' # d\n]", "[\n'22' # a\n # b\n # c\n # d\n]"),
        ] {
            let document = |list: &str| format!("[tools]\nnode = {list}\nruby = ['3', '2']\n");
            check(&document(before), Some(&document(after)));
        }
    }

    #[test]
    fn a_value_that_is_no_request_is_not_edited() {
        for text in [
            "",
            "node = '20'",
            "[tools]\nnode = true",
            "[tools]\nnode = []",
            "[tools]\nnode = ['20', { version = '18' }]",
            "[tools]\nnode = { prefix = '20' }",
            "[[tools]]\nnode = '20'",
            "tools = 'node'",
            "[tools]\nnode = '20'\nnode = '18'",
            "[tools]\nnode = '20",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn toml_tables_are_searched_for_the_value() {
        for (before, after) in [
            ("[tools.node]\nversion = '20'\n", "[tools.node]\nversion = '22'\n"),
            (
                "[tools]\nnode = { os = 'x', version = '20' }",
                "[tools]\nnode = { os = 'x', version = '22' }",
            ),
            ("[tools]\nnode.version = '20'", "[tools]\nnode.version = '22'"),
        ] {
            assert_eq!(set(before, NODE, "22").as_deref(), Some(after), "{before:?}");
        }
    }

    #[test]
    fn a_written_toml_value_is_escaped() {
        for (before, request, after) in [
            ("'20'", "2'2", "\"2'2\""),
            ("\"20\"", "a\"\\", "\"a\\\"\\\\\""),
            ("20", ">=20 <22", "\">=20 <22\""),
        ] {
            let edited = set(&format!("tools.node = {before}"), NODE, request).unwrap();
            assert_eq!(edited, format!("tools.node = {after}"));
            let read: toml::Table = edited.parse().unwrap();
            assert_eq!(read["tools"]["node"].as_str(), Some(request));
        }
    }

    proptest! {
        #[test]
        fn editing_toml_keeps_every_other_byte(
            head in "([a-z]{1,3}[0-9] = ('é,#]'|[1-9][0-9]{0,2}|\\[ ?\\]) ?(# [a-z'\"\\[]{0,5})?\r?\n){0,1}",
            tail in "( ?# [a-z'\"=\\]]{0,5})?(\r?\n\\[x\\]\r?\nnode = '1' # y)?(\r?\n)?",
            mark in "\u{feff}?",
            gap in "[ \t]{0,2}=[ \t]{0,2}",
            quote in sample::select(vec!["'", "\""]),
            request in "v?[0-9]{1,2}([.][0-9]){0,2}|lts/[*]|>=[0-9] <[0-9]{2}",
        ) {
            let around = |value: &str| {
                format!("{mark}{head}[tools]\n node{gap}{quote}{value}{quote}{tail}")
            };
            let edited = set(&around("20"), NODE, &request).unwrap();
            prop_assert_eq!(&edited, &around(&request));
            prop_assert_eq!(set(&edited, NODE, &request), Some(edited));
        }

        #[test]
        fn editing_a_toml_list_keeps_comments_and_is_idempotent(
            elements in collection::vec(("[ \n]{0,2}(#,a\n)?", "'[0-9]{2}'|\"[0-9]\"|[1-9]", "[ \n]{0,2}(#b]\n)?"), 1..5),
            end in option::of("[ \n]{0,2}(#c\n)?"),
        ) {
            let count = elements.len();
            let list: Vec<String> = elements.into_iter().map(|(a, value, b)| a + &value + &b).collect();
            let list = list.join(",") + &end.map_or_else(String::new, |end| format!(",{end}"));
            let before = format!("[tools]\nnode = [{list}]\nx = ['18', 3] # d\n");
            let edited = set(&before, NODE, "22").unwrap();
            let body = read(&edited, &FILE, &TOOLS[0]).unwrap();
            prop_assert_eq!(&body[0].texts, &["22"], "{} of {}: {}", count, before, edited);
            let mut expected: toml::Table = before.parse().unwrap();
            expected["tools"]["node"] = toml::Value::Array(vec!["22".into()]);
            prop_assert_eq!(edited.parse::<toml::Table>().unwrap(), expected);
            for comment in ["#,a\n", "#b]\n", "#c\n", "# d\n"] {
                prop_assert_eq!(edited.matches(comment).count(), before.matches(comment).count());
            }
            prop_assert_eq!(set(&edited, NODE, "22"), Some(edited));
        }

        #[test]
        fn toml_editing_never_panics(text in "([tolsnde=\"'0.,#{}\\[\\] \n]|tools|node){0,20}") {
            if let Some(edited) = set(&text, NODE, "22") {
                prop_assert!(edited.parse::<toml::Table>().is_ok(), "{}", edited);
            }
        }
    }

    #[test]
    fn removal_deletes_a_key_and_nothing_else() {
        for (before, after) in [
            ("[tools]\r\nnode = '20' # x\r\ngo = '1'\r\n", Some("[tools]\r\ngo = '1'\r\n")),
            ("# a\n[tools]\n  node = [\n  '20',\n  '18',\n]\n# b\n", Some("# a\n[tools]\n# b\n")),
            ("[tools]\nnode = { version = '20', os = ['linux'] }", Some("[tools]\n")),
            ("tools = { node = '20', go = '1' }\n", Some("tools = { go = '1' }\n")),
            ("tools = { go = '1', node = '20' }\n", Some("tools = { go = '1' }\n")),
            ("tools = { node = '20' }\n", Some("tools = {  }\n")),
            ("tools.go = '1'\ntools.node = '20'\n", Some("tools.go = '1'\n")),
            ("[tools]\n\"node\" = '20'\n", Some("[tools]\n")),
            ("\u{feff}[tools]\nnode = '20'\n", Some("\u{feff}[tools]\n")),
            // A section may have comments of its own.
            ("[tools.node]\nversion = '20'\n", None),
            ("[tools]\ngo = '1'\n", None),
            ("[tools\n", None),
        ] {
            assert_eq!(remove(before, &["tools", "node"]).as_deref(), after, "{before:?}");
        }
    }

    #[test]
    fn a_setting_is_set_at_the_top_of_the_document() {
        for (before, after) in [
            ("", "x = [1]\n"),
            ("# ours\n", "x = [1]\n# ours\n"),
            (
                "a = 1 # why\r\n\r\n[b]\r\nc = 2\r\n",
                "a = 1 # why\r\nx = [1]\r\n\r\n[b]\r\nc = 2\r\n",
            ),
            ("a = 1", "a = 1\nx = [1]\n"),
            ("# a\nx = 'y' # why\nz = 1\n", "# a\nx = [1] # why\nz = 1\n"),
            ("a = 1\n\n[x]\nb = 2\nc = 3\n\n[d]\n", "a = 1\nx = [1]\n\n\n[d]\n"),
            ("[b]\nc = 2\n", "x = [1]\n[b]\nc = 2\n"),
        ] {
            assert_eq!(set_literal(before, "x", "[1]").as_deref(), Some(after), "{before:?}");
        }
        assert_eq!(set_literal("[x]\n# mine\nb = 2\n", "x", "1"), None);
        assert_eq!(set_literal("x = 1\n", "x", "1\ny = 2"), None);
        assert_eq!(set_literal("x = \n", "x", "1"), None);
    }

    #[test]
    fn a_setting_is_removed_with_its_section() {
        assert_eq!(remove_key("a = 1\nx = 2 # b\n", "x").unwrap(), "a = 1\n");
        assert_eq!(remove_key("a = 1\n[x]\nb = 2\n[c]\n", "x").unwrap(), "a = 1\n[c]\n");
        assert_eq!(remove_key("[x]\nb = 2 # mine\n", "x"), None);
        assert_eq!(remove_key("a = 1\n", "x"), None);
    }
}
