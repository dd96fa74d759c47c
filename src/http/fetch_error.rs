//! Why something couldn't be fetched.

use std::time::Duration;

use usher_shims::error::Error;

/// Why something couldn't be fetched. The variant decides what usher does next; the [`Error`] inside
/// is for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchError {
    /// The source couldn't be reached, or has a problem of its own (5xx). The next source is tried.
    Unreachable(Error),
    /// The source doesn't have it (404, 410, no such file). The next source is tried.
    NotFound(Error),
    /// The source's response is unusable (403, a web page, too long). The next source is tried.
    BadResponse(Error),
    /// Another source doesn't help: the bytes aren't those that were published, or the disk is full.
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

/// Why one attempt failed.
#[derive(Debug)]
pub(super) enum AttemptError {
    /// A retry would fail too.
    Permanent(FetchError),
    /// A retry may succeed, after the wait that the server requests.
    Transient(FetchError, Option<Duration>),
}
