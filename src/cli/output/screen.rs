//! What a stream can show: colours, how wide it is, which characters.

use std::borrow::Cow;
use std::io;
use std::os::fd::AsFd;

use anstream::AutoStream;
use anstream::stream::RawStream;
use clap::ColorChoice;
use rustix::termios::tcgetwinsize;

use super::style::Meaning;

/// A terminal that is narrower is treated as if it had this many columns.
const MIN_WIDTH: usize = 40;

/// What a stream can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Whether it shows colours.
    pub colors: bool,
    /// The columns of a terminal; `None` for a file or a pipe, whose lines may have any length.
    pub width: Option<usize>,
    /// Whether the locale has no other characters than ASCII.
    pub ascii: bool,
}

/// What both output streams can show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Screens {
    pub(super) out: Screen,
    pub(super) err: Screen,
}

impl Screen {
    /// A file or a pipe.
    pub const PLAIN: Self = Self { colors: false, width: None, ascii: false };

    fn of(stream: &(impl RawStream + AsFd), color: ColorChoice, ascii: bool) -> Self {
        let colors = match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            // It looks at the terminal, NO_COLOR, CLICOLOR, CLICOLOR_FORCE and TERM.
            ColorChoice::Auto => AutoStream::choice(stream) != anstream::ColorChoice::Never,
        };
        let width = tcgetwinsize(stream).ok().map(|size| usize::from(size.ws_col));
        let width = width.filter(|columns| *columns > 0).map(|columns| columns.max(MIN_WIDTH));
        Self { colors, width, ascii }
    }

    /// A piece of text in the colour of its meaning.
    pub(super) fn paint(self, meaning: Meaning, text: &str) -> String {
        let text = self.spell(text);
        let style = meaning.style();
        match self.colors && !style.is_plain() && !text.is_empty() {
            true => format!("{style}{text}{style:#}"),
            false => text.into_owned(),
        }
    }

    /// Text in the characters of the locale. Only those that usher itself writes are replaced.
    pub(super) fn spell(self, text: &str) -> Cow<'_, str> {
        if !self.ascii || text.is_ascii() {
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
}

impl Screens {
    /// Of this process's streams; `variable` reads its environment.
    pub(super) fn of_process(
        color: ColorChoice,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let ascii = is_ascii_locale(variable);
        let out = Screen::of(&io::stdout(), color, ascii);
        Self { out, err: Screen::of(&io::stderr(), color, ascii) }
    }
}

/// Whether the locale's characters are another set than UTF-8. A machine without any locale (a
/// container, a service) counts as UTF-8, as terminals and logs are today.
fn is_ascii_locale(variable: &dyn Fn(&str) -> Option<String>) -> bool {
    // In POSIX's order: the first that isn't empty decides.
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable);
    let locale = set.into_iter().find(|locale| !locale.is_empty());
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        !(locale.contains("utf-8") || locale.contains("utf8"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_of_the_locale_decides() {
        let is_ascii = |set: &[(&str, &str)]| {
            is_ascii_locale(&|name| {
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
    fn text_is_painted_and_spelled_for_its_screen() {
        let ascii = Screen { ascii: true, ..Screen::PLAIN };
        assert_eq!(ascii.paint(Meaning::Error, "├─ “é”…"), "|- \"é\"...");
        let colored = Screen { colors: true, ..Screen::PLAIN };
        assert_eq!(colored.paint(Meaning::Active, "12"), "\u{1b}[32m12\u{1b}[0m");
        assert_eq!(colored.paint(Meaning::Plain, "12"), "12");
        assert_eq!(colored.paint(Meaning::Active, ""), "");
        assert_eq!(Screen::PLAIN.paint(Meaning::Error, "“x”"), "“x”");
    }
}
