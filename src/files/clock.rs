//! Dates: for messages, and days of the calendar.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use usher_definition::Date;

/// The latest date that the library can format, since 1970.
const LATEST: Duration = Duration::from_secs(24 * 2_932_000 * 3_600);

/// The line of a message that shows the clock's time.
pub fn describe(now: SystemTime) -> String {
    format!("this machine's clock shows {}", date(now))
}

/// A date as in HTTP headers; beyond what the library can format, the nearest one that it can.
pub fn date(moment: SystemTime) -> String {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    httpdate::fmt_http_date(UNIX_EPOCH + since.min(LATEST))
}

/// The seconds from 1970 to this moment.
pub fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_date_can_be_formatted() {
        let at = |seconds: u64| date(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(12), "Thu, 01 Jan 1970 00:00:12 GMT");
        assert_eq!(at(1_900_000_000), "Sun, 17 Mar 2030 17:46:40 GMT");
        assert!(at(1 << 60).contains(" 9997 "));
        assert!(date(UNIX_EPOCH - Duration::from_secs(9)).starts_with("Thu, 01 Jan 1970 00:00:00"));
        let describe = describe(UNIX_EPOCH);
        assert_eq!(describe, "this machine's clock shows Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
