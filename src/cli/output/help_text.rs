//! A help text that clap made, as narrow as the screen.
//!
//! clap could break lines itself (its feature `wrap_help`), but not those of the groups of verbs and of
//! the examples, which it doesn't know as columns.

use std::borrow::Cow;

use anstream::adapter::strip_str;
use clap::builder::StyledStr;
use unicode_width::UnicodeWidthStr as _;

use super::screen::Screen;

/// The narrowest that a description beside what it describes is made.
const MIN_DESCRIPTION: usize = 16;

/// The text for a screen. A line that is too long goes on below its description, if it has one.
pub(crate) fn help_text(help: &StyledStr, screen: Screen) -> String {
    let text = match screen.colors {
        true => help.ansi().to_string(),
        false => help.to_string(),
    };
    let text = screen.spell(&text);
    let Some(width) = screen.width else { return text.into_owned() };
    let lines = text.split('\n').map(|line| match columns(line) <= width {
        true => Cow::Borrowed(line),
        false => Cow::Owned(wrapped(line, width)),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// How many columns a line needs; its colours need none.
fn columns(line: &str) -> usize {
    strip_str(line).to_string().width()
}

/// A line in several, broken at spaces.
fn wrapped(line: &str, width: usize) -> String {
    let start = " ".repeat(continuation(&strip_str(line).to_string(), width));
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in line.split_inclusive(' ') {
        let needed = columns(word.trim_end_matches(' '));
        if used + needed > width && used > start.len() {
            lines.push(start.clone());
            used = start.len();
        }
        used += columns(word);
        if let Some(last) = lines.last_mut() {
            last.push_str(word);
        }
    }
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end_matches(' ')).collect();
    lines.join("\n")
}

/// The column in which a line goes on: that of its description, which two spaces precede; else a little
/// more than it is indented by.
fn continuation(line: &str, width: usize) -> usize {
    let text = line.trim_start_matches(' ');
    let indent = line.len() - text.len();
    let description = text.rfind("  ").map(|gap| line[..indent + gap + 2].width());
    let usage = text.strip_prefix("Usage: ").map(|_| "Usage: ".len() + 2);
    match description.filter(|column| column + MIN_DESCRIPTION <= width).or(usage) {
        Some(column) => column,
        None if indent == 0 => 0,
        None => indent + 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_goes_on_below_its_description() {
        for (line, expected) in [
            (
                "  exec         Run a command with this project's versions",
                "  exec         Run a command with this\n               project's versions",
            ),
            (
                "      --a-long-flag <WITH-A-VALUE>  Its meaning in words",
                "      --a-long-flag <WITH-A-VALUE>  Its\n        meaning in words",
            ),
            (
                "Usage: use exec [OPTIONS] TOOL@REQUEST... -- COMMAND...",
                "Usage: use exec [OPTIONS]\n         TOOL@REQUEST... -- COMMAND...",
            ),
            (
                "  use install node@12.0.0 --from /media/node.tar.gz",
                "  use install node@12.0.0 --from\n    /media/node.tar.gz",
            ),
            (
                "One sentence. Another one that is a bit longer.",
                "One sentence. Another one that is a bit\nlonger.",
            ),
        ] {
            assert_eq!(wrapped(line, 40), expected);
        }
    }

    #[test]
    fn colours_need_no_columns() {
        let line = "  \u{1b}[36mexec\u{1b}[0m  run a command";
        assert_eq!(columns(line), 21);
        assert_eq!(wrapped(line, 16), "  \u{1b}[36mexec\u{1b}[0m  run a\n    command");
    }
}
