//! Compares a toolchain with its receipt: every file, link and folder.
//!
//! ```text
//! store ─▶ Place (a toolchain's folder) ─▶ OpenTree + Receipt ─▶ Findings ─▶ Verified
//! ```
//!
//! | what | file |
//! |---|---|
//! | comparing a tree with the manifest of a receipt | [`compare`], [`hash`] |
//!
//! Nothing here writes, and it needs no lock: a toolchain that another process replaces at the same
//! time is compared again.

mod compare;
mod hash;

use std::io;
use std::path::Path;

use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Result};

pub use compare::{ChangeKind, Difference, Findings};

use crate::files::account::with_owners_rights;
use crate::files::manifest::Manifest;
use crate::files::walk::OpenTree;
use crate::store::location::{InstallLocation, backup_path};
use crate::store::package_paths::PackagePaths;
use crate::store::receipt::{Receipt, ReceiptFile};

/// How often a toolchain is compared while other processes replace it.
const MAX_VERIFY_ROUNDS: usize = 5;

/// The result of a comparison.
#[derive(Debug)]
pub struct Verified {
    /// Why there is nothing to compare with.
    pub receipt_problem: Option<ReceiptProblem>,
    /// The differences.
    pub findings: Findings,
}

/// Why a toolchain can't be compared with a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", content = "detail", rename_all = "kebab-case")]
pub enum ReceiptProblem {
    /// It no longer exists: another process removed it.
    Removed,
    /// It isn't a folder, or can't be opened.
    NotAFolder(String),
    /// There is no receipt.
    NoReceipt,
    /// The receipt was changed.
    DamagedReceipt(String),
    /// A newer usher wrote it, in this format.
    NewerReceipt(u32),
    /// It is the receipt of another tool or version.
    OtherReceipt(String),
}

impl ReceiptProblem {
    /// Why a toolchain's folder can't be opened. One with a backup wasn't removed.
    fn of(error: &io::Error, root: &Path) -> Self {
        let is_absent = error.kind() == io::ErrorKind::NotFound;
        match is_absent && backup_path(root).symlink_metadata().is_err() {
            true => Self::Removed,
            false => Self::NotAFolder(error.to_string()),
        }
    }
}

impl Verified {
    /// Whether it is exactly as installed.
    pub fn is_intact(&self) -> bool {
        self.receipt_problem.is_none() && self.findings.differences.is_empty()
    }

    fn without_receipt(receipt_problem: ReceiptProblem) -> Self {
        Self { receipt_problem: Some(receipt_problem), findings: Findings::default() }
    }
}

/// Compares a toolchain with its receipt.
pub fn verify(location: &InstallLocation<'_>) -> Result<Verified> {
    with_owners_rights(&location.root, || verify_as_owner(location))
}

fn verify_as_owner(location: &InstallLocation<'_>) -> Result<Verified> {
    for _ in 1..MAX_VERIFY_ROUNDS {
        let tree = match OpenTree::open(&location.root) {
            Ok(tree) => tree,
            Err(error) => {
                return Ok(Verified::without_receipt(ReceiptProblem::of(&error, &location.root)));
            }
        };
        let verified = verify_once(location, &tree)?;
        if verified.is_intact() || is_still(&tree, &location.root) {
            return Ok(verified);
        }
    }
    let tree =
        OpenTree::open(&location.root).map_err(|error| Error::io("open", &location.root, error))?;
    verify_once(location, &tree)
}

/// Compares a toolchain with a manifest that isn't its receipt's. One that isn't a folder has nothing.
pub fn compare_with(location: &InstallLocation<'_>, manifest: &Manifest) -> Result<Findings> {
    with_owners_rights(&location.root, || {
        let Ok(tree) = OpenTree::open(&location.root) else { return Ok(Findings::default()) };
        compare::compare(&tree, manifest, PackagePaths::of(location.known.definition))
            .map_err(|error| Error::io("read", &location.root, error))
    })
}

/// The error for a version that another process removed.
pub fn removed_meanwhile(location: &InstallLocation<'_>) -> Error {
    let (tool, version) = (location.known.tool.name, &location.version);
    Error::new(ErrorKind::NotInstalled, format!("{tool} {version} was removed by another process"))
        .hint(format!("use install {tool}@{version}"))
}

fn verify_once(location: &InstallLocation<'_>, tree: &OpenTree) -> Result<Verified> {
    let recorded = ReceiptFile::load(tree)
        .map_err(|error| Error::io("read the receipt of", &location.root, error))?;
    let receipt = match recorded {
        ReceiptFile::Absent => return Ok(Verified::without_receipt(ReceiptProblem::NoReceipt)),
        ReceiptFile::Damaged(why) => {
            return Ok(Verified::without_receipt(ReceiptProblem::DamagedReceipt(why)));
        }
        ReceiptFile::Later(form) => {
            return Ok(Verified::without_receipt(ReceiptProblem::NewerReceipt(form)));
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
        .map_err(|error| Error::io("read", &location.root, error))
}

/// Whether a receipt is this toolchain's: a renamed folder contains another version than its
/// name states.
fn is_of(receipt: &Receipt, location: &InstallLocation<'_>) -> bool {
    receipt.tool == location.known.tool.name && receipt.version == location.version.as_str()
}

/// Whether the tree is still the one at `root`: another process may have replaced or removed it.
fn is_still(tree: &OpenTree, root: &Path) -> bool {
    let identity = |tree: &OpenTree| -> io::Result<_> {
        let seen = tree.stat()?;
        Ok((seen.st_dev, seen.st_ino))
    };
    match OpenTree::open(root) {
        Ok(now) => matches!((identity(tree), identity(&now)), (Ok(one), Ok(other)) if one == other),
        Err(_) => false,
    }
}
