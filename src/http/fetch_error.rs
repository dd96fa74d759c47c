//! Why nothing came, as far as the program handles it.

use std::time::Duration;

use usher_shims::error::Error;

/// Why nothing came, as far as the program handles it; a person reads the [`Error`] inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchError {
    /// The source couldn't be reached, or has a fault of its own (5xx): ask the next source.
    Unreachable(Error),
    /// The source was reached and hasn't got it (404, 410, no such file).
    NotFound(Error),
    /// The source was reached, and what it said is no answer (403, a web page, too much).
    BadResponse(Error),
    /// Asking elsewhere doesn't help: what came isn't what was published, or the disk is full.
    Fatal(Error),
}

impl From<FetchError> for Error {
    fn from(failure: FetchError) -> Self {
        match failure {
            FetchError::Unreachable(error)
            | FetchError::NotFound(error)
            | FetchError::BadResponse(error)
            | FetchError::Fatal(error) => error,
        }
    }
}

/// What stopped one try.
#[derive(Debug)]
pub(super) enum AttemptError {
    /// The next try would end alike.
    Permanent(FetchError),
    /// It may pass; the server may have said when to ask again.
    Transient(FetchError, Option<Duration>),
}
