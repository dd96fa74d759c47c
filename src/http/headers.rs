//! What headers say: what tells one state of a resource from another, and which of its bytes have
//! come.
//!
//! It reads text, and must not ask anybody. RFC 9110, 8.8 and 14.4.

use reqwest::header::{ETAG, HeaderMap};

/// A header's value, if it is ASCII.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// A strong entity tag, quotes included: two answers that both have it are of the same bytes.
///
/// A `Last-Modified` is no such proof: a second change can hide in the same second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrongTag(String);

impl StrongTag {
    /// That of an answer, if it has one.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        Self::parse(text(headers, ETAG.as_str())?)
    }

    /// Reads one as it was sent.
    pub fn parse(value: &str) -> Option<Self> {
        let tag = value.strip_prefix('"')?.strip_suffix('"')?;
        let is_tag = tag.bytes().all(|byte| matches!(byte, b'!' | 0x23..=0x7e));
        is_tag.then(|| Self(value.to_owned()))
    }

    /// As it is to be sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an answer that is a part can be of the same state: it may leave out what was sent
    /// before, but must not contradict it.
    pub fn admits(&self, headers: &HeaderMap) -> bool {
        !headers.contains_key(ETAG) || text(headers, ETAG.as_str()) == Some(self.as_str())
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
    fn only_strong_tags_count() {
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
        let settled = "Date: Sun, 09 Sep 2001 01:47:40 GMT";
        check(&[modified, settled], None);
        check(&["ETag: W/\"abc\"", modified, settled], None);
    }

    #[test]
    fn a_part_must_not_contradict_the_whole() {
        let check = |tag: &str, lines: &[&str], expected: bool| {
            let tag = StrongTag::parse(tag).unwrap();
            assert_eq!(tag.admits(&headers(lines)), expected, "{tag:?} {lines:?}");
        };
        check("\"a\"", &[], true);
        check("\"a\"", &["ETag: \"a\""], true);
        check("\"a\"", &["ETag: \"b\""], false);
        check("\"a\"", &["ETag: W/\"a\""], false);
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
