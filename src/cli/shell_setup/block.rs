//! usher's block in a shell's file: inserting it, finding it again, removing it.
//!
//! Pure text. A shell's file belongs to its user, so what isn't between the two marks is never
//! touched, and the first mark itself remembers what restoring needs.

use std::ops::Range;

/// The line that begins the block; a note may follow on it.
pub const OPEN: &str = "# >>> usher >>>";

/// The line that ends the block.
pub const CLOSE: &str = "# <<< usher <<<";

/// Follows [`OPEN`] if usher had to end the file's last line (or found an empty file), so that
/// removing the block restores that.
const NO_NEWLINE: &str = " (the file had no newline at its end)";

/// Where in a file the block must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockPosition {
    /// Before anything that could end the reading.
    Top,
    /// After everything that could set PATH again.
    End,
}

/// A block was begun on this line, counted from 1, and never ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnclosedBlock(pub usize);

/// A text with a block put in; `None` is a file that doesn't exist yet.
pub fn insert_block(text: Option<&str>, line: &str, position: BlockPosition) -> String {
    let block = |note: &str| format!("{OPEN}{note}\n{line}\n{CLOSE}\n");
    match (text, position) {
        (None, _) => block(""),
        (Some(""), _) => block(NO_NEWLINE),
        (Some(text), BlockPosition::Top) => block("") + text,
        (Some(text), BlockPosition::End) if text.ends_with('\n') => text.to_owned() + &block(""),
        (Some(text), BlockPosition::End) => format!("{text}\n{}", block(NO_NEWLINE)),
    }
}

/// The text with `line` in the block that it has; `None` if it has no block.
pub fn update_block(text: &str, line: &str) -> Result<Option<String>, UnclosedBlock> {
    let blocks = find(text)?;
    if blocks.is_empty() {
        return Ok(None);
    }
    let mut updated = text.to_owned();
    for block in blocks.iter().rev() {
        updated.replace_range(block.body.clone(), &format!("{line}\n"));
    }
    Ok(Some(updated))
}

/// The text as it was without the block; `None` if there was no file.
pub fn remove_block(text: &str) -> Result<Option<String>, UnclosedBlock> {
    let blocks = find(text)?;
    let mut rest = text.to_owned();
    for block in blocks.iter().rev() {
        rest.replace_range(block.whole.clone(), "");
        let last = block.whole.start == rest.len();
        if block.noted && last && rest.ends_with('\n') {
            rest.pop();
        }
    }
    let was_there = blocks.is_empty() || blocks.iter().any(|block| block.noted);
    Ok((was_there || !rest.is_empty()).then_some(rest))
}

/// A block in a text.
struct MarkedBlock {
    whole: Range<usize>,
    /// What is between the marks.
    body: Range<usize>,
    /// Whether it carries the note.
    noted: bool,
}

/// A block that is begun.
struct OpenBlock {
    line: usize,
    start: usize,
    body: usize,
    noted: bool,
}

