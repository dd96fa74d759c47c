//! Rows of cells in aligned columns, as narrow as the screen.

use super::line::Line;
use super::screen::Screen;
use super::style::Meaning;

/// The space between two columns.
const GAP: usize = 2;

/// The narrowest that a column is made. Where there is less room for the last, it is below the others.
const MIN_COLUMN: usize = 12;

/// How far what is below a row is indented.
const INDENT: usize = 4;

/// Rows of cells. Each column is as wide as its widest cell, but for the last: where the screen ends, it
/// goes on below itself, or is below the row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    headings: Vec<Line>,
    rows: Vec<Vec<Line>>,
}

impl Table {
    /// Without headings.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a heading for each column.
    pub fn with_headings<const COLUMNS: usize>(headings: [&str; COLUMNS]) -> Self {
        let headings = headings.map(|heading| Line::of(Meaning::Heading, heading));
        Self { headings: headings.into(), rows: Vec::new() }
    }

    /// Rows without headings.
    pub fn of_rows<C: Into<Line>>(rows: impl IntoIterator<Item = Vec<C>>) -> Self {
        let mut table = Self::new();
        rows.into_iter().for_each(|cells| table.row(cells));
        table
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<Line>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Whether it has no row; then its headings aren't printed either.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The same table without columns in which every cell is empty.
    #[must_use]
    pub fn without_empty_columns(mut self) -> Self {
        let count = self.lines().map(Vec::len).max().unwrap_or(0);
        for column in (0..count).rev() {
            let is_empty = |row: &Vec<Line>| row.get(column).is_none_or(Line::is_empty);
            if self.rows.iter().all(is_empty) {
                for row in self.rows.iter_mut().chain([&mut self.headings]) {
                    if column < row.len() {
                        row.remove(column);
                    }
                }
            }
        }
        self
    }

    fn lines(&self) -> impl Iterator<Item = &Vec<Line>> {
        let headings =
            (!self.rows.is_empty() && !self.headings.is_empty()).then_some(&self.headings);
        headings.into_iter().chain(&self.rows)
    }

    pub(super) fn render(&self, screen: Screen) -> Vec<String> {
        let widths = self.widths(screen);
        match screen.width.filter(|available| needed(&widths) > *available) {
            Some(available) => self.render_below(available, screen),
            None => self.lines().flat_map(|row| render_row(row, &widths, screen)).collect(),
        }
    }

    /// The rows with their last cells below them, where there is no room beside the others.
    fn render_below(&self, available: usize, screen: Screen) -> Vec<String> {
        let count = self.lines().map(Vec::len).max().unwrap_or(0).saturating_sub(1);
        let split = |row: &Vec<Line>| {
            let (beside, below) = row.split_at(count.min(row.len()));
            (beside.to_vec(), below.to_vec())
        };
        let (rows, below): (Vec<_>, Vec<_>) = self.lines().map(split).unzip();
        let beside = Self { headings: Vec::new(), rows };
        let widths = beside.widths(screen);
        let indent = " ".repeat(INDENT);
        let below_row = |cells: &Vec<Line>| -> Vec<String> {
            let cells = cells.iter().filter(|cell| !cell.is_empty());
            let lines = cells.flat_map(|cell| cell.wrap(available.saturating_sub(INDENT), screen));
            lines.map(|line| format!("{indent}{}", line.render(screen))).collect()
        };
        let rows = beside.rows.iter().zip(&below);
        rows.flat_map(|(row, below)| [render_row(row, &widths, screen), below_row(below)].concat())
            .collect()
    }

    /// The width of each column. What doesn't fit is taken from the last, then from the widest.
    fn widths(&self, screen: Screen) -> Vec<usize> {
        let count = self.lines().map(Vec::len).max().unwrap_or(0);
        let natural = |column: usize| {
            let cells = self.lines().filter_map(|row| row.get(column));
            cells.map(|cell| cell.width(screen)).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..count).map(natural).collect();
        let Some(available) = screen.width else { return widths };
        let mut shrink = |column: usize| {
            let excess = needed(&widths).saturating_sub(available);
            let least = widths[column].min(MIN_COLUMN);
            widths[column] = widths[column].saturating_sub(excess).max(least);
        };
        if let Some(last) = count.checked_sub(1) {
            shrink(last);
            let widest = (0..last).max_by_key(|column| natural(*column));
            widest.into_iter().for_each(shrink);
        }
        widths
    }
}

/// The columns of a row.
fn needed(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

/// One row: as many lines as its highest cell has.
fn render_row(row: &[Line], widths: &[usize], screen: Screen) -> Vec<String> {
    let cells: Vec<Vec<Line>> =
        row.iter().zip(widths).map(|(cell, width)| cell.wrap(*width, screen)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    let line = |index: usize| {
        let mut line = String::new();
        // The columns that are printed, and where the next one starts.
        let (mut printed, mut start) = (0, 0);
        for (cell, width) in cells.iter().zip(widths) {
            if let Some(part) = cell.get(index).filter(|part| !part.is_empty()) {
                line.push_str(&" ".repeat(start - printed));
                line.push_str(&part.render(screen));
                printed = start + part.width(screen);
            }
            start = printed.max(start + width) + GAP;
        }
        line
    };
    (0..height).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::text::Text;

    fn table() -> Table {
        let mut table = Table::with_headings(["TOOL", "VERSION", "", "REQUESTED BY"]);
        table.row([
            Line::from("node"),
            Line::of(Meaning::Active, "12.22.12"),
            "".into(),
            "12 in /srv/app/packages/server/.nvmrc:1".into(),
        ]);
        table.row(["ruby", "é", "", "x y"]);
        table
    }

    fn at(width: usize) -> String {
        Text::from(table()).render(Screen { width: Some(width), ..Screen::PLAIN })
    }

    #[test]
    fn the_last_column_goes_on_below_itself() {
        insta::assert_snapshot!(Text::from(table()), @"
        TOOL  VERSION     REQUESTED BY
        node  12.22.12    12 in /srv/app/packages/server/.nvmrc:1
        ruby  é           x y
        ");
        insta::assert_snapshot!(at(50), @"
        TOOL  VERSION     REQUESTED BY
        node  12.22.12    12 in /srv/app/packages/server/
                          .nvmrc:1
        ruby  é           x y
        ");
        insta::assert_snapshot!(at(20), @"
        TOOL  VERSION
            REQUESTED BY
        node  12.22.12
            12 in /srv/app/
            packages/server/
            .nvmrc:1
        ruby  é
            x y
        ");
    }

    #[test]
    fn cells_are_one_line_and_empty_tables_have_no_heading() {
        let mut hostile = Table::new();
        hostile.row(["a\nb", "\u{1b}[2J\u{202e}"]);
        assert_eq!(Text::from(hostile).to_string(), "a\\nb  \\u{1b}[2J\\u{202e}\n");
        assert_eq!(Text::from(Table::with_headings(["TOOL"])).to_string(), "");
        insta::assert_snapshot!(Text::from(table().without_empty_columns()), @"
        TOOL  VERSION   REQUESTED BY
        node  12.22.12  12 in /srv/app/packages/server/.nvmrc:1
        ruby  é         x y
        ");
    }

    #[test]
    fn colours_have_no_width() {
        let screen = Screen { colors: true, width: Some(60), ascii: false };
        let rendered = Text::from(table()).render(screen);
        assert!(rendered.contains("\u{1b}[32m12.22.12\u{1b}[0m    12 in "), "{rendered:?}");
    }
}
