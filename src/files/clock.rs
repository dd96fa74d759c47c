//! What this machine's clock says, and whether that can be.
//!
//! A machine without a battery begins in 1970, and a mistyped year is soon made; what is decided by
//! dates is then decided by nothing. It must not know what is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// This was written on 1 November 2025, so long after 1970 began: a clock that shows less is wrong.
const WRITTEN: Duration = Duration::from_secs(24 * 20_393 * 3_600);

/// A program is rarely older: a clock that shows so much more is looked at twice.
const OLD_AGE: Duration = Duration::from_secs(24 * 3_653 * 3_600);

/// So much earlier a file may have been used: who copies files may give them the times of others.
const GRANTED: Duration = Duration::from_secs(24 * 1_827 * 3_600);

/// The latest moment that the library puts into words.
const LATEST: Duration = Duration::from_secs(24 * 2_932_000 * 3_600);

/// What is odd about a moment that a clock shows, if anything is.
pub fn oddity(moment: SystemTime) -> Option<&'static str> {
    match moment.duration_since(UNIX_EPOCH).unwrap_or_default() {
        since if since < WRITTEN => Some("which is before usher was written"),
        since if since > WRITTEN + OLD_AGE => {
            Some("which is more than ten years after usher was written")
        }
        _ => None,
    }
}

/// Whether a file can have been used then, as far as a clock is to be believed that says so.
pub fn can_have_been(moment: SystemTime) -> bool {
    moment + GRANTED >= UNIX_EPOCH + WRITTEN
}

/// A clock's moment in words, with what is odd about it.
pub fn told(moment: SystemTime) -> String {
    let odd = oddity(moment).map(|odd| format!(", {odd}")).unwrap_or_default();
    format!("this machine's clock says {}{odd}", date(moment))
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
    fn a_clock_that_can_not_be_right_is_told() {
        let check = |seconds: u64, expected: &str| {
            let expected = format!("this machine's clock says {expected}");
            assert_eq!(told(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        };
        let before = "which is before usher was written";
        check(12, &format!("Thu, 01 Jan 1970 00:00:12 GMT, {before}"));
        check(1_900_000_000, "Sun, 17 Mar 2030 17:46:40 GMT");
        let after = "which is more than ten years after usher was written";
        check(4_070_908_800, &format!("Thu, 01 Jan 2099 00:00:00 GMT, {after}"));
        assert!(!can_have_been(UNIX_EPOCH) && can_have_been(UNIX_EPOCH + WRITTEN));
        assert!(date(UNIX_EPOCH + Duration::from_secs(1 << 60)).contains(" 9997 "));
        assert!(date(UNIX_EPOCH - Duration::from_secs(9)).starts_with("Thu, 01 Jan 1970 00:00:00"));
    }
}
