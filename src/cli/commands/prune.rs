//! `use prune`: lists unused versions with the reasons, and removes them once the user confirms.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::toolchain::Store;

use super::dependents::{Dependents, venv_text};
use super::verify::{matches_argument, not_installed_error, version_with_store};
use super::{ToolArgument, count_of, ended, refresh_shims_after_error, tool_arguments};
use crate::cli::output::json::{RequestOrigin, Versions};
use crate::cli::output::{self, Line, Meaning, ReportPath, Table, Text};
use crate::cli::shims::refresh_shims_without;
use crate::config::folders;
use crate::files::interrupt::Unfinished;
use crate::files::walk::disk_usage;
use crate::session::Session;
use crate::store::contents::StoreContents;
use crate::store::location::InstallLocation;
use crate::store::own::OwnStore;
use crate::store::prune::last_use::{days_unused, keeps_access_times, last_use};
use crate::store::prune::running::Processes;
use crate::store::prune::{
    KeepReason, NamedBy, PruneDecision, PruneRules, RunningVersions, ToolchainUse, decide,
};
use crate::store::uninstall::uninstall;
use crate::text::{ShellWord, human_size};

/// The arguments of `use prune`.
#[derive(Debug, Default, Args)]
pub struct PruneArguments {
    /// Only these; TOOL@VERSION is removed even if it was used recently
    #[arg(value_name = "TOOL[@VERSION]")]
    pub tools: Vec<String>,
    /// Remove versions that were unused for at least this many days; 90 if no version is named
    #[arg(long, value_name = "DAYS")]
    pub unused: Option<u64>,
    /// Remove versions that the machine's store has as well
    #[arg(long, conflicts_with = "unused")]
    pub copies: bool,
    /// Keep what projects in this folder request or have environments of; can be repeated
    #[arg(long, value_name = "DIR")]
    pub projects: Vec<PathBuf>,
    /// Only list what would be removed
    #[arg(long)]
    pub dry_run: bool,
    /// Don't ask; also remove a named version that is running
    #[arg(short, long)]
    pub yes: bool,
}

/// For how many days a version must be unused where neither an age nor a version is named.
const DEFAULT_UNUSED_DAYS: u64 = 90;

/// A version in usher's own store, and how it is used.
#[derive(Debug, Clone)]
struct InstalledVersion<'a> {
    location: InstallLocation<'a>,
    unused_days: Option<u64>,
    processes: Vec<u32>,
    bytes: u64,
}

/// The planned removals.
struct PrunePlan<'a> {
    versions: Vec<PlannedRemoval<'a>>,
}

struct PlannedRemoval<'a> {
    location: InstallLocation<'a>,
    usage: ToolchainUse,
    requested_by: Vec<RequestOrigin>,
    decision: PruneDecision,
    bytes: u64,
}

/// The result of a plan.
#[derive(Default)]
struct PruneResult {
    removed: Vec<PathBuf>,
    /// What people read of it.
    text: Text,
    error: Option<Error>,
}

/// A version, as programs read it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct PruneReport {
    /// The tool.
    tool: &'static str,
    /// The version.
    version: String,
    /// Its folder.
    path: ReportPath,
    /// Its size.
    bytes: u64,
    /// For how many whole days it was unused; `null` if that is unknown.
    unused_days: Option<u64>,
    /// What requests it.
    requested_by: Vec<RequestOrigin>,
    /// The processes that run it.
    processes: Vec<u32>,
    /// The folders of virtual environments that need it.
    virtual_environments: Vec<ReportPath>,
    /// Whether it is to be removed.
    would_remove: bool,
    /// Whether it was removed.
    removed: bool,
    /// Why it is kept: `requested`, `in-use`, `used-recently`, `needed-by-environments`,
    /// `unknown-environments` or `unknown-use`.
    rule: Option<&'static str>,
    /// The same in words.
    reason: Option<String>,
}

/// Runs the command.
pub fn run(session: &mut Session, arguments: &PruneArguments, as_json: bool) -> Result<()> {
    check_arguments(arguments)?;
    let pruned = prune(session, arguments, as_json);
    let (reports, result) = match pruned {
        Ok(pruned) => pruned,
        // The version may have been removed by a process that was killed before it could update the
        // shims.
        Err(error) if error.kind().is_absence() => {
            return Err(refresh_shims_after_error(session, error, &[]));
        }
        Err(error) => return Err(error),
    };
    if !result.removed.is_empty() {
        let removed = reports.iter().filter(|one| one.removed);
        refresh_shims_without(session, removed.map(|one| one.tool))?;
    }
    let printed = match as_json {
        true if result.error.is_some() => Ok(()),
        true => output::print_answer(&Versions { versions: &reports }),
        false => output::print_text(result.text),
    };
    ended(session, result.error, printed)
}

