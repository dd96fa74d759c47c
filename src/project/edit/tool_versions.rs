//! `.tool-versions`: a tool and its versions on each line, as asdf and mise read it.
//!
//! Knows the format of the file, not the names of tools.

use super::lines::{TextLine, append_line, lines, split_mark};

/// Makes `request` the tool's only version.
///
/// `names` are the tool's names, the one for a new line first. The first line of the tool decides when
/// the file is read: it is changed, and other lines of the tool are removed. If there is none, a line
/// is added. Without a name, nothing changes.
pub fn set(text: &str, names: &[&str], request: &str) -> String {
    let (mark, body) = split_mark(text);
    let mut edited = String::from(mark);
    let mut done = false;
    for line in lines(body) {
        let (name, gap) = name_and_gap(&line);
        if !names.contains(&name) {
            edited.push_str(line.whole);
        } else if !done {
            edited.push_str(&line.with_content(&[name, gap, request].concat()));
            done = true;
        }
    }
    match names.first() {
        Some(preferred) if !done => append_line(&mut edited, &format!("{preferred} {request}")),
        Some(_) | None => {}
    }
    edited
}

/// Removes every line of the tool; `names` are the tool's names.
pub fn remove(text: &str, names: &[&str]) -> String {
    let (mark, body) = split_mark(text);
    let others = lines(body).filter(|line| !names.contains(&name_and_gap(line).0));
    std::iter::once(mark).chain(others.map(|line| line.whole)).collect()
}

/// A line's first word and the white space behind it.
fn name_and_gap<'a>(line: &TextLine<'a>) -> (&'a str, &'a str) {
    let Some(space) = line.content.find(char::is_whitespace) else {
        return (line.content, " ");
    };
    let (name, rest) = line.content.split_at(space);
    (name, &rest[..rest.len() - rest.trim_start().len()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::Strategy;
    use proptest::{collection, option, prop_assert, prop_assert_eq, prop_oneof, proptest, sample};

    const NAMES: &[&str] = &["nodejs", "node"];

    fn check(before: &str, after: &str) {
        assert_eq!(set(before, NAMES, "20"), after, "set in {before:?}");
    }

    #[test]
    fn only_the_tools_line_changes() {
        for (before, after) in [
            // The line in its place.
            ("nodejs 12\n", "nodejs 20\n"),
            ("node 12\n", "node 20\n"),
            ("ruby 3.1\nnodejs 12\npython 3.7\n", "ruby 3.1\nnodejs 20\npython 3.7\n"),
            ("nodejs 12 14 system\n", "nodejs 20\n"),
            ("  nodejs\t \t12  \n", "  nodejs\t \t20  \n"),
            ("nodejs 20\n", "nodejs 20\n"),
            ("nodejs", "nodejs 20"),
            ("nodejs   \n", "nodejs 20   \n"),
            // Comments.
            ("nodejs 12   # as in CI\n", "nodejs 20   # as in CI\n"),
            ("nodejs 12# as in CI\n", "nodejs 20 # as in CI\n"),
            ("nodejs # none\n", "nodejs 20 # none\n"),
            ("# nodejs 12\n\n", "# nodejs 12\n\nnodejs 20\n"),
            // Line ends and the byte order mark.
            ("ruby 3\r\nnodejs 12\r\n", "ruby 3\r\nnodejs 20\r\n"),
            ("ruby 3\r\n", "ruby 3\r\nnodejs 20\r\n"),
            ("ruby 3\rnodejs 12\r", "ruby 3\rnodejs 20\r"),
            ("ruby 3\nnodejs 12", "ruby 3\nnodejs 20"),
            ("ruby 3", "ruby 3\nnodejs 20\n"),
            ("\u{feff}nodejs 12\n", "\u{feff}nodejs 20\n"),
            ("\u{feff}", "\u{feff}nodejs 20\n"),
            ("", "nodejs 20\n"),
            ("\n\n", "\n\nnodejs 20\n"),
            // The first line decides.
            ("nodejs 12\nruby 3\nnode 14\n", "nodejs 20\nruby 3\n"),
            ("node 12\nnodejs 14", "node 20\n"),
            // Names are whole words.
            ("nodejs-lts 12\nnode12 3\n", "nodejs-lts 12\nnode12 3\nnodejs 20\n"),
            ("Nodejs 12\n", "Nodejs 12\nnodejs 20\n"),
        ] {
            check(before, after);
        }
    }

    #[test]
    fn a_tool_without_a_name_changes_nothing() {
        assert_eq!(set("nodejs 12", &[], "20"), "nodejs 12");
    }

    #[test]
    fn removal_deletes_all_lines_of_the_tool() {
        for (before, after) in [
            ("nodejs 12\nruby 3\nnode 14", "ruby 3\n"),
            ("\u{feff}nodejs 12\r\n# nodejs\r\n", "\u{feff}# nodejs\r\n"),
            ("nodejs", ""),
            ("ruby 3", "ruby 3"),
        ] {
            assert_eq!(remove(before, NAMES), after, "remove from {before:?}");
        }
    }

    /// A line and whether it is the tool's.
    fn any_line() -> impl Strategy<Value = (bool, String)> {
        let rest = "([ \t]{1,3}[0-9é.]{1,4}){0,2}[ \t]{0,2}(#[a-z #]{0,5})?";
        let word = prop_oneof![
            ("nodejs|node").prop_map(|name| (true, name)),
            "((x|nodex|ruby)?|#node)".prop_map(|name| (false, name)),
        ];
        ("[ \t]{0,2}", word, rest)
            .prop_map(|(indent, (ours, word), rest)| (ours, indent + &word + &rest))
    }

    fn any_lines() -> impl Strategy<Value = Vec<(bool, String)>> {
        let end = sample::select(vec!["\n", "\r\n"]);
        let ended = (any_line(), end).prop_map(|((ours, line), end)| (ours, line + end));
        (collection::vec(ended, 0..8), option::of(any_line())).prop_map(|(mut lines, last)| {
            lines.extend(last);
            lines
        })
    }

    fn join_lines(pieces: &[(bool, String)], keep: impl Fn(bool) -> bool) -> String {
        pieces.iter().filter(|(ours, _)| keep(*ours)).map(|(_, line)| &**line).collect()
    }

    proptest! {
        #[test]
        fn lines_of_other_tools_stay(mark in "\u{feff}?", pieces in any_lines()) {
            let text = mark.clone() + &join_lines(&pieces, |_| true);
            let first = pieces.iter().position(|(ours, _)| *ours).unwrap_or(pieces.len());
            let before = mark.clone() + &join_lines(&pieces[..first], |_| true);
            let after = join_lines(&pieces[first..], |ours| !ours);

            let edited = set(&text, NAMES, "20");
            let changed = edited.strip_prefix(&before).and_then(|rest| rest.strip_suffix(&after));
            prop_assert!(changed.is_some_and(|line| line.contains("20")), "{:?}", edited);
            prop_assert_eq!(set(&edited, NAMES, "20"), edited);
            prop_assert_eq!(remove(&text, NAMES), mark + &join_lines(&pieces, |ours| !ours));
        }
    }
}
