//! How old an index may be, and how old it is.

use std::time::Duration;

use super::limits::MAX_FRESH_AGE;

/// How old an index may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CachePolicy {
    /// A fresh cached index is used; an older one is revalidated.
    AllowFresh,
    /// A cached index is always revalidated.
    Revalidate,
    /// Only a cached index, however old; nothing is fetched.
    CacheOnly,
}

/// How old an index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It was just fetched or revalidated.
    New,
    /// It is from the cache, of this age. Its source may have a newer one.
    Cached(Duration),
    /// It is from the cache, of this age, because its source can't be reached. The user was warned.
    StaleFallback(Duration),
}

impl Freshness {
    /// How long ago the source confirmed it.
    pub fn age(self) -> Duration {
        match self {
            Self::New => Duration::ZERO,
            Self::Cached(age) | Self::StaleFallback(age) => age,
        }
    }

    /// Its age, where people should know it: a cached index that is used although it is no longer
    /// fresh.
    pub(super) fn unreported_age(self) -> Option<Duration> {
        match self {
            Self::Cached(age) if age >= MAX_FRESH_AGE => Some(age),
            Self::New | Self::Cached(_) | Self::StaleFallback(_) => None,
        }
    }
}