fn prune(
    session: &Session,
    arguments: &PruneArguments,
    as_json: bool,
) -> Result<(Vec<PruneReport>, PruneResult)> {
    let installed = installed_versions(session)?;
    let store = session.folders.toolchains();
    let unused = unused_days(arguments);
    if unused.is_some() && !installed.is_empty() && !keeps_access_times(&store) {
        session.note(
            "access times are off here (the file system is mounted with noatime): \
             only named versions are removed",
        );
    }
    if let (Some(days), None) = (unused, arguments.unused) {
        session.note(&format!("looking for versions unused for {days} days (see --unused)"));
    }
    let known = Dependents::of_projects(session, &arguments.projects)?;
    let plan = plan(session, arguments, installed, known)?;
    if !as_json {
        output::print_text(plan.text())?;
    }
    let mut result = match is_confirmed(plan.removals().count(), plan.bytes(), arguments)? {
        true => apply(session, &plan, arguments),
        false => PruneResult::default(),
    };
    result.text = removed_text(&plan, &result.removed);
    let reports = plan.versions.iter().map(|one| one.report(&result.removed));
    Ok((reports.collect(), result))
}

/// For how many days a version must be unused; `None` if versions are named instead.
fn unused_days(arguments: &PruneArguments) -> Option<u64> {
    let names_version = arguments.tools.iter().any(|word| word.contains('@'));
    arguments.unused.or((!names_version).then_some(DEFAULT_UNUSED_DAYS))
}

/// Refuses arguments of which one contradicts another.
pub(super) fn check_arguments(arguments: &PruneArguments) -> Result<()> {
    let usage = |what: &str, hint: &str| Err(Error::new(ErrorKind::Usage, what).hint(hint));
    let is_bare = |word: &&String| !word.contains('@');
    let bare = arguments.tools.iter().filter(is_bare).count();
    match arguments.unused {
        None if !arguments.copies && bare > 0 && bare < arguments.tools.len() => usage(
            "some of these name a version, and some only a tool",
            "use prune TOOL@VERSION, or: use prune --unused 90 TOOL",
        ),
        Some(0) => usage("`--unused` needs at least 1 day", "use prune --unused 90"),
        Some(_) | None => Ok(()),
    }
}

/// Whether versions of this number and size are removed. An error if the user must be asked and can't
/// be.
pub(super) fn is_confirmed(count: usize, bytes: u64, arguments: &PruneArguments) -> Result<bool> {
    if count == 0 || arguments.dry_run || arguments.yes {
        return Ok(count > 0 && !arguments.dry_run);
    }
    if !output::can_ask() {
        let what = "no terminal to ask on, so nothing was removed";
        return Err(Error::new(ErrorKind::Usage, what).hint(arguments.confirmed_command()));
    }
    Ok(output::confirm(format!("remove {}?", total(count, bytes)), "nothing was removed"))
}

/// `2 versions (108.4 MB)`.
pub(super) fn total(count: usize, bytes: u64) -> String {
    format!("{} ({})", count_of(count, "version"), human_size(bytes))
}

impl PruneArguments {
    /// The same command, which doesn't ask.
    fn confirmed_command(&self) -> String {
        let copies = self.copies.then(|| "--copies".to_owned()).into_iter();
        let unused = self.unused.map(|days| format!("--unused {days}")).into_iter();
        let projects = self.projects.iter().map(|one| format!("--projects {}", ShellWord(one)));
        let options = copies.chain(unused).chain(projects).chain(self.tools.iter().cloned());
        let words = options.map(|word| format!("{word} ")).collect::<String>();
        format!("use prune {words}--yes")
    }
}

