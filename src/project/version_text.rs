//! Whether a text is that of a version file, before `use` changes it unasked.
//!
//! Only for files that contain nothing but versions: in the others, just the value is replaced that is
//! a version now.
//!
//! | file | each line, without its comment |
//! |---|---|
//! | `.nvmrc` and its like | one word, or words with a version among them; or a setting (`key=value`). With several lines or a setting, one line has a version |
//! | `.tool-versions` | the tool's name and anything; or another name and one word, or words with a digit each (`system` has none) |
//!
//! A line has at most [`LONGEST_LINE`] bytes, a setting excepted. So a typo, an alias that nobody knows
//! and an empty file are mended; a key, a list of passwords, a script, a document or a binary stays.
//!
//! A file that no link leads to has the name of a version file itself, and may have a mistake: one line
//! of few words that messages may repeat (`foo bar`), in `.nvmrc` and its like; in `.tool-versions` any
//! lines, since those of other tools stay as they are, beside one that is as above.

use usher_shims::request::{Request, RequestKind, RequestTrust, looks_like_request};
use usher_shims::tool::{Reader, Tool};

/// The most bytes of a line with versions.
const LONGEST_LINE: usize = 64;

/// The most words of a line that is a mistake; more are a sentence.
const MOST_WORDS: usize = 3;

/// As [`check_version_text`], for a file that no link leads to: mistakes are allowed.
pub(super) fn check_mistaken_text(text: &str, reader: Reader, tool: &Tool) -> Result<(), String> {
    let strict = check_version_text(text, reader, tool);
    if strict.is_ok() || text.contains('\0') {
        return strict;
    }
    let lines = || numbered_lines(text).map(|(_, line)| line);
    let has_mistake = match reader {
        Reader::ToolVersions => lines().any(|line| is_tool_versions_line(line, tool)),
        Reader::Plain => {
            let is_alone = lines().count() == 1 || lines().any(|line| has_version_in(line, tool));
            let wrong: Vec<&str> = lines().filter(|line| !is_plain_line(line, tool)).collect();
            let is_mistake = |line: &str| {
                line.split_whitespace().count() <= MOST_WORDS && looks_like_request(line)
            };
            is_alone && !text.starts_with("#!") && matches!(wrong[..], [line] if is_mistake(line))
        }
        Reader::Json | Reader::Toml | Reader::Keys | Reader::Lines | Reader::Call => false,
    };
    if has_mistake { Ok(()) } else { strict }
}

/// An error, the reason, if this isn't the text of a version file. The reason quotes nothing.
pub(super) fn check_version_text(text: &str, reader: Reader, tool: &Tool) -> Result<(), String> {
    let lines = || numbered_lines(text);
    let unlike = match reader {
        _ if text.contains('\0') => return Err("it is binary".to_owned()),
        Reader::Plain => unlike_plain(lines(), tool),
        Reader::ToolVersions => {
            lines().find(|(_, line)| !is_tool_versions_line(line, tool)).map(|(number, _)| number)
        }
        Reader::Json | Reader::Toml | Reader::Keys | Reader::Lines | Reader::Call => None,
    };
    unlike.map_or(Ok(()), |line| Err(format!("line {line} is not a version")))
}

/// The lines with content, without comments, and their numbers.
fn numbered_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines =
        text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'));
    let contents = lines.map(|line| line.split('#').next().unwrap_or_default().trim());
    (1..).zip(contents).filter(|(_, line)| !line.is_empty())
}

/// The line that doesn't belong in a file of plain versions.
fn unlike_plain<'a>(lines: impl Iterator<Item = (usize, &'a str)>, tool: &Tool) -> Option<usize> {
    let (mut first, mut count, mut has_version) = (None, 0, false);
    for (number, line) in lines {
        if !is_plain_line(line, tool) {
            return Some(number);
        }
        first.get_or_insert(number);
        count += if is_setting(line) { 2 } else { 1 };
        has_version |= has_version_in(line, tool);
    }
    first.filter(|_| count > 1 && !has_version)
}

/// Whether a line is one word, has a version among its words, or is a setting.
fn is_plain_line(line: &str, tool: &Tool) -> bool {
    let is_one_word = || !line.contains(char::is_whitespace);
    let is_short = line.len() <= LONGEST_LINE;
    is_setting(line) || is_short && (is_one_word() || has_version_in(line, tool))
}

/// Whether a line is a version, or has one among its words.
fn has_version_in(line: &str, tool: &Tool) -> bool {
    let is_version = |text: &str| {
        Request::parse(text, tool, RequestTrust::Project).is_ok_and(|request| {
            !matches!(request.kind(), RequestKind::Named(_) | RequestKind::LtsNamed(_))
        })
    };
    let has_digit = |word: &&str| word.contains(|c: char| c.is_ascii_digit());
    !is_setting(line)
        && (is_version(line) || line.split_whitespace().filter(has_digit).any(is_version))
}

