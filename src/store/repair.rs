//! Repairing a toolchain. The same release is fetched again and assembled in staging, what package
//! managers added is preserved, and the two are exchanged: at no moment is there no toolchain.

use std::collections::BTreeSet;
use std::path::Path;

use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::pin::Origin;
use usher_shims::request::{Request, RequestTrust};

use super::install::Installer;
use super::install::assembly::Assembly;
use super::install::from_archive::{UserArchive, assemble_archive};
use super::location::InstallLocation;
use super::package_paths::PackagePaths;
use super::preserve_packages::{Extras, Preserved, preserve_added_files};
use super::publish::replace_tree;
use super::receipt::{self, Receipt, ReceiptFile};
use super::verify::{
    ChangeKind, Findings, ReceiptProblem, compare_with, removed_meanwhile, verify,
};
use crate::files::integrity::Integrity;
use crate::files::interrupt::Unfinished;
use crate::files::remove::remove_tree;
use crate::files::walk::OpenTree;
use crate::http::Address;
use crate::releases::{Release, ReleasePart, ToolRequest};

/// The result of a repair.
#[derive(Debug, Default)]
pub struct Repaired {
    /// Whether anything was restored.
    pub is_restored: bool,
    /// How many entries that package managers added were preserved.
    pub preserved: usize,
    /// Files that were neither from upstream nor at a package manager's paths, and were removed.
    pub removed: Vec<String>,
    /// Such files that were kept, and packages of upstream's that a package manager replaced.
    pub kept: Vec<String>,
}

/// Whether the user lets a repair remove these entries of a toolchain.
pub type ConfirmRemoval<'a> = dyn Fn(&InstallLocation<'_>, &[String]) -> bool + 'a;

/// Restores a toolchain of our own to what was installed. `None` if it is intact already, which is
/// checked again under the lock. What a package manager may have put there is kept, unless the user
/// confirms its removal.
pub fn repair(
    installer: &Installer<'_>,
    location: &InstallLocation<'_>,
    confirm: &ConfirmRemoval<'_>,
) -> Result<Option<Repaired>> {
    let unfinished = not_repaired(location);
    let _lock = installer.store.lock(location)?;
    let verified = verify(location)?;
    if verified.is_intact() {
        return Ok(None);
    }
    match verified.receipt_problem {
        Some(ReceiptProblem::NewerReceipt(form)) => {
            return Err(later_receipt_error(location, form));
        }
        Some(ReceiptProblem::Removed) => return Err(removed_meanwhile(location)),
        _ => {}
    }
    let package_paths = PackagePaths::of(location.known.definition);
    let known = verified.receipt_problem.is_none();
    let asked =
        known.then(|| Unexpected::of(&verified.findings, package_paths).ask(location, confirm));
    if let Some(decision) = &asked
        && !decision.is_removed
        && decision.unexpected.explains(&verified.findings)
    {
        let kept = decision.unexpected.entries();
        return Ok(Some(Repaired { kept, ..Repaired::default() }));
    }
    let receipt = receipt(location);
    let archive = receipt.as_ref().and_then(UserArchive::of);
    let mut assembly = match &archive {
        Some(archive) => assemble_from_user_archive(installer, location, archive)?,
        None => assemble_from_source(installer, location, receipt.as_ref())?,
    };
    if let Some(receipt) = &receipt {
        assembly.keep_verified_hashes(receipt);
    }
    let tree = assembly.finish()?.to_path_buf();
    let manifest = assembly.manifest();
    let decision = if let Some(decision) = asked {
        decision
    } else {
        let findings = compare_with(location, manifest)?;
        Unexpected::of(&findings, package_paths).ask(location, confirm)
    };
    let extras = match decision.is_removed {
        true => Extras::Leave,
        false => Extras::Keep(&decision.unexpected.replaced),
    };
    let access = installer.store.access;
    let Preserved { preserved_count: preserved, left: removed } =
        preserve_added_files(access, (&location.root, &tree), package_paths, manifest, extras)
            .map_err(|error| assembly.required_space().explain(error))?;
    let shown = installer.store.reporter.task("installing", &location.name());
    replace_tree(access, (&tree, &location.root), &unfinished)?;
    drop(shown);
    // What package managers added during the repair.
    preserve_added_files(access, (&tree, &location.root), package_paths, manifest, Extras::Leave)?;
    remove_tree(&tree)?;
    assembly.discard_downloads();
    let kept = if decision.is_removed { Vec::new() } else { decision.unexpected.entries() };
    Ok(Some(Repaired { is_restored: true, preserved, removed, kept }))
}

/// What an interrupt reports of a version that is looked at or repaired.
pub fn not_repaired(location: &InstallLocation<'_>) -> Unfinished {
    Unfinished::other(&format!("{} was not repaired", location.name()))
}

