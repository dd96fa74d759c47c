//! Numbers in a record, and the fields of an “extra” part; every one may be missing.
//!
//! It must not know what they mean.

/// A number of two bytes at `offset`.
pub(super) fn short(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes.get(offset..offset + 2).and_then(|two| two.try_into().ok()).map(u16::from_le_bytes)
}

/// A number of four bytes at `offset`.
pub(super) fn long(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..offset + 4).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes)
}

/// A number of eight bytes at `offset`.
pub(super) fn longer(bytes: &[u8], offset: usize) -> Option<u64> {
    bytes.get(offset..offset + 8).and_then(|eight| eight.try_into().ok()).map(u64::from_le_bytes)
}

/// The fields of an extra part, each with its number; `None` if they don't fill it.
pub(super) fn extras(mut bytes: &[u8]) -> Option<Vec<(u16, &[u8])>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let (number, length) = (short(bytes, 0)?, usize::from(short(bytes, 2)?));
        fields.push((number, bytes.get(4..4 + length)?));
        bytes = &bytes[4 + length..];
    }
    Some(fields)
}
