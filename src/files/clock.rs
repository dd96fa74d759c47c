//! What this machine's clock says, in words.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The latest moment that the library puts into words.
const LATEST: Duration = Duration::from_secs(24 * 2_932_000 * 3_600);

/// A clock's moment in words.
pub fn describe(moment: SystemTime) -> String {
    format!("this machine's clock says {}", date(moment))
}

/// A moment in words; one that has none is the nearest that has.
pub fn date(moment: SystemTime) -> String {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    httpdate::fmt_http_date(UNIX_EPOCH + since.min(LATEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_has_words() {
        let at = |seconds: u64| date(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(12), "Thu, 01 Jan 1970 00:00:12 GMT");
        assert_eq!(at(1_900_000_000), "Sun, 17 Mar 2030 17:46:40 GMT");
        assert!(at(1 << 60).contains(" 9997 "));
        assert!(date(UNIX_EPOCH - Duration::from_secs(9)).starts_with("Thu, 01 Jan 1970 00:00:00"));
        let describe = describe(UNIX_EPOCH);
        assert_eq!(describe, "this machine's clock says Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
