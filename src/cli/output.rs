//! Printing: the only place that writes to the standard streams, and asks questions.
//!
//! A command that reports something is two functions: *decide* makes a [`Report`] from the
//! session, and [`print()`] prints it.
//!
//! A closed pipe is ignored: the reader has seen enough.

use std::fmt::Display;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use serde::Serialize;
use usher_shims::error::Error;

use crate::session::reporter::Reporter;

/// What a command found out. Its serialization is the command's `--json` output, documented in
/// `docs/json.md`.
pub trait Report: Serialize {
    /// Standard output for a person; every line ends with a newline.
    fn text(&self) -> String;

    /// Notes for a person, printed on standard error after the text.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// The error with which the command ends although it has a report. JSON output contains it
    /// already.
    fn error(&self) -> Option<&Error> {
        None
    }

    /// The exit code.
    fn exit_code(&self) -> i32 {
        self.error().map_or(0, |error| error.kind().exit_code().into())
    }
}

/// Prints a report, as JSON or as text with its notes and its error; returns the exit code.
pub fn print(report: &impl Report, as_json: bool, reporter: &dyn Reporter) -> i32 {
    if as_json {
        print_json(report);
        return report.exit_code();
    }
    print_text(report.text().as_bytes());
    for note in report.notes() {
        reporter.note(&note);
    }
    if let Some(error) = report.error() {
        self::print_error(error, false);
    }
    report.exit_code()
}

/// Prints a line to standard output.
pub fn print_line(text: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Prints text as it is.
pub fn print_text(text: &[u8]) {
    let _ = io::stdout().lock().write_all(text);
}

/// Prints a path byte for byte, as a script needs it.
pub fn print_path(path: &Path) {
    let _ = io::stdout().lock().write_all(&[path.as_os_str().as_bytes(), b"\n"].concat());
}

/// Prints a value as JSON.
pub fn print_json(value: &impl Serialize) {
    if let Ok(text) = serde_json::to_string_pretty(value) {
        print_line(text);
    }
}

/// Prints a note to standard error.
pub fn print_note(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "usher: {text}");
}

/// Whether a person can answer a question.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a yes-or-no question; any answer but yes means no.
pub fn confirm(question: impl Display) -> bool {
    let _ = write!(io::stderr().lock(), "usher: {question} [y/N] ");
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.is_ok() && ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}

/// Prints an error of `use`: text to standard error, JSON to standard output.
pub fn print_error(error: &Error, as_json: bool) {
    if as_json {
        print_json(&serde_json::json!({ "error": {
            "what": error.what,
            "causes": error.causes,
            "hint": error.hint,
            "code": error.kind().code(),
            "exit": error.kind().exit_code(),
        }}));
        return;
    }
    let _ = writeln!(io::stderr().lock(), "error: {error}");
}

/// Prints an error of a shim. In the log of a program, `error:` would look like the program's own.
pub fn shim_error(error: &Error) {
    print_note(error);
}

/// Lines of columns, each as wide as its widest cell; the last column isn't padded.
pub fn align_columns(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "é", "x y"], ["bbb", "cc", ""]];
        let rows: Vec<_> = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        assert_eq!(align_columns(&rows), "a    é   x y\nbbb  cc\n");
        assert_eq!(align_columns(&[]), "");
    }
}
