//! Notes and progress of a command. The command line implements it.

use usher_shims::error::Error;

use crate::http::{NoProgress, Progress};

/// Prints notes and progress, to standard error.
pub trait Reporter {
    /// Prints a note of one or more lines.
    fn note(&self, text: &str);
    /// Prints an error after which the command continues.
    fn error(&self, error: &Error);
    /// Whether progress bars are drawn. Then a download needs no line of its own.
    fn draws(&self) -> bool;
    /// A batch of `count` downloads begins, which get a total.
    fn begin_batch(&self, count: usize);
    /// The batch ended.
    fn end_batch(&self);
    /// A download begins. Its progress is shown until the result is dropped.
    fn download(&self, name: &str) -> Box<dyn Progress + '_>;
}

/// Prints nothing.
#[derive(Debug)]
pub struct Silent;

impl Reporter for Silent {
    fn note(&self, _: &str) {}
    fn error(&self, _: &Error) {}
    fn draws(&self) -> bool {
        false
    }
    fn begin_batch(&self, _: usize) {}
    fn end_batch(&self) {}
    fn download(&self, _: &str) -> Box<dyn Progress + '_> {
        Box::new(NoProgress)
    }
}
