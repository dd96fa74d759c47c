//! Printing: the only place that writes to the standard streams, and asks questions.
//!
//! A command that reports something is two functions: *decide* makes a [`Report`] from the
//! session, and [`print()`] prints it.
//!
//! What is printed for people goes through [`visible()`], the last defence against text that steers a
//! terminal: messages escape what is foreign where they are put together, with
//! [`Escaped`](usher_shims::error::Escaped) and [`Shown`](usher_shims::error::Shown), and this knows only whole lines. What
//! programs read (a path, shell code, JSON) is exact.
//!
//! A command whose output can't be written fails (`docs/exit-codes.md`), but for a closed pipe: its
//! reader has seen enough.

mod help_text;
pub mod json;
mod line;
mod report_path;
mod screen;
#[cfg(test)]
mod snapshot;
mod streams;
mod style;
mod table;
mod text;
mod tree;
mod visible;

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::OnceLock;

use clap::ColorChoice;
use serde::Serialize;
use usher_shims::error::{Error, Result};

use crate::files::interrupt::{Interruption, Unfinished};
use crate::session::reporter::{Notice, Reporter, Severity};

pub(crate) use self::help_text::help_text;
pub use self::json::{ErrorAnswer, ErrorReport, print_answer, print_answer_line, print_json};
pub use self::line::Line;
pub use self::report_path::ReportPath;
pub use self::screen::Screen;
use self::screen::Screens;
#[cfg(test)]
pub(crate) use self::snapshot::at_widths;
pub use self::streams::{print_exact, print_path, reserve_closed_streams};
pub use self::style::{HELP_STYLES, Meaning};
pub use self::table::Table;
pub use self::text::Text;
pub use self::tree::Branch;
use self::visible::visible;

/// How far a line of a message is indented where it goes on: farther than its causes.
const MESSAGE_INDENT: usize = 4;

/// What the process's streams can show, once that is known; nothing special before.
static SCREENS: OnceLock<Screens> = OnceLock::new();

/// What a command found out. Its serialization is the command's `--json` output, documented in
/// `docs/json.md`.
pub trait Report: Serialize {
    /// Standard output for a person.
    fn text(&self) -> Text;

