//! Printing: the only place that writes to the standard streams, and asks questions.
//!
//! A command that reports something is two functions: *decide* makes a [`Report`] from the
//! session, and [`print()`] prints it.
//!
//! What is printed for people goes through [`visible`], the last defence against text that steers a
//! terminal: messages escape what is foreign where they are put together, with
//! [`Escaped`](usher_shims::error::Escaped) and [`Shown`], and this knows only whole lines. What
//! programs read (a path, shell code, JSON) is exact.
//!
//! A command whose output can't be written fails (`docs/exit-codes.md`), but for a closed pipe: its
//! reader has seen enough.

mod screen;
mod style;
mod table;
mod text;
mod tree;

use std::borrow::Cow;
use std::fmt::{self, Display, Write as _};
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::os::fd::{BorrowedFd, IntoRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::ColorChoice;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, fcntl_getfd};
use rustix::stdio;
use serde::{Serialize, Serializer};
use usher_shims::error::{Error, ErrorKind, Result, Shown, is_hidden};

use crate::files::interrupt::{Interruption, Unfinished};
use crate::session::reporter::{Notice, Reporter, Severity};

pub use self::screen::Screen;
use self::screen::Screens;
pub use self::style::{HELP_STYLES, Meaning};
pub use self::table::Table;
pub use self::text::{Line, Text};
pub use self::tree::Branch;

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

/// Opens something in place of a standard stream that is closed, so that no other file gets its number
/// and what is printed with it. Programs that this process becomes or starts find it closed.
pub fn reserve_closed_streams() {
    let is_closed = |stream: BorrowedFd<'_>| fcntl_getfd(stream) == Err(Errno::BADF);
    for stream in [stdio::stdin(), stdio::stdout(), stdio::stderr()] {
        if is_closed(stream) {
            // The lowest free number is this one. Nothing can be written to it.
            let opened = open(c"/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
            let _ = opened.map(OwnedFd::into_raw_fd);
        }
    }
}

/// Prints a report, as JSON or as text with its notes and its error; returns the exit code.
pub fn print(report: &impl Report, as_json: bool, reporter: &dyn Reporter) -> Result<i32> {
    if as_json {
        print_json(report)?;
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

/// A path in a report: text shows all its bytes, and JSON has its UTF-8 form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportPath(PathBuf);

impl ReportPath {
    /// The path in a report.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self(path.as_ref().to_path_buf())
    }

    /// The path itself.
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

impl Display for ReportPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(&self.0).fmt(f)
    }
}

impl Serialize for ReportPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_string_lossy())
    }
}

/// Text as people may see it: characters that have an effect in place of a shape appear as escapes,
/// but for line ends.
fn visible(text: &str) -> Cow<'_, str> {
    replace_hidden(text, &|shown, character| match character {
        '\n' => shown.push('\n'),
        other => shown.extend(other.escape_default()),
    })
}

/// As [`visible`], without line ends.
fn visible_line(text: &str) -> String {
    visible(text).replace('\n', "\\n")
}

/// Replaces the hidden characters of a text; most texts have none but line ends.
fn replace_hidden<'a>(text: &'a str, replace: &dyn Fn(&mut String, char)) -> Cow<'a, str> {
    if !text.contains(|character| character != '\n' && is_hidden(character)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match is_hidden(character) {
            true => replace(&mut shown, character),
            false => shown.push(character),
        }
    }
    Cow::Owned(shown)
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
    let screen = out_screen();
    let text = match screen.colors {
        true => help.ansi().to_string(),
        false => help.to_string(),
    };
    print_exact(screen.spell(&text).as_bytes())
}

/// Prints what a program reads to standard output, byte for byte.
pub fn print_exact(text: &[u8]) -> Result<()> {
    match write_out(text) {
        Ok(()) | Err(Errno::PIPE) => Ok(()),
        Err(error) => Err(unwritten(&error.into())),
    }
}

