//! Comparing a tree with its manifest: what changed, what is missing, what was added.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::mpsc::SyncSender;

use rustix::fs::FileType;
use serde::Serialize;
use usher_shims::error::{Escaped, Shown};

use super::hash::{Differs, Job, hash};
use crate::files::manifest::{Manifest, ManifestEntry, Mode};
use crate::files::walk::{OpenTree, Visitor, Walk, WalkEntry, file_type, permission_bits};
use crate::store::package_paths::{AddedBy, PackagePaths};
use crate::store::receipt::RECEIPT;

/// The permissions of every toolchain's own folder.
const ROOT: u32 = 0o755;

/// The result of a comparison.
#[derive(Debug, Default)]
pub struct Findings {
    /// What differs from what was installed, by path.
    pub differences: Vec<Difference>,
    /// What package managers added: files, links, and folders with all that is in them.
    pub packages: Vec<String>,
    /// How many files and links were compared.
    pub compared: usize,
}

/// A difference to what was installed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Difference {
    /// Its path from the toolchain's folder; empty for that folder itself.
    pub path: String,
    /// The kind of difference.
    pub change: ChangeKind,
    /// Details, if there are any.
    pub detail: String,
    /// Whether it is in a bundled package, which package managers may replace.
    #[serde(rename = "bundled")]
    pub is_package: bool,
}

/// The kind of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// A file has other bytes.
    Changed,
    /// It no longer exists.
    Missing,
    /// Neither upstream nor a package manager put it there.
    Added,
    /// It has other permissions.
    Mode,
    /// A link has another target.
    Link,
    /// It was a file, link or folder, and is something else now.
    Kind,
    /// It can't be read.
    Unreadable,
}

impl ChangeKind {
    /// Its name in reports.
    pub fn label(self) -> &'static str {
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

/// Compares a tree with its manifest.
pub(super) fn compare(
    tree: &OpenTree,
    manifest: &Manifest,
    package_paths: PackagePaths<'_>,
) -> io::Result<Findings> {
    let root = tree.stat()?;
    let (mut comparison, differing) = hash(|jobs| {
        let mut comparison = Comparison::new(manifest, package_paths, jobs.clone());
        comparison.mode("", Mode(ROOT), permission_bits(&root));
        tree.walk(&mut comparison);
        comparison.report_missing()
    })?;
    for (manifest_path, differs) in differing {
        match differs {
            Differs::Content => {
                comparison.difference(&manifest_path, ChangeKind::Changed, "its bytes");
            }
            Differs::Unreadable(error) => {
                comparison.difference(&manifest_path, ChangeKind::Unreadable, &error.to_string());
            }
        }
    }
    comparison.findings.differences.sort();
    Ok(comparison.findings)
}

/// A comparison that isn't finished.
struct Comparison<'a> {
    manifest: &'a Manifest,
    package_paths: PackagePaths<'a>,
    findings: Findings,
    /// The paths of the manifest that were found.
    seen: HashSet<&'a str>,
    /// Folders of the manifest that can't be read.
    closed: HashSet<String>,
    jobs: Option<SyncSender<Job>>,
}

impl<'a> Comparison<'a> {
    fn new(manifest: &'a Manifest, package_paths: PackagePaths<'a>, jobs: SyncSender<Job>) -> Self {
        Self {
            manifest,
            package_paths,
            findings: Findings::default(),
            seen: HashSet::new(),
            closed: HashSet::new(),
            jobs: Some(jobs),
        }
    }

    /// After the walk: reports the manifest's entries that weren't found as missing. Of a missing
    /// folder only the folder itself is reported.
    fn report_missing(mut self) -> Self {
        self.jobs = None;
        for path in self.manifest.0.keys().filter(|path| !self.seen.contains(path.as_str())) {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let is_open = folder.is_empty() || self.seen.contains(folder);
            if is_open && !self.closed.contains(folder) {
                let difference = difference_at(self.package_paths, path, ChangeKind::Missing, "");
                self.findings.differences.push(difference);
            }
        }
        self.findings.packages.sort();
        self
    }

    fn difference(&mut self, path: &str, change: ChangeKind, detail: &str) {
        self.findings.differences.push(difference_at(self.package_paths, path, change, detail));
    }