    /// Notes for a person, printed on standard error after the text.
    fn notes(&self) -> Vec<Notice> {
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

/// Finds out what the process's streams can show; `variable` reads its environment.
pub fn look_at_streams(color: ColorChoice, variable: &dyn Fn(&str) -> Option<String>) {
    let _ = SCREENS.set(Screens::of_process(color, variable));
}

/// What standard output can show.
pub fn out_screen() -> Screen {
    SCREENS.get().map_or(Screen::PLAIN, |screens| screens.out)
}

/// What standard error can show.
pub fn err_screen() -> Screen {
    SCREENS.get().map_or(Screen::PLAIN, |screens| screens.err)
}

/// Prints a report, as JSON or as text with its notes and its error; returns the exit code.
pub fn print(report: &impl Report, as_json: bool, reporter: &dyn Reporter) -> Result<i32> {
    if as_json {
        print_answer(report)?;
        return Ok(report.exit_code());
    }
    let printed = print_text(report.text());
    for notice in report.notes() {
        reporter.notice(&notice);
    }
    if let Some(error) = report.error() {
        print_error(error);
    }
    printed.map(|()| report.exit_code())
}

/// Prints a line for people to standard output. It is one line, whatever is in it.
pub fn print_line(line: impl Into<Line>) -> Result<()> {
    print_text(line.into())
}

/// Prints text for people to standard output.
pub fn print_text(text: impl Into<Text>) -> Result<()> {
    print_exact(text.into().render(out_screen()).as_bytes())
}

/// Prints a help text or the version, which clap made, to standard output.
pub fn print_help(help: &clap::builder::StyledStr) -> Result<()> {
    print_exact(help_text(help, out_screen()).as_bytes())
}

/// Prints a change of a file: byte for byte as another program applies it, escaped on a terminal.
pub fn print_patch(text: &str) -> Result<()> {
    if !io::stdout().is_terminal() {
        return print_exact(text.as_bytes());
    }
    let parts: Vec<Cow<'_, str>> = text.split('\t').map(visible).collect();
    print_exact(parts.join("\t").as_bytes())
}

/// Prints a notice to standard error.
pub fn print_notice(notice: &Notice) {
    let (meaning, label) = match notice.severity {
        Severity::Note => (Meaning::Muted, "usher:"),
        Severity::Warning => (Meaning::Warning, "warning:"),
    };
    print_message(meaning, label, &notice.to_string());
}

/// Prints a message of one or more lines to standard error; the first begins with a label.
fn print_message(meaning: Meaning, label: &str, message: &str) {
    let screen = err_screen();
    let mut text = Text::new();
    for (index, line) in message.split('\n').enumerate() {
        // The terminal itself breaks a hint that is too long, so that it is copied as one line.
        if index > 0 && line.trim_start().starts_with("hint: ") {
            text.line(Line::of(Meaning::Hint, line));
            continue;
        }
        let line = match index {
            0 => Line::of(meaning, label).then(" ").join(line),
            _ => Line::from(line),
        };
        line.lines_of_words(MESSAGE_INDENT, screen).into_iter().for_each(|line| text.line(line));
    }
    let screen = Screen { width: None, ..screen };
    let _ = io::stderr().lock().write_all(text.render(screen).as_bytes());
}

/// Whether standard error is a terminal.
pub fn is_read_by_a_person() -> bool {
    io::stderr().is_terminal()
}

/// Whether a person can answer a question.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a yes-or-no question; any answer but yes means no, and prints what that means: `nothing was
/// removed`.
pub fn confirm(question: impl Display, otherwise: &str) -> bool {
    let question = question.to_string();
    let screen = err_screen();
    let question = screen.spell(&visible(&question)).into_owned();
    // Before the question is seen: from then on an interrupt answers it.
    let open = Unfinished::question(otherwise);
    let _ = write!(io::stderr().lock(), "usher: {question} [y/N] ");
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    drop(open);
    if read.is_ok() && ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) {
        return true;
    }
    if !answer.ends_with('\n') {
        // The input ended: the cursor is still behind the question.
        let _ = io::stderr().lock().write_all(b"\n");
    }
    print_notice(&Notice::note(otherwise));
    false
}

/// Prints the error with which `use` ends: text to standard error, JSON to standard output. Returns the
/// exit code.
pub fn print_failure(error: &Error, as_json: bool) -> i32 {
    if !as_json {
        print_error(error);
        return error.kind().exit_code().into();
    }
    let printed = print_answer(&ErrorAnswer { error: ErrorReport::of(error) });
    match printed {
        Ok(()) => error.kind().exit_code().into(),
        Err(unwritten) => {
            // It may be the one that the JSON was about.
            if *error != unwritten {
                print_error(error);
            }
            print_failure(&unwritten, false)
        }
    }
}

/// Prints an error of `use` to standard error.
pub fn print_error(error: &Error) {
    print_message(Meaning::Error, "error:", &error.to_string());
}

/// Prints what an interrupt left undone; in a shim's log it must not look like the program's own.
pub fn print_interruption(interruption: &Interruption, in_shim: bool) {
    // Over the `^C` that the terminal shows, or below the question that it is behind.
    let start: &[u8] = match (interruption.at_question, is_read_by_a_person()) {
        (true, _) => b"\n",
        (false, true) => b"\r",
        (false, false) => b"",
    };
    let _ = io::stderr().lock().write_all(start);
    let what = match interruption.what.as_str() {
        "" => "interrupted".to_owned(),
        what => format!("interrupted: {what}"),
    };
    let (label, rest) = match (in_shim, what.split_once(' ')) {
        (true, _) => ("usher:", what.as_str()),
        (false, Some((label, rest))) => (label, rest),
        (false, None) => (what.as_str(), ""),
    };
    print_message(Meaning::Error, label, rest);
}

/// Prints an error of a shim. In the log of a program, `error:` would look like the program's own.
pub fn shim_error(error: &Error) {
    print_message(Meaning::Error, "usher:", &error.to_string());
}
