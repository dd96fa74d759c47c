//! Whether bytes come fast enough to be worth waiting for.
//!
//! It counts the time spent waiting for them, and must not know what is done with them.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::time::{Duration, Instant};

use super::timeouts::Timeouts;

/// Reading that fails with [`TooSlow`] when too little comes.
pub(super) struct MinThroughput<R> {
    inner: R,
    pace: ThroughputMeter,
}

/// Fewer bytes came than is worth waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooSlow {
    least: u64,
    window: Duration,
}

impl fmt::Display for TooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sent less than {} bytes in {} s", self.least, self.window.as_secs())
    }
}

impl std::error::Error for TooSlow {}

impl<R: Read> MinThroughput<R> {
    pub(super) fn new(inner: R, timeouts: &Timeouts) -> Self {
        let bar = TooSlow { least: timeouts.min_bytes, window: timeouts.min_bytes_window };
        Self { inner, pace: ThroughputMeter { bar, waited: Duration::ZERO, came: 0 } }
    }
}

impl<R: Read> Read for MinThroughput<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let began = Instant::now();
        let count = self.inner.read(buffer)?;
        if count > 0 {
            self.pace
                .took(began.elapsed(), count as u64)
                .map_err(|slow| io::Error::new(ErrorKind::TimedOut, slow))?;
        }
        Ok(count)
    }
}

struct ThroughputMeter {
    bar: TooSlow,
    waited: Duration,
    came: u64,
}

impl ThroughputMeter {
    /// So many bytes took so long.
    fn took(&mut self, time: Duration, bytes: u64) -> Result<(), TooSlow> {
        self.waited += time;
        self.came += bytes;
        if self.waited < self.bar.window {
            return Ok(());
        }
        let enough = self.came >= self.bar.least;
        (self.waited, self.came) = (Duration::ZERO, 0);
        if enough { Ok(()) } else { Err(self.bar) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long it takes until a line that brings `bytes` every `seconds` is given up, if it is
    /// within 20 minutes.
    fn check(bytes: u64, seconds: u64, expected: Option<u64>) {
        let Timeouts { min_bytes: least, min_bytes_window: window, .. } = Timeouts::default();
        let mut pace =
            ThroughputMeter { bar: TooSlow { least, window }, waited: Duration::ZERO, came: 0 };
        let given_up =
            (1..=1200 / seconds).find(|_| pace.took(Duration::from_secs(seconds), bytes).is_err());
        assert_eq!(given_up.map(|count| count * seconds), expected, "{bytes} B per {seconds} s");
    }

    #[test]
    fn a_slow_line_that_moves_is_no_failure() {
        check(1, 10, Some(60));
        check(999, 1, Some(60));
        check(1000, 1, None);
        check(30_000, 30, None);
        check(50_000, 50, None);
        check(29_000, 30, Some(60));
        check(100_000_000, 1, None);
    }
}
