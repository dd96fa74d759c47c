//! The printers: the only place that writes to the standard streams, and asks by them.
//!
//! A closed pipe is nobody listening, which is no failure.

use std::fmt::Display;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use serde::Serialize;
use usher_shims::error::Error;

/// Prints a line of a command's answer.
pub fn line(text: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Prints a text as it is.
pub fn text(text: &[u8]) {
    let _ = io::stdout().lock().write_all(text);
}

/// Prints a path byte for byte, as a script needs it.
pub fn path(path: &Path) {
    let _ = io::stdout().lock().write_all(&[path.as_os_str().as_bytes(), b"\n"].concat());
}

/// Prints a value as JSON.
pub fn json(value: &impl Serialize) {
    if let Ok(text) = serde_json::to_string_pretty(value) {
        line(text);
    }
}

/// Tells the person something beside the answer.
pub fn note(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "usher: {text}");
}

/// Whether somebody sits there to be asked.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks the person for a yes; whatever else is answered is a no.
pub fn ask(question: impl Display) -> bool {
    let _ = write!(io::stderr().lock(), "usher: {question} [y/N] ");
    let mut answer = String::new();
    let heard = io::stdin().lock().read_line(&mut answer);
    heard.is_ok() && ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}

/// Tells an error; as JSON where that was asked for.
pub fn error(error: &Error, as_json: bool) {
    if as_json {
        json(&serde_json::json!({ "error": {
            "what": error.what,
            "causes": error.causes,
            "hint": error.hint,
            "code": error.kind().code(),
            "exit": error.kind().exit_code(),
        }}));
        return;
    }
    note(error);
}

/// Columns, each as wide as its widest cell; the last one as it is.
pub fn table(rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}
