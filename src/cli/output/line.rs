//! One line of text whose parts have meanings, broken where a screen ends.

use std::fmt::Display;

use unicode_width::UnicodeWidthStr as _;

use super::screen::Screen;
use super::style::Meaning;
use super::visible::visible_line;

/// How much farther what goes on is indented.
const HANGING: usize = 2;

/// One line, whatever is in it: line ends and other hidden characters are shown as escapes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    parts: Vec<(Meaning, String)>,
}

impl Line {
    /// Without any text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Text with a meaning.
    pub fn of(meaning: Meaning, text: impl Display) -> Self {
        Self::new().and(meaning, text)
    }

    /// The same line with more text, which has a meaning.
    #[must_use]
    pub fn and(mut self, meaning: Meaning, text: impl Display) -> Self {
        let text = visible_line(&text.to_string());
        match self.parts.last_mut() {
            Some((last, before)) if *last == meaning => before.push_str(&text),
            _ => self.parts.push((meaning, text)),
        }
        self
    }

    /// The same line with more text.
    #[must_use]
    pub fn then(self, text: impl Display) -> Self {
        self.and(Meaning::Plain, text)
    }

    /// The same line with another line behind it.
    #[must_use]
    pub fn join(mut self, other: impl Into<Self>) -> Self {
        self.parts.extend(other.into().parts);
        self
    }

    /// What to type next: `hint: use install`.
    pub fn hint(command: impl Display) -> Self {
        Self::of(Meaning::Hint, format!("hint: {command}"))
    }

    /// The same text with this meaning in place of its own.
    #[must_use]
    pub fn with_meaning(mut self, meaning: Meaning) -> Self {
        self.parts.iter_mut().for_each(|(own, _)| *own = meaning);
        self
    }

    /// Whether there is no text in it.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|(_, text)| text.is_empty())
    }

    /// How many columns it needs.
    pub(super) fn width(&self, screen: Screen) -> usize {
        self.parts.iter().map(|(_, text)| screen.spell(text).width()).sum()
    }

    pub(super) fn render(&self, screen: Screen) -> String {
        self.parts.iter().map(|(meaning, text)| screen.paint(*meaning, text)).collect()
    }

    /// The line in as many lines as a screen needs: what goes on is indented.
    pub(super) fn lines(&self, screen: Screen) -> Vec<Self> {
        let Some(width) = screen.width else { return vec![self.clone()] };
        let start = self.parts.first().map_or("", |(_, text)| text);
        let indent = start.len() - start.trim_start_matches(' ').len() + HANGING;
        let lines = self.wrap_within([width, width.saturating_sub(indent)], screen);
        indented(lines, indent)
    }

    /// The line in as many lines as a screen needs, each but the first indented by so many blanks. Words
    /// stay whole, so that a path is copied as one.
    pub(super) fn lines_of_words(&self, indent: usize, screen: Screen) -> Vec<Self> {
        let Some(width) = screen.width else { return vec![self.clone()] };
        let mut wrapping = Wrapping::new([width, width.saturating_sub(indent)], screen);
        wrapping.keeps_words = true;
        indented(wrapping.wrap(self), indent)
    }

    /// The line in as many lines as it needs to be `width` columns wide at most: broken at spaces; what
    /// has none is broken after a `/`, or anywhere.
    pub(super) fn wrap(&self, width: usize, screen: Screen) -> Vec<Self> {
        self.wrap_within([width, width], screen)
    }

    /// As [`Line::wrap`], for the widths of the first line and of the others.
    pub(super) fn wrap_within(&self, widths: [usize; 2], screen: Screen) -> Vec<Self> {
        Wrapping::new(widths, screen).wrap(self)
    }
}

/// All lines but the first behind so many blanks.
fn indented(lines: Vec<Line>, indent: usize) -> Vec<Line> {
    let mut lines = lines.into_iter();
    let first = lines.next().into_iter();
    first.chain(lines.map(|line| Line::from(" ".repeat(indent)).join(line))).collect()
}

/// A line that is being wrapped.
struct Wrapping {
    /// The width of the last line, and of those that follow.
    width: usize,
    others: usize,
    screen: Screen,
    lines: Vec<Line>,
    /// The columns of the last line.
    used: usize,
    /// Whether a word that is wider than a line stays whole.
    keeps_words: bool,
}

impl Wrapping {
    fn new([width, others]: [usize; 2], screen: Screen) -> Self {
        let lines = vec![Line::new()];
        Self { width, others, screen, lines, used: 0, keeps_words: false }
    }

    fn wrap(mut self, line: &Line) -> Vec<Line> {
        for (meaning, text) in &line.parts {
            for word in text.split_inclusive(' ') {
                self.word(*meaning, word);
            }
        }
        self.lines
    }

