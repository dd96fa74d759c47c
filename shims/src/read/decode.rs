//! Bytes of a file as text: UTF-8 with or without a byte order mark, UTF-16 with one.

use std::borrow::Cow;

use super::written::ReadError;

/// Decodes a file's bytes.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, ReadError> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest).map(Cow::Borrowed),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes).map(Cow::Owned),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes).map(Cow::Owned),
        _ => utf8(bytes).map(Cow::Borrowed),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, ReadError> {
    str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("line {line} is not UTF-8")
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, ReadError> {
    let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair)).collect();
    match bytes.len() % 2 {
        0 => String::from_utf16(&units).map_err(|_| "it is not UTF-16".to_owned()),
        _ => Err("it is not UTF-16".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_are_read() {
        for bytes in [&b"12"[..], b"\xEF\xBB\xBF12", b"\xFF\xFE1\x002\x00", b"\xFE\xFF\x001\x002"] {
            assert_eq!(decode(bytes).as_deref(), Ok("12"), "{bytes:?}");
        }
    }

    #[test]
    fn invalid_encodings_are_refused() {
        assert_eq!(decode(b"a\n\xFF"), Err("line 2 is not UTF-8".to_owned()));
        assert!(decode(b"\xFF\xFE1").is_err());
        assert!(decode(b"\xFF\xFE\x00\xD8").is_err());
    }
}
