//! How often a request is retried, and the pauses between attempts.
//!
//! It must not know what is requested.

use std::slice::Iter;
use std::thread::sleep;
use std::time::Duration;

use super::fetch_error::{AttemptError, FetchError};
use super::timeouts::Timeouts;

/// The retries of one request or download.
pub(super) struct Retry<'a> {
    timeouts: &'a Timeouts,
    backoff: Iter<'a, Duration>,
}

impl<'a> Retry<'a> {
    pub(super) fn new(timeouts: &'a Timeouts) -> Self {
        Self { timeouts, backoff: timeouts.backoff.iter() }
    }

    /// Waits before the next attempt. Returns the error if it is permanent, if no retry is left, or
    /// if the wait that the server requests is too long.
    pub(super) fn wait_after(&mut self, error: AttemptError) -> Result<(), FetchError> {
        let (failure, wait) = match error {
            AttemptError::Permanent(failure) => return Err(failure),
            AttemptError::Transient(failure, wait) => (failure, wait),
        };
        let Some(pause) = self.backoff.next() else { return Err(failure) };
        let wait = wait.unwrap_or(*pause);
        if wait > self.timeouts.max_retry_after {
            return Err(failure);
        }
        sleep(wait);
        Ok(())
    }

    /// Records that the last attempt fetched this many new bytes. With enough of them, the retries
    /// start from the beginning.
    pub(super) fn record_progress(&mut self, bytes: u64) {
        if bytes >= self.timeouts.progress_reset {
            self.backoff = self.timeouts.backoff.iter();
        }
    }
}
