//! What headers say: what tells one state of a resource from another, and which of its bytes have
//! come.
//!
//! It reads text, and must not ask anybody. RFC 9110, 8.8 and 14.4.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, ETAG, HeaderMap, LAST_MODIFIED};

/// A header's value, if it is ASCII.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// A header that is a date.
pub(super) fn date(headers: &HeaderMap, name: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text(headers, name)?).ok()
}

/// So much older than the answer a `Last-Modified` must be, so that no second change can hide in
/// the same second (RFC 9110, 8.8.2.2; with room for two clocks behind one name).
const SETTLED: Duration = Duration::from_secs(60);

/// A strong validator, as it is to be sent in `If-Range`: two answers that both have it are of the
/// same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validator(String);

impl Validator {
    /// The strong validator of an answer, if it has one. Where there is an `ETag`, a date says
    /// nothing more (RFC 9110, 13.1.5).
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        if headers.contains_key(ETAG) {
            return Self::parse(text(headers, ETAG.as_str())?);
        }
        let modified = date(headers, LAST_MODIFIED.as_str())?;
        let age = date(headers, DATE.as_str())?.duration_since(modified).ok()?;
        (age >= SETTLED).then(|| Self::parse(text(headers, LAST_MODIFIED.as_str())?))?
    }

    /// Reads a strong entity tag or a date, as they were sent.
    pub fn parse(value: &str) -> Option<Self> {
        let tag = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let is_tag =
            tag.is_some_and(|tag| tag.bytes().all(|byte| matches!(byte, b'!' | 0x23..=0x7e)));
        let is_validator = is_tag || httpdate::parse_http_date(value).is_ok();
        is_validator.then(|| Self(value.to_owned()))
    }

    /// As it is to be sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an answer that is a part can be of the same state: it may leave out what was sent
    /// before, but must not contradict it.
    pub fn admits(&self, headers: &HeaderMap) -> bool {
        let said = if self.0.starts_with('"') || headers.contains_key(ETAG) {
            ETAG
        } else {
            LAST_MODIFIED
        };
        !headers.contains_key(&said) || text(headers, said.as_str()) == Some(self.as_str())
    }
}

/// Which bytes of how many an answer holds: `bytes 100-199/200`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// The place of the first byte, counted from 0.
    pub first: u64,
    /// The place of the last byte.
    pub last: u64,
    /// How many there are in all.
    pub total: u64,
}

impl ContentRange {
    /// Reads it; what leaves the total open or makes no sense is none.
    pub fn parse(value: &str) -> Option<Self> {
        let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let range = Self { first: number(first)?, last: number(last)?, total: number(total)? };
        (range.first <= range.last && range.last < range.total).then_some(range)
    }

    /// Whether it is exactly what follows the first `length` bytes.
    pub fn follows(&self, length: u64) -> bool {
        self.first == length && self.last + 1 == self.total
    }
}

/// Digits alone: `u64`'s own parser also takes a sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
pub(super) mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    /// Headers from lines of `Name: value`.
    pub(in crate::http) fn headers(lines: &[&str]) -> HeaderMap {
        let pairs = lines.iter().map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        });
        pairs.collect()
    }

    #[test]
    fn only_strong_validators_count() {
        let check = |lines: &[&str], expected: Option<&str>| {
            let found = Validator::of(&headers(lines));
            assert_eq!(found.as_ref().map(Validator::as_str), expected, "{lines:?}");
        };
        let modified = "Last-Modified: Sun, 09 Sep 2001 01:46:40 GMT";
        let settled = "Date: Sun, 09 Sep 2001 01:47:40 GMT";
        check(&[], None);
        check(&["ETag: \"abc\""], Some("\"abc\""));
        check(&["ETag: \"\""], Some("\"\""));
        check(&["ETag: W/\"abc\""], None);
        check(&["ETag: abc"], None);
        check(&["ETag: \"a\"b\""], None);
        check(&["ETag: \"a b\""], None);
        check(&["ETag: \""], None);
        check(&[modified, settled], Some("Sun, 09 Sep 2001 01:46:40 GMT"));
        check(&[modified, "Date: Sun, 09 Sep 2001 01:47:39 GMT"], None);
        check(&[modified, "Date: Sun, 09 Sep 2001 01:46:00 GMT"], None);
        check(&[modified], None);
        check(&["Last-Modified: lately", settled], None);
        check(&["ETag: W/\"abc\"", modified, settled], None);
    }

    #[test]
    fn a_part_must_not_contradict_the_whole() {
        let check = |validator: &str, lines: &[&str], expected: bool| {
            let validator = Validator::parse(validator).unwrap();
            assert_eq!(validator.admits(&headers(lines)), expected, "{validator:?} {lines:?}");
        };
        let (earlier, later) = ("Sun, 09 Sep 2001 01:46:40 GMT", "Sun, 09 Sep 2001 01:46:41 GMT");
        check("\"a\"", &[], true);
        check("\"a\"", &["ETag: \"a\""], true);
        check("\"a\"", &["ETag: \"b\""], false);
        check("\"a\"", &["ETag: W/\"a\""], false);
        check(earlier, &[&format!("Last-Modified: {earlier}")], true);
        check(earlier, &[&format!("Last-Modified: {later}")], false);
        check(earlier, &["ETag: \"a\""], false);
    }

    #[test]
    fn ranges_are_read_to_the_byte() {
        let check = |text: &str, expected: Option<[u64; 3]>| {
            let found =
                ContentRange::parse(text).map(|range| [range.first, range.last, range.total]);
            assert_eq!(found, expected, "{text}");
        };
        check("bytes 100-199/200", Some([100, 199, 200]));
        check("bytes 0-0/1", Some([0, 0, 1]));
        for text in [
            "",
            "bytes",
            "bytes */200",
            "bytes 100-199/*",
            "bytes 100-200/200",
            "bytes 200-100/300",
            "bytes -1-5/10",
            "bytes +1-5/10",
            "bytes 1 -5/10",
            "items 1-5/10",
            "bytes 1-5",
            "bytes 1-/10",
            "bytes 1-5/99999999999999999999",
        ] {
            check(text, None);
        }
        let follows = |text: &str, length| ContentRange::parse(text).unwrap().follows(length);
        assert!(follows("bytes 100-199/200", 100));
        assert!(!follows("bytes 100-199/200", 99));
        assert!(!follows("bytes 100-198/200", 100));
    }
}