    /// Adds a word with the space behind it, which may stick out.
    fn word(&mut self, meaning: Meaning, word: &str) {
        let columns = |text: &str| self.screen.spell(text).width();
        let needed = columns(word.trim_end_matches(' '));
        if self.used + needed <= self.width {
            return self.push(meaning, word);
        }
        if needed <= self.others || self.keeps_words {
            if self.used > 0 {
                self.next_line();
            }
            return self.push(meaning, word);
        }
        let fits = |text: &str, width: usize| {
            let ends = text.char_indices().map(|(at, character)| at + character.len_utf8());
            ends.take_while(|end| columns(&text[..*end]) <= width).last().unwrap_or(0)
        };
        let end = match fits(word, self.width.saturating_sub(self.used)) {
            0 if self.used == 0 => word.chars().next().map_or(0, char::len_utf8),
            end => end,
        };
        let end = match word[..end].rfind('/') {
            Some(slash) if slash > 0 => slash + 1,
            _ if self.used > 0 => 0,
            _ => end,
        };
        if end > 0 {
            self.push(meaning, &word[..end]);
        }
        if end < word.len() {
            self.next_line();
            self.word(meaning, &word[end..]);
        }
    }

    fn push(&mut self, meaning: Meaning, text: &str) {
        self.used += self.screen.spell(text).width();
        let Some(line) = self.lines.last_mut() else { return };
        match line.parts.last_mut() {
            Some((last, words)) if *last == meaning => words.push_str(text),
            _ => line.parts.push((meaning, text.to_owned())),
        }
    }

    fn next_line(&mut self) {
        // The space that the line is broken at.
        if let Some((_, last)) = self.lines.last_mut().and_then(|line| line.parts.last_mut()) {
            last.truncate(last.trim_end_matches(' ').len());
        }
        self.lines.push(Line::new());
        (self.width, self.used) = (self.others, 0);
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        Self::new().then(text)
    }
}

impl From<&String> for Line {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self::new().then(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, width: usize) -> Vec<String> {
        let lines = Line::from(text).wrap(width, Screen::PLAIN);
        lines.iter().map(|line| line.render(Screen::PLAIN).trim_end().to_owned()).collect()
    }

    #[test]
    fn lines_are_broken_at_spaces_and_paths_after_a_slash() {
        assert_eq!(wrapped("one two three", 20), ["one two three"]);
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("in /srv/app/.nvmrc:1", 10), ["in /srv/", "app/", ".nvmrc:1"]);
        assert_eq!(wrapped("0123456789abc", 5), ["01234", "56789", "abc"]);
        assert_eq!(wrapped("a 0123456789", 6), ["a", "012345", "6789"]);
        assert_eq!(wrapped("日本語日本語", 4), ["日本", "語日", "本語"]);
        assert_eq!(wrapped("日本", 1), ["日", "本"]);
        assert_eq!(wrapped("", 5), [""]);
    }

    #[test]
    fn what_goes_on_is_indented() {
        let line = Line::from(" a b /srv/app/x c").and(Meaning::Hint, " d");
        let screen = Screen { colors: true, width: Some(8), ..Screen::PLAIN };
        let lines: Vec<String> =
            line.lines(screen).iter().map(|line| line.render(screen)).collect();
        assert_eq!(lines, [" a b", "   /srv/", "   app/x", "   c\u{1b}[36m d\u{1b}[0m"]);
        let lines = line.lines(Screen::PLAIN);
        assert_eq!(lines, [line]);
    }

    #[test]
    fn words_stay_whole_in_messages() {
        let screen = Screen { width: Some(8), ..Screen::PLAIN };
        let wrapped = |text: &str| -> Vec<String> {
            let lines = Line::from(text).lines_of_words(4, screen);
            lines.iter().map(|line| line.render(screen)).collect()
        };
        assert_eq!(
            wrapped("can't read /srv/app/x now"),
            ["can't", "    read", "    /srv/app/x", "    now"]
        );
        assert_eq!(wrapped("/srv/app/x"), ["/srv/app/x"]);
    }

    #[test]
    fn parts_keep_their_meanings() {
        let screen = Screen { colors: true, ..Screen::PLAIN };
        let line = Line::of(Meaning::Active, "12").then(" a").and(Meaning::Hint, " use x");
        let lines: Vec<String> =
            line.wrap(6, screen).iter().map(|one| one.render(screen)).collect();
        assert_eq!(lines, ["\u{1b}[32m12\u{1b}[0m a", "\u{1b}[36muse x\u{1b}[0m"]);
        assert_eq!(Line::from("a\nb").render(Screen::PLAIN), "a\\nb");
    }
}