/// The versions in usher's own store, measured.
fn installed_versions(session: &Session) -> Result<Vec<InstalledVersion<'_>>> {
    let store = session.folders.toolchains();
    let contents = StoreContents::of(&session.registry, &store, &Store::Own)?;
    let processes = Processes::list();
    let measured = contents.locations.into_iter().map(|location| {
        let last = last_use(location.known.tool, &location.toolchain());
        InstalledVersion {
            unused_days: days_unused(last, SystemTime::now()),
            processes: processes.running_from(&location.root),
            bytes: disk_usage(&location.root),
            location,
        }
    });
    Ok(measured.collect())
}

/// Decides which of the installed versions to remove; `dependents` are those of other projects.
fn plan<'a>(
    session: &'a Session,
    arguments: &PruneArguments,
    installed: Vec<InstalledVersion<'a>>,
    mut dependents: Dependents,
) -> Result<PrunePlan<'a>> {
    let words = tool_arguments(session, &arguments.tools)?;
    for word in &words {
        if !installed.iter().any(|one| matches_argument(&one.location, word)) {
            let locations = installed.into_iter().map(|one| one.location).collect();
            return Err(not_installed_error(
                word,
                &StoreContents { locations, ..StoreContents::default() },
            ));
        }
    }
    if installed.is_empty() {
        return Ok(PrunePlan { versions: Vec::new() });
    }
    dependents.require_all_read()?;
    dependents.references.add_current_folder(session)?;
    let rules = PruneRules {
        unused_days: unused_days(arguments),
        running: match arguments.yes {
            true => RunningVersions::RemoveNamed,
            false => RunningVersions::Keep,
        },
    };
    let selected = installed.into_iter().filter_map(|one| {
        let named = named_by(&one.location, &words);
        (words.is_empty() || named != NamedBy::Nothing).then_some((one, named))
    });
    let versions = selected.map(|(one, named)| {
        let InstalledVersion { location, unused_days, processes, bytes } = one;
        let usage = ToolchainUse {
            named,
            may_have_venvs: location.known.definition.venvs.is_some(),
            venvs: dependents.venvs(session, &location.root),
            unused_days,
            processes,
            requested_by: dependents.references.requester_of(&location.root).map(str::to_owned),
        };
        let decision = decide(&rules, &usage);
        let requested_by = dependents.references.requesters_of(&location.root);
        let requested_by = requested_by.map(RequestOrigin::of_reference).collect();
        PlannedRemoval { location, usage, requested_by, decision, bytes }
    });
    Ok(PrunePlan { versions: versions.collect() })
}

fn named_by(location: &InstallLocation<'_>, words: &[ToolArgument<'_>]) -> NamedBy {
    let matching = words.iter().filter(|word| matches_argument(location, word));
    let by = matching.map(|word| match word.request {
        Some(_) => NamedBy::Version,
        None => NamedBy::Tool,
    });
    by.max().unwrap_or_default()
}

/// Removes the versions of the plan, one after the other, up to the first error.
fn apply(session: &Session, plan: &PrunePlan<'_>, arguments: &PruneArguments) -> PruneResult {
    let mut result = PruneResult::default();
    let removals = plan.removals().map(|one| &one.location);
    let _unfinished: Vec<_> =
        removals.map(|one| Unfinished::removal(one.name(), &one.root)).collect();
    for PlannedRemoval { location, usage, .. } in plan.removals() {
        // It may have been started while the question was open.
        let is_running = !Processes::list().running_from(&location.root).is_empty();
        if is_running && !(arguments.yes && usage.named == NamedBy::Version) {
            session.note(&format!(
                "keeping {}: it was started just now",
                version_with_store(location)
            ));
            continue;
        }
        match remove(session, location) {
            Ok(()) => result.removed.push(location.root.clone()),
            Err(error) => {
                result.error = Some(error);
                break;
            }
        }
    }
    result
}

fn remove(session: &Session, location: &InstallLocation<'_>) -> Result<()> {
    // Only now: as the caller we see the processes of more accounts than as the store's owner.
    let access = folders::write_access(&session.folders)?;
    uninstall(&OwnStore::new(session, &access), location)
}

impl<'a> PrunePlan<'a> {
    fn removals(&self) -> impl Iterator<Item = &PlannedRemoval<'a>> {
        self.versions.iter().filter(|one| one.decision == PruneDecision::Remove)
    }

    /// The size of what is removed.
    fn bytes(&self) -> u64 {
        self.removals().map(|one| one.bytes).sum()
    }

    /// What is removed, then what stays and why.
    fn text(&self) -> Text {
        let mut table = Table::with_headings(TABLE_HEADINGS);
        let kept = self.versions.iter().filter(|one| one.decision != PruneDecision::Remove);
        self.removals().chain(kept).for_each(|one| table.row(one.row()));
        let mut text = Text::from(table);
        text.line(removable_text(self.removals().count(), self.bytes()));
        text
    }
}

