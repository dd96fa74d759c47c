//! `use verify [TOOL[@VERSION]…]`: compares installed versions with what was installed.

use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};
use usher_shims::toolchain::Store;

use super::{ToolArgument, count_of, tool_arguments};
use crate::cli::output::{self, Branch, Line, Meaning, ReportPath, Table, Text};
use crate::session::Session;
use crate::session::active::store_label;
use crate::store::contents::{StoreContents, UnexpectedEntry, UnexpectedRule};
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
        false => output::print_text(report.text()),
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

    /// A row for each version; below, what changed in each.
    fn text(&self) -> Text {
        if self.versions.is_empty() && self.unexpected.is_empty() {
            return "usher has installed no versions".into();
        }
        let mut table = Table::with_headings(["TOOL", "VERSION", "STATE"]);
        self.versions.iter().for_each(|one| table.row(one.row()));
        let mut text = Text::from(table);
        for one in self.changed_versions() {
            if let Some(tree) = Branch::group(&version_with_store(&one.location), one.changes()) {
                text.gap();
                text.tree(tree);
            }
        }
        let unexpected = self.unexpected.iter().map(|entry| {
            let path = Line::of(Meaning::Warning, Shown(&entry.path));
            Branch::leaf(path.then(format!(": {}", entry.rule.reason())))
        });
        if let Some(tree) = Branch::group("not part of the store", unexpected.collect()) {
            text.gap();
            text.tree(tree);
        }
        text
    }
}

