//! How long to wait. There is no limit to the whole: a slow line that moves is no failure.

use std::time::Duration;

/// How long to wait, for what.
#[derive(Clone)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For an answer's first byte, and for each next one.
    pub read: Duration,
    /// Before the second try, before the third, …
    pub backoff: Vec<Duration>,
    /// The longest time that a server may tell us to wait (`Retry-After`).
    pub longest_wait: Duration,
    /// How many bytes must come in each [`min_bytes_window`](Self::min_bytes_window): less
    /// is no line, but a leak.
    pub min_bytes: u64,
    /// The time over which the rate is measured; what we spend on writing isn't counted.
    pub min_bytes_window: Duration,
    /// With so many new bytes a try was none: the retries begin anew.
    pub progress_reset: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(60),
            backoff: vec![Duration::from_millis(300), Duration::from_millis(1200)],
            longest_wait: Duration::from_secs(30),
            min_bytes: 60_000,
            min_bytes_window: Duration::from_secs(60),
            progress_reset: 64 << 10,
        }
    }
}
