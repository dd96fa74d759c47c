//! What usher noted of a toolchain when it was made: where it came from, and every file in it.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use usher_shims::error::{Error, Exit, Result};
use usher_shims::version::Version;

use crate::fetch::Listing;

/// The file in a toolchain that holds its receipt.
pub const RECEIPT: &str = ".usher-receipt.json";

/// The form in which receipts are written; one of a later form is left alone.
const FORM: u32 = 1;

/// The largest receipt in bytes: a tree may have 200,000 files.
const LARGEST: u64 = 64 << 20;

/// Where a toolchain came from, and what was put there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The form of what follows.
    pub form: u32,
    /// The tool's name.
    pub tool: String,
    /// Which version.
    pub version: String,
    /// The source's name.
    pub source: String,
    /// When, in seconds since 1970.
    pub installed: u64,
    /// By which version of usher.
    pub usher: String,
    /// The archives that it was made of.
    pub parts: Vec<Part>,
    /// All that was put there but the receipt itself.
    pub files: Listing,
}

/// An archive that a toolchain was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What it is called where there are several: `npm 6.14.18`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Where it came from.
    pub address: String,
    /// Its SHA-256, in lower-case hexadecimal digits.
    pub sha256: String,
    /// Its length in bytes.
    pub size: u64,
    /// The published hash it was checked against; none where upstream publishes none.
    pub verified: Option<String>,
}

impl Receipt {
    /// The receipt of a toolchain of which nothing is there yet.
    pub fn new(tool: &str, version: &Version, source: &str) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            form: FORM,
            tool: tool.to_owned(),
            version: version.to_string(),
            source: source.to_owned(),
            installed: since.map_or(0, |since| since.as_secs()),
            usher: env!("CARGO_PKG_VERSION").to_owned(),
            parts: Vec::new(),
            files: Listing::default(),
        }
    }

    /// The receipt of the toolchain in a folder; none where nobody wrote one.
    ///
    /// One that can't be understood, or that a later usher wrote, is an error with [`Exit::Data`].
    pub fn load(root: &Path) -> Result<Option<Self>> {
        let path = root.join(RECEIPT);
        let text = match read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| Error::io("read", &path, &error))?,
        };
        let unusable = |why: String| {
            Error::new(Exit::Data, format!("{} is no receipt of usher's", path.display()))
                .because(why)
        };
        let receipt: Self =
            serde_json::from_slice(&text).map_err(|error| unusable(error.to_string()))?;
        match receipt.form {
            FORM => Ok(Some(receipt)),
            form => Err(unusable(format!("its form is {form}; this usher knows form {FORM}"))),
        }
    }

    /// Writes the receipt into a new toolchain, which must have none.
    pub fn save(&self, root: &Path) -> Result<()> {
        let path = root.join(RECEIPT);
        let text = serde_json::to_vec(self).map_err(io::Error::from);
        text.and_then(|text| {
            let mut file = File::options().write(true).create_new(true).open(&path)?;
            file.write_all(&text)
        })
        .map_err(|error| Error::io("write", &path, &error))
    }
}

/// Reads a file that must be one: a FIFO would be waited for, and a link may lead anywhere.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or(0);
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    let seen = file.metadata()?;
    if !seen.is_file() || seen.len() > LARGEST {
        return Err(io::Error::other("it is no file, or far too large"));
    }
    let mut text = Vec::new();
    file.take(LARGEST).read_to_end(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_read_back_and_one_of_a_later_form_is_not() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Receipt::load(folder.path()).unwrap(), None);
        let version = Version::parse("12.22.12").unwrap();
        let receipt = Receipt::new("node", &version, "official");
        receipt.save(folder.path()).unwrap();
        assert_eq!(Receipt::load(folder.path()).unwrap().as_ref(), Some(&receipt));
        assert_eq!(receipt.save(folder.path()).unwrap_err().exit, Exit::CannotCreate);

        let later = Receipt { form: FORM + 1, ..receipt };
        std::fs::remove_file(folder.path().join(RECEIPT)).unwrap();
        later.save(folder.path()).unwrap();
        let error = Receipt::load(folder.path()).unwrap_err();
        assert!(error.to_string().contains("its form is 2"), "{error}");
    }
}
