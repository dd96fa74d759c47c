//! Fails a response that arrives too slowly.
//!
//! It measures the time spent waiting for bytes, and must not know what is done with them.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::time::{Duration, Instant};

use super::timeouts::Timeouts;

/// A reader that fails with [`TooSlow`] when too few bytes arrive.
pub(super) struct MinThroughputReader<R> {
    inner: R,
    meter: ThroughputMeter,
}

/// Fewer than `min_bytes` arrived in `window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooSlow {
    min_bytes: u64,
    window: Duration,
}

impl fmt::Display for TooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sent less than {} bytes in {} s", self.min_bytes, self.window.as_secs())
    }
}

impl std::error::Error for TooSlow {}

impl<R: Read> MinThroughputReader<R> {
    pub(super) fn new(inner: R, timeouts: &Timeouts) -> Self {
        let limit = TooSlow { min_bytes: timeouts.min_bytes, window: timeouts.min_bytes_window };
        Self { inner, meter: ThroughputMeter::new(limit) }
    }
}

impl<R: Read> Read for MinThroughputReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let start = Instant::now();
        let count = self.inner.read(buffer)?;
        if count > 0 {
            self.meter
                .record(start.elapsed(), count as u64)
                .map_err(|slow| io::Error::new(ErrorKind::TimedOut, slow))?;
        }
        Ok(count)
    }
}

struct ThroughputMeter {
    limit: TooSlow,
    waited: Duration,
    received: u64,
}

impl ThroughputMeter {
    fn new(limit: TooSlow) -> Self {
        Self { limit, waited: Duration::ZERO, received: 0 }
    }

    /// Records that the next `bytes` took `time`. An error at the end of a window in which too few
    /// arrived.
    fn record(&mut self, time: Duration, bytes: u64) -> Result<(), TooSlow> {
        self.waited += time;
        self.received += bytes;
        if self.waited < self.limit.window {
            return Ok(());
        }
        let is_enough = self.received >= self.limit.min_bytes;
        (self.waited, self.received) = (Duration::ZERO, 0);
        if is_enough { Ok(()) } else { Err(self.limit) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many seconds a connection that delivers `bytes` every `seconds` fails, if it does
    /// within 20 minutes.
    fn check(bytes: u64, seconds: u64, expected: Option<u64>) {
        let Timeouts { min_bytes, min_bytes_window: window, .. } = Timeouts::default();
        let mut meter = ThroughputMeter::new(TooSlow { min_bytes, window });
        let time = Duration::from_secs(seconds);
        let failed = (1..=1200 / seconds).find(|_| meter.record(time, bytes).is_err());
        assert_eq!(failed.map(|count| count * seconds), expected, "{bytes} B per {seconds} s");
    }

    #[test]
    fn only_a_connection_that_is_too_slow_fails() {
        check(1, 10, Some(60));
        check(999, 1, Some(60));
        check(1000, 1, None);
        check(30_000, 30, None);
        check(50_000, 50, None);
        check(29_000, 30, Some(60));
        check(100_000_000, 1, None);
    }
}
