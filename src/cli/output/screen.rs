//! What a stream can show: colours, how wide it is, which characters.

use std::borrow::Cow;
use std::io;
use std::os::fd::AsFd;

use anstream::AutoStream;
use anstream::stream::RawStream;
use clap::ColorChoice;
use rustix::termios::tcgetwinsize;
use usher_shims::locale;

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
        if self.ascii { locale::spell(text) } else { Cow::Borrowed(text) }
    }
}

impl Screens {
    /// Of this process's streams; `variable` reads its environment.
    pub(super) fn of_process(
        color: ColorChoice,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let ascii = locale::is_ascii(variable);
        let out = Screen::of(&io::stdout(), color, ascii);
        Self { out, err: Screen::of(&io::stderr(), color, ascii) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
