//! A tree compared with the list of all that was put there: what changed, what is missing, what was
//! added.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::mpsc::SyncSender;

use rustix::fs::FileType;
use serde::Serialize;

use super::hash::{Differs, Job, hash};
use crate::files::manifest::{Manifest, ManifestEntry, Mode};
use crate::files::walk::{OpenTree, Visitor, Walk, WalkEntry, kind, permissions};
use crate::store::additions::{Adder, Additions};
use crate::store::receipt::RECEIPT;

/// The permission bits that usher gives every toolchain's own folder.
const ROOT: u32 = 0o755;

/// What was found in a toolchain.
#[derive(Debug, Default)]
pub struct Findings {
    /// What isn't as it was installed, by path.
    pub faults: Vec<Fault>,
    /// What package managers added: files, links, and folders with all that is in them.
    pub packages: Vec<String>,
    /// How many files and links are as they should be, or were compared at least.
    pub compared: usize,
}

/// Something that isn't as it was installed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// Its path from the toolchain's folder; empty for that folder itself.
    pub path: String,
    /// What is wrong with it.
    pub what: ChangeKind,
    /// The same in words, where they say more.
    pub detail: String,
    /// Whether it lies in what came with the toolchain and package managers may replace.
    pub is_package: bool,
}

/// What is wrong with something in a toolchain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// A file's bytes.
    Changed,
    /// It isn't there any more.
    Missing,
    /// Neither upstream nor a package manager put it there.
    Added,
    /// Its permission bits.
    Mode,
    /// Where a link leads.
    Link,
    /// It is no file, link or folder any more as it was one.
    Kind,
    /// It can't be read, so that nobody knows.
    Unreadable,
}

impl ChangeKind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Added => "added",
            Self::Mode => "mode",
            Self::Link => "link",
            Self::Kind => "kind",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Compares a tree with what was put there.
pub(super) fn compare(
    tree: &OpenTree,
    listing: &Manifest,
    additions: Additions<'_>,
) -> io::Result<Findings> {
    let root = tree.stat()?;
    let (mut comparison, differing) = hash(|jobs| {
        let mut comparison = Comparison::new(listing, additions, jobs.clone());
        comparison.mode("", (Mode(ROOT), permissions(&root)));
        tree.walk(&mut comparison);
        comparison.ended()
    });
    for (key, differs) in differing {
        match differs {
            Differs::Content => comparison.fault(&key, ChangeKind::Changed, "its bytes"),
            Differs::Unreadable(error) => {
                comparison.fault(&key, ChangeKind::Unreadable, &error.to_string());
            }
        }
    }
    comparison.findings.faults.sort();
    Ok(comparison.findings)
}

/// What is known so far.
struct Comparison<'a> {
    listing: &'a Manifest,
    additions: Additions<'a>,
    findings: Findings,
    /// All of the list that was come upon.
    seen: HashSet<&'a str>,
    /// Folders of the list of which what is in them can't be told.
    closed: HashSet<String>,
    jobs: Option<SyncSender<Job>>,
}

impl<'a> Comparison<'a> {
    fn new(listing: &'a Manifest, additions: Additions<'a>, jobs: SyncSender<Job>) -> Self {
        Self {
            listing,
            additions,
            findings: Findings::default(),
            seen: HashSet::new(),
            closed: HashSet::new(),
            jobs: Some(jobs),
        }
    }

    /// All was seen that is there: the rest of the list is missing. What lay in a folder that is
    /// missing itself isn't told again.
    fn ended(mut self) -> Self {
        self.jobs = None;
        for path in self.listing.0.keys().filter(|path| !self.seen.contains(path.as_str())) {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let is_open = folder.is_empty() || self.seen.contains(folder);
            if is_open && !self.closed.contains(folder) {
                let fault = described(self.additions, path, (ChangeKind::Missing, ""));
                self.findings.faults.push(fault);
            }
        }
        self.findings.packages.sort();
        self
    }

    fn fault(&mut self, path: &str, what: ChangeKind, detail: &str) {
        self.findings.faults.push(described(self.additions, path, (what, detail)));
    }

    fn mode(&mut self, path: &str, (wanted, seen): (Mode, u32)) {
        if wanted.0 != seen {
            self.fault(path, ChangeKind::Mode, &format!("{seen:o} instead of {:o}", wanted.0));
        }
    }

