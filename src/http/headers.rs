//! The headers `ETag` and `Content-Range`: RFC 9110, 8.8 and 14.4.
//!
//! It parses text, and must not send anything.

use reqwest::header::{ETAG, HeaderMap};

/// A header's value; `None` if it isn't ASCII.
pub(super) fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// A strong `ETag`, quotes included. Two responses with the same one have the same bytes.
///
/// A `Last-Modified` doesn't prove that: there may be two changes in one second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrongTag(String);

impl StrongTag {
    /// The `ETag` of a response; `None` for a weak one or none.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        Self::parse(header_text(headers, ETAG.as_str())?)
    }

    /// Parses a header's value; `None` if it is weak or invalid.
    pub fn parse(value: &str) -> Option<Self> {
        let tag = value.strip_prefix('"')?.strip_suffix('"')?;
        let is_tag = tag.bytes().all(|byte| matches!(byte, b'!' | 0x23..=0x7e));
        is_tag.then(|| Self(value.to_owned()))
    }

    /// The header's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a partial response can be of the same file. It may omit the tag, but must not have
    /// another one.
    pub fn matches_partial(&self, headers: &HeaderMap) -> bool {
        !headers.contains_key(ETAG) || header_text(headers, ETAG.as_str()) == Some(self.as_str())
    }
}

/// The range of a partial response: `bytes 100-199/200`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// The offset of the first byte.
    pub first: u64,
    /// The offset of the last byte.
    pub last: u64,
    /// The size of the whole file in bytes.
    pub total: u64,
}

impl ContentRange {
    /// Parses a header's value; `None` if it is invalid or omits the total.
    pub fn parse(value: &str) -> Option<Self> {
        let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let range = Self { first: number(first)?, last: number(last)?, total: number(total)? };
        (range.first <= range.last && range.last < range.total).then_some(range)
    }

    /// Whether it is everything after the first `length` bytes.
    pub fn is_rest_after(&self, length: u64) -> bool {
        self.first == length && self.last + 1 == self.total
    }
}

/// A number of digits only: `u64`'s own parser also accepts a sign.
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
    fn only_strong_tags_are_parsed() {
        let check = |lines: &[&str], expected: Option<&str>| {
            let found = StrongTag::of(&headers(lines));
            assert_eq!(found.as_ref().map(StrongTag::as_str), expected, "{lines:?}");
        };
        check(&[], None);
        check(&["ETag: \"abc\""], Some("\"abc\""));
        check(&["ETag: \"\""], Some("\"\""));
        check(&["ETag: W/\"abc\""], None);
        check(&["ETag: abc"], None);
        check(&["ETag: \"a\"b\""], None);
        check(&["ETag: \"a b\""], None);
        check(&["ETag: \""], None);
        let modified = "Last-Modified: Sun, 09 Sep 2001 01:46:40 GMT";
        let date = "Date: Sun, 09 Sep 2001 01:47:40 GMT";
        check(&[modified, date], None);
        check(&["ETag: W/\"abc\"", modified, date], None);
    }

    #[test]
    fn a_partial_response_must_not_have_another_tag() {
        let check = |tag: &str, lines: &[&str], expected: bool| {
            let tag = StrongTag::parse(tag).unwrap();
            assert_eq!(tag.matches_partial(&headers(lines)), expected, "{tag:?} {lines:?}");
        };
        check("\"a\"", &[], true);
        check("\"a\"", &["ETag: \"a\""], true);
        check("\"a\"", &["ETag: \"b\""], false);
        check("\"a\"", &["ETag: W/\"a\""], false);
    }

    #[test]
    fn ranges_are_parsed_strictly() {
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
        let is_rest = |text: &str, length| ContentRange::parse(text).unwrap().is_rest_after(length);
        assert!(is_rest("bytes 100-199/200", 100));
        assert!(!is_rest("bytes 100-199/200", 99));
        assert!(!is_rest("bytes 100-198/200", 100));
    }
}