/// What is in a toolchain that isn't from upstream nor at a package manager's own paths. A package
/// manager may have put it there all the same.
#[derive(Debug, Default)]
struct Unexpected {
    added: Vec<String>,
    /// Packages of upstream's with files that upstream's lack.
    replaced: BTreeSet<String>,
}

/// What the user decided about it.
struct Decision {
    unexpected: Unexpected,
    is_removed: bool,
}

impl Unexpected {
    fn of(findings: &Findings, package_paths: PackagePaths<'_>) -> Self {
        let mut unexpected = Self::default();
        for one in findings.differences.iter().filter(|one| one.change == ChangeKind::Added) {
            match package_paths.package_of(&one.path) {
                Some(package) => drop(unexpected.replaced.insert(package.to_owned())),
                None => unexpected.added.push(one.path.clone()),
            }
        }
        unexpected
    }

    fn entries(&self) -> Vec<String> {
        self.added.iter().chain(&self.replaced).cloned().collect()
    }

    /// Whether there are no other differences.
    fn explains(&self, findings: &Findings) -> bool {
        let is_in_replaced =
            |path: &str| self.replaced.iter().any(|package| Path::new(path).starts_with(package));
        let mut all = findings.differences.iter();
        all.all(|one| one.change == ChangeKind::Added || is_in_replaced(&one.path))
    }

    fn ask(self, location: &InstallLocation<'_>, confirm: &ConfirmRemoval<'_>) -> Decision {
        let entries = self.entries();
        let is_removed = !entries.is_empty() && confirm(location, &entries);
        Decision { unexpected: self, is_removed }
    }
}

/// Assembles the files that the receipt names, from a source that has them.
fn assemble_from_source<'a>(
    installer: &'a Installer<'a>,
    location: &'a InstallLocation<'a>,
    receipt: Option<&Receipt>,
) -> Result<Assembly<'a>> {
    let release = same_release(installer, location, receipt)?;
    let fresh = installer.finder.release_parts(location.known, &release)?;
    let parts = match receipt {
        Some(receipt) => same_files(fresh, &receipt.parts)?,
        None => fresh,
    };
    installer.assemble(location, &release, &parts).map_err(|error| match receipt {
        Some(_) if error.kind() == ErrorKind::Integrity => error.because(UPSTREAM_CHANGED),
        _ => error,
    })
}

/// Assembles the archive that the user had named: no source has it.
fn assemble_from_user_archive<'a>(
    installer: &Installer<'a>,
    location: &'a InstallLocation<'a>,
    archive: &UserArchive,
) -> Result<Assembly<'a>> {
    let made = assemble_archive(installer.store, installer.fetcher, location, archive);
    made.map_err(|error| {
        let name = format!("{}@{}", location.known.tool.name, location.version);
        let hash = archive.integrity.map(|hash| hash.to_string()).unwrap_or_default();
        let hex = hash.rsplit(':').next().unwrap_or_default();
        let error = match error.kind() {
            ErrorKind::Integrity => error.because("the archive was a different one when it was installed"),
            _ => error,
        };
        error.because(format!("{name} was installed from this archive, and no source has it")).hint(
            format!(
                "use uninstall {name}, then use install {name} --from ADDRESS-OR-FILE --sha256 {hex}"
            ),
        )
    })
}

/// The release of exactly this version, from the source that the receipt names.
fn same_release(
    installer: &Installer<'_>,
    location: &InstallLocation<'_>,
    receipt: Option<&Receipt>,
) -> Result<Release> {
    let InstallLocation { known, version, .. } = location;
    let request = Request::parse(version.as_str(), known.tool, RequestTrust::User)
        .map_err(|reason| Error::new(ErrorKind::BadValue, reason))?;
    let origin = Origin::CommandLine;
    let tool_request = ToolRequest { known: *known, request: &request, origin: &origin };
    let names = known.definition.source.iter().map(|source| &source.name);
    let is_other = |name: &&String| receipt.is_some_and(|receipt| receipt.source != **name);
    let mut passed: Vec<String> = names.clone().filter(is_other).cloned().collect();
    // The receipt's source is no longer in the registry; another source may have the same file.
    if passed.len() == names.count() {
        passed.clear();
    }
    let release = installer.finder.find_excluding(&tool_request, &passed)?;
    if release.version == *version {
        return Ok(release);
    }
    let what = format!("no source has a release {}", location.name());
    Err(Error::new(ErrorKind::NoMatchingVersion, what)
        .because(format!("the nearest is {}", release.version)))
}

/// Why bytes with another checksum than the receipt's are refused.
const UPSTREAM_CHANGED: &str = "upstream changed a published file";

