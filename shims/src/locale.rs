//! Text in the characters of the locale: where that has no other set than ASCII, usher's own characters
//! are spelled in it.

use std::borrow::Cow;

/// Whether the locale's characters are another set than UTF-8. A machine without any locale (a
/// container, a service) counts as UTF-8, as terminals and logs are today.
///
/// `variable` reads the environment, in POSIX's order: the first that isn't empty decides.
pub fn is_ascii(variable: &dyn Fn(&str) -> Option<String>) -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable);
    let locale = set.into_iter().find(|locale| !locale.is_empty());
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        !(locale.contains("utf-8") || locale.contains("utf8"))
    })
}

/// The text in ASCII: only the characters that usher itself writes are replaced.
pub fn spell(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut spelled = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '“' | '”' => spelled.push('"'),
            '‘' | '’' => spelled.push('\''),
            '…' => spelled.push_str("..."),
            '–' | '─' => spelled.push('-'),
            '│' | '├' => spelled.push('|'),
            '└' => spelled.push('`'),
            '→' => spelled.push_str("->"),
            other => spelled.push(other),
        }
    }
    Cow::Owned(spelled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_of_the_locale_decides() {
        let is_ascii = |set: &[(&str, &str)]| {
            is_ascii(&|name| {
                let value = set.iter().find(|(known, _)| *known == name)?.1;
                Some(value.to_owned())
            })
        };
        assert!(!is_ascii(&[]));
        assert!(!is_ascii(&[("LANG", "")]));
        assert!(!is_ascii(&[("LANG", "C.UTF-8")]));
        assert!(!is_ascii(&[("LC_CTYPE", "de_DE.utf8"), ("LANG", "C")]));
        assert!(is_ascii(&[("LANG", "C")]));
        assert!(is_ascii(&[("LC_ALL", "POSIX"), ("LANG", "en_US.UTF-8")]));
        assert!(is_ascii(&[("LC_ALL", ""), ("LANG", "en_US.ISO-8859-1")]));
    }

    #[test]
    fn only_ushers_own_characters_are_spelled() {
        assert_eq!(spell("├─ “é” → 12…"), "|- \"é\" -> 12...");
        assert!(matches!(spell("node 12"), Cow::Borrowed(_)));
    }
}