/// Prints a change of a file: byte for byte as another program applies it, escaped on a terminal.
pub fn print_patch(text: &str) -> Result<()> {
    if !io::stdout().is_terminal() {
        return print_exact(text.as_bytes());
    }
    let parts: Vec<Cow<'_, str>> = text.split('\t').map(visible).collect();
    print_exact(parts.join("\t").as_bytes())
}

/// Writes to standard output. The standard library's handle takes a closed one for success.
fn write_out(mut text: &[u8]) -> rustix::io::Result<()> {
    let output = io::stdout().lock();
    while !text.is_empty() {
        match rustix::io::write(&output, text) {
            Ok(written) => text = text.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            // Another program that has the same terminal or pipe made it return at once.
            Err(Errno::AGAIN) => {
                poll(&mut [PollFd::new(&output, PollFlags::OUT)], None)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The error of a command whose output is lost.
fn unwritten(error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::DiskFull,
        _ => ErrorKind::Io,
    };
    Error::new(kind, "can't write to standard output").because(error.to_string())
}

/// Prints a path byte for byte, as a script needs it.
pub fn print_path(path: &Path) -> Result<()> {
    print_exact(&[path.as_os_str().as_bytes(), b"\n"].concat())
}

/// Prints a value as JSON. Hidden characters in its texts are JSON's own escapes, so that it is exact
/// and can't steer a terminal either.
pub fn print_json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(|error| unwritten(&error.into()))?;
    print_json_text(&text)
}

/// As [`print_json`], on one line.
pub fn print_json_line(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string(value).map_err(|error| unwritten(&error.into()))?;
    print_json_text(&text)
}

fn print_json_text(text: &str) -> Result<()> {
    let text = replace_hidden(text, &|shown, character| match character {
        '\n' => shown.push('\n'),
        other => {
            for unit in other.encode_utf16(&mut [0; 2]) {
                // Writing into memory never fails.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        }
    });
    print_exact(format!("{text}\n").as_bytes())
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
    let mut text = Text::new();
    for (index, line) in message.split('\n').enumerate() {
        let line = match line.trim_start().starts_with("hint: ") {
            true => Line::of(Meaning::Hint, line),
            false => Line::from(line),
        };
        text.line(match index {
            0 => Line::of(meaning, label).then(" ").join(line),
            _ => line,
        });
    }
    // A terminal breaks lines that are too long, so that a command can be copied as one.
    let screen = Screen { width: None, ..err_screen() };
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
    let _ = write!(io::stderr().lock(), "usher: {question} [y/N] ");
    let mut answer = String::new();
    let open = Unfinished::question(otherwise);
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
    let printed = print_json(&serde_json::json!({ "error": {
        "what": error.what,
        "causes": error.causes,
        "hint": error.hint,
        "code": error.kind().code(),
        "exit": error.kind().exit_code(),
    }}));
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
    if interruption.at_question {
        let _ = io::stderr().lock().write_all(b"\n");
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_for_people_has_no_hidden_characters() {
        assert_eq!(visible("a é\nb\u{1b}[0m\u{9b}1m\r\t"), "a é\nb\\u{1b}[0m\\u{9b}1m\\r\\t");
        assert!(matches!(visible("two\nlines\n"), Cow::Borrowed(_)));
    }

    /// The table in the core is Unicode's: the regular expressions' own tables are compared with it.
    #[test]
    fn hidden_characters_are_those_of_unicodes_categories() {
        let categories = regex::Regex::new(r"^[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]$").unwrap();
        for character in '\0'..=char::MAX {
            if is_hidden(character) != categories.is_match(character.encode_utf8(&mut [0; 4])) {
                // Reserved for formats and tags of the future.
                assert!(
                    matches!(character, '\u{2065}' | '\u{e0000}'..='\u{e007f}'),
                    "{character:?}"
                );
            }
        }
    }
}