impl VerifiedVersion<'_> {
    fn row(&self) -> [Line; 3] {
        let InstallLocation { known, version, store, .. } = &self.location;
        let version = match store {
            Store::Own => version.to_string(),
            other => format!("{version} ({})", store_label(other)),
        };
        [known.tool.name.into(), version.into(), self.state()]
    }

    fn state(&self) -> Line {
        let findings = &self.verified.findings;
        if let Some(problem) = &self.verified.receipt_problem {
            return Line::of(Meaning::Error, problem_text(problem));
        }
        let packages = match findings.packages.len() {
            0 => String::new(),
            count => format!(", {count} added by package managers"),
        };
        let files = count_of(findings.compared, "file");
        match findings.differences.len() {
            0 => Line::of(Meaning::Active, "unchanged").then(format!(": {files}{packages}")),
            count => {
                let changes = Line::of(Meaning::Error, count_of(count, "change"));
                changes.then(format!(" in {files}{packages}"))
            }
        }
    }

    /// What changed, a line each.
    fn changes(&self) -> Vec<Branch> {
        let differences = &self.verified.findings.differences;
        let mut lines: Vec<Branch> =
            differences.iter().take(MAX_LISTED).map(difference_branch).collect();
        if let more @ 1.. = differences.len().saturating_sub(MAX_LISTED) {
            let text = format!("… and {more} more (--json lists all)");
            lines.push(Branch::leaf(Line::of(Meaning::Muted, text)));
        }
        if differences.iter().any(|difference| difference.is_package) {
            let text = "a package manager may have updated a bundled package";
            lines.push(Branch::leaf(Line::of(Meaning::Muted, text)));
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

/// `changed    LICENSE (its bytes)`.
fn difference_branch(difference: &Difference) -> Branch {
    let path = if difference.path.is_empty() { "its own folder" } else { &difference.path };
    let detail = match difference.detail.as_str() {
        "" => String::new(),
        detail => format!(" ({})", Escaped(detail)),
    };
    let label = Line::of(Meaning::Warning, format!("{:10} ", difference.change.label()));
    Branch::leaf(label.then(format!("{}{detail}", Escaped(path))))
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
    /// What is wrong with it.
    rule: UnexpectedRule,
    /// The same in words.
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
        let unexpected = self.unexpected.iter().map(|entry| UnexpectedJson {
            path: ReportPath::new(&entry.path),
            rule: entry.rule,
            reason: entry.rule.reason(),
        });
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
        insta::assert_snapshot!(report.text(), @"
        TOOL  VERSION   STATE
        node  12.22.12  unchanged: 20 files, 1 added by package managers
        ");
        assert_eq!(report.error(), None);
        let nothing = VerifyReport { versions: Vec::new(), unexpected: Vec::new() };
        assert_eq!(nothing.text(), "usher has installed no versions\n");
        assert_eq!(nothing.error(), None);
    }

    #[test]
    fn changes_are_listed_and_end_in_a_hint() {
        let session = session(MemoryWorld::at("/p"));
        let changed = version(&session, "12.22.12", verified(differences(12, true), &[]));
        let one = VerifyReport { versions: vec![changed], unexpected: Vec::new() };
        assert_eq!(
            one.error().unwrap().to_string(),
            "1 of 1 version changed\n  hint: use repair node@12.22.12"
        );
        let other = version(&session, "10.24.1", problem(ReceiptProblem::NoReceipt));
        let unexpected = vec![UnexpectedEntry {
            path: "/usher/toolchains/x".into(),
            rule: UnexpectedRule::UnknownTool,
        }];
        let mut versions = one.versions;
        versions.push(other);
        let both = VerifyReport { versions, unexpected };
        assert_eq!(
            both.error().unwrap().to_string(),
            "2 of 2 versions changed, and 1 entry doesn't belong in the store\n  hint: use repair"
        );
        let text = both.text();
        insta::assert_snapshot!(text.at_width(60), @"
        TOOL  VERSION   STATE
        node  12.22.12  12 changes in 20 files
        node  10.24.1   it has no receipt to compare with

        node 12.22.12
        ├─ changed    lib/0 (its bytes)
        ├─ changed    lib/1 (its bytes)
        ├─ changed    lib/2 (its bytes)
        ├─ changed    lib/3 (its bytes)
        ├─ changed    lib/4 (its bytes)
        ├─ changed    lib/5 (its bytes)
        ├─ changed    lib/6 (its bytes)
        ├─ changed    lib/7 (its bytes)
        ├─ changed    lib/8 (its bytes)
        ├─ changed    lib/9 (its bytes)
        ├─ … and 2 more (--json lists all)
        └─ a package manager may have updated a bundled package

        not part of the store
        └─ /usher/toolchains/x: unknown tool
        ");
        insta::assert_snapshot!(text.at_width(80), @"
        TOOL  VERSION   STATE
        node  12.22.12  12 changes in 20 files
        node  10.24.1   it has no receipt to compare with

        node 12.22.12
        ├─ changed    lib/0 (its bytes)
        ├─ changed    lib/1 (its bytes)
        ├─ changed    lib/2 (its bytes)
        ├─ changed    lib/3 (its bytes)
        ├─ changed    lib/4 (its bytes)
        ├─ changed    lib/5 (its bytes)
        ├─ changed    lib/6 (its bytes)
        ├─ changed    lib/7 (its bytes)
        ├─ changed    lib/8 (its bytes)
        ├─ changed    lib/9 (its bytes)
        ├─ … and 2 more (--json lists all)
        └─ a package manager may have updated a bundled package

        not part of the store
        └─ /usher/toolchains/x: unknown tool
        ");
        insta::assert_snapshot!(text.at_width(120), @"
        TOOL  VERSION   STATE
        node  12.22.12  12 changes in 20 files
        node  10.24.1   it has no receipt to compare with

        node 12.22.12
        ├─ changed    lib/0 (its bytes)
        ├─ changed    lib/1 (its bytes)
        ├─ changed    lib/2 (its bytes)
        ├─ changed    lib/3 (its bytes)
        ├─ changed    lib/4 (its bytes)
        ├─ changed    lib/5 (its bytes)
        ├─ changed    lib/6 (its bytes)
        ├─ changed    lib/7 (its bytes)
        ├─ changed    lib/8 (its bytes)
        ├─ changed    lib/9 (its bytes)
        ├─ … and 2 more (--json lists all)
        └─ a package manager may have updated a bundled package

        not part of the store
        └─ /usher/toolchains/x: unknown tool
        ");
        insta::assert_snapshot!(text.with_meanings(), @"
        <Heading>TOOL</>  <Heading>VERSION</>   <Heading>STATE</>
        node  12.22.12  <Error>12 changes</> in 20 files
        node  10.24.1   <Error>it has no receipt to compare with</>

        <Heading>node 12.22.12</>
        <Muted>├─ </><Warning>changed    </>lib/0 (its bytes)
        <Muted>├─ </><Warning>changed    </>lib/1 (its bytes)
        <Muted>├─ </><Warning>changed    </>lib/2 (its bytes)
        <Muted>├─ </><Warning>changed    </>lib/3 (its bytes)
        <Muted>├─ </><Warning>changed    </>lib/4 (its bytes)
        <Muted>├─ </><Warning>changed    </>lib/5 (its bytes)
        <Muted>├─ </><Warning>changed    </>lib/6 (its bytes)
        <Muted>├─ </><Warning>changed    </>lib/7 (its bytes)
        <Muted>├─ </><Warning>changed    </>lib/8 (its bytes)
        <Muted>├─ </><Warning>changed    </>lib/9 (its bytes)
        <Muted>├─ </><Muted>… and 2 more (--json lists all)</>
        <Muted>└─ </><Muted>a package manager may have updated a bundled package</>

        <Heading>not part of the store</>
        <Muted>└─ </><Warning>/usher/toolchains/x</>: unknown tool
        ");
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