fn find(text: &str) -> Result<Vec<MarkedBlock>, UnclosedBlock> {
    let mut blocks = Vec::new();
    let mut open: Option<OpenBlock> = None;
    let mut start = 0;
    for (index, whole) in text.split_inclusive('\n').enumerate() {
        let end = start + whole.len();
        let line = whole.trim();
        if let Some(note) = line.strip_prefix(OPEN) {
            if let Some(open) = open {
                return Err(UnclosedBlock(open.line));
            }
            open = Some(OpenBlock { line: index + 1, start, body: end, noted: note == NO_NEWLINE });
        } else if line == CLOSE
            && let Some(OpenBlock { start: first, body, noted, .. }) = open.take()
        {
            blocks.push(MarkedBlock { whole: first..end, body: body..start, noted });
        }
        start = end;
    }
    match open {
        Some(open) => Err(UnclosedBlock(open.line)),
        None => Ok(blocks),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{option, prop_assert_eq, proptest, sample};

    use super::*;

    const BLOCK: &str = "# >>> usher >>>\nLINE\n# <<< usher <<<\n";
    const NOTED: &str =
        "# >>> usher >>> (the file had no newline at its end)\nLINE\n# <<< usher <<<\n";

    #[test]
    fn the_block_is_inserted_and_removed_without_a_trace() {
        for (before, position, after) in [
            (None, BlockPosition::Top, BLOCK.to_owned()),
            (None, BlockPosition::End, BLOCK.to_owned()),
            (Some(""), BlockPosition::Top, NOTED.to_owned()),
            (Some(""), BlockPosition::End, NOTED.to_owned()),
            (Some("a\nb\n"), BlockPosition::Top, format!("{BLOCK}a\nb\n")),
            (Some("a\nb\n"), BlockPosition::End, format!("a\nb\n{BLOCK}")),
            (Some("a\nb"), BlockPosition::Top, format!("{BLOCK}a\nb")),
            (Some("a\nb"), BlockPosition::End, format!("a\nb\n{NOTED}")),
            (Some("a\r\nb\r\n"), BlockPosition::End, format!("a\r\nb\r\n{BLOCK}")),
            (Some("\n"), BlockPosition::End, format!("\n{BLOCK}")),
        ] {
            let text = insert_block(before, "LINE", position);
            assert_eq!(text, after, "{position:?} of {before:?}");
            assert_eq!(remove_block(&text).unwrap().as_deref(), before, "out of {text:?}");
        }
    }

    #[test]
    fn text_appended_after_the_block_is_a_line_of_its_own() {
        let text = insert_block(Some("a"), "LINE", BlockPosition::End) + "b\n";
        assert_eq!(remove_block(&text).unwrap().unwrap(), "a\nb\n");
    }

    #[test]
    fn an_update_changes_the_line_in_place() {
        let updated = |text: &str| update_block(text, "NEW").unwrap();
        let new = |text: &str| Some(text.replace("LINE", "NEW"));
        for text in [
            BLOCK.to_owned(),
            format!("a\n{NOTED}"),
            format!("a\n{BLOCK}b"),
            format!("{BLOCK}a\n{BLOCK}"),
            format!("  {}", BLOCK.replace('\n', " \r\n")).replace("LINE \r", "LINE"),
            BLOCK.trim_end().to_owned(),
        ] {
            assert_eq!(updated(&text), new(&text), "{text:?}");
        }
        assert_eq!(updated(&BLOCK.replace("LINE", "two\nlines")), new(BLOCK));
        assert_eq!(updated(&BLOCK.replace("LINE\n", "")), new(BLOCK));
        assert_eq!(updated("a\n# <<< usher <<<\n"), None);
        assert_eq!(updated("say '# >>> usher >>>'\n"), None);
    }

    #[test]
    fn a_block_without_an_end_is_refused() {
        for (text, line) in [
            ("a\n# >>> usher >>>\nLINE\n".to_owned(), 2),
            (format!("# >>> usher >>>\n{BLOCK}"), 1),
            (format!("{BLOCK}# >>> usher >>>"), 4),
        ] {
            assert_eq!(update_block(&text, "NEW"), Err(UnclosedBlock(line)), "{text:?}");
            assert_eq!(remove_block(&text), Err(UnclosedBlock(line)), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn removing_a_block_reverses_inserting_it(
            before in option::of("([a#> \r\n]|if|fi){0,12}"),
            position in sample::select(vec![BlockPosition::Top, BlockPosition::End]),
            line in "[^\n]{0,9}",
        ) {
            let text = insert_block(before.as_deref(), &line, position);
            prop_assert_eq!(update_block(&text, &line).unwrap(), Some(text.clone()));
            let other = update_block(&text, "OTHER").unwrap().unwrap();
            prop_assert_eq!(&other, &insert_block(before.as_deref(), "OTHER", position));
            prop_assert_eq!(remove_block(&text).unwrap(), before.clone());
            prop_assert_eq!(remove_block(&other).unwrap(), before);
        }
    }
}
