//! Files that contain a request as plain text: `.nvmrc`, `.node-version`, `.python-version`.
//!
//! Knows the format of these files, not which tool one belongs to.

use super::lines::{append_line, lines, split_mark};
use super::style::in_style_of;

/// Makes `request` the only one in the file.
///
/// It replaces the first line that requests a version; further ones, pyenv's fallbacks, are removed.
/// Comments, blank lines and nvm's `key=value` lines stay. Where the old request was written as
/// `v12`, a new one that begins with a digit is written so, too. A key with one of these names stays
/// in front, as jabba's `jdk: 17` has it.
pub fn set(text: &str, names: &[&str], request: &str) -> String {
    let (mark, body) = split_mark(text);
    let mut edited = String::from(mark);
    let mut done = false;
    for line in lines(body) {
        if line.content.is_empty() || is_setting(line.content) {
            edited.push_str(line.whole);
        } else if !done {
            let (key, before) = line.content.split_at(key_length(line.content, names));
            edited.push_str(&line.with_content(&[key, &in_style_of(before, request)].concat()));
            done = true;
        }
    }
    if !done {
        append_line(&mut edited, request);
    }
    edited
}

/// Removes every request. Comments, blank lines and settings stay.
pub fn remove(text: &str) -> String {
    let (mark, body) = split_mark(text);
    let others = lines(body).filter(|line| line.content.is_empty() || is_setting(line.content));
    std::iter::once(mark).chain(others.map(|line| line.whole)).collect()
}

/// The length of a key in front of a request, with its colon and the blanks behind it.
fn key_length(content: &str, names: &[&str]) -> usize {
    let Some((key, request)) = content.split_once(':') else { return 0 };
    let is_key = request.starts_with([' ', '\t']) && names.contains(&key);
    if is_key { content.len() - request.trim_start().len() } else { 0 }
}

/// Whether a line is one of the `key=value` lines that nvm reserves in `.nvmrc` for the future,
/// and no request with an operator: `>=3.8`, `python==3.12`.
fn is_setting(content: &str) -> bool {
    let Some((key, value)) = content.split_once('=') else {
        return false;
    };
    let key = key.trim_end();
    key.starts_with(|first: char| first.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
        && !value.starts_with('=')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection, prop_assert_eq, proptest, sample};

    fn check(before: &str, request: &str, after: &str) {
        assert_eq!(set(before, &["x", "node"], request), after, "{request} in {before:?}");
    }

    #[test]
    fn only_the_request_changes() {
        for (before, request, after) in [
            ("12\n", "20", "20\n"),
            ("12", "20", "20"),
            ("", "20", "20\n"),
            ("\n \n", "20", "\n \n20\n"),
            ("  lts/* \t\r\n", "20", "  20 \t\r\n"),
            ("\u{feff}12\r\n", "20", "\u{feff}20\r\n"),
            ("\u{feff}", "20", "\u{feff}20\n"),
            // The style of the prefix.
            ("v12.22.1\n", "20", "v20\n"),
            ("v12", "lts/hydrogen", "lts/hydrogen"),
            ("v12", "v20", "v20"),
            ("vendor", "20", "20"),
            ("12", "v20", "v20"),
            // A key in front, but no other words.
            ("x: 12\n", "20", "x: 20\n"),
            ("x:\t v12 # old\r\n", "20", "x:\t v20 # old\r\n"),
            ("y: 12\n", "20", "20\n"),
            ("node 12\n", "20", "20\n"),
            // Comments and settings.
            ("# why\n\n12 # old\n# end", "20", "# why\n\n20 # old\n# end"),
            ("12#old\n", "20", "20 #old\n"),
            ("# only this", "20", "# only this\n20\n"),
            ("# only this\r\n", "20", "# only this\r\n20\r\n"),
            ("save=1\n12\nmirror = x\n", "20", "save=1\n20\nmirror = x\n"),
            ("save=1", "20", "save=1\n20\n"),
            // Several requests.
            ("3.12\n# then\n3.11\n\nsystem\n", "3.13", "3.13\n# then\n\n"),
            ("3.12 3.11 system\n", "3.13", "3.13\n"),
            ("3.12\r\n3.11", "3.13", "3.13\r\n"),
            // Operators aren't settings.
            (">=3.8,<3.13\n", "3.13", "3.13\n"),
            ("==3.12.1\n", "3.13", "3.13\n"),
            ("python==3.12.1\n", "3.13", "3.13\n"),
            ("~=3.12\n", ">=3.13", ">=3.13\n"),
        ] {
            check(before, request, after);
        }
    }

    #[test]
    fn removal_deletes_all_requests_of_a_plain_file() {
        for (before, after) in [
            ("12\n", ""),
            ("\u{feff}12", "\u{feff}"),
            ("3.12\n3.11 # old\n", ""),
            ("# why\r\n12\r\nsave=1\r\n\r\n", "# why\r\nsave=1\r\n\r\n"),
        ] {
            assert_eq!(remove(before), after, "remove from {before:?}");
        }
    }

    proptest! {
        #[test]
        fn setting_a_plain_file_keeps_comments_and_is_idempotent(
            lines in collection::vec(
                ("[ \t]{0,2}(v?[0-9]{1,2}( 3)?|lts/[*]|#[a-z0-9 =]{0,5}|[a-z]{1,3}=[0-9]?)?( #é)?",
                 sample::select(vec!["\n", "\r\n"])), 0..8),
            last in "(v?[0-9]{1,2}|#[a-z]{0,5})?",
            request in "v?[0-9]{1,2}|lts/[*]|>=[0-9]{1,2}",
        ) {
            let text = lines.into_iter().map(|(line, end)| line + end).collect::<String>() + &last;
            let silent = |line: &&str| {
                let line = line.trim();
                line.is_empty() || line.starts_with('#') || line.as_bytes()[0].is_ascii_lowercase()
                    && line.split('#').next().unwrap().contains('=')
            };
            let once = set(&text, &[], &request);
            let other_lines =
                |text: &str| text.split_inclusive('\n').filter(silent).collect::<String>();
            let (before, after) = (other_lines(&text), other_lines(&once));
            prop_assert_eq!(after.trim_end(), before.trim_end());
            let requests = once.lines().filter(|line| !silent(line)).count();
            prop_assert_eq!(requests, 1, "{:?}", once);
            prop_assert_eq!(set(&once, &[], &request), once);
        }
    }
}
