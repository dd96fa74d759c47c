//! `use verify [TOOL[@VERSION]…]`: compares installed versions with what was installed.

use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::toolchain::Store;

use super::{ToolArgument, count_of, tool_arguments};
use crate::cli::output::{self, ReportPath};
use crate::session::Session;
use crate::session::active::store_label;
use crate::store::contents::{StoreContents, UnexpectedEntry};
use crate::store::location::InstallLocation;
use crate::store::verify::{Difference, ReceiptProblem, Verified, removed_meanwhile, verify};

/// How many differences of a version are printed; `--json` has all.
const MAX_LISTED: usize = 10;

/// A version and what is wrong with it.
struct VerifiedVersion<'a> {
    location: InstallLocation<'a>,
    verified: Verified,
}

/// All that was compared, and what doesn't belong in the store.
struct VerifyReport<'a> {
    versions: Vec<VerifiedVersion<'a>>,
    unexpected: Vec<UnexpectedEntry>,
}

/// Runs the command. The result is its exit code: [`ErrorKind::FaultsFound`]'s if anything differs.
pub fn run(session: &Session, words: &[String], as_json: bool) -> Result<i32> {
    let report = compare(session, words)?;
    let printed = match as_json {
        true => output::print_answer(&report.for_programs()),
        false => report.text().iter().try_for_each(output::print_line),
    };
    let error = report.error();
    if let (Some(error), false) = (&error, as_json) {
        session.reporter.error(error);
    }
    printed.map(|()| error.map_or(0, |error| error.kind().exit_code().into()))
}

fn compare<'a>(session: &'a Session, words: &[String]) -> Result<VerifyReport<'a>> {
    let StoreContents { locations, unexpected } = select_versions(session, words)?;
    let mut versions = Vec::new();
    for location in locations {
        let verified = verify(&location)?;
        match verified.receipt_problem {
            Some(ReceiptProblem::Removed) if words.is_empty() => {}
            Some(ReceiptProblem::Removed) => return Err(removed_meanwhile(&location)),
            _ => versions.push(VerifiedVersion { location, verified }),
        }
    }
    Ok(VerifyReport { versions, unexpected })
}

/// The versions that the command line names, in usher's own store and in shared ones; without
/// arguments, all in usher's own store.
pub(super) fn select_versions<'a>(
    session: &'a Session,
    words: &[String],
) -> Result<StoreContents<'a>> {
    let mut contents =
        StoreContents::of(&session.registry, &session.folders.toolchains(), &Store::Own)?;
    if words.is_empty() {
        return Ok(contents);
    }
    for store in &session.index.shared_stores {
        let shared_stores = StoreContents::of(&session.registry, store, &Store::Shared)?;
        contents.locations.extend(shared_stores.locations);
    }
    let mut selected = StoreContents::default();
    for argument in tool_arguments(session, words)? {
        let before = selected.locations.len();
        let matching = contents.locations.iter().filter(|one| matches_argument(one, &argument));
        selected.locations.extend(matching.cloned());
        if selected.locations.len() == before {
            return Err(not_installed_error(&argument, &contents));
        }
    }
    selected.locations.sort_by(|one, other| one.root.cmp(&other.root));
    selected.locations.dedup_by(|one, other| one.root == other.root);
    Ok(selected)
}

/// Whether an argument names a version: `node`, `node@12`.
pub(super) fn matches_argument(
    location: &InstallLocation<'_>,
    argument: &ToolArgument<'_>,
) -> bool {
    let ToolArgument { known, request } = argument;
    let matches =
        request.as_ref().is_none_or(|request| request.matches(&location.version, known.tool));
    location.known.tool.name == known.tool.name && matches
}

/// The error where an argument names no version in the store.
pub(super) fn not_installed_error(
    argument: &ToolArgument<'_>,
    contents: &StoreContents<'_>,
) -> Error {
    let tool = argument.known.tool.name;
    let of_tool = contents.locations.iter().filter(|location| location.known.tool.name == tool);
    let installed: Vec<&str> = of_tool.map(|location| location.version.as_str()).collect();
    let name = match &argument.request {
        Some(request) => format!("{tool} {request}"),
        None => tool.to_owned(),
    };
    let error = Error::new(ErrorKind::NotInstalled, format!("{name} is not in usher's store"));
    match installed.as_slice() {
        [] => error.hint("use list"),
        installed => error.because(format!("installed: {}", installed.join(", "))),
    }
}

/// `node 12.22.12`, with the store unless that is usher's own.
pub(super) fn version_with_store(location: &InstallLocation<'_>) -> String {
    let name = format!("{} {}", location.known.tool.name, location.version);
    match &location.store {
        Store::Own => name,
        other => format!("{name} ({})", store_label(other)),
    }
}

