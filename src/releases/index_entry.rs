//! A parsed entry of an index. The cache stores it in this form.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use usher_shims::version::Version;

use crate::files::integrity::Integrity;
use crate::http::Address;

/// A version in an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct IndexEntry {
    #[serde(serialize_with = "as_text", deserialize_with = "version")]
    pub(super) version: Version,
    /// The code name of its long-term support line, if the index names it.
    pub(super) lts: Option<String>,
    /// Its archive.
    pub(super) archive: ListedArchive,
    /// The `engines` of an npm package.
    pub(super) engines: Option<BTreeMap<String, String>>,
}

/// An archive that an index names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListedArchive {
    pub(super) address: Address,
    pub(super) hash: Stated<Hash>,
    /// In bytes.
    pub(super) size: Stated<u64>,
    /// The number of the rule in its source's definition that matched it.
    pub(super) rule: usize,
}

impl ListedArchive {
    /// The hash, if the index itself has a usable one.
    pub(super) fn integrity(&self) -> Option<Integrity> {
        match &self.hash {
            Ok(Some(Hash::Known(integrity))) => Some(*integrity),
            Ok(Some(Hash::ChecksumFile(_)) | None) | Err(_) => None,
        }
    }

    /// The archive with addresses that can be fetched, if the answer from `index` may name them. A
    /// cached index is checked again: the file may be planted.
    pub(super) fn admitted_by(mut self, index: &Address) -> Option<Self> {
        self.address = index.admit(self.address).ok()?;
        if let Ok(Some(Hash::ChecksumFile(sums))) = self.hash {
            self.hash = Ok(Some(Hash::ChecksumFile(index.admit(sums).ok()?)));
        }
        Some(self)
    }

    /// Whether an address has something that may be secret.
    pub(super) fn has_secrets(&self) -> bool {
        let in_sums = |hash: &Hash| matches!(hash, Hash::ChecksumFile(sums) if sums.has_secrets());
        self.address.has_secrets() || matches!(&self.hash, Ok(Some(hash)) if in_sums(hash))
    }
}

/// A value in an index, or why it is unusable. That is an error only when this archive is fetched: an
/// invalid entry doesn't affect other versions.
pub(super) type Stated<T> = Result<Option<T>, IndexProblem>;

/// The hash of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Hash {
    /// It is in the index.
    Known(#[serde(serialize_with = "as_text", deserialize_with = "integrity")] Integrity),
    /// It is in the file at this address.
    ChecksumFile(Address),
}

/// Why an index, or a value in it, is invalid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct IndexProblem(String);

impl From<String> for IndexProblem {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for IndexProblem {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for IndexProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn as_text<S: Serializer>(value: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
    let text = String::deserialize(deserializer)?;
    Version::parse(&text).ok_or_else(|| D::Error::custom("invalid version"))
}

fn integrity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Integrity, D::Error> {
    let text = String::deserialize(deserializer)?;
    Integrity::from_text(&text).ok_or_else(|| D::Error::custom("invalid hash"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(hash: Stated<Hash>, size: Stated<u64>) -> IndexEntry {
        let address = Address::parse("https://x.example/a.tar.gz").unwrap();
        IndexEntry {
            version: Version::parse("pypy3.10-7.3.17").unwrap(),
            lts: Some("krypton".to_owned()),
            archive: ListedArchive { address, hash, size, rule: 1 },
            engines: Some(BTreeMap::from([("node".to_owned(), ">=10".to_owned())])),
        }
    }

    #[test]
    fn a_cached_entry_is_read_back_unchanged() {
        let integrity = Integrity::from_hex(&"ab".repeat(32)).unwrap();
        let in_file =
            Hash::ChecksumFile(Address::parse("https://x.example/SHASUMS256.txt").unwrap());
        for entry in [
            entry(Ok(Some(Hash::Known(integrity))), Ok(Some(123))),
            entry(Ok(Some(in_file)), Ok(None)),
            entry(Ok(None), Err("`{.size}` is odd".into())),
            entry(Err("`{.sha256}` is missing".into()), Ok(None)),
        ] {
            let text = serde_json::to_string(&entry).unwrap();
            assert_eq!(serde_json::from_str::<IndexEntry>(&text).unwrap(), entry, "{text}");
        }
    }

    #[test]
    fn an_invalid_cached_entry_is_refused() {
        let integrity = Integrity::from_hex(&"ab".repeat(32)).unwrap();
        let whole =
            serde_json::to_string(&entry(Ok(Some(Hash::Known(integrity))), Ok(None))).unwrap();
        for (from, to) in [("pypy3.10-7.3.17", "../../x"), ("sha256:abab", "sha256:ab")] {
            let spoilt = whole.replacen(from, to, 1);
            assert_ne!(spoilt, whole);
            assert!(serde_json::from_str::<IndexEntry>(&spoilt).is_err(), "{spoilt}");
        }
    }
}