/// The columns of [`table_row`].
pub(super) const TABLE_HEADINGS: [&str; 5] = ["", "TOOL", "VERSION", "SIZE", "REASON"];

/// A version in the table: what is removed is marked, what stays doesn't count.
pub(super) fn table_row(
    location: &InstallLocation<'_>,
    bytes: u64,
    is_removed: bool,
    reason: &str,
) -> [Line; 5] {
    let (mark, meaning) = match is_removed {
        true => (Line::of(Meaning::Warning, "remove"), Meaning::Plain),
        false => (Line::of(Meaning::Muted, "keep"), Meaning::Muted),
    };
    let cell = |text: &str| Line::of(meaning, text);
    let (tool, version) = (location.known.tool.name, location.version.as_str());
    [mark, cell(tool), cell(version), cell(&human_size(bytes)), cell(reason)]
}

/// How much can be removed.
pub(super) fn removable_text(count: usize, bytes: u64) -> String {
    match count {
        0 => "nothing to remove".to_owned(),
        _ => format!("{} can be removed", total(count, bytes)),
    }
}

/// What was removed, each with its size.
fn removed_text(plan: &PrunePlan<'_>, removed: &[PathBuf]) -> Text {
    let mut text = Text::new();
    for one in plan.removals().filter(|one| removed.contains(&one.location.root)) {
        let size = human_size(one.bytes);
        text.line(format!("removed {} ({size})", version_with_store(&one.location)));
    }
    text
}

impl PlannedRemoval<'_> {
    fn row(&self) -> [Line; 5] {
        let reason = match &self.decision {
            PruneDecision::Remove => removal_text(&self.usage),
            PruneDecision::Keep(reason) => reason.to_string(),
        };
        let is_removed = self.decision == PruneDecision::Remove;
        table_row(&self.location, self.bytes, is_removed, &reason)
    }

    fn report(&self, removed: &[PathBuf]) -> PruneReport {
        let InstallLocation { known, version, root, .. } = &self.location;
        let kept = match &self.decision {
            PruneDecision::Remove => None,
            PruneDecision::Keep(reason) => Some(reason),
        };
        PruneReport {
            tool: known.tool.name,
            version: version.to_string(),
            path: ReportPath::new(root),
            bytes: self.bytes,
            unused_days: self.usage.unused_days,
            requested_by: self.requested_by.clone(),
            processes: self.usage.processes.clone(),
            virtual_environments: self.usage.venvs.iter().map(ReportPath::new).collect(),
            would_remove: self.decision == PruneDecision::Remove,
            removed: removed.contains(root),
            rule: kept.map(KeepReason::id),
            reason: kept.map(ToString::to_string),
        }
    }
}