impl VerifyReport<'_> {
    fn changed_versions(&self) -> impl Iterator<Item = &VerifiedVersion<'_>> {
        self.versions.iter().filter(|one| !one.verified.is_intact())
    }

    /// What the command ends with if anything differs.
    fn error(&self) -> Option<Error> {
        let changed: Vec<_> = self.changed_versions().collect();
        let (all, unexpected) = (self.versions.len(), self.unexpected.len());
        let mut parts = Vec::new();
        if !changed.is_empty() {
            parts.push(format!("{} of {} changed", changed.len(), count_of(all, "version")));
        }
        match unexpected {
            0 => {}
            1 => parts.push("1 entry doesn't belong in the store".to_owned()),
            count => parts.push(format!("{count} entries don't belong in the store")),
        }
        if parts.is_empty() {
            return None;
        }
        let error = Error::new(ErrorKind::FaultsFound, parts.join(", and "));
        Some(match changed.as_slice() {
            [] => error.hint("move these entries somewhere else"),
            [VerifiedVersion { location, .. }] => {
                error.hint(format!("use repair {}@{}", location.known.tool.name, location.version))
            }
            _ => error.hint("use repair"),
        })
    }

    fn text(&self) -> Vec<String> {
        if self.versions.is_empty() && self.unexpected.is_empty() {
            return vec!["usher has installed no versions".to_owned()];
        }
        let versions = self.versions.iter().flat_map(VerifiedVersion::text);
        let unexpected = self.unexpected.iter();
        let unexpected = unexpected.map(|entry| format!("{}: {}", Shown(&entry.path), entry.what));
        versions.chain(unexpected).collect()
    }
}

impl VerifiedVersion<'_> {
    fn text(&self) -> Vec<String> {
        let (name, findings) = (version_with_store(&self.location), &self.verified.findings);
        if let Some(problem) = &self.verified.receipt_problem {
            return vec![format!("{name}: {}", problem_text(problem))];
        }
        let packages = match findings.packages.len() {
            0 => String::new(),
            count => format!(", {count} added by package managers"),
        };
        let files = count_of(findings.compared, "file");
        if findings.differences.is_empty() {
            return vec![format!("{name} is unchanged: {files}{packages}")];
        }
        let count = count_of(findings.differences.len(), "change");
        let mut lines = vec![format!("{name}: {count} in {files}{packages}")];
        lines.extend(findings.differences.iter().take(MAX_LISTED).map(difference_text));
        if let more @ 1.. = findings.differences.len().saturating_sub(MAX_LISTED) {
            lines.push(format!("  … and {more} more (--json lists all)"));
        }
        if findings.differences.iter().any(|difference| difference.is_package) {
            lines.push("  a package manager may have updated a bundled package".to_owned());
        }
        lines
    }
}

fn problem_text(problem: &ReceiptProblem) -> String {
    match problem {
        ReceiptProblem::Removed => "it was removed by another process".to_owned(),
        ReceiptProblem::NotAFolder(why) => format!("not a readable folder: {}", Escaped(why)),
        ReceiptProblem::NoReceipt => "it has no receipt to compare with".to_owned(),
        ReceiptProblem::DamagedReceipt(why) => format!("its receipt is damaged: {}", Escaped(why)),
        ReceiptProblem::NewerReceipt(format) => {
            format!("its receipt has format {format}, written by a newer usher")
        }
        ReceiptProblem::OtherReceipt(other) => format!("its receipt is for {}", Escaped(other)),
    }
}

/// `  changed     LICENSE (its bytes)`.
fn difference_text(difference: &Difference) -> String {
    let path = if difference.path.is_empty() { "its own folder" } else { &difference.path };
    let detail = match difference.detail.as_str() {
        "" => String::new(),
        detail => format!(" ({})", Escaped(detail)),
    };
    format!("  {:10}  {}{detail}", difference.change.label(), Escaped(path))
}

/// The report, as programs read it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct VerifyJson<'a> {
    /// Whether there is no difference at all.
    intact: bool,
    /// The versions that were compared.
    versions: Vec<VersionJson<'a>>,
    /// What is in usher's store without being a version.
    unexpected: Vec<UnexpectedJson>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct VersionJson<'a> {
    /// The tool.
    tool: &'static str,
    /// The version.
    version: &'a str,
    /// Its store.
    store: &'a str,
    /// Its folder.
    path: ReportPath,
    /// Whether it is as it was installed.
    intact: bool,
    /// Why it can't be compared.
    problem: &'a Option<ReceiptProblem>,
    /// How many files and links were compared.
    compared: usize,
    /// All differences.
    differences: &'a [Difference],
    /// What package managers added, relative to its folder.
    packages: &'a [String],
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct UnexpectedJson {
    /// The entry's path.
    path: ReportPath,
    /// What is wrong with it, in words.
    reason: &'static str,
}

