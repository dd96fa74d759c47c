//! How much is read of what a source says, and how long that serves.

use std::time::Duration;

/// How long an index serves without its source being asked again.
pub(super) const FRESH: Duration = Duration::from_secs(3_600);

/// The most bytes of an index that is read piece by piece.
pub(super) const LARGEST_INDEX: u64 = 128 << 20;

/// The most bytes of one that is understood as a whole, and takes many times its size then; the
/// largest today has a sixth of this.
pub(super) const LARGEST_DOCUMENT: u64 = 32 << 20;

/// The most pages of an index that are read after the first one.
pub(super) const MOST_PAGES: usize = 40;
