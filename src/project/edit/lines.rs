//! What the line-based formats have in common: a byte order mark, lines with their ends, and the
//! parts of one line. Knows nothing of what a line means.

/// A text without its byte order mark, and the mark.
pub(super) fn split_mark(text: &str) -> (&str, &str) {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => ("\u{feff}", rest),
        None => ("", text),
    }
}

/// The lines of a text with what ends each: `\n`, `\r\n` or a lone `\r`.
pub(super) fn lines(text: &str) -> impl Iterator<Item = TextLine<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let length = match rest.find(['\n', '\r']) {
            None => rest.len(),
            Some(at) if rest[at..].starts_with("\r\n") => at + 2,
            Some(at) => at + 1,
        };
        let (line, after) = rest.split_at(length);
        rest = after;
        Some(TextLine::parse(line))
    })
}

/// A line and its parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextLine<'a> {
    /// All of it.
    pub(super) whole: &'a str,
    /// Its content, without the white space around it; empty on a blank line or a comment.
    pub(super) content: &'a str,
    before: &'a str,
    after: &'a str,
}

impl<'a> TextLine<'a> {
    fn parse(whole: &'a str) -> Self {
        let uncommented = whole.find('#').map_or(whole, |hash| &whole[..hash]);
        let content = uncommented.trim();
        let start = uncommented.len() - uncommented.trim_start().len();
        let (before, rest) = whole.split_at(start);
        Self { whole, content, before, after: &rest[content.len()..] }
    }

    /// The line with another content.
    ///
    /// Readers differ on whether a `#` right behind a word begins a comment, hence the blank.
    pub(super) fn with_content(&self, content: &str) -> String {
        let gap = if self.after.starts_with('#') { " " } else { "" };
        [self.before, content, gap, self.after].concat()
    }
}

/// A text with one of its lines changed, counted from 1; the line is given without its end.
///
/// `None` if there is no such line, or if `change` returns none.
pub(super) fn change_line(
    text: &str,
    number: u32,
    change: impl FnOnce(&str) -> Option<String>,
) -> Option<String> {
    let (mark, body) = split_mark(text);
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    let line = lines(body).nth(index)?.whole;
    let start: usize = lines(body).take(index).map(|line| line.whole.len()).sum();
    let content = line.trim_end_matches(['\r', '\n']);
    let changed = change(content)?;
    Some([mark, &body[..start], &changed, &body[start + content.len()..]].concat())
}

/// A text without one of its lines, counted from 1. `None` if there is no such line, or if the line,
/// given without its end, isn't meant.
pub(super) fn remove_line(
    text: &str,
    number: u32,
    is_meant: impl FnOnce(&str) -> bool,
) -> Option<String> {
    let (mark, body) = split_mark(text);
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    let line = lines(body).nth(index)?.whole;
    let others = lines(body).enumerate().filter(|(at, _)| *at != index);
    let rest = || std::iter::once(mark).chain(others.map(|(_, line)| line.whole)).collect();
    is_meant(line.trim_end_matches(['\r', '\n'])).then(rest)
}

/// Adds a line to a text, with the line end that the text's first line has.
pub(super) fn append_line(text: &mut String, content: &str) {
    let end = line_end(text);
    let (_, body) = split_mark(text);
    if !body.is_empty() && !body.ends_with(['\n', '\r']) {
        text.push_str(end);
    }
    text.push_str(content);
    text.push_str(end);
}

fn line_end(text: &str) -> &'static str {
    match text.find(['\n', '\r']) {
        Some(at) if text[at..].starts_with("\r\n") => "\r\n",
        Some(at) if text[at..].starts_with('\r') => "\r",
        Some(_) | None => "\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::proptest;

    #[test]
    fn a_line_is_split_into_content_and_surroundings() {
        let line = lines(" \t12 14 # old\r\n").next().unwrap();
        assert_eq!((line.before, line.content, line.after), (" \t", "12 14", " # old\r\n"));
    }

    #[test]
    fn only_the_given_line_changes() {
        let check = |text: &str, number, after: Option<&str>| {
            let changed =
                change_line(text, number, |line| (line != "x").then(|| format!("<{line}>")));
            assert_eq!(changed.as_deref(), after, "line {number} of {text:?}");
        };
        check("\u{feff}a\r\nb\rc\n", 1, Some("\u{feff}<a>\r\nb\rc\n"));
        check("\u{feff}a\r\nb\rc\n", 2, Some("\u{feff}a\r\n<b>\rc\n"));
        check("a\nb", 2, Some("a\n<b>"));
        check("a\n\nb", 2, Some("a\n<>\nb"));
        check("a\n", 2, None);
        check("a\n", 0, None);
        check("x\n", 1, None);
    }

    proptest! {
        #[test]
        fn joined_line_parts_equal_the_text(text in "([ab#\r\n\t \u{a0}é])*") {
            let whole: String = lines(&text).map(|line| line.whole).collect();
            assert_eq!(whole, text);
            let parts: String = lines(&text)
                .flat_map(|line| [line.before, line.content, line.after])
                .collect();
            assert_eq!(parts, text);
        }
    }
}