/// The receipt of a toolchain, if it is valid and its own.
fn receipt(location: &InstallLocation<'_>) -> Option<Receipt> {
    let recorded = ReceiptFile::load(OpenTree::open(&location.root).ok()?).ok()?;
    match recorded {
        ReceiptFile::Receipt(receipt) if receipt.version == location.version.as_str() => {
            Some(*receipt)
        }
        ReceiptFile::Receipt(_)
        | ReceiptFile::Absent
        | ReceiptFile::Damaged(_)
        | ReceiptFile::Later(_) => None,
    }
}

fn later_receipt_error(location: &InstallLocation<'_>, form: u32) -> Error {
    let what = format!("{} was installed by a newer usher", location.name());
    Error::new(ErrorKind::BadFile, what)
        .because(format!("its receipt has format {form}, which this version doesn't know"))
        .hint("update usher")
}

/// The parts of a release as exactly the files that the toolchain was made of, by their checksums.
fn same_files(
    parts: Vec<ReleasePart>,
    recorded: &[receipt::ReceiptPart],
) -> Result<Vec<ReleasePart>> {
    let mut recorded = recorded.iter();
    parts
        .into_iter()
        .map(|part| recorded.next().map_or(Ok(part.clone()), |one| same_file(part, one)))
        .collect()
}

fn same_file(part: ReleasePart, recorded: &receipt::ReceiptPart) -> Result<ReleasePart> {
    let integrity = Integrity::from_text(&format!("sha256:{}", recorded.sha256));
    let published = part.integrity.as_ref().map(Integrity::to_string);
    let is_same =
        published.is_some() && (published == recorded.verified || part.integrity == integrity);
    let is_named_so =
        part.addresses.iter().any(|address| address.file_name() == file_name(&recorded.address));
    if let (false, true, Some(published)) = (is_same, is_named_so, &published) {
        let was = recorded.verified.clone().unwrap_or(format!("sha256:{}", recorded.sha256));
        return Err(Error::new(
            ErrorKind::Integrity,
            format!("{UPSTREAM_CHANGED}: {}", recorded.address),
        )
        .because(format!("installed: {was}"))
        .because(format!("published: {published}"))
        .hint("ask upstream why; to install the new file: use uninstall, then use install"));
    }
    // Another file is a later build of the same version: the installed one is at its old address.
    let mut addresses = if is_same || is_named_so { part.addresses } else { Vec::new() };
    let is_recorded = |address: &Address| address.without_secrets() == recorded.address;
    if !addresses.iter().any(is_recorded) {
        addresses.extend(Address::parse(&recorded.address).ok());
    }
    Ok(ReleasePart { addresses, integrity, title: recorded.title.clone(), ..part })
}

/// The last part of an address.
fn file_name(address: &str) -> &str {
    let path = address.split(['?', '#']).next().unwrap_or(address);
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const NEW: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    /// What is fetched if this is published now, and `http://a/x-1.tgz` with the old checksum was
    /// installed: its addresses, or the error.
    fn check(address: &str, hash: Option<&str>, expected: &str) {
        let part = ReleasePart {
            addresses: vec![Address::parse(address).unwrap()],
            integrity: hash.and_then(Integrity::from_hex),
            strip_components: 1,
            ..ReleasePart::default()
        };
        let recorded = receipt::ReceiptPart {
            title: String::new(),
            address: "http://a/x-1.tgz".to_owned(),
            host: None,
            sha256: OLD.to_owned(),
            size: 1,
            verified: Some(format!("sha256:{OLD}")),
        };
        let got = match same_files(vec![part], &[recorded]) {
            Ok(parts) => {
                assert_eq!(
                    parts[0].integrity,
                    Integrity::from_hex(OLD),
                    "the old bytes are required"
                );
                let addresses = parts[0].addresses.iter().map(Address::with_secrets);
                addresses.collect::<Vec<_>>().join(" ")
            }
            Err(error) => format!("{:?}", error.kind()),
        };
        assert_eq!(got, expected, "{address} {hash:?}");
    }

    #[test]
    fn only_the_file_that_was_installed_is_accepted() {
        check("http://a/x-1.tgz", Some(OLD), "http://a/x-1.tgz");
        check("http://mirror/x-1.tgz", Some(OLD), "http://mirror/x-1.tgz http://a/x-1.tgz");
        check("http://a/x-1.tgz", Some(NEW), "Integrity");
        check("http://mirror/x-1.tgz?y", Some(NEW), "Integrity");
        check("http://a/x-1.tgz", None, "http://a/x-1.tgz");
        check("http://a/x-1+later.tgz", Some(NEW), "http://a/x-1.tgz");
        check("http://a/x-1+later.tgz", None, "http://a/x-1.tgz");
    }
}
