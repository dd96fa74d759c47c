//! What lies in a tree: every folder, file and link, as it was unpacked or as it is on disk.
//!
//! It must not know why anyone wants to know.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Everything below a folder, by its path from there: `bin/node`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Listing(pub BTreeMap<String, Item>);

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Item {
    /// A file.
    File {
        /// Its permission bits.
        mode: Mode,
        /// Its length in bytes.
        size: u64,
        /// The SHA-256 of its bytes, in lower-case hexadecimal digits.
        sha256: String,
    },
    /// A symbolic link.
    Link {
        /// Where it leads, as it stands in the link.
        link: String,
    },
    /// A folder.
    Folder {
        /// Its permission bits.
        mode: Mode,
    },
}

/// Bytes in lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Permission bits; written in octal digits, as people know them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode(pub u32);

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:o}", self.0))
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        u32::from_str_radix(&digits, 8).map(Self).map_err(serde::de::Error::custom)
    }
}

impl Listing {
    /// How many files and links there are; folders are not counted.
    pub fn files(&self) -> usize {
        self.0.values().filter(|item| !matches!(item, Item::Folder { .. })).count()
    }

    /// The bytes in all files.
    pub fn bytes(&self) -> u64 {
        let size = |item: &Item| match item {
            Item::File { size, .. } => *size,
            Item::Link { .. } | Item::Folder { .. } => 0,
        };
        self.0.values().map(size).sum()
    }

    /// Adds another tree that lies in a folder of this one; empty for this one itself.
    pub fn add(&mut self, folder: &str, other: Self) {
        for (path, item) in other.0 {
            let path = if folder.is_empty() { path } else { format!("{folder}/{path}") };
            self.0.insert(path, item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read_back_as_it_was_written() {
        let file = Item::File { mode: Mode(0o755), size: 3, sha256: "ab".repeat(32) };
        let link = Item::Link { link: "node".to_owned() };
        let items = [("bin", Item::Folder { mode: Mode(0o755) }), ("bin/node", file), ("x", link)];
        let items = items.map(|(path, item)| (path.to_owned(), item));
        let listing = Listing(BTreeMap::from(items));
        let text = serde_json::to_string(&listing).unwrap();
        assert!(text.contains(r#""bin":{"mode":"755"}"#), "{text}");
        assert_eq!(serde_json::from_str::<Listing>(&text).unwrap(), listing);
        assert_eq!((listing.files(), listing.bytes()), (2, 3));
        let mut whole = Listing::default();
        whole.add("lib/npm", listing);
        assert!(whole.0.contains_key("lib/npm/bin/node"));
    }
}