impl VerifyReport<'_> {
    fn for_programs(&self) -> VerifyJson<'_> {
        let versions =
            self.versions.iter().map(|VerifiedVersion { location, verified }| VersionJson {
                tool: location.known.tool.name,
                version: location.version.as_str(),
                store: store_label(&location.store),
                path: ReportPath::new(&location.root),
                intact: verified.is_intact(),
                problem: &verified.receipt_problem,
                compared: verified.findings.compared,
                differences: &verified.findings.differences,
                packages: &verified.findings.packages,
            });
        let unexpected = self
            .unexpected
            .iter()
            .map(|entry| UnexpectedJson { path: ReportPath::new(&entry.path), reason: entry.what });
        VerifyJson {
            intact: self.error().is_none(),
            versions: versions.collect(),
            unexpected: unexpected.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use usher_shims::version::Version;
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;
    use crate::store::verify::{ChangeKind, Findings};

    fn differences(count: usize, is_package: bool) -> Vec<Difference> {
        let one = |number: usize| Difference {
            path: format!("lib/{number}"),
            change: ChangeKind::Changed,
            detail: "its bytes".to_owned(),
            is_package,
        };
        (0..count).map(one).collect()
    }

    fn version<'a>(session: &'a Session, version: &str, verified: Verified) -> VerifiedVersion<'a> {
        let known = session.registry.named("node").unwrap();
        let root = session.folders.toolchains().join("node").join(version);
        let version = Version::parse(version).unwrap();
        let location = InstallLocation { known, version, root, store: Store::Own };
        VerifiedVersion { location, verified }
    }

    fn verified(differences: Vec<Difference>, packages: &[&str]) -> Verified {
        let packages = packages.iter().map(ToString::to_string).collect();
        let findings = Findings { differences, packages, compared: 20 };
        Verified { receipt_problem: None, findings }
    }

    fn problem(problem: ReceiptProblem) -> Verified {
        Verified { receipt_problem: Some(problem), findings: Findings::default() }
    }

    #[test]
    fn unchanged_versions_are_no_error() {
        let session = session(MemoryWorld::at("/p"));
        let unchanged = version(&session, "12.22.12", verified(Vec::new(), &["bin/yarn"]));
        let report = VerifyReport { versions: vec![unchanged], unexpected: Vec::new() };
        let text = ["node 12.22.12 is unchanged: 20 files, 1 added by package managers"];
        assert_eq!(report.text(), text);
        assert_eq!(report.error(), None);
        let nothing = VerifyReport { versions: Vec::new(), unexpected: Vec::new() };
        assert_eq!(nothing.text(), ["usher has installed no versions"]);
        assert_eq!(nothing.error(), None);
    }

    #[test]
    fn changes_are_listed_and_end_in_a_hint() {
        let session = session(MemoryWorld::at("/p"));
        let changed = version(&session, "12.22.12", verified(differences(12, true), &[]));
        let text = changed.text();
        assert_eq!(text[0], "node 12.22.12: 12 changes in 20 files");
        assert_eq!(text[1], "  changed     lib/0 (its bytes)");
        assert_eq!(text[11], "  … and 2 more (--json lists all)");
        assert_eq!(text[12], "  a package manager may have updated a bundled package");
        let one = VerifyReport { versions: vec![changed], unexpected: Vec::new() };
        assert_eq!(
            one.error().unwrap().to_string(),
            "1 of 1 version changed\n  hint: use repair node@12.22.12"
        );
        let other = version(&session, "10.24.1", problem(ReceiptProblem::NoReceipt));
        assert_eq!(other.text(), ["node 10.24.1: it has no receipt to compare with"]);
        let unexpected =
            vec![UnexpectedEntry { path: "/usher/toolchains/x".into(), what: "unknown tool" }];
        let mut versions = one.versions;
        versions.push(other);
        let both = VerifyReport { versions, unexpected };
        assert_eq!(
            both.error().unwrap().to_string(),
            "2 of 2 versions changed, and 1 entry doesn't belong in the store\n  hint: use repair"
        );
        assert_eq!(both.text().last().unwrap(), "/usher/toolchains/x: unknown tool");
    }

    #[test]
    fn programs_read_every_difference() {
        let session = session(MemoryWorld::at("/p"));
        let changed = version(&session, "12.22.12", verified(differences(1, false), &["bin/yarn"]));
        let newer = version(&session, "13.0.0", problem(ReceiptProblem::NewerReceipt(2)));
        let report = VerifyReport { versions: vec![changed, newer], unexpected: Vec::new() };
        insta::assert_snapshot!(serde_json::to_string_pretty(&report.for_programs()).unwrap(), @r#"
        {
          "intact": false,
          "versions": [
            {
              "tool": "node",
              "version": "12.22.12",
              "store": "usher",
              "path": "/usher/toolchains/node/12.22.12",
              "intact": false,
              "problem": null,
              "compared": 20,
              "differences": [
                {
                  "path": "lib/0",
                  "change": "changed",
                  "detail": "its bytes",
                  "bundled": false
                }
              ],
              "packages": [
                "bin/yarn"
              ]
            },
            {
              "tool": "node",
              "version": "13.0.0",
              "store": "usher",
              "path": "/usher/toolchains/node/13.0.0",
              "intact": false,
              "problem": {
                "kind": "newer-receipt",
                "detail": 2
              },
              "compared": 0,
              "differences": [],
              "packages": []
            }
          ],
          "unexpected": []
        }
        "#);
    }
}