    fn mode(&mut self, path: &str, expected: Mode, seen: u32) {
        if expected.0 != seen {
            self.difference(
                path,
                ChangeKind::Mode,
                &format!("{seen:o} instead of {:o}", expected.0),
            );
        }
    }

    fn added(&mut self, found: &WalkEntry<'_>) -> Walk {
        match self.package_paths.added_by(&found.manifest_path) {
            Some(AddedBy::Program) => return Walk::Skip,
            Some(AddedBy::PackageManager) => {
                self.findings.packages.push(found.manifest_path.clone());
                return Walk::Skip;
            }
            None => {}
        }
        let is_folder = file_type(&found.stat) == FileType::Directory;
        if is_folder && self.package_paths.may_contain(&found.manifest_path) {
            return Walk::Descend;
        }
        self.difference(
            &found.manifest_path,
            ChangeKind::Added,
            file_type_name(file_type(&found.stat)),
        );
        Walk::Skip
    }

    fn file(&mut self, found: &WalkEntry<'_>, item: &ManifestEntry) {
        let ManifestEntry::File { mode, size, sha256 } = item else { return };
        self.mode(&found.manifest_path, *mode, permission_bits(&found.stat));
        let seen = u64::try_from(found.stat.st_size).unwrap_or_default();
        if seen != *size {
            let detail = format!("{seen} bytes instead of {size}");
            return self.difference(&found.manifest_path, ChangeKind::Changed, &detail);
        }
        let job = |file| Job { key: found.manifest_path.clone(), file, expected: sha256.clone() };
        match (found.open().map(job), &self.jobs) {
            (Ok(job), Some(jobs)) => drop(jobs.send(job)),
            (Ok(_), None) => {}
            (Err(error), _) => {
                self.difference(&found.manifest_path, ChangeKind::Unreadable, &error.to_string());
            }
        }
    }

    fn link(&mut self, found: &WalkEntry<'_>, expected: &str) {
        match found.target() {
            Ok(target) if target.to_string_lossy() == expected => {}
            Ok(target) => {
                let detail =
                    format!("to {} instead of {}", Shown(Path::new(&target)), Escaped(expected));
                self.difference(&found.manifest_path, ChangeKind::Link, &detail);
            }
            Err(error) => {
                self.difference(&found.manifest_path, ChangeKind::Unreadable, &error.to_string());
            }
        }
    }
}

impl Visitor for Comparison<'_> {
    fn visit(&mut self, found: &WalkEntry<'_>) -> Walk {
        if found.manifest_path == RECEIPT {
            return Walk::Skip;
        }
        let Some((path, item)) = self.manifest.0.get_key_value(&found.manifest_path) else {
            return self.added(found);
        };
        self.seen.insert(path);
        let is = file_type(&found.stat);
        match (item, is) {
            (ManifestEntry::File { .. }, FileType::RegularFile) => self.file(found, item),
            (ManifestEntry::Link { link }, FileType::Symlink) => self.link(found, link),
            (ManifestEntry::Folder { mode }, FileType::Directory) => {
                self.mode(&found.manifest_path, *mode, permission_bits(&found.stat));
                return Walk::Descend;
            }
            (
                ManifestEntry::File { .. }
                | ManifestEntry::Link { .. }
                | ManifestEntry::Folder { .. },
                _,
            ) => {
                self.closed.insert(found.manifest_path.clone());
                let detail = format!("{} instead of {}", file_type_name(is), version_label(item));
                self.difference(&found.manifest_path, ChangeKind::Kind, &detail);
                return Walk::Skip;
            }
        }
        self.findings.compared += 1;
        Walk::Skip
    }

    fn unreadable(&mut self, folder: &Path, error: &io::Error) {
        let manifest_path = folder.to_string_lossy().into_owned();
        self.difference(&manifest_path, ChangeKind::Unreadable, &error.to_string());
        self.closed.insert(manifest_path);
    }
}

fn difference_at(
    package_paths: PackagePaths<'_>,
    path: &str,
    change: ChangeKind,
    detail: &str,
) -> Difference {
    let is_package = package_paths.package_of(path).is_some();
    Difference { path: path.to_owned(), change, detail: detail.to_owned(), is_package }
}

fn file_type_name(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a file",
        FileType::Directory => "a folder",
        FileType::Symlink => "a link",
        FileType::Fifo => "a named pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Unknown => "of unknown type",
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
