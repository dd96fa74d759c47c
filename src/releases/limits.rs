//! How much is read from a source, and how long an index is fresh.

use std::time::Duration;

/// How long a cached index is used without a request to its source.
pub(super) const MAX_FRESH_AGE: Duration = Duration::from_secs(3_600);

/// The largest index in bytes, if it is parsed line by line.
pub(super) const MAX_INDEX: u64 = 128 << 20;

/// The largest index in bytes, if it is one document. Parsed, it takes many times its size; the
/// largest today has a sixth of this.
pub(super) const MAX_DOCUMENT: u64 = 32 << 20;

/// The most pages that are read after the first one.
pub(super) const MAX_PAGES: usize = 40;
