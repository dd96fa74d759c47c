//! Timeouts. There is none for a whole download: a slow connection is not an error.

use std::time::Duration;

/// How long to wait, and when to retry.
#[derive(Clone)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For the first byte of a response, and for each next one.
    pub read: Duration,
    /// The pauses before the retries. There are as many retries as pauses.
    pub backoff: Vec<Duration>,
    /// The longest wait that a server may ask for (`Retry-After`).
    pub max_retry_after: Duration,
    /// How many bytes must arrive in each [`min_bytes_window`](Self::min_bytes_window).
    pub min_bytes: u64,
    /// The time over which the throughput is measured, without the time that we need for writing.
    pub min_bytes_window: Duration,
    /// An attempt that fetches this many new bytes resets the retries.
    pub progress_reset: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(60),
            backoff: vec![Duration::from_millis(300), Duration::from_millis(1200)],
            max_retry_after: Duration::from_secs(30),
            min_bytes: 60_000,
            min_bytes_window: Duration::from_secs(60),
            progress_reset: 64 << 10,
        }
    }
}