/// What is known of the use of a version that is removed.
fn removal_text(usage: &ToolchainUse) -> String {
    let unused = match usage.unused_days {
        None => "last use unknown".to_owned(),
        Some(1) => "unused for 1 day".to_owned(),
        Some(days) => format!("unused for {days} days"),
    };
    [unused].into_iter().chain(usage.venvs.iter().map(venv_text)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use usher_shims::version::Version;
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    /// node 10.24.1 (unused for 100 days), 12.0.0 (unknown), 12.22.12 (100 days, pinned here) and
    /// 20.1.0 (100 days, running), and python 3.12.1 (100 days).
    fn machine() -> Session {
        let mut world = MemoryWorld::at("/p").file("/p/.nvmrc", "12");
        for (tool, version, program) in INSTALLED.map(|(tool, version, ..)| match tool {
            "node" => (tool, version, "node"),
            _ => (tool, version, "python3"),
        }) {
            world = world.file(format!("/usher/toolchains/{tool}/{version}/bin/{program}"), "");
        }
        session(world)
    }

    const INSTALLED: [(&str, &str, Option<u64>, bool); 5] = [
        ("node", "10.24.1", Some(100), false),
        ("node", "12.0.0", None, false),
        ("node", "12.22.12", Some(100), false),
        ("node", "20.1.0", Some(100), true),
        ("python", "3.12.1", Some(100), false),
    ];

    fn installed(session: &Session) -> Vec<InstalledVersion<'_>> {
        let versions = INSTALLED.map(|(tool, version, unused_days, is_running)| {
            let known = session.registry.named(tool).unwrap();
            let root = session.folders.toolchains().join(tool).join(version);
            let version = Version::parse(version).unwrap();
            InstalledVersion {
                location: InstallLocation { known, version, root, store: Store::Own },
                unused_days,
                processes: if is_running { vec![7] } else { Vec::new() },
                bytes: 54_200_000,
            }
        });
        versions.to_vec()
    }

    fn arguments(words: &str) -> PruneArguments {
        let mut arguments = PruneArguments::default();
        for word in words.split_whitespace() {
            match word {
                "--yes" => arguments.yes = true,
                word if word.starts_with("--unused=") => {
                    arguments.unused = word["--unused=".len()..].parse().ok();
                }
                word => arguments.tools.push(word.to_owned()),
            }
        }
        arguments
    }

    /// What is removed.
    fn check(words: &str, expected: &str) {
        let session = machine();
        let installed = installed(&session);
        let planned = plan(&session, &arguments(words), installed, Dependents::default());
        let planned = planned.map_or_else(
            |error| error.to_string(),
            |plan| {
                plan.removals()
                    .map(|one| version_with_store(&one.location))
                    .collect::<Vec<_>>()
                    .join(", ")
            },
        );
        assert_eq!(planned, expected, "{words}");
    }

    #[test]
    fn unused_versions_are_removed_and_named_ones() {
        check("--unused=90", "node 10.24.1");
        check("--unused=101", "");
        check("--unused=90 node", "node 10.24.1");
        check("--unused=90 python", "python 3.12.1");
        check("node@10.24.1", "node 10.24.1");
        check("node@10", "node 10.24.1");
        check("node@12.0.0 --unused=90", "node 12.0.0");
        check("node@20.1.0", "");
        check("node@20.1.0 --yes", "node 20.1.0");
        check("--unused=90 --yes", "node 10.24.1");
        // A version that a project requests isn't removed, even if it is named.
        check("node@12.22.12 --yes", "");
        check("node@12", "node 12.0.0");
    }

    #[test]
    fn a_version_that_is_not_installed_is_an_error() {
        let versions = "10.24.1, 12.0.0, 12.22.12, 20.1.0";
        check("node@14", &format!("node 14 is not in usher's store\n  installed: {versions}"));
        check("go@1.22", "go 1.22 is not in usher's store\n  hint: use list");
    }

    #[test]
    fn the_table_names_what_is_removed_and_why_the_rest_stays() {
        let session = machine();
        let installed = installed(&session);
        let plan =
            plan(&session, &arguments("--unused=90"), installed, Dependents::default()).unwrap();
        insta::assert_snapshot!(plan.text().at_width(60), @"
                TOOL    VERSION   SIZE     REASON
        remove  node    10.24.1   54.2 MB  unused for 100 days
        keep    node    12.0.0    54.2 MB  last use unknown: name it
                                           to remove it
        keep    node    12.22.12  54.2 MB  requested by .nvmrc:1
        keep    node    20.1.0    54.2 MB  in use by process 7
        keep    python  3.12.1    54.2 MB  virtual environments may
                                           depend on it: name it to
                                           remove it
        1 version (54.2 MB) can be removed
        ");
        insta::assert_snapshot!(plan.text().at_width(80), @"
                TOOL    VERSION   SIZE     REASON
        remove  node    10.24.1   54.2 MB  unused for 100 days
        keep    node    12.0.0    54.2 MB  last use unknown: name it to remove it
        keep    node    12.22.12  54.2 MB  requested by .nvmrc:1
        keep    node    20.1.0    54.2 MB  in use by process 7
        keep    python  3.12.1    54.2 MB  virtual environments may depend on it: name
                                           it to remove it
        1 version (54.2 MB) can be removed
        ");
        insta::assert_snapshot!(plan.text().at_width(120), @"
                TOOL    VERSION   SIZE     REASON
        remove  node    10.24.1   54.2 MB  unused for 100 days
        keep    node    12.0.0    54.2 MB  last use unknown: name it to remove it
        keep    node    12.22.12  54.2 MB  requested by .nvmrc:1
        keep    node    20.1.0    54.2 MB  in use by process 7
        keep    python  3.12.1    54.2 MB  virtual environments may depend on it: name it to remove it
        1 version (54.2 MB) can be removed
        ");
        insta::assert_snapshot!(plan.text().with_meanings(), @"
                <Heading>TOOL</>    <Heading>VERSION</>   <Heading>SIZE</>     <Heading>REASON</>
        <Warning>remove</>  node    10.24.1   54.2 MB  unused for 100 days
        <Muted>keep</>    <Muted>node</>    <Muted>12.0.0</>    <Muted>54.2 MB</>  <Muted>last use unknown: name it to remove it</>
        <Muted>keep</>    <Muted>node</>    <Muted>12.22.12</>  <Muted>54.2 MB</>  <Muted>requested by .nvmrc:1</>
        <Muted>keep</>    <Muted>node</>    <Muted>20.1.0</>    <Muted>54.2 MB</>  <Muted>in use by process 7</>
        <Muted>keep</>    <Muted>python</>  <Muted>3.12.1</>    <Muted>54.2 MB</>  <Muted>virtual environments may depend on it: name it to remove it</>
        1 version (54.2 MB) can be removed
        ");
        let removed = [PathBuf::from("/usher/toolchains/node/10.24.1")];
        assert_eq!(removed_text(&plan, &removed), "removed node 10.24.1 (54.2 MB)\n");
    }

    #[test]
    fn nothing_to_remove_needs_no_answer() {
        let session = session(MemoryWorld::at("/p"));
        let arguments = PruneArguments::default();
        let plan = plan(&session, &arguments, Vec::new(), Dependents::default()).unwrap();
        assert_eq!(plan.text(), "nothing to remove\n");
        assert_eq!(is_confirmed(0, 0, &arguments), Ok(false));
    }

    #[test]
    fn programs_read_what_would_be_and_what_was_removed() {
        let session = machine();
        let installed = installed(&session);
        let plan = plan(&session, &arguments("node@10 node@20"), installed, Dependents::default())
            .unwrap();
        let removed = [PathBuf::from("/usher/toolchains/node/10.24.1")];
        let reports: Vec<PruneReport> =
            plan.versions.iter().map(|one| one.report(&removed)).collect();
        insta::assert_snapshot!(serde_json::to_string_pretty(&reports).unwrap(), @r#"
        [
          {
            "tool": "node",
            "version": "10.24.1",
            "path": "/usher/toolchains/node/10.24.1",
            "bytes": 54200000,
            "unused_days": 100,
            "requested_by": [],
            "processes": [],
            "virtual_environments": [],
            "would_remove": true,
            "removed": true,
            "rule": null,
            "reason": null
          },
          {
            "tool": "node",
            "version": "20.1.0",
            "path": "/usher/toolchains/node/20.1.0",
            "bytes": 54200000,
            "unused_days": 100,
            "requested_by": [],
            "processes": [
              7
            ],
            "virtual_environments": [],
            "would_remove": false,
            "removed": false,
            "rule": "in-use",
            "reason": "in use by process 7"
          }
        ]
        "#);
    }

    #[test]
    fn an_age_is_only_assumed_where_no_version_is_named() {
        check("", "node 10.24.1");
        check("python", "python 3.12.1");
        assert_eq!(unused_days(&arguments("node")), Some(DEFAULT_UNUSED_DAYS));
        assert_eq!(unused_days(&arguments("node@12")), None);
        assert_eq!(unused_days(&arguments("node@12 --unused=7")), Some(7));
        let refused = |words: &str| check_arguments(&arguments(words)).map_err(|error| error.what);
        assert_eq!(refused(""), Ok(()));
        let mixed = "some of these name a version, and some only a tool";
        assert_eq!(refused("node@12 python"), Err(mixed.to_owned()));
        assert_eq!(refused("--unused=0"), Err("`--unused` needs at least 1 day".to_owned()));
        assert_eq!(refused("node --unused=90"), Ok(()));
        let projects = vec!["/src".into()];
        let confirmed = PruneArguments { projects, ..arguments("node@12 --unused=7") };
        let command = "use prune --unused 7 --projects '/src' node@12 --yes";
        assert_eq!(confirmed.confirmed_command(), command);
        assert_eq!(PruneArguments::default().confirmed_command(), "use prune --yes");
    }
}
