//! Text from anywhere as a terminal may have it.

use std::borrow::Cow;

use usher_shims::error::is_hidden;

/// Text as people may see it: characters that have an effect in place of a shape appear as escapes,
/// but for line ends.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    replace_hidden(text, &|shown, character| match character {
        '\n' => shown.push('\n'),
        other => shown.extend(other.escape_default()),
    })
}

/// As [`visible`], without line ends.
pub(super) fn visible_line(text: &str) -> String {
    visible(text).replace('\n', "\\n")
}

/// Replaces the hidden characters of a text; most texts have none but line ends.
pub(super) fn replace_hidden<'a>(
    text: &'a str,
    replace: &dyn Fn(&mut String, char),
) -> Cow<'a, str> {
    if !text.contains(|character| character != '\n' && is_hidden(character)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match is_hidden(character) {
            true => replace(&mut shown, character),
            false => shown.push(character),
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_for_people_has_no_hidden_characters() {
        assert_eq!(visible("a é\nb\u{1b}[0m\u{9b}1m\r\t"), "a é\nb\\u{1b}[0m\\u{9b}1m\\r\\t");
        assert!(matches!(visible("two\nlines\n"), Cow::Borrowed(_)));
    }

    /// The table in the core is Unicode's: the regular expressions' own tables are compared with it.
    #[test]
    fn hidden_characters_are_those_of_unicodes_categories() {
        let categories = regex::Regex::new(r"^[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]$").unwrap();
        for character in '\0'..=char::MAX {
            if is_hidden(character) != categories.is_match(character.encode_utf8(&mut [0; 4])) {
                // Reserved for formats and tags of the future.
                assert!(
                    matches!(character, '\u{2065}' | '\u{e0000}'..='\u{e007f}'),
                    "{character:?}"
                );
            }
        }
    }
}
