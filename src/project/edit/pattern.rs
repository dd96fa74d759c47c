//! Patterns on lines: `Gemfile`, `go.mod`, `runtime.txt`.
//!
//! The reader decides which part of a line is the version, so that what is edited is what is read.

use usher_shims::read::placeholders;

use super::lines::{change_line, remove_line};
use super::style::in_style_of;

/// Puts `request` in the placeholder of a pattern, on a line counted from 1.
///
/// If the pattern has a placeholder for the flavour, that must stay the same, since the rest of the
/// line may depend on it. `None` if the pattern doesn't match the line, if the line joins several
/// requests, or if the request can't be written there as it is.
pub fn set(text: &str, line: u32, pattern: &str, request: &str) -> Option<String> {
    change_line(text, line, |line| {
        let content = line.trim();
        let (before, after) = line.split_at(line.len() - line.trim_start().len());
        let edited = set_in(content, pattern, request)?;
        Some([before, &edited, &after[content.len()..]].concat())
    })
}

/// Removes a line, counted from 1, that the pattern matches.
pub fn remove(text: &str, line: u32, pattern: &str) -> Option<String> {
    remove_line(text, line, |line| placeholders(line.trim(), pattern).is_some())
}

fn set_in(content: &str, pattern: &str, request: &str) -> Option<String> {
    let found = placeholders(content, pattern)?;
    let [placeholder] = found.request.as_slice() else { return None };
    let request = match &found.flavour {
        Some(flavour) => request.strip_prefix(&content[flavour.clone()])?.strip_prefix('-')?,
        None => request,
    };
    let request = in_style_of(&content[placeholder.clone()], request);
    let edited = [&content[..placeholder.start], &request, &content[placeholder.end..]].concat();
    let written = placeholder.start..placeholder.start + request.len();
    (placeholders(&edited, pattern)?.request == vec![written]).then_some(edited)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection, prop_assert_eq, proptest, sample};

    fn check(pattern: &str, (before, request): (&str, &str), after: Option<&str>) {
        let set = set(before, 2, pattern, request);
        assert_eq!(set.as_deref(), after, "{request} by {pattern} in {before:?}");
    }

    #[test]
    fn only_the_placeholder_changes() {
        let engine = "x \"{_}\", engine: \"{flavour}\", engine_version: \"{}\"";
        for (pattern, before, request, after) in [
            (
                "ruby \"{}\"",
                "\n  ruby  '3.2.1' # why\t\r\n",
                "3.3.0",
                "\n  ruby  '3.3.0' # why\t\r\n",
            ),
            (
                "ruby \"{}\"",
                "\u{feff}# x\r\nruby \"3.2.1\"\r\n",
                "3.3.0",
                "\u{feff}# x\r\nruby \"3.3.0\"\r\n",
            ),
            ("ruby \"{}\"", "\nruby('3.2.1')", "3.3.0", "-"),
            ("ruby \"{}\"", "\nruby '3.2.1', x: 1", "~> 3.3", "\nruby '~> 3.3', x: 1"),
            (
                "toolchain go{}",
                "go 1.22\ntoolchain go1.22.5 // x\n",
                "1.23.1",
                "go 1.22\ntoolchain go1.23.1 // x\n",
            ),
            ("python-{}", "\npython-3.9.1\n", "3.12", "\npython-3.12\n"),
            ("x {}", "\nx v20", "22", "\nx v22"),
            (
                engine,
                "\nx '3.1', engine: 'j', engine_version: '9.4' # y",
                "j-9.5.0",
                "\nx '3.1', engine: 'j', engine_version: '9.5.0' # y",
            ),
        ] {
            check(pattern, (before, request), Some(after).filter(|after| *after != "-"));
        }
        // The pattern doesn't cover another flavour, or none.
        let line = "\nx '3.1', engine: 'j', engine_version: '9.4'";
        check(engine, (line, "t-24.1"), None);
        check(engine, (line, "3.3.0"), None);
    }

    #[test]
    fn removal_deletes_the_line_that_matches() {
        let text = "go 1.22\r\n\r\ntoolchain go1.22.5 // x\r\n";
        assert_eq!(remove(text, 3, "toolchain go{}").unwrap(), "go 1.22\r\n\r\n");
        assert_eq!(remove(text, 1, "toolchain go{}"), None);
    }

    #[test]
    fn requests_that_do_not_fit_are_not_written() {
        check("x {}", ("\nx 20", ">=20 <22"), None);
        check("x \"{}\"", ("\nx '20'", "2'2"), None);
        check("x \"{}\"", ("\nx '20'", ""), None);
        check("x \"{}\" , \"{more}\"", ("\nx '>= 3.0', '< 3.4'", "3.3"), None);
        check("x {}", ("\ny 20", "22"), None);
        check("x {}", ("x 20", "22"), None);
    }

    proptest! {
        #[test]
        fn setting_a_pattern_keeps_other_bytes_and_is_idempotent(
            head in collection::vec(("[a-z0-9 #'\"é]{0,9}", sample::select(vec!["\n", "\r\n"])), 0..4),
            mark in "\u{feff}?",
            start in "[ \t]{0,2}x[ \t]{1,2}",
            quote in sample::select(vec!["\"", "'"]),
            end in "([ ,)][^\r\n]{0,9})?(\r\n|\n)?",
            request in "[0-9]{1,2}([.][0-9]){0,2}|lts/[*]|>= [0-9]",
        ) {
            let line = u32::try_from(head.len()).unwrap() + 1;
            let head: String = head.into_iter().map(|(line, end)| line + end).collect();
            let around = |value: &str| format!("{mark}{head}{start}{quote}{value}{quote}{end}");
            let set = |text: &str| set(text, line, "x \"{}\"", &request);
            let edited = set(&around("20")).unwrap();
            prop_assert_eq!(&edited, &around(&request));
            prop_assert_eq!(set(&edited), Some(edited));
        }

        #[test]
        fn setting_a_pattern_never_panics(text in "\\PC*", pattern in "[a-z\" {}(,]*", request in "\\PC*") {
            let _ = set(&text, 1, &pattern, &request);
        }
    }
}
