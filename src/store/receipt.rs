//! What usher records about a toolchain: its source, and every file in it.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use usher_shims::error::{Error, Result};
use usher_shims::version::Version;

use crate::files::integrity::sha256;
use crate::files::manifest::Manifest;
use crate::files::write_access::WriteAccess;
use crate::http::Address;

pub use usher_shims::toolchain::RECEIPT;

/// The format of receipts. A receipt with a newer one is left alone.
const FORMAT_VERSION: u32 = 1;

/// The largest receipt in bytes: a tree may have 200,000 files.
const LARGEST: u64 = 64 << 20;

/// The source of a toolchain, and its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The format of what follows.
    pub form: u32,
    /// The tool's name.
    pub tool: String,
    /// The version.
    pub version: String,
    /// The source's name.
    pub source: String,
    /// The time of the install, in seconds since 1970.
    pub installed: u64,
    /// The version of usher that installed it.
    #[serde(rename = "usher")]
    pub usher_version: String,
    /// The archives that it was made of.
    pub parts: Vec<ReceiptPart>,
    /// All files but the receipt itself.
    pub files: Manifest,
}

/// An archive that a toolchain was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptPart {
    /// Its name if there are several: `npm 6.14.18`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The address that it was requested from, without user name, password and query.
    pub address: String,
    /// The host that sent it, if a redirect led to another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Its SHA-256, in lower-case hexadecimal digits.
    pub sha256: String,
    /// Its length in bytes.
    pub size: u64,
    /// The published checksum that it was compared with, if upstream publishes one.
    pub verified: Option<String>,
}

impl Receipt {
    /// The receipt of a toolchain without parts and files yet.
    pub fn new(tool: &str, version: &Version, source: &str) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            form: FORMAT_VERSION,
            tool: tool.to_owned(),
            version: version.to_string(),
            source: source.to_owned(),
            installed: since.map_or(0, |since| since.as_secs()),
            usher_version: env!("CARGO_PKG_VERSION").to_owned(),
            parts: Vec::new(),
            files: Manifest::default(),
        }
    }

    /// The host that sent the first archive; the path of a file.
    pub fn host(&self) -> Option<String> {
        let part = self.parts.first()?;
        let asked = || Some(Address::parse(&part.address).ok()?.host());
        part.host.clone().or_else(asked)
    }

    /// The host that sent the first archive of a toolchain, if it has a valid receipt.
    pub fn host_of(root: &Path) -> Option<String> {
        match ReceiptFile::load(File::open(root).ok()?).ok()? {
            ReceiptFile::Receipt(receipt) => receipt.host(),
            ReceiptFile::Absent | ReceiptFile::Damaged(_) | ReceiptFile::Later(_) => None,
        }
    }

    /// Writes the receipt into a new toolchain, which must have none.
    pub fn save(&self, _: &WriteAccess, root: &Path) -> Result<()> {
        let path = root.join(RECEIPT);
        let text = serde_json::to_vec(self).map_err(io::Error::from);
        text.and_then(|text| {
            let mut file = File::options().write(true).create_new(true).open(&path)?;
            file.write_all(&with_checksum(&text))
        })
        .map_err(|error| Error::io("write", &path, error))
    }
}

/// The receipt file of a toolchain, as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiptFile {
    /// A valid receipt.
    Receipt(Box<Receipt>),
    /// There is none.
    Absent,
    /// It isn't a valid receipt, for this reason.
    Damaged(String),
    /// A receipt with this format, written by a newer usher.
    Later(u32),
}

/// The field that receipts of every format have.
#[derive(Deserialize)]
struct FormatVersion {
    form: u32,
}

impl ReceiptFile {
    /// Reads the receipt in an open folder.
    pub fn load(folder: impl AsFd) -> io::Result<Self> {
        let text = match read(folder) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::Absent),
            // A link, for example.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Ok(Self::Damaged(error.to_string()));
            }
            Err(error) => return Err(error),
        };
        Ok(Self::parse(&text))
    }

    fn parse(text: &[u8]) -> Self {
        match serde_json::from_slice::<FormatVersion>(text) {
            Ok(FormatVersion { form }) if form != FORMAT_VERSION => return Self::Later(form),
            Err(error) => return Self::Damaged(error.to_string()),
            Ok(_) => {}
        }
        if !has_checksum(text) {
            return Self::Damaged("its checksum doesn't match".to_owned());
        }
        match serde_json::from_slice(text) {
            Ok(receipt) => Self::Receipt(Box::new(receipt)),
            Err(error) => Self::Damaged(error.to_string()),
        }
    }
}

