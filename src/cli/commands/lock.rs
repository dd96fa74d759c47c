//! `use lock [TOOL…]`: writes which version each request of the project means, and which archives may be
//! fetched for it on every platform. `--check` compares, and asks no server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Escaped, Result};
use usher_shims::lock::{LockedArchive, LockedRequest, Lockfile};
use usher_shims::tool::Tool;
use usher_shims::version::Version;
use usher_shims::world::World as _;

use crate::cli::output::{self, Line, Meaning, Report, ReportPath, Text};
use crate::config::folders;
use crate::project::lockfile::{LockableRequest, LockfileOnDisk, lockable, nothing_to_lock};
use crate::registry::KnownTool;
use crate::releases::network::Network;
use crate::releases::{Finder, PlatformArchive, SourceArchives, ToolRequest};
use crate::session::Session;
use crate::session::reporter::Notice;
use crate::session::short_paths::ShortPaths;

/// The arguments of `use lock`.
#[derive(Debug, Args)]
pub struct LockArguments {
    /// Only these tools
    #[arg(value_name = "TOOL")]
    pub tools: Vec<String>,
    /// Only compare: exit code 1 if a lockfile isn't as the version files want it
    #[arg(long, conflicts_with = "upgrade")]
    pub check: bool,
    /// Lock the newest releases that match
    #[arg(short, long)]
    pub upgrade: bool,
}

/// What is locked.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct LockReport {
    /// The lockfiles.
    files: Vec<LockfileReport>,
    /// What a person should know.
    #[serde(skip)]
    notes: Vec<Notice>,
    /// Whether it was only compared.
    #[serde(skip)]
    is_check: bool,
}

/// A lockfile.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LockfileReport {
    /// Its path.
    path: ReportPath,
    /// Whether it was changed; with `--check`, whether it would be.
    changed: bool,
    /// What requests mean.
    requests: Vec<LockedReport>,
    /// What is not as the version files want it, with `--check`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
    /// The path as people read it.
    #[serde(skip)]
    shown: String,
}

/// What a request means.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LockedReport {
    /// The tool.
    tool: String,
    /// The request.
    request: String,
    /// The version file, from the lockfile's folder.
    file: String,
    /// The version; `null` if it isn't locked.
    version: Option<String>,
    /// The version that was locked before, if that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_version: Option<String>,
}

/// The requests of a folder's version files, and its lockfile.
struct FolderRequests<'a> {
    on_disk: LockfileOnDisk,
    requests: Vec<LockableRequest<'a>>,
    /// Whether all that the folder's files request is known: entries for anything else are dropped.
    is_complete: bool,
}

/// Runs the command.
pub fn run(session: &Session, arguments: &LockArguments, as_json: bool) -> Result<i32> {
    let names = &arguments.tools;
    let named = names.iter().map(|name| session.registry.named(name));
    let named: Vec<KnownTool<'_>> = named.collect::<Result<_>>()?;
    let folders = match named.as_slice() {
        [] => requests(session, session.registry.all(), true)?,
        named => requests(session, named.iter().copied(), false)?,
    };
    let is_found = |known: &KnownTool<'_>| {
        let mut found = folders.iter().flat_map(|folder| &folder.requests);
        found.any(|lockable| lockable.known.tool.name == known.tool.name)
    };
    if let Some(known) = named.iter().find(|known| !is_found(known)) {
        let what = format!("no version file here pins {}", known.tool.name);
        let hint = format!("use {}", known.tool.name);
        return Err(Error::new(ErrorKind::Usage, what).hint(hint));
    }
    if folders.is_empty() {
        return Err(nothing_to_lock(&directory(session)?));
    }
    let report = match (arguments.check, arguments.upgrade) {
        (true, _) => compare(session, &folders),
        (false, true) => lock(session, &folders, Versions::Newest)?,
        (false, false) => lock(session, &folders, Versions::Known)?,
    };
    output::print(&report, as_json, &*session.reporter)
}

fn directory(session: &Session) -> Result<PathBuf> {
    let directory = session.world.directory();
    directory.map_err(|error| Error::io("find", Path::new("."), error))
}

/// What the project requests of these tools, by the folders of the lockfiles. `are_all` says whether they
/// are all there are.
fn requests<'a>(
    session: &'a Session,
    tools: impl Iterator<Item = KnownTool<'a>>,
    are_all: bool,
) -> Result<Vec<FolderRequests<'a>>> {
    let directory = directory(session)?;
    let mut by_folder: BTreeMap<PathBuf, Vec<LockableRequest<'a>>> = BTreeMap::new();
    for known in tools {
        if let Some(found) = lockable(session, known)? {
            by_folder.entry(found.folder.clone()).or_default().push(found);
        }
    }
    by_folder
        .into_iter()
        .map(|(folder, requests)| {
            let on_disk = LockfileOnDisk::read(session, &folder)?;
            // From a folder below, a nearer file may decide what this one requests, too.
            let is_complete = are_all && folder == directory;
            Ok(FolderRequests { on_disk, requests, is_complete })
        })
        .collect()
}