/// nvm's `key=value`.
fn is_setting(line: &str) -> bool {
    let is_key = |key: &str| {
        key.starts_with(|c: char| c.is_ascii_alphabetic())
            && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
    };
    line.split_once('=').is_some_and(|(key, _)| is_key(key.trim_end()))
}

fn is_tool_versions_line(line: &str, tool: &Tool) -> bool {
    let mut words = line.split_whitespace();
    let name = words.next().unwrap_or_default();
    let versions: Vec<&str> = words.collect();
    let is_version = |word: &&str| *word == "system" || word.contains(|c: char| c.is_ascii_digit());
    line.len() <= LONGEST_LINE
        && match tool.all_names().any(|known| known == name) {
            true => true,
            false => match &versions[..] {
                [] => false,
                [_] => is_name(name),
                several => is_name(name) && several.iter().all(is_version),
            },
        }
}

/// Whether this can be the name of a tool, in mise's spelling too: `npm:@scope/name`.
fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:@/+".contains(c))
}

#[cfg(test)]
mod tests {
    use usher_shims::tool::TOOLS;

    use super::*;

    fn check(reader: Reader, text: &str, expected: Result<(), &str>) {
        let node = Tool::named(TOOLS, "node").unwrap();
        let outcome = check_version_text(text, reader, node);
        assert_eq!(outcome, expected.map_err(str::to_owned), "{reader:?}: {text:?}");
    }

    #[test]
    fn plain_version_files_and_their_typos_are_told_from_other_texts() {
        for text in [
            "",
            "12\n",
            "\u{feff}v12.22.12\r\n",
            "foo\n",
            "lts/hydorgen\n",
            "../../x\n",
            "https://example.invalid/node\n",
            "node v18.17.0\n",
            "# why\n\n12 # because\n",
            "# only words\n",
            ">=10 <12\n",
            "3.11.7\n3.7.16\nsystem\n",
            "myenv\n3.12\n",
            "\n12.0.0\n\u{1b}[31mred\n",
            "registry=https://example.invalid/a-rather-long-address/for-a-setting/indeed\n12\n",
        ] {
            check(Reader::Plain, text, Ok(()));
        }
        for (text, line) in [
            ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0 user@host\n", 1),
            (&*"a".repeat(65), 1),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n", 1),
            ("correct\nhorse\n", 1),
            ("# Title\n\nA text about something.\n", 3),
            ("root:x:0:0:root:/root:/bin/sh\nbin:x:1:1:bin:/bin:/bin/false\n", 1),
            ("registry=https://example.invalid/\n_authToken=abc\n", 1),
            ("save=1\n", 1),
            ("12\nexec something else\n", 2),
            ("#!/bin/sh\nexec node\n", 2),
        ] {
            check(Reader::Plain, text, Err(&format!("line {line} is not a version")));
        }
        check(Reader::Plain, "12\0", Err("it is binary"));
    }

    #[test]
    fn tool_versions_files_are_told_from_other_texts() {
        for text in [
            "",
            "nodejs 12\n",
            "nodejs\n",
            "nodejs ../../x\n",
            "# ours\nruby 3.3.0 system\r\nnodejs ref:v12 # x\nmytool edge\n",
            "npm:@scope/name 1.2.3\n",
        ] {
            check(Reader::ToolVersions, text, Ok(()));
        }
        for (text, line) in [
            ("nodejs 12\nssh-rsa AAAA user@host\n", 2),
            ("SECRET=abc\n", 1),
            ("machine example login me password you\n", 1),
            ("127.0.0.1 localhost\n", 1),
            ("nodejs 12\n\nA text about something.\n", 3),
        ] {
            check(Reader::ToolVersions, text, Err(&format!("line {line} is not a version")));
        }
    }

    #[test]
    fn a_file_of_its_own_name_may_have_a_mistake() {
        let node = Tool::named(TOOLS, "node").unwrap();
        let allows = |reader, text| check_mistaken_text(text, reader, node).is_ok();
        for text in ["foo bar\n", "# why\nnode is it\n", "20\nbad one\n", "lts\n"] {
            assert!(allows(Reader::Plain, text), "{text:?}");
        }
        for text in [
            "correct\nhorse\n",
            "foo bar\nbaz\n",
            "20\nfoo bar\nbad one\n",
            "#!/bin/sh\nexec node\n",
            "A text about something.\n",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0 user@host\n",
            "foo bar\0",
        ] {
            assert!(!allows(Reader::Plain, text), "{text:?}");
        }
        assert!(allows(Reader::ToolVersions, "nodejs 12\nthis is a bad line\n"));
        assert!(allows(Reader::ToolVersions, "ruby 3.3\nssh-rsa AAAA user@host\n"));
        assert!(!allows(Reader::ToolVersions, "A text about something.\n"));
        assert!(!allows(Reader::ToolVersions, "nodejs 12\0\n"));
    }

    #[test]
    fn files_for_more_than_versions_are_not_judged() {
        check(Reader::Keys, "SECRET=a b c\nNODE_VERSION=12\n", Ok(()));
        check(Reader::Json, "{\"name\": \"kresus\"}", Ok(()));
    }
}