/// The start of a receipt. Its checksum follows, then the receipt without its `{`.
const SEAL: &[u8] = br#"{"seal":""#;

/// What is between the checksum and the rest.
const AFTER: &[u8] = br#"","#;

/// The text of a receipt with its SHA-256 before it, so that damage is detected. It doesn't protect
/// from an attacker who can write here.
fn with_checksum(text: &[u8]) -> Vec<u8> {
    let rest = text.get(1..).unwrap_or_default();
    [SEAL, sha256(rest).as_bytes(), AFTER, rest].concat()
}

fn has_checksum(text: &[u8]) -> bool {
    let behind = text.strip_prefix(SEAL).and_then(|text| text.split_at_checked(64));
    let rest = behind.and_then(|(seal, rest)| Some((seal, rest.strip_prefix(AFTER)?)));
    rest.is_some_and(|(seal, rest)| seal == sha256(rest).as_bytes())
}

/// Reads a file that must be one: a FIFO would be waited for, and a link may lead anywhere. What
/// can't be one is an error of kind `InvalidData`.
fn read(folder: impl AsFd) -> io::Result<Vec<u8>> {
    let refused = || io::Error::new(io::ErrorKind::InvalidData, "it is not a file, or too large");
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match rustix::fs::openat(folder, RECEIPT, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::LOOP | Errno::NXIO) => return Err(refused()),
        Err(error) => return Err(error.into()),
    };
    let seen = file.metadata()?;
    if !seen.is_file() || seen.len() > LARGEST {
        return Err(refused());
    }
    let mut text = Vec::new();
    file.take(LARGEST).read_to_end(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use usher_shims::error::ErrorKind;

    use super::*;

    fn write_receipt(folder: &Path) -> Receipt {
        let version = Version::parse("12.22.12").unwrap();
        let receipt = Receipt::new("node", &version, "official");
        receipt.save(&WriteAccess::for_test(), folder).unwrap();
        receipt
    }

    fn load(folder: &Path) -> ReceiptFile {
        ReceiptFile::load(File::open(folder).unwrap()).unwrap()
    }

    #[test]
    fn a_receipt_round_trips_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(load(folder.path()), ReceiptFile::Absent);
        let receipt = write_receipt(folder.path());
        assert_eq!(load(folder.path()), ReceiptFile::Receipt(Box::new(receipt.clone())));
        assert_eq!(
            receipt.save(&WriteAccess::for_test(), folder.path()).unwrap_err().kind(),
            ErrorKind::CannotCreate
        );
        let text = std::fs::read(folder.path().join(RECEIPT)).unwrap();
        assert_eq!(serde_json::from_slice::<Receipt>(&text).unwrap(), receipt, "it is JSON");
    }

    #[test]
    fn every_changed_byte_of_a_receipt_is_detected() {
        let folder = tempfile::tempdir().unwrap();
        write_receipt(folder.path());
        let path = folder.path().join(RECEIPT);
        let text = std::fs::read(&path).unwrap();
        for offset in 0..text.len() {
            let mut changed = text.clone();
            changed[offset] ^= 1;
            std::fs::write(&path, &changed).unwrap();
            let recorded = load(folder.path());
            let is_seen = matches!(recorded, ReceiptFile::Damaged(_) | ReceiptFile::Later(_));
            assert!(is_seen, "byte {offset}: {recorded:?}");
            std::fs::write(&path, &text[..offset]).unwrap();
            assert!(matches!(load(folder.path()), ReceiptFile::Damaged(_)), "cut at {offset}");
        }
    }

    #[test]
    fn damaged_receipts_and_newer_formats_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(RECEIPT);
        std::fs::write(&path, r#"{"form":2,"all":"is different"}"#).unwrap();
        assert_eq!(load(folder.path()), ReceiptFile::Later(2));
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(matches!(load(folder.path()), ReceiptFile::Damaged(_)));
        std::fs::remove_file(&path).unwrap();
        crate::files::make_fifo(&path);
        assert!(matches!(load(folder.path()), ReceiptFile::Damaged(_)), "a FIFO is not waited for");
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(matches!(load(folder.path()), ReceiptFile::Damaged(_)));
    }
}
