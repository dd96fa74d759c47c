//! Lines with lines below them, drawn as a tree that stays one where a line is too long.

use super::line::Line;
use super::screen::Screen;
use super::style::Meaning;

/// The narrowest that a line is made.
const MIN_WIDTH: usize = 20;

/// A line, and the lines below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    text: Line,
    below: Vec<Self>,
}

impl Branch {
    /// A line with others below it.
    pub fn new(text: impl Into<Line>, below: Vec<Self>) -> Self {
        Self { text: text.into(), below }
    }

    /// A line with nothing below it.
    pub fn leaf(text: impl Into<Line>) -> Self {
        Self::new(text, Vec::new())
    }

    /// A message of one or more lines, with others below it: its first line has the meaning, the next
    /// are below it.
    pub fn message(meaning: Meaning, message: &str, below: Vec<Self>) -> Self {
        let mut lines = message.lines().map(str::trim);
        let first = Line::of(meaning, lines.next().unwrap_or_default());
        let more = lines.map(|line| match line.strip_prefix("hint: ") {
            Some(command) => Self::leaf(Line::hint(command)),
            None => Self::leaf(line),
        });
        Self::new(first, more.chain(below).collect())
    }

    /// A heading with lines below it; `None` without any.
    pub fn group(heading: &str, below: Vec<Self>) -> Option<Self> {
        (!below.is_empty()).then(|| Self::new(Line::of(Meaning::Heading, heading), below))
    }

    pub(super) fn render(&self, screen: Screen) -> Vec<String> {
        let mut lines = Vec::new();
        self.render_at([String::new(), String::new()], screen, &mut lines);
        lines
    }

    /// `indent` stands before the first line, and before every other.
    fn render_at(&self, indent: [String; 2], screen: Screen, lines: &mut Vec<String>) {
        let [first, others] = indent;
        let below_text = if self.below.is_empty() { "" } else { "│ " };
        let text = match screen.width {
            // The tree's lines are single columns.
            Some(width) => {
                let width = width.saturating_sub(first.chars().count()).max(MIN_WIDTH);
                self.text.wrap_within([width, width - below_text.chars().count()], screen)
            }
            None => vec![self.text.clone()],
        };
        for (index, line) in text.iter().enumerate() {
            let indent = match index {
                0 => first.clone(),
                _ => format!("{others}{below_text}"),
            };
            let drawn = screen.paint(Meaning::Muted, &indent);
            lines.push(format!("{drawn}{}", line.render(screen)));
        }
        for (index, branch) in self.below.iter().enumerate() {
            let (corner, more) = match index + 1 == self.below.len() {
                true => ("└─ ", "   "),
                false => ("├─ ", "│  "),
            };
            let indent = [corner, more].map(|part| format!("{others}{part}"));
            branch.render_at(indent, screen, lines);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::text::Text;

    fn at(screen: Screen) -> String {
        let leaf = |text: &str| Branch::leaf(text);
        let long = "10 requested by /srv/app/.nvmrc:1: loses, /srv/app/server is nearer";
        let requests = vec![Branch::new(long, vec![leaf("normalized: a leading v")]), leaf(long)];
        let below = [Branch::group("requests", requests), Branch::group("skipped", Vec::new())];
        let mut below: Vec<Branch> = below.into_iter().flatten().collect();
        below.push(leaf("runs /usher/bin/node"));
        let mut text = Text::new();
        text.tree(Branch::new("node", below));
        text.render(screen)
    }

    #[test]
    fn the_lines_of_a_message_are_below_its_first() {
        let mut text = Text::new();
        let message = "can't run\n  no \u{1b}\n  hint: use install";
        text.tree(Branch::message(Meaning::Error, message, vec![Branch::leaf("more")]));
        insta::assert_snapshot!(text, @r"
        can't run
        ├─ no \u{1b}
        ├─ hint: use install
        └─ more
        ");
    }

    #[test]
    fn long_lines_stay_in_the_tree() {
        insta::assert_snapshot!(at(Screen::PLAIN), @"
        node
        ├─ requests
        │  ├─ 10 requested by /srv/app/.nvmrc:1: loses, /srv/app/server is nearer
        │  │  └─ normalized: a leading v
        │  └─ 10 requested by /srv/app/.nvmrc:1: loses, /srv/app/server is nearer
        └─ runs /usher/bin/node
        ");
        insta::assert_snapshot!(at(Screen { width: Some(40), ..Screen::PLAIN }), @"
        node
        ├─ requests
        │  ├─ 10 requested by /srv/app/.nvmrc:1:
        │  │  │ loses, /srv/app/server is nearer
        │  │  └─ normalized: a leading v
        │  └─ 10 requested by /srv/app/.nvmrc:1:
        │     loses, /srv/app/server is nearer
        └─ runs /usher/bin/node
        ");
        insta::assert_snapshot!(at(Screen { ascii: true, ..Screen::PLAIN }), @"
        node
        |- requests
        |  |- 10 requested by /srv/app/.nvmrc:1: loses, /srv/app/server is nearer
        |  |  `- normalized: a leading v
        |  `- 10 requested by /srv/app/.nvmrc:1: loses, /srv/app/server is nearer
        `- runs /usher/bin/node
        ");
    }
}
