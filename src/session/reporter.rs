//! What is told and shown on the way to an answer, whoever shows it.

use crate::http::{NoProgress, Progress};

/// Shows a person what goes on. What is behind it, and whether anything is, only the command line
/// knows.
pub trait Reporter {
    /// Tells a line, or several, beside the answer.
    fn note(&self, text: &str);
    /// Whether downloads are drawn: then they need no line of their own.
    fn draws(&self) -> bool;
    /// So many downloads begin, to be summed up.
    fn begin_batch(&self, count: usize);
    /// All of them ended.
    fn end_batch(&self);
    /// A download of this name begins; it is shown until the result is dropped.
    fn download(&self, name: &str) -> Box<dyn Progress + '_>;
}

/// Shows nothing.
#[derive(Debug)]
pub struct Silent;

impl Reporter for Silent {
    fn note(&self, _: &str) {}
    fn draws(&self) -> bool {
        false
    }
    fn begin_batch(&self, _: usize) {}
    fn end_batch(&self) {}
    fn download(&self, _: &str) -> Box<dyn Progress + '_> {
        Box::new(NoProgress)
    }
}
