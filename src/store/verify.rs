//! Whether a toolchain is as it was installed: every file, link and folder against its receipt.
//!
//! ```text
//! store ─▶ Place (a toolchain's folder) ─▶ Tree + Receipt ─▶ Findings ─▶ Verified
//! ```
//!
//! | what | file |
//! |---|---|
//! | a tree against the list of a receipt | [`compare`], [`hash`] |
//!
//! Nothing here writes, and it needs no lock: a toolchain that is replaced meanwhile is looked at
//! again.

mod compare;
mod hash;

use std::io;
use std::path::Path;

use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Result};

pub use compare::{ChangeKind, Difference, Findings};

use crate::files::walk::Tree;
use crate::store::location::{InstallLocation, backup_path};
use crate::store::package_paths::PackagePaths;
use crate::store::receipt::{Receipt, ReceiptFile};

/// How often a toolchain is looked at that others replace meanwhile.
const MAX_VERIFY_ROUNDS: usize = 5;

/// What came of a toolchain.
#[derive(Debug)]
pub struct Verified {
    /// Why it can't be compared with anything.
    pub receipt_problem: Option<ReceiptProblem>,
    /// What was found.
    pub findings: Findings,
}

/// Why a toolchain can't be compared with a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "why", rename_all = "kebab-case")]
pub enum ReceiptProblem {
    /// Nothing stands there any more: somebody took it away meanwhile.
    Gone,
    /// What stands there is no folder, or can't be opened.
    NoFolder(String),
    /// Nobody wrote a receipt, or somebody took it away.
    NoReceipt,
    /// The receipt was changed.
    DamagedReceipt(String),
    /// A later usher wrote it, in this form.
    LaterReceipt(u32),
    /// It is the receipt of something else.
    OtherReceipt(String),
}

impl ReceiptProblem {
    /// Why a toolchain's folder can't be opened; one that was moved aside isn't gone.
    fn of(error: &io::Error, root: &Path) -> Self {
        let is_gone = error.kind() == io::ErrorKind::NotFound;
        match is_gone && backup_path(root).symlink_metadata().is_err() {
            true => Self::Gone,
            false => Self::NoFolder(error.to_string()),
        }
    }
}

impl Verified {
    /// Whether it is as it was installed.
    pub fn is_intact(&self) -> bool {
        self.receipt_problem.is_none() && self.findings.differences.is_empty()
    }

    fn without_receipt(receipt_problem: ReceiptProblem) -> Self {
        Self { receipt_problem: Some(receipt_problem), findings: Findings::default() }
    }
}

/// Compares a toolchain with its receipt.
pub fn verify(location: &InstallLocation<'_>) -> Result<Verified> {
    for _ in 1..MAX_VERIFY_ROUNDS {
        let tree = match Tree::open(&location.root) {
            Ok(tree) => tree,
            Err(error) => {
                return Ok(Verified::without_receipt(ReceiptProblem::of(&error, &location.root)));
            }
        };
        let verified = once(location, &tree)?;
        if verified.is_intact() || is_still(&tree, &location.root) {
            return Ok(verified);
        }
    }
    let tree =
        Tree::open(&location.root).map_err(|error| Error::io("open", &location.root, error))?;
    once(location, &tree)
}

/// The error where one that is meant was taken away meanwhile.
pub fn removed_meanwhile(location: &InstallLocation<'_>) -> Error {
    let (tool, version) = (location.known.tool.name, &location.version);
    Error::new(ErrorKind::NotInstalled, format!("{tool} {version} was taken away meanwhile"))
        .hint(format!("use install {tool}@{version}"))
}

fn once(location: &InstallLocation<'_>, tree: &Tree) -> Result<Verified> {
    let recorded = ReceiptFile::load(tree)
        .map_err(|error| Error::io("read the receipt of", &location.root, error))?;
    let receipt = match recorded {
        ReceiptFile::Absent => return Ok(Verified::without_receipt(ReceiptProblem::NoReceipt)),
        ReceiptFile::Damaged(why) => {
            return Ok(Verified::without_receipt(ReceiptProblem::DamagedReceipt(why)));
        }
        ReceiptFile::Later(form) => {
            return Ok(Verified::without_receipt(ReceiptProblem::LaterReceipt(form)));
        }
        ReceiptFile::Receipt(receipt) => receipt,
    };
    if !is_of(&receipt, location) {
        let other = format!("{} {}", receipt.tool, receipt.version);
        return Ok(Verified::without_receipt(ReceiptProblem::OtherReceipt(other)));
    }
    let package_paths = PackagePaths::of(location.known.definition);
    compare::compare(tree, &receipt.files, package_paths)
        .map(|findings| Verified { receipt_problem: None, findings })
        .map_err(|error| Error::io("look at", &location.root, error))
}

/// Whether a receipt is this toolchain's: a folder that was renamed is another version under a
/// wrong name.
fn is_of(receipt: &Receipt, location: &InstallLocation<'_>) -> bool {
    receipt.tool == location.known.tool.name && receipt.version == location.version.as_str()
}

/// Whether what was looked at still stands there: others may have replaced it, or taken it away.
fn is_still(tree: &Tree, root: &Path) -> bool {
    let identity = |tree: &Tree| -> io::Result<_> {
        let seen = tree.seen()?;
        Ok((seen.st_dev, seen.st_ino))
    };
    match Tree::open(root) {
        Ok(now) => matches!((identity(tree), identity(&now)), (Ok(one), Ok(other)) if one == other),
        Err(_) => false,
    }
}