    fn added(&mut self, found: &WalkEntry<'_>) -> Walk {
        match self.additions.adder(&found.manifest_path) {
            Some(Adder::Program) => return Walk::Skip,
            Some(Adder::PackageManager) => {
                self.findings.packages.push(found.manifest_path.clone());
                return Walk::Skip;
            }
            None => {}
        }
        let is_folder = kind(&found.stat) == FileType::Directory;
        if is_folder && self.additions.may_hold(&found.manifest_path) {
            return Walk::Descend;
        }
        self.fault(&found.manifest_path, ChangeKind::Added, name(kind(&found.stat)));
        Walk::Skip
    }

    fn file(&mut self, found: &WalkEntry<'_>, item: &ManifestEntry) {
        let ManifestEntry::File { mode, size, sha256 } = item else { return };
        self.mode(&found.manifest_path, (*mode, permissions(&found.stat)));
        let seen = u64::try_from(found.stat.st_size).unwrap_or_default();
        if seen != *size {
            let detail = format!("{seen} bytes instead of {size}");
            return self.fault(&found.manifest_path, ChangeKind::Changed, &detail);
        }
        let job = |file| Job { key: found.manifest_path.clone(), file, wanted: sha256.clone() };
        match (found.open().map(job), &self.jobs) {
            (Ok(job), Some(jobs)) => drop(jobs.send(job)),
            (Ok(_), None) => {}
            (Err(error), _) => {
                self.fault(&found.manifest_path, ChangeKind::Unreadable, &error.to_string());
            }
        }
    }

    fn link(&mut self, found: &WalkEntry<'_>, wanted: &str) {
        match found.target() {
            Ok(target) if target.to_string_lossy() == wanted => {}
            Ok(target) => {
                let detail = format!("to {} instead of {wanted}", target.to_string_lossy());
                self.fault(&found.manifest_path, ChangeKind::Link, &detail);
            }
            Err(error) => {
                self.fault(&found.manifest_path, ChangeKind::Unreadable, &error.to_string());
            }
        }
    }
}

impl Visitor for Comparison<'_> {
    fn visit(&mut self, found: &WalkEntry<'_>) -> Walk {
        if found.manifest_path == RECEIPT {
            return Walk::Skip;
        }
        let Some((path, item)) = self.listing.0.get_key_value(&found.manifest_path) else {
            return self.added(found);
        };
        self.seen.insert(path);
        let is = kind(&found.stat);
        match (item, is) {
            (ManifestEntry::File { .. }, FileType::RegularFile) => self.file(found, item),
            (ManifestEntry::Link { link }, FileType::Symlink) => self.link(found, link),
            (ManifestEntry::Folder { mode }, FileType::Directory) => {
                self.mode(&found.manifest_path, (*mode, permissions(&found.stat)));
                return Walk::Descend;
            }
            (
                ManifestEntry::File { .. }
                | ManifestEntry::Link { .. }
                | ManifestEntry::Folder { .. },
                _,
            ) => {
                self.closed.insert(found.manifest_path.clone());
                let detail = format!("{} instead of {}", name(is), version_label(item));
                self.fault(&found.manifest_path, ChangeKind::Kind, &detail);
                return Walk::Skip;
            }
        }
        self.findings.compared += 1;
        Walk::Skip
    }

    fn unreadable(&mut self, folder: &Path, error: &io::Error) {
        let key = folder.to_string_lossy().into_owned();
        self.fault(&key, ChangeKind::Unreadable, &error.to_string());
        self.closed.insert(key);
    }
}

fn described(additions: Additions<'_>, path: &str, (what, detail): (ChangeKind, &str)) -> Fault {
    let mut above = path.match_indices('/').map(|(end, _)| &path[..end]);
    let is_package = above.any(|folder| additions.adder(folder) == Some(Adder::PackageManager));
    Fault { path: path.to_owned(), what, detail: detail.to_owned(), is_package }
}

fn name(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a file",
        FileType::Directory => "a folder",
        FileType::Symlink => "a link",
        FileType::Fifo => "a named pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Unknown => "nobody knows what",
    }
}

fn version_label(item: &ManifestEntry) -> &'static str {
    match item {
        ManifestEntry::File { .. } => "a file",
        ManifestEntry::Link { .. } => "a link",
        ManifestEntry::Folder { .. } => "a folder",
    }
}

#[cfg(test)]
mod tests;
