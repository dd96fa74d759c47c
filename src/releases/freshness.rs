//! How old an index may be, and how old it is.

use std::time::Duration;

/// How old an index may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CachePolicy {
    /// A cached one will do while it is fresh; an older one is revalidated.
    AllowFresh,
    /// Its source is asked.
    Revalidate,
    /// Only a cached one, however old: nobody is asked.
    CacheOnly,
}

/// How old what an index lists is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Its source was asked just now.
    New,
    /// It was cached for so long; its source may have more by now.
    Cached(Duration),
    /// It was cached for so long, and serves because its source can't be reached, which was told.
    StaleFallback(Duration),
}

impl Freshness {
    /// How long ago the source said so.
    pub fn age(self) -> Duration {
        match self {
            Self::New => Duration::ZERO,
            Self::Cached(age) | Self::StaleFallback(age) => age,
        }
    }
}
