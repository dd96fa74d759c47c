//! A server's headers, as lines: the parsed values make sense, and values that are sent back are
//! unchanged.

use std::time::{Duration, UNIX_EPOCH};

use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, HeaderName, HeaderValue};
use usher::http::{ContentRange, StrongTag, retry_after};

/// Lines of `Name: value`.
pub fn headers(bytes: &[u8]) {
    let headers: HeaderMap = bytes.split(|byte| *byte == b'\n').filter_map(header).collect();
    for value in headers.get_all(CONTENT_RANGE).iter().filter_map(|value| value.to_str().ok()) {
        if let Some(range) = ContentRange::parse(value) {
            assert_sound(range);
        }
    }
    if let Some(tag) = StrongTag::of(&headers) {
        let text = tag.as_str();
        assert!(HeaderValue::from_str(text).is_ok(), "{text:?} isn't a valid header");
        assert_eq!(StrongTag::parse(text).as_ref(), Some(&tag));
        assert!(tag.matches_partial(&headers), "a response has another tag than its own");
        let sent = headers.get(ETAG).map(|sent| sent.as_bytes().trim_ascii());
        assert_eq!(sent, Some(text.as_bytes()));
    }
    for now in [0, 1_000_000_000, u64::from(u32::MAX)] {
        let now = UNIX_EPOCH + Duration::from_secs(now);
        let (once, twice) = (retry_after(&headers, now), retry_after(&headers, now));
        assert_eq!(once, twice);
    }
}

fn assert_sound(range: ContentRange) {
    assert!(range.first <= range.last && range.last < range.total, "{range:?}");
    let printed = format!("bytes {}-{}/{}", range.first, range.last, range.total);
    assert_eq!(ContentRange::parse(&printed), Some(range));
    assert_eq!(range.is_rest_after(range.first), range.last + 1 == range.total);
    assert!(!range.is_rest_after(range.first.wrapping_add(1)));
}

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let value = line[colon + 1..].trim_ascii();
    Some((HeaderName::from_bytes(&line[..colon]).ok()?, HeaderValue::from_bytes(value).ok()?))
}
