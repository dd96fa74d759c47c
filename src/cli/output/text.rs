//! Text for people before it is printed: lines, tables and trees. How wide they are and which colours
//! they have is decided for a [`Screen`], when they are printed.

use std::fmt::{self, Display};

use super::line::Line;
use super::screen::Screen;
use super::table::Table;
use super::tree::Branch;

/// Lines, tables and trees, one below the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(Vec<Block>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Block {
    Line(Line),
    Table(Table),
    Tree(Branch),
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
                Block::Line(line) => {
                    line.lines(screen).iter().for_each(|line| end_line(line.render(screen)));
                }
                Block::Table(table) => table.render(screen).into_iter().for_each(&mut end_line),
                Block::Tree(tree) => tree.render(screen).into_iter().for_each(&mut end_line),
            }
        }
        rendered
    }
}

#[cfg(test)]
impl Text {
    /// As a terminal of this width shows it, without colours.
    pub fn at_width(&self, width: usize) -> String {
        self.render(Screen { width: Some(width), ..Screen::PLAIN })
    }

    /// With the names of its meanings in place of their colours: `<Active>12</>`.
    pub fn with_meanings(&self) -> String {
        use super::style::Meaning::{Active, Error, Heading, Hint, Muted, New, Warning};
        let rendered = self.render(Screen { colors: true, ..Screen::PLAIN });
        // Errors are bold, as headings are, and begin with the same code.
        let all = [Error, Heading, Warning, Hint, Active, New, Muted].into_iter();
        let named = all.fold(rendered, |text, meaning| {
            text.replace(&meaning.style().to_string(), &format!("<{meaning:?}>"))
        });
        named.replace("\u{1b}[0m", "</>")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_its_lines() {
        assert_eq!(Text::from("a\u{1b}[2Jb\r\nc\n"), "a\\u{1b}[2Jb\\r\nc\n");
        assert_eq!(Text::from(""), "");
        let mut text = Text::new();
        text.gap();
        text.line("a");
        text.gap();
        text.append("b".into());
        assert_eq!(text, "a\n\nb\n");
    }
}
