//! Counts what a test tried, for `cargo xtask attack`: in `USHER_TEST_TALLY`, a file to which each
//! test appends a line.
//!
//! ```text
//! kill points of an install<TAB>points<TAB>6<TAB>3.2<TAB>0
//! ```
//!
//! The number is counted as things are tried, so it is true of a test that failed, too; the last
//! column is 1 for that.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::Instant;

/// What a test tried so far. Written when this is dropped.
pub(crate) struct Tally {
    what: &'static str,
    unit: &'static str,
    count: usize,
    start: Instant,
}

impl Tally {
    pub(crate) fn new(what: &'static str, unit: &'static str) -> Self {
        Self { what, unit, count: 0, start: Instant::now() }
    }

    pub(crate) fn add(&mut self, count: usize) {
        self.count += count;
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }
}

impl Drop for Tally {
    #[expect(clippy::disallowed_methods, reason = "USHER_TEST_TALLY is where tests are counted")]
    fn drop(&mut self) {
        let Some(path) = std::env::var_os("USHER_TEST_TALLY").filter(|path| !path.is_empty())
        else {
            return;
        };
        let (seconds, found) = (self.start.elapsed().as_secs_f64(), std::thread::panicking());
        let Self { what, unit, count, .. } = self;
        let line = format!("{what}\t{unit}\t{count}\t{seconds:.1}\t{}\n", u8::from(found));
        // In one write: tests run at the same time.
        let file = OpenOptions::new().create(true).append(true).open(path);
        let _ = file.and_then(|mut file| file.write_all(line.as_bytes()));
    }
}
