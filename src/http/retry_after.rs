//! How long to wait before a retry, as the server requests.
//!
//! It parses headers, and must not wait itself.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use super::headers::header_text;
use crate::files::clock;

/// The wait that the server requests; `None` if it requests none.
///
/// Reads `Retry-After` in both its formats (RFC 9110, 10.2.3), then the end of a used-up rate limit:
/// `X-RateLimit-Reset` in seconds since 1970, and `RateLimit-Reset` in seconds from now
/// (draft-ietf-httpapi-ratelimit-headers-03).
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    // The server's own clock is used where it sends it: ours may be wrong.
    let now = date(headers, DATE.as_str()).unwrap_or(now);
    let until = |end: SystemTime| end.duration_since(now).unwrap_or_default();
    let seconds = |name: &str| header_text(headers, name)?.parse().ok().map(Duration::from_secs);
    let used_up = |name: &str| header_text(headers, name) == Some("0");
    seconds(RETRY_AFTER.as_str())
        .or_else(|| date(headers, RETRY_AFTER.as_str()).map(until))
        .or_else(|| {
            let end = UNIX_EPOCH.checked_add(seconds("x-ratelimit-reset")?)?;
            used_up("x-ratelimit-remaining").then(|| until(end))
        })
        .or_else(|| seconds("ratelimit-reset").filter(|_| used_up("ratelimit-remaining")))
}

/// The line of a message about a wait, with the time at which it ends.
pub(super) fn describe_wait(wait: Duration, now: SystemTime) -> String {
    let seconds = wait.as_secs();
    let end = now.checked_add(wait).filter(|_| seconds < 100 * 365 * 86400);
    match end {
        Some(end) => {
            format!("it asks to wait for {seconds} seconds, until {}", clock::date(end))
        }
        None => format!("it asks to wait for {seconds} seconds"),
    }
}

/// The date of a header.
fn date(headers: &HeaderMap, name: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(header_text(headers, name)?).ok()
}

#[cfg(test)]
mod tests {
    use super::super::headers::tests::headers;
    use super::*;

    #[test]
    fn waits_are_parsed_from_headers() {
        // Sun, 09 Sep 2001 01:46:40 GMT
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let check = |lines: &[&str], expected: Option<u64>| {
            let wait = retry_after(&headers(lines), now);
            assert_eq!(wait, expected.map(Duration::from_secs), "{lines:?}");
        };
        check(&[], None);
        check(&["Retry-After: 7"], Some(7));
        check(&["Retry-After: 0"], Some(0));
        check(&["Retry-After: -1"], None);
        check(&["Retry-After: soon"], None);
        check(&["Retry-After: 18446744073709551615"], Some(u64::MAX));
        check(&["Retry-After: 18446744073709551616"], None);
        check(&["Retry-After: Sun, 09 Sep 2001 01:47:40 GMT"], Some(60));
        check(&["Retry-After: Sun, 09 Sep 2001 01:45:40 GMT"], Some(0));
        check(
            &["Retry-After: Sun, 09 Sep 2001 01:47:40 GMT", "Date: Sun, 09 Sep 2001 01:47:30 GMT"],
            Some(10),
        );
        let reset = "X-RateLimit-Reset: 1000000090";
        check(&[reset, "X-RateLimit-Remaining: 0"], Some(90));
        check(&[reset, "X-RateLimit-Remaining: 5"], None);
        check(&[reset], None);
        check(&["X-RateLimit-Reset: 18446744073709551615", "X-RateLimit-Remaining: 0"], None);
        check(&["RateLimit-Reset: 12", "RateLimit-Remaining: 0"], Some(12));
        check(&["RateLimit-Reset: 12", "RateLimit-Remaining: 3"], None);
        check(&["Retry-After: 7", reset, "X-RateLimit-Remaining: 0"], Some(7));
    }

    #[test]
    fn a_wait_is_described_with_its_end() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let check = |seconds: u64, expected: &str| {
            assert_eq!(describe_wait(Duration::from_secs(seconds), now), expected);
        };
        check(60, "it asks to wait for 60 seconds, until Sun, 09 Sep 2001 01:47:40 GMT");
        check(u64::MAX, "it asks to wait for 18446744073709551615 seconds");
        check(1 << 40, "it asks to wait for 1099511627776 seconds");
    }

    #[test]
    fn a_wrong_clock_causes_no_long_wait() {
        let max = crate::http::timeouts::Timeouts::default().max_retry_after;
        let retry = "Retry-After: Sun, 09 Sep 2001 01:47:40 GMT";
        let wait = |lines: &[&str], now: u64| {
            retry_after(&headers(lines), UNIX_EPOCH + Duration::from_secs(now)).unwrap()
        };
        let (of_1970, of_2099) = (12, 4_070_908_800);
        // Longer than the limit, so it is an error without a retry.
        assert!(wait(&[retry], of_1970) > max);
        assert_eq!(wait(&[retry], of_2099), Duration::ZERO);
        let date = "Date: Sun, 09 Sep 2001 01:47:30 GMT";
        for now in [of_1970, of_2099] {
            assert_eq!(wait(&[retry, date], now), Duration::from_secs(10));
        }
        let before = UNIX_EPOCH - Duration::from_secs(100);
        assert!(describe_wait(Duration::from_secs(7), before).contains("until Thu, 01 Jan 1970"));
    }
}
