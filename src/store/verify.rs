//! Whether a toolchain is as it was installed: every file, link and folder against its receipt.
//!
//! ```text
//! store ─▶ Place (a toolchain's folder) ─▶ OpenTree + Receipt ─▶ Findings ─▶ Verified
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

pub use compare::{ChangeKind, Fault, Findings};

use crate::files::walk::OpenTree;
use crate::store::additions::Additions;
use crate::store::place::{InstallLocation, backup_path};
use crate::store::receipt::{Noted, Receipt};

/// How often a toolchain is looked at that others replace meanwhile.
const MOST_ROUNDS: usize = 5;

/// What came of a toolchain.
#[derive(Debug)]
pub struct Verified {
    /// Why it can't be compared with anything.
    pub trouble: Option<ReceiptProblem>,
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
    pub fn is_whole(&self) -> bool {
        self.trouble.is_none() && self.findings.faults.is_empty()
    }

    fn troubled(trouble: ReceiptProblem) -> Self {
        Self { trouble: Some(trouble), findings: Findings::default() }
    }
}

/// Compares a toolchain with its receipt.
pub fn verify(place: &InstallLocation<'_>) -> Result<Verified> {
    for _ in 1..MOST_ROUNDS {
        let tree = match OpenTree::open(&place.root) {
            Ok(tree) => tree,
            Err(error) => return Ok(Verified::troubled(ReceiptProblem::of(&error, &place.root))),
        };
        let verified = once(place, &tree)?;
        if verified.is_whole() || is_still(&tree, &place.root) {
            return Ok(verified);
        }
    }
    let tree =
        OpenTree::open(&place.root).map_err(|error| Error::io("open", &place.root, error))?;
    once(place, &tree)
}

/// The error where one that is meant was taken away meanwhile.
pub fn taken_away(place: &InstallLocation<'_>) -> Error {
    let (tool, version) = (place.known.tool.name, &place.version);
    Error::new(ErrorKind::NotInstalled, format!("{tool} {version} was taken away meanwhile"))
        .hint(format!("use install {tool}@{version}"))
}

fn once(place: &InstallLocation<'_>, tree: &OpenTree) -> Result<Verified> {
    let noted =
        Noted::load(tree).map_err(|error| Error::io("read the receipt of", &place.root, error))?;
    let receipt = match noted {
        Noted::Absent => return Ok(Verified::troubled(ReceiptProblem::NoReceipt)),
        Noted::Damaged(why) => return Ok(Verified::troubled(ReceiptProblem::DamagedReceipt(why))),
        Noted::Later(form) => return Ok(Verified::troubled(ReceiptProblem::LaterReceipt(form))),
        Noted::Receipt(receipt) => receipt,
    };
    if !is_of(&receipt, place) {
        let other = format!("{} {}", receipt.tool, receipt.version);
        return Ok(Verified::troubled(ReceiptProblem::OtherReceipt(other)));
    }
    let additions = Additions::of(place.known.definition);
    compare::compare(tree, &receipt.files, additions)
        .map(|findings| Verified { trouble: None, findings })
        .map_err(|error| Error::io("look at", &place.root, error))
}

/// Whether a receipt is this toolchain's: a folder that was renamed is another version under a
/// wrong name.
fn is_of(receipt: &Receipt, place: &InstallLocation<'_>) -> bool {
    receipt.tool == place.known.tool.name && receipt.version == place.version.as_str()
}

/// Whether what was looked at still stands there: others may have replaced it, or taken it away.
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