/// Writes the lockfiles. All releases are looked up before the first is written.
fn lock(
    session: &Session,
    folders: &[FolderRequests<'_>],
    versions: Versions<'_>,
) -> Result<LockReport> {
    let access = folders::write_access(&session.folders).ok();
    let network = Network::with_cache_if(session, access.as_ref());
    let finder = Finder::new(session, &network);
    let locker = Locker { session, finder: &finder, versions };
    let mut report = LockReport { files: Vec::new(), notes: Vec::new(), is_check: false };
    let mut planned = Vec::new();
    for folder in folders {
        planned.push((folder, locker.lockfile(folder, &mut report.notes)?));
    }
    for (folder, content) in planned {
        let changed = folder.on_disk.write(&content)?;
        if let Some(error) = folder.on_disk.damage.as_ref().filter(|_| changed) {
            let what = format!("{}; its whole entries were kept", error.line());
            report.notes.push(Notice::note(what));
        }
        report.files.push(LockfileReport::new(session, folder, &content, changed));
    }
    Ok(report)
}

/// Brings the project's lockfiles up to date with versions that were just chosen for requests in its
/// files. Where there is no lockfile, none is made.
pub(super) fn update(session: &Session, chosen: &[(&'static str, Version)]) -> Result<()> {
    let tools = chosen.iter().filter_map(|(tool, _)| session.registry.named(tool).ok());
    let mut folders = requests(session, tools, false)?;
    folders.retain(|folder| folder.on_disk.content.is_some());
    if folders.is_empty() {
        return Ok(());
    }
    let report = lock(session, &folders, Versions::Chosen(chosen))?;
    for file in report.files.iter().filter(|file| file.changed) {
        session.note(&format!("{} has what is pinned now", file.shown));
    }
    for notice in &report.notes {
        session.note(&notice.to_string());
    }
    Ok(())
}

/// Which versions are locked.
#[derive(Clone, Copy)]
enum Versions<'a> {
    /// Those that are locked already; for other requests the newest.
    Known,
    /// The newest.
    Newest,
    /// These of tools, which were chosen already; else those that are locked.
    Chosen(&'a [(&'static str, Version)]),
}

/// Decides what a lockfile says.
struct Locker<'a> {
    session: &'a Session,
    finder: &'a Finder<'a>,
    versions: Versions<'a>,
}

