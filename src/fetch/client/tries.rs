//! How often something is tried, and the pauses between.
//!
//! It must not know what is tried.

use std::slice::Iter;
use std::thread::sleep;
use std::time::Duration;

use super::super::access::Patience;
use super::super::failure::{Failure, Setback};

/// The tries of one undertaking: it ends when it succeeds, when a setback is final, or when
/// patience ends.
pub(in super::super) struct Tries<'a> {
    patience: &'a Patience,
    pauses: Iter<'a, Duration>,
}

impl<'a> Tries<'a> {
    pub(super) fn new(patience: &'a Patience) -> Self {
        Self { patience, pauses: patience.pauses.iter() }
    }

    /// Waits before the next try, or says why there is none.
    pub(in super::super) fn pause(&mut self, setback: Setback) -> Result<(), Failure> {
        let (failure, wait) = match setback {
            Setback::Final(failure) => return Err(failure),
            Setback::Passing(failure, wait) => (failure, wait),
        };
        let Some(pause) = self.pauses.next() else { return Err(failure) };
        let wait = wait.unwrap_or(*pause);
        if wait > self.patience.longest_wait {
            return Err(failure);
        }
        sleep(wait);
        Ok(())
    }

    /// The last try brought so many new bytes: where that is some way, patience begins anew.
    pub(in super::super) fn came(&mut self, bytes: u64) {
        if bytes >= self.patience.headway {
            self.pauses = self.patience.pauses.iter();
        }
    }
}
