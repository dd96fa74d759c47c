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

/// A time in words, in its largest unit: `3 h`.
pub fn human_duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => "less than a minute".to_owned(),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_in_its_largest_unit() {
        for (seconds, expected) in [
            (0, "less than a minute"),
            (59, "less than a minute"),
            (60, "1 min"),
            (3599, "59 min"),
            (3600, "1 h"),
            (172_799, "47 h"),
            (172_800, "2 days"),
        ] {
            assert_eq!(human_duration(Duration::from_secs(seconds)), expected);
        }
    }
}
