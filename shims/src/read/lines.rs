//! Files of lines: `.nvmrc` and its like, and `.tool-versions`.
//!
//! A comment begins with `#` anywhere in a line, as in nvm and asdf; LF, CRLF and CR all end a
//! line.
//! In nvm's file, `key=value` lines are reserved and request nothing
//! (<https://github.com/nvm-sh/nvm#nvmrc>); asdf's lines are `name version [version…]`.

use super::written::{MAX_ALTERNATIVES, RawRequest, ReadError, too_many};
use crate::tool::Tool;
use crate::version::{Version, is_operator};

/// Reads plain requests: the first line's, and the other lines' as alternatives.
///
/// A line may have the tool's name in front: `node v18.17.0`, as in `.tool-versions`.
pub(super) fn plain(text: &str, tool: &Tool) -> Result<RawRequest, ReadError> {
    let mut written = RawRequest { texts: Vec::new(), line: 0, field: None };
    let mut setting = None;
    for (number, line) in lines(text) {
        if is_reserved(line) {
            setting = setting.or(line.split_once('=').map(|(_, value)| (number, value.trim())));
            continue;
        }
        let line = without_name(line, tool);
        if written.texts.is_empty() {
            written.line = number;
        }
        written.texts.extend(requests(line));
        if written.texts.len() > MAX_ALTERNATIVES {
            return Err(too_many(number as usize));
        }
    }
    match (written.texts.is_empty(), setting) {
        (false, _) => Ok(written),
        (true, Some((number, value))) if Version::parse(value).is_some() => {
            Err(format!("it names no version; line {number} is a setting: write {value} alone"))
        }
        (true, _) => Err("it names no version".to_owned()),
    }
}

/// Reads the line of one tool; `None` if there is none.
pub(super) fn tool_versions(text: &str, tool: &Tool) -> Result<Option<RawRequest>, ReadError> {
    for (number, line) in lines(text) {
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        if !tool.all_names().any(|known| known == name) {
            continue;
        }
        let texts: Vec<String> = requests(rest.trim());
        if texts.is_empty() {
            return Err(format!("line {number} names no version"));
        }
        if texts.len() > MAX_ALTERNATIVES {
            return Err(too_many(number as usize));
        }
        return Ok(Some(RawRequest { texts, line: number, field: None }));
    }
    Ok(None)
}

/// The lines with content and their numbers, without comments and surrounding spaces.
fn lines(text: &str) -> impl Iterator<Item = (u32, &str)> {
    numbered(text)
        .map(|(number, line)| (number, without_comment(line).trim()))
        .filter(|(_, line)| !line.is_empty())
}

/// All lines with their numbers; LF, CRLF and CR end one.
pub(super) fn numbered(text: &str) -> impl Iterator<Item = (u32, &str)> {
    let unified = text.split('\n').flat_map(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        line.split('\r')
    });
    (1..).zip(unified)
}

/// A line without its comment: no request contains a `#`.
fn without_comment(line: &str) -> &str {
    line.split('#').next().unwrap_or_default()
}

/// A line without the tool's name, or one of its prefixes, in front of a request: `jdk: 17`.
fn without_name<'a>(line: &'a str, tool: &Tool) -> &'a str {
    let Some((name, rest)) = line.split_once(char::is_whitespace) else { return line };
    let name = name.trim_end_matches(':');
    let mut names = tool.all_names().chain([tool.title]).chain(tool.prefixes.iter().copied());
    match names.any(|known| known.eq_ignore_ascii_case(name)) {
        true => rest.trim_start(),
        false => line,
    }
}

/// `key=value`, and no range.
fn is_reserved(line: &str) -> bool {
    let Some((key, _)) = line.split_once('=') else { return false };
    key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-. ".contains(c))
}

/// A range may contain spaces; other requests are words. At most one too many.
fn requests(line: &str) -> Vec<String> {
    let is_range = line.contains(is_operator) || line.contains('|') || line.contains(" - ");
    match is_range {
        true => vec![line.to_owned()],
        false => line.split_whitespace().take(MAX_ALTERNATIVES + 1).map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::TOOLS;

    #[test]
    fn plain_version_files_are_read() {
        let cases: &[(&str, &[&str], u32)] = &[
            ("12", &["12"], 1),
            ("v12.0.0\n", &["v12.0.0"], 1),
            ("\r\n  12 \r\n", &["12"], 2),
            ("# why\n\n12 # because\n", &["12"], 3),
            ("12\r10\r", &["12", "10"], 1),
            ("3.11.7\n3.7.16\n", &["3.11.7", "3.7.16"], 1),
            (">=10 <12\n", &[">=10 <12"], 1),
            ("registry=x\n12\n", &["12"], 2),
            ("lts/*", &["lts/*"], 1),
            ("12#3", &["12"], 1),
            ("node v18.17.0", &["v18.17.0"], 1),
            ("Node.js\t18 20", &["18", "20"], 1),
            ("node >=18 <20", &[">=18 <20"], 1),
            ("node", &["node"], 1),
        ];
        let node = Tool::named(TOOLS, "node").unwrap();
        for (text, texts, line) in cases {
            let written = plain(text, node).unwrap_or_else(|reason| panic!("{text:?}: {reason}"));
            let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
            assert_eq!((written.texts, written.line), (texts, *line), "{text:?}");
        }
        assert_eq!(
            plain("# ours\nnode_version=8.2\n", node).unwrap_err(),
            "it names no version; line 2 is a setting: write 8.2 alone"
        );
        for empty in ["", "\n", "# 12\n", "a=b"] {
            assert!(plain(empty, node).is_err(), "{empty:?}");
        }
    }

    #[test]
    fn tool_versions_files_are_read() {
        let node = Tool::named(TOOLS, "node").unwrap();
        let cases: &[(&str, &[&str], u32)] = &[
            ("nodejs 12.0.0", &["12.0.0"], 1),
            ("python 3.7\nnode 12 10 system\n", &["12", "10", "system"], 2),
            ("nodejs\t12 # LTS\r\n", &["12"], 1),
            ("nodejs 12\nnodejs 14\n", &["12"], 1),
        ];
        for (text, texts, line) in cases {
            let written = tool_versions(text, node).unwrap().unwrap();
            let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
            assert_eq!((written.texts, written.line), (texts, *line), "{text:?}");
        }
        assert_eq!(tool_versions("python 3.7\n#nodejs 1\n", node), Ok(None));
        assert_eq!(tool_versions("nodejs\n", node), Err("line 1 names no version".to_owned()));
    }
}
