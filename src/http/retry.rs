//! How often something is tried, and the pauses between.
//!
//! It must not know what is tried.

use std::slice::Iter;
use std::thread::sleep;
use std::time::Duration;

use super::fetch_error::{AttemptError, FetchError};
use super::timeouts::Timeouts;

/// The attempts of one undertaking: it ends when one succeeds, when an error is permanent, or when
/// no pause is left.
pub(super) struct Retry<'a> {
    timeouts: &'a Timeouts,
    backoff: Iter<'a, Duration>,
}

impl<'a> Retry<'a> {
    pub(super) fn new(timeouts: &'a Timeouts) -> Self {
        Self { timeouts, backoff: timeouts.backoff.iter() }
    }

    /// Waits before the next try, or says why there is none.
    pub(super) fn pause(&mut self, error: AttemptError) -> Result<(), FetchError> {
        let (failure, wait) = match error {
            AttemptError::Permanent(failure) => return Err(failure),
            AttemptError::Transient(failure, wait) => (failure, wait),
        };
        let Some(pause) = self.backoff.next() else { return Err(failure) };
        let wait = wait.unwrap_or(*pause);
        if wait > self.timeouts.longest_wait {
            return Err(failure);
        }
        sleep(wait);
        Ok(())
    }

    /// The last attempt brought so many new bytes: where that is some way, the count begins anew.
    pub(super) fn record_progress(&mut self, bytes: u64) {
        if bytes >= self.timeouts.progress_reset {
            self.backoff = self.timeouts.backoff.iter();
        }
    }
}
