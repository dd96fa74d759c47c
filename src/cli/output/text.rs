//! Text for people before it is printed: lines whose parts have meanings, tables and trees. How wide
//! they are and which colours they have is decided for a [`Screen`], when they are printed.

use std::fmt::{self, Display};

use unicode_width::UnicodeWidthStr as _;

use super::screen::Screen;
use super::style::Meaning;
use super::table::Table;
use super::tree::Branch;
use super::visible_line;

/// Lines, tables and trees, one below the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(Vec<Block>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Block {
    Line(Line),
    Table(Table),
    Tree(Branch),
}

/// One line, whatever is in it: line ends and other hidden characters are shown as escapes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    parts: Vec<(Meaning, String)>,
}

impl Text {
    /// Without any line.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing would be printed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a line.
    pub fn line(&mut self, line: impl Into<Line>) {
        self.0.push(Block::Line(line.into()));
    }

    /// Adds an empty line, unless the text is empty.
    pub fn gap(&mut self) {
        if !self.is_empty() {
            self.line("");
        }
    }

    /// Adds a table.
    pub fn table(&mut self, table: Table) {
        self.0.push(Block::Table(table));
    }

    /// Adds a tree.
    pub fn tree(&mut self, tree: Branch) {
        self.0.push(Block::Tree(tree));
    }

    /// Adds another text.
    pub fn append(&mut self, text: Self) {
        self.0.extend(text.0);
    }

    /// As it is printed; every line ends with a newline.
    pub fn render(&self, screen: Screen) -> String {
        let mut rendered = String::new();
        let mut end_line = |line: String| {
            rendered.push_str(line.trim_end());
            rendered.push('\n');
        };
        for block in &self.0 {
            match block {
                Block::Line(line) => end_line(line.render(screen)),
                Block::Table(table) => table.render(screen).into_iter().for_each(&mut end_line),
                Block::Tree(tree) => tree.render(screen).into_iter().for_each(&mut end_line),
            }
        }
        rendered
    }
}

/// As it is printed into a file.
impl Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Screen::PLAIN))
    }
}

#[cfg(test)]
impl PartialEq<&str> for Text {
    fn eq(&self, text: &&str) -> bool {
        let own = self.to_string();
        own == *text
    }
}

/// Its lines, without meanings.
impl From<&str> for Text {
    fn from(text: &str) -> Self {
        if text.is_empty() {
            return Self::new();
        }
        // Not `lines`, for which a carriage return is a part of the line's end.
        let lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        Self(lines.map(|line| Block::Line(line.into())).collect())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<Line> for Text {
    fn from(line: Line) -> Self {
        Self(vec![Block::Line(line)])
    }
}

impl From<Table> for Text {
    fn from(table: Table) -> Self {
        Self(vec![Block::Table(table)])
    }
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
        self.parts.push((meaning, visible_line(&text.to_string())));
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

    /// The line in as many lines as it needs to be `width` columns wide at most: broken at spaces; what
    /// has none is broken after a `/`, or anywhere.
    pub(super) fn wrap(&self, width: usize, screen: Screen) -> Vec<Self> {
        let mut wrapping = Wrapping { width, screen, lines: vec![Self::new()], used: 0 };
        for (meaning, text) in &self.parts {
            for word in text.split_inclusive(' ') {
                wrapping.word(*meaning, word);
            }
        }
        wrapping.lines
    }
}

/// The state of [`Line::wrap`].
struct Wrapping {
    width: usize,
    screen: Screen,
    lines: Vec<Line>,
    /// The columns of the last line.
    used: usize,
}

impl Wrapping {
    /// Adds a word with the space behind it, which may stick out.
    fn word(&mut self, meaning: Meaning, word: &str) {
        let columns = |text: &str| self.screen.spell(text).width();
        let needed = columns(word.trim_end_matches(' '));
        if self.used + needed <= self.width {
            return self.push(meaning, word);
        }
        if needed <= self.width {
            self.next_line();
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
        self.lines.push(Line::new());
        self.used = 0;
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
    fn parts_keep_their_meanings() {
        let screen = Screen { colors: true, ..Screen::PLAIN };
        let line = Line::of(Meaning::Active, "12").then(" a").and(Meaning::Hint, " use x");
        let lines: Vec<String> =
            line.wrap(6, screen).iter().map(|one| one.render(screen)).collect();
        assert_eq!(
            lines,
            ["\u{1b}[32m12\u{1b}[0m a\u{1b}[36m \u{1b}[0m", "\u{1b}[36muse x\u{1b}[0m"]
        );
        assert_eq!(Text::from("a\u{1b}[2Jb\nc\n").to_string(), "a\\u{1b}[2Jb\nc\n");
        assert_eq!(Line::from("a\nb").render(Screen::PLAIN), "a\\nb");
    }
}
