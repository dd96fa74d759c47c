//! Notes and progress of a command. The command line implements it.

use std::fmt;

use usher_shims::error::Error;

use crate::http::{NoProgress, Progress};

/// Prints notes and progress, to standard error.
pub trait Reporter {
    /// Prints a notice.
    fn notice(&self, notice: &Notice);
    /// Prints a note of one or more lines.
    fn note(&self, text: &str) {
        self.notice(&Notice::note(text));
    }
    /// Tells what the command does, where that is wanted: `--verbose`.
    fn detail(&self, _: &str) {}
    /// Prints an error after which the command continues.
    fn error(&self, error: &Error);
    /// Whether progress bars are drawn. Then a download needs no line of its own.
    fn draws(&self) -> bool;
    /// A batch of `count` downloads begins, which get a total.
    fn begin_batch(&self, count: usize);
    /// The batch ended.
    fn end_batch(&self);
    /// A task begins with this step: `unpacking` and `node 22.3.0`. It is shown until the result is
    /// dropped.
    fn task(&self, step: &str, name: &str) -> Box<dyn Task + '_>;
}

/// A task that is shown while it takes time. As the progress of a download, it shows how many bytes
/// have arrived, and verifies them afterwards.
pub trait Task: Progress {
    /// The next step begins: `unpacking`.
    fn step(&self, step: &str);
}

impl Task for NoProgress {
    fn step(&self, _: &str) {}
}

/// What a person should know although nothing failed, and what to type next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How much it matters.
    pub severity: Severity,
    /// What is to be known.
    pub what: String,
    /// What to type next.
    pub hint: Option<String>,
}

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It is as it should be.
    Note,
    /// It may be a mistake.
    Warning,
}

impl Notice {
    /// A note.
    pub fn note(what: impl Into<String>) -> Self {
        Self { severity: Severity::Note, what: what.into(), hint: None }
    }

    /// A warning.
    pub fn warning(what: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::note(what) }
    }

    /// The same notice with what to type next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hint {
            Some(hint) => write!(f, "{}\n  hint: {hint}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

#[cfg(test)]
impl PartialEq<&str> for Notice {
    fn eq(&self, text: &&str) -> bool {
        let own = self.to_string();
        own == *text
    }
}

/// Prints nothing.
#[derive(Debug)]
pub struct Silent;

impl Reporter for Silent {
    fn notice(&self, _: &Notice) {}
    fn error(&self, _: &Error) {}
    fn draws(&self) -> bool {
        false
    }
    fn begin_batch(&self, _: usize) {}
    fn end_batch(&self) {}
    fn task(&self, _: &str, _: &str) -> Box<dyn Task + '_> {
        Box::new(NoProgress)
    }
}
