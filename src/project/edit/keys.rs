//! Files of `KEY=value` lines: `.env`, `.sdkmanrc`.
//!
//! The reader decides where a value is in its line, so that what is edited is what is read.

use usher_shims::read::value_of_key;

use super::lines::{change_line, remove_line};
use super::style::in_style_of;

/// Makes `request` the value of a line, counted from 1.
///
/// Quotes around the old value stay; where there are none and a shell would take the new one apart,
/// it gets some. `None` if the line has no value, or quotes that the request would end.
pub fn set(text: &str, line: u32, request: &str) -> Option<String> {
    change_line(text, line, |line| {
        let old = value_of_key(line)?;
        let request = in_style_of(&line[old.clone()], request);
        let before = &line[..old.start];
        let quote = before.trim_end().chars().next_back().filter(|last| "\"'".contains(*last));
        let written = match quote {
            None if is_plain(&request) => request,
            None if request.contains('"') => return None,
            None => format!("\"{request}\""),
            Some(quote) if request.contains(quote) => return None,
            Some(_) => request,
        };
        Some([before, &written, &line[old.end..]].concat())
    })
}

/// Removes a line, counted from 1; `None` if it has no key with a value.
pub fn remove(text: &str, line: u32) -> Option<String> {
    remove_line(text, line, |line| value_of_key(line).is_some())
}

/// Whether a shell that reads the file takes this for what it is.
fn is_plain(request: &str) -> bool {
    request.chars().all(|c| c.is_alphanumeric() || "._-+/@:,=*^".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection, prop_assert_eq, proptest, sample};
    use usher_shims::read::read;
    use usher_shims::tool::{Reader, TOOLS, VersionField, VersionFile};

    static FILE: VersionFile =
        VersionFile::new(".env", Reader::Keys, &[VersionField::pinning("NODE_VERSION")]);

    /// Edits the line that the reader takes the version from.
    fn set_read(text: &str, request: &str) -> Option<String> {
        let body = text.trim_start_matches('\u{feff}');
        let found = read(body, &FILE, &TOOLS[0]).unwrap();
        set(text, found.first()?.line, request)
    }

    fn check(before: &str, request: &str, after: Option<&str>) {
        assert_eq!(set_read(before, request).as_deref(), after, "{request} in {before:?}");
    }

    #[test]
    fn only_the_value_of_the_key_changes() {
        for (before, request, after) in [
            ("NODE_VERSION=20", "22", "NODE_VERSION=22"),
            ("export NODE_VERSION='20' # why\r\n", "22", "export NODE_VERSION='22' # why\r\n"),
            ("\u{feff} NODE_VERSION = \"20\"x\n", "22", "\u{feff} NODE_VERSION = \"22\"x\n"),
            ("A=1\nNODE_VERSION=20#x # y\rB=2", "22", "A=1\nNODE_VERSION=22 # y\rB=2"),
            ("NODE_VERSION=v20.1.0\n", "22", "NODE_VERSION=v22\n"),
            ("NODE_VERSION=' 20 '\n", "22", "NODE_VERSION=' 22 '\n"),
            ("NODE_VERSION=\"20\n", "22", "NODE_VERSION=22\n"),
            // The last of several counts, and one without a value never does.
            (
                "NODE_VERSION=18\n#NODE_VERSION=19\nNODE_VERSION=20\n",
                "22",
                "NODE_VERSION=18\n#NODE_VERSION=19\nNODE_VERSION=22\n",
            ),
            // What a shell would take apart is quoted.
            ("NODE_VERSION=20\n", ">=20 <22", "NODE_VERSION=\">=20 <22\"\n"),
            ("NODE_VERSION='20'\n", ">=20 <22", "NODE_VERSION='>=20 <22'\n"),
            ("NODE_VERSION=20\n", "~20", "NODE_VERSION=\"~20\"\n"),
            ("NODE_VERSION=20\n", "lts/*", "NODE_VERSION=lts/*\n"),
        ] {
            check(before, request, Some(after));
        }
    }

    #[test]
    fn a_line_without_a_value_is_not_edited() {
        for text in
            ["", "NODE_VERSION=\n", "NODE_VERSION=20\nNODE_VERSION=''\n", "XNODE_VERSION=20"]
        {
            check(text, "22", None);
        }
        check("NODE_VERSION='20'", "2'2", None);
        check("NODE_VERSION=20", "2\"2", None);
        assert_eq!(set("A\nNODE_VERSION=20", 1, "22"), None);
        assert_eq!(set("NODE_VERSION=20", 2, "22"), None);
    }

    proptest! {
        #[test]
        fn setting_a_key_keeps_other_bytes_and_is_idempotent(
            head in collection::vec(("[A-Z #='\"é]{0,9}", sample::select(vec!["\n", "\r\n", "\r"])), 0..4),
            mark in "\u{feff}?",
            start in "[ \t]{0,2}(export )?NODE_VERSION ?=[ \t]{0,2}",
            (open, close) in sample::select(vec![("", ""), ("\"", "\""), ("'", "'")]),
            end in "([ \t]{1,2}#[^\r\n]{0,9})?(\r\n|\n)?",
            request in "[0-9]{1,2}([.][0-9]){0,2}|lts/[*]|>=[0-9] <[0-9]{2}",
        ) {
            let head: String = head.into_iter().map(|(line, end)| line + end).collect();
            let around = |value: &str| format!("{mark}{head}{start}{open}{value}{close}{end}");
            let edited = set_read(&around("20"), &request).unwrap();
            let written = match open {
                "" if request.contains(' ') => format!("\"{request}\""),
                _ => request.clone(),
            };
            prop_assert_eq!(&edited, &around(&written));
            prop_assert_eq!(set_read(&edited, &request), Some(edited));
        }

        #[test]
        fn setting_a_key_never_panics(text in "[NODE_VERSION='\"# \n\\u{feff}é]{0,30}", line in 0..4_u32) {
            let _ = set(&text, line, "20");
        }
    }

    #[test]
    fn removal_deletes_the_line_of_a_key() {
        let text = "A=1\r\nexport B='2' # why\r\n# ours\r\nD=4";
        assert_eq!(remove(text, 2).unwrap(), "A=1\r\n# ours\r\nD=4");
        assert_eq!(remove(text, 4).unwrap(), "A=1\r\nexport B='2' # why\r\n# ours\r\n");
        assert_eq!(remove(text, 3), None);
        assert_eq!(remove(text, 5), None);
    }
}