impl Locker<'_> {
    fn lockfile(&self, folder: &FolderRequests<'_>, notes: &mut Vec<Notice>) -> Result<Lockfile> {
        let before = folder.on_disk.content.clone().unwrap_or_default();
        let mut after = Lockfile { sources: before.sources.clone(), ..Lockfile::default() };
        for lockable in &folder.requests {
            let entry = self.entry(lockable, &before)?;
            let known = lockable.known;
            let is_listed = |one: &LockedArchive| is_of(one, known.tool, &entry.version);
            if !after.archives.iter().any(is_listed) {
                let found = self.finder.archives(known, &entry.version, &after.sources)?;
                for source in found {
                    after.archives.extend(self.listed(
                        (known, &entry.version),
                        source,
                        &before,
                        (folder, &mut *notes),
                    )?);
                }
            }
            after.requests.push(entry);
        }
        if !folder.is_complete {
            keep_others(&mut after, &before, &folder.requests);
        }
        after.sort();
        Ok(after)
    }

    /// The entry of a request: its version stays what it is while the request does.
    fn entry(&self, lockable: &LockableRequest<'_>, before: &Lockfile) -> Result<LockedRequest> {
        let LockableRequest { known, pin, file, .. } = lockable;
        let tool = known.tool;
        let chosen = match self.versions {
            Versions::Chosen(chosen) => chosen.iter().find(|(name, _)| *name == tool.name),
            Versions::Known | Versions::Newest => None,
        };
        let chosen = chosen.map(|(_, version)| version);
        let is_upgrade = matches!(self.versions, Versions::Newest);
        let exact = pin.request().and_then(|request| request.exact(tool));
        Ok(LockedRequest {
            tool: tool.name.to_owned(),
            request: pin.written(),
            file: file.clone(),
            version: match exact.or(chosen.filter(|one| is_met(one, lockable))) {
                Some(version) => version.clone(),
                None => match before.requests.iter().find(|one| lockable.is_in(one)) {
                    Some(known) if !is_upgrade && is_met(&known.version, lockable) => {
                        known.version.clone()
                    }
                    _ => self.newest(lockable)?,
                },
            },
            line: 0,
        })
    }

    /// The newest release for the first of a pin's requests that has one.
    fn newest(&self, lockable: &LockableRequest<'_>) -> Result<Version> {
        let LockableRequest { known, pin, .. } = lockable;
        let mut first_error = None;
        for request in &pin.requests {
            let name = format!("{} {request}", known.tool.name);
            let _shown = self.session.reporter.task("resolving", &name);
            match self.finder.find(&ToolRequest { known: *known, request, origin: &pin.origin }) {
                Ok(release) => return Ok(release.version),
                Err(error) if error.kind().is_absence() => {
                    first_error.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(first_error.unwrap_or_else(|| Error::new(ErrorKind::BadFile, "no request")))
    }

    /// The entries of what a source has of a version. One that can't be asked keeps those it had.
    fn listed(
        &self,
        (known, version): (KnownTool<'_>, &Version),
        found: SourceArchives,
        before: &Lockfile,
        (folder, notes): (&FolderRequests<'_>, &mut Vec<Notice>),
    ) -> Result<Vec<LockedArchive>> {
        let SourceArchives { source, archives } = found;
        let of_source =
            |one: &&LockedArchive| is_of(one, known.tool, version) && one.source == source;
        let known_before: Vec<&LockedArchive> = before.archives.iter().filter(of_source).collect();
        let archives = match archives {
            Ok(archives) => archives,
            Err(error) => {
                let kept = match known_before.is_empty() {
                    true => "is left out",
                    false => "keeps its entries",
                };
                let what =
                    format!("{} {version}: {source} {kept}: {}", known.tool.name, error.line());
                notes.push(Notice::note(what));
                return Ok(known_before.into_iter().cloned().collect());
            }
        };
        let entry = |one: PlatformArchive| LockedArchive {
            tool: known.tool.name.to_owned(),
            version: version.clone(),
            source: source.clone(),
            platform: one.platform,
            hash: one.integrity.map(|hash| hash.to_string()),
            size: one.size,
            parts: one.parts.into_iter().map(|(name, hash)| format!("{name} {hash}")).collect(),
            line: 0,
        };
        let entries: Vec<LockedArchive> = archives.into_iter().map(entry).collect();
        for entry in &entries {
            let old = known_before.iter().find(|old| old.is_for_same(entry));
            let hashes = old.and_then(|old| old.hash.as_ref().zip(entry.hash.as_ref()));
            if let Some((old, new)) = hashes.filter(|(old, new)| old != new) {
                return Err(changed_upstream(self.session, folder, entry, (old, new)));
            }
        }
        Ok(entries)
    }
}

/// The error for a version whose archive is no longer what it was when it was locked.
fn changed_upstream(
    session: &Session,
    folder: &FolderRequests<'_>,
    entry: &LockedArchive,
    (old, new): (&str, &str),
) -> Error {
    let LockedArchive { tool, version, source, platform, .. } = entry;
    let what =
        format!("{source} has another archive of {tool} {version} for {platform} than before");
    let lockfile = ShortPaths::of(session).path(&folder.on_disk.path);
    Error::new(ErrorKind::Integrity, what)
        .because(format!("{lockfile} has {old}"))
        .because(format!("{source} says {new}"))
        .because("a release never changes: ask its makers; to trust it, delete its lines there")
}

/// Keeps the entries of a lockfile that others than these requests are for, and what they need.
fn keep_others(after: &mut Lockfile, before: &Lockfile, requests: &[LockableRequest<'_>]) {
    let is_replaced =
        |one: &&LockedRequest| requests.iter().any(|lockable| one.tool == lockable.known.tool.name);
    let kept: Vec<LockedRequest> =
        before.requests.iter().filter(|one| !is_replaced(one)).cloned().collect();
    let is_needed = |one: &&LockedArchive| {
        kept.iter().any(|request| request.tool == one.tool && request.version == one.version)
    };
    after.archives.extend(before.archives.iter().filter(is_needed).cloned());
    after.requests.extend(kept);
}

fn is_of(archive: &LockedArchive, tool: &Tool, version: &Version) -> bool {
    archive.tool == tool.name && archive.version == *version
}

/// Whether a version is one that a request can mean.
fn is_met(version: &Version, lockable: &LockableRequest<'_>) -> bool {
    let tool = lockable.known.tool;
    lockable.pin.requests.iter().any(|request| request.may_mean(version, tool))
}

/// Compares lockfiles with what the version files request, and asks nobody.
fn compare(session: &Session, folders: &[FolderRequests<'_>]) -> LockReport {
    let mut report = LockReport { files: Vec::new(), notes: Vec::new(), is_check: true };
    for folder in folders {
        let content = folder.on_disk.content.clone().unwrap_or_default();
        let problems = problems(session, folder, &content);
        let mut file = LockfileReport::new(session, folder, &content, !problems.is_empty());
        file.problems = problems;
        report.files.push(file);
    }
    report
}

/// What a lockfile doesn't say, or says of what isn't requested.
fn problems(session: &Session, folder: &FolderRequests<'_>, content: &Lockfile) -> Vec<String> {
    let paths = ShortPaths::of(session);
    let mut problems = Vec::new();
    problems.extend(folder.on_disk.damage.as_ref().map(Error::line));
    for lockable in &folder.requests {
        let (tool, written) = (lockable.known.tool, lockable.pin.written());
        let origin = paths.origin(&lockable.pin.origin);
        let request = format!("{} {} in {origin}", tool.name, Escaped(&written));
        match content.requests.iter().find(|one| lockable.is_in(one)) {
            None => problems.push(format!("{request} is not locked")),
            Some(entry) if !is_met(&entry.version, lockable) => {
                problems.push(format!("{request} is locked as {}, which it isn't", entry.version));
            }
            Some(entry) => {
                let has_archives =
                    content.archives.iter().any(|one| is_of(one, tool, &entry.version));
                if !has_archives && !lockable.known.definition.source.is_empty() {
                    problems.push(format!("{} {} has no archives", tool.name, entry.version));
                }
            }
        }
    }
    if folder.is_complete {
        let is_requested =
            |entry: &&LockedRequest| folder.requests.iter().any(|lockable| lockable.is_in(entry));
        for entry in content.requests.iter().filter(|entry| !is_requested(entry)) {
            let LockedRequest { tool, request, file, line, .. } = entry;
            let [tool, request, file] = [tool, request, file].map(|text| Escaped(text));
            problems.push(format!("line {line}: nothing requests {tool} {request} in {file}"));
        }
    }
    problems
}

impl LockfileReport {
    fn new(
        session: &Session,
        folder: &FolderRequests<'_>,
        content: &Lockfile,
        changed: bool,
    ) -> Self {
        let before = folder.on_disk.content.as_ref();
        let requests = folder.requests.iter().map(|lockable| {
            let version = |content: &Lockfile| {
                let entry = content.requests.iter().find(|one| lockable.is_in(one))?;
                Some(entry.version.to_string())
            };
            let (version, previous) = (version(content), before.and_then(version));
            LockedReport {
                tool: lockable.known.tool.name.to_owned(),
                request: lockable.pin.written(),
                file: lockable.file.clone(),
                previous_version: previous.filter(|previous| Some(previous) != version.as_ref()),
                version,
            }
        });
        Self {
            path: ReportPath::new(&folder.on_disk.path),
            changed,
            requests: requests.collect(),
            problems: Vec::new(),
            shown: ShortPaths::of(session).path(&folder.on_disk.path),
        }
    }

    fn print(&self, text: &mut Text) {
        match self.changed {
            true => text.line(Line::of(Meaning::Active, "wrote").then(format!(" {}", self.shown))),
            false => text.line(format!("{} is up to date", self.shown)),
        }
        for LockedReport { tool, request, version, previous_version, .. } in &self.requests {
            let Some(version) = version else { continue };
            let was = match previous_version {
                Some(previous) => format!(" (was {previous})"),
                None => String::new(),
            };
            let line = Line::from(format!("  {tool} {} is {version}", Escaped(request)));
            text.line(line.and(Meaning::New, was));
        }
    }
}

impl Report for LockReport {
    fn text(&self) -> Text {
        let mut text = Text::new();
        for file in &self.files {
            match (self.is_check, file.problems.as_slice()) {
                (false, _) => file.print(&mut text),
                (true, []) => text.line(format!("{} is up to date", file.shown)),
                (true, problems) => {
                    for problem in problems {
                        text.line(format!("{}: {problem}", file.shown));
                    }
                }
            }
        }
        if self.exit_code() == 1 {
            text.line(Line::hint("use lock"));
        }
        text
    }

    fn notes(&self) -> Vec<Notice> {
        self.notes.clone()
    }

    fn exit_code(&self) -> i32 {
        self.files.iter().any(|file| !file.problems.is_empty()).into()
    }
}
