//! `use uninstall TOOL@VERSION…`: removes versions from usher's own store, or links, and first says who
//! still uses them.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::pin::{Origin, Pin};
use usher_shims::request::{Request, RequestKind};
use usher_shims::resolve::Selection;
use usher_shims::store::all_toolchains;
use usher_shims::toolchain::{Store, Toolchain};

use super::dependents::{Dependents, venv_text};
use super::{ToolArgument, refresh_shims_after_error, tool_arguments};
use crate::cli::handoff::check_policy;
use crate::cli::output::json::{RequestOrigin, Versions};
use crate::cli::output::{self, ReportPath};
use crate::cli::shims::refresh_shims_without;
use crate::config::folders;
use crate::files::interrupt::Unfinished;
use crate::files::write_access::WriteAccess;
use crate::registry::KnownTool;
use crate::session::Session;
use crate::session::active::{
    active_selection, is_constraint, shared_owner, store_label, version_label,
};
use crate::session::reporter::Notice;
use crate::store::links;
use crate::store::own::OwnStore;
use crate::store::prune::KeepReason;
use crate::store::prune::running::Processes;
use crate::store::uninstall;

/// The arguments of `use uninstall`.
#[derive(Debug, Default, Args)]
pub struct UninstallArguments {
    /// Tools and versions to remove
    #[arg(value_name = "TOOL@VERSION", required = true)]
    pub tools: Vec<String>,
    /// Also look in this folder for projects that use them; can be repeated
    #[arg(long, value_name = "DIR")]
    pub projects: Vec<PathBuf>,
    /// Don't ask; without a terminal, also remove versions that are still used
    #[arg(short, long)]
    pub yes: bool,
}

/// A version, or a link, to remove.
struct VersionRemoval<'a> {
    known: KnownTool<'a>,
    toolchain: Toolchain,
}

impl VersionRemoval<'_> {
    /// `node 12.22.12`
    fn name(&self) -> String {
        format!("{} {}", self.known.tool.name, version_label(&self.toolchain))
    }

    /// Removes it. What a link leads to stays.
    fn apply(&self, store: &OwnStore<'_>) -> Result<()> {
        let Self { known, toolchain } = self;
        match (&toolchain.store, &toolchain.version) {
            (Store::Linked(name), _) => links::unlink(store, known.tool, name),
            (_, Some(version)) => uninstall::uninstall(store, &store.location(*known, version)),
            (_, None) => Err(not_installed(format!("{} is not installed", self.name()), &[])),
        }
    }

    /// Whether only a link is removed.
    fn is_link(&self) -> bool {
        matches!(self.toolchain.store, Store::Linked(_))
    }
}

/// A version that was removed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct UninstallReport {
    /// The tool.
    tool: &'static str,
    /// The version, or the name of the link.
    version: String,
    /// Its folder, which stays if it was linked.
    path: ReportPath,
    /// What requested it here, in the projects of `--projects`, or by default.
    requested_by: Vec<RequestOrigin>,
    /// The processes that ran it.
    processes: Vec<u32>,
    /// The folders of virtual environments that needed it.
    virtual_environments: Vec<ReportPath>,
    /// Whether it was removed.
    removed: bool,
    /// What requested it here, if it was the active version.
    #[serde(skip)]
    pin: Option<Pin>,
    /// Whether it was a link.
    #[serde(skip)]
    is_link: bool,
}

/// Who still uses a version.
#[derive(Debug, Default)]
struct VersionUse {
    requested_by: Vec<RequestOrigin>,
    processes: Vec<u32>,
    venvs: Vec<PathBuf>,
    /// What requests it here, if it is the active version.
    pin: Option<Pin>,
}

/// The versions to remove, and what is known of their use.
struct KnownRemovals<'a> {
    removals: Vec<(VersionRemoval<'a>, VersionUse)>,
    /// What may request any version, since it can't be read.
    unread: Vec<Error>,
}

/// The most lines of one kind about a version that is still used.
const MOST_LINES: usize = 5;

/// Runs the command. Nothing is removed unless all arguments name an installed version.
///
/// If one of them is still used, a person is asked; without a terminal that is an error, unless
/// `--yes` was given.
pub fn run(session: &mut Session, arguments: &UninstallArguments, as_json: bool) -> Result<()> {
    let result = decide(session, &arguments.tools).and_then(|removals| {
        // Nobody is asked about what can't be done.
        let access = folders::write_access(&session.folders)?;
        let known = with_use(session, removals, &arguments.projects)?;
        let used = known.report(session);
        match used.is_empty() || arguments.yes || known.is_confirmed(&used)? {
            true => apply(session, &access, &known.removals),
            false => Ok(Vec::new()),
        }
    });
    match result {
        Ok(reports) => {
            refresh_shims_without(session, reports.iter().map(|one| one.tool))?;
            print(&reports, as_json)?;
            let notices = reports.iter().filter_map(|one| next_call(session, one));
            notices.for_each(|notice| session.reporter.notice(&notice));
            Ok(())
        }
        // The version may have been removed by a process that was killed before it could update the
        // shims.
        Err(error) if error.kind().is_absence() => {
            Err(refresh_shims_after_error(session, error, &[]))
        }
        Err(error) => Err(error),
    }
}

fn decide<'a>(session: &'a Session, words: &[String]) -> Result<Vec<VersionRemoval<'a>>> {
    let arguments = tool_arguments(session, words)?.into_iter();
    arguments
        .map(|ToolArgument { known, request }| own_version(session, known, request.as_ref()))
        .collect()
}

/// The one version of usher's own, or the one link, that an argument names.
fn own_version<'a>(
    session: &'a Session,
    known: KnownTool<'a>,
    request: Option<&Request>,
) -> Result<VersionRemoval<'a>> {
    let tool = known.tool.name;
    let installed = all_toolchains(&session.world, &session.index, known.tool)?.unwrap_or_default();
    let own: Vec<&Toolchain> = installed.iter().filter(|one| is_own(session, known, one)).collect();
    let Some(request) = request else {
        return Err(match own.as_slice() {
            [] => not_installed(format!("usher has installed no version of {tool}"), &own),
            [first, ..] => Error::new(ErrorKind::Usage, format!("which version of {tool}?"))
                .because(own_versions(&own))
                .hint(format!("use uninstall {tool}@{}", version_label(first))),
        });
    };
    let is_named = |toolchain: &&Toolchain| match (&toolchain.version, request.kind()) {
        (Some(version), _) => request.matches(version, known.tool),
        (None, RequestKind::Named(name)) => toolchain.store == Store::Linked(name.clone()),
        (None, _) => false,
    };
    let named: Vec<&Toolchain> = own.iter().copied().filter(is_named).collect();
    match (named.as_slice(), installed.iter().find(is_named)) {
        ([toolchain], _) => Ok(VersionRemoval { known, toolchain: (*toolchain).clone() }),
        ([], Some(foreign)) => Err(not_ours(session, known, foreign)),
        ([], None) => Err(not_installed(format!("{tool} {request} is not installed"), &own)),
        ([first, ..], _) => {
            let first = version_label(first);
            let names: Vec<String> = named.iter().map(|one| version_label(one)).collect();
            let what = format!("{tool} {request} matches several versions: {}", names.join(", "));
            Err(Error::new(ErrorKind::Usage, what).hint(format!("use uninstall {tool}@{first}")))
        }
    }
}

/// Whether a toolchain, or the link to it, is in usher's own store.
fn is_own(session: &Session, known: KnownTool<'_>, toolchain: &Toolchain) -> bool {
    match &toolchain.store {
        Store::Own => true,
        Store::Linked(name) => links::is_in(&session.folders, known.tool, name),
        Store::Shared | Store::Adopted(_) | Store::System(_) | Store::Folder => false,
    }
}

/// A version that another version manager or the system installed is removed by that one.
fn not_ours(session: &Session, known: KnownTool<'_>, foreign: &Toolchain) -> Error {
    let name = format!("{} {}", known.tool.name, version_label(foreign));
    let what = match &foreign.store {
        Store::Shared => format!("{name} is {}", shared_owner(session, &foreign.root)),
        Store::Linked(_) => format!("{name} is a link of the machine's"),
        other => format!("{name} was not installed by usher: it belongs to {}", store_label(other)),
    };
    let error = Error::new(ErrorKind::Permission, what)
        .because(format!("it is in {}", Shown(&foreign.root)));
    match session.registry.uninstall_command(known.tool, foreign) {
        Some(command) => error.hint(command),
        None => error,
    }
}

fn not_installed(what: String, own: &[&Toolchain]) -> Error {
    let error = Error::new(ErrorKind::NotInstalled, what);
    match own.is_empty() {
        true => error,
        false => error.because(own_versions(own)),
    }
}

/// What can be removed: `installed by usher: 12.22.12; linked: mine`.
fn own_versions(own: &[&Toolchain]) -> String {
    let (linked, installed): (Vec<&Toolchain>, Vec<&Toolchain>) =
        own.iter().partition(|one| matches!(one.store, Store::Linked(_)));
    let parts = [("installed by usher", installed), ("linked", linked)].into_iter();
    let parts = parts.filter(|(_, toolchains)| !toolchains.is_empty());
    let parts = parts.map(|(title, toolchains)| {
        let names: Vec<String> = toolchains.into_iter().map(version_label).collect();
        format!("{title}: {}", names.join(", "))
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// Adds who still uses the versions. A version file that can't be parsed is only reported: the user
/// named the versions.
fn with_use<'a>(
    session: &Session,
    removals: Vec<VersionRemoval<'a>>,
    projects: &[PathBuf],
) -> Result<KnownRemovals<'a>> {
    let mut dependents = Dependents::of_projects(session, projects)?;
    if let Err(error) = dependents.references.add_current_folder(session) {
        session.note(&error.what);
    }
    let processes = Processes::list();
    let used = removals.into_iter().map(|removal| {
        let root = &removal.toolchain.root;
        // The folder that a link leads to stays, so nothing that runs there is concerned.
        let is_link = removal.is_link();
        let usage = VersionUse {
            requested_by: dependents
                .references
                .requesters_of(root)
                .map(RequestOrigin::of_reference)
                .collect(),
            processes: if is_link { Vec::new() } else { processes.running_from(root) },
            venvs: if is_link { Vec::new() } else { dependents.venvs(session, root) },
            pin: active_pin(session, &removal),
        };
        (removal, usage)
    });
    let removals = used.collect();
    let unread = dependents.unread().iter().map(|one| one.error.clone()).collect();
    Ok(KnownRemovals { removals, unread })
}

/// What requests a version here, if it is the active one.
fn active_pin(session: &Session, removal: &VersionRemoval<'_>) -> Option<Pin> {
    match active_selection(session, removal.known) {
        Ok(Selection::Toolchain(active, pin)) if active.root == removal.toolchain.root => pin,
        Ok(_) | Err(_) => None,
    }
}

/// What the next call of a tool does whose requested version was removed.
fn next_call(session: &Session, removed: &UninstallReport) -> Option<Notice> {
    let pin = removed.pin.as_ref()?;
    let (request, origin) = (pin.request()?, &pin.origin);
    let known = session.registry.named(removed.tool).ok()?;
    let tool = known.tool.name;
    let by = format!("{tool} {request} is still requested by {origin}");
    let what = match active_selection(session, known).ok()? {
        Selection::Toolchain(active, _) => {
            return Some(Notice::note(format!("{by}: {} runs here", version_label(&active))));
        }
        Selection::Missing(_) if matches!(request.kind(), RequestKind::Named(_)) => {
            format!("{by}, and nothing has that name")
        }
        Selection::Missing(_) => match check_policy(session, known.tool, request, origin) {
            Ok(()) => format!("{by}: the next call of {tool} installs it again"),
            Err(_) => format!("{by}, and not installed"),
        },
        Selection::System(..) | Selection::Nothing(_) | Selection::Stale => return None,
    };
    let is_constraint = is_constraint(session, known, origin).unwrap_or(false);
    let hint = match origin {
        Origin::File(_) if !is_constraint => format!("use unpin {tool}"),
        Origin::Default(_) => format!("use unpin --global {tool}"),
        _ => return Some(Notice::note(what)),
    };
    Some(Notice::note(what).hint(hint))
}

impl KnownRemovals<'_> {
    /// Asks whether to remove versions that are still used. An error without a terminal.
    fn is_confirmed(&self, used: &[String]) -> Result<bool> {
        let names = used.join(", ");
        if output::can_ask() {
            return Ok(output::confirm(format!("remove {names}?"), "nothing was removed"));
        }
        let what = match (self.unread.is_empty(), used) {
            (false, _) => "may still be used",
            (true, [_]) => "is still used",
            (true, _) => "are still used",
        };
        let arguments: Vec<String> = used.iter().map(|name| name.replacen(' ', "@", 1)).collect();
        Err(Error::new(ErrorKind::Usage, format!("{names} {what}"))
            .because("no terminal to ask on, so nothing was removed")
            .hint(format!("use uninstall {} --yes", arguments.join(" "))))
    }

    /// Reports who still uses the versions; returns the names of those that are used, or may be.
    fn report(&self, session: &Session) -> Vec<String> {
        let mut used = Vec::new();
        for (removal, usage) in &self.removals {
            let lines = usage.lines();
            let name = removal.name();
            if !lines.is_empty() {
                let what = format!("{name} is still used\n  {}", lines.join("\n  "));
                session.reporter.notice(&Notice::warning(what));
            }
            if !lines.is_empty() || !self.unread.is_empty() {
                used.push(name);
            }
        }
        if !self.unread.is_empty() {
            let lines = first_lines(self.unread.iter().map(Error::line));
            session.note(&format!(
                "what can't be read may request any version\n  {}",
                lines.join("\n  ")
            ));
        }
        used
    }
}

impl VersionUse {
    fn lines(&self) -> Vec<String> {
        let requested = self.requested_by.iter().map(|one| KeepReason::Requested(one.text.clone()));
        let running =
            (!self.processes.is_empty()).then(|| KeepReason::InUse(self.processes.clone()));
        let mut lines = first_lines(requested.map(|reason| reason.to_string()));
        lines.extend(running.map(|reason| reason.to_string()));
        lines.extend(first_lines(self.venvs.iter().map(venv_text)));
        lines
    }
}

/// The first lines, and how many more there are.
fn first_lines(all: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = all.collect();
    let more = lines.len().saturating_sub(MOST_LINES);
    if more > 1 {
        lines.truncate(MOST_LINES);
        lines.push(format!("and {more} more"));
    }
    lines
}

fn apply(
    session: &Session,
    access: &WriteAccess,
    removals: &[(VersionRemoval<'_>, VersionUse)],
) -> Result<Vec<UninstallReport>> {
    let store = OwnStore::new(session, access);
    let folders = removals.iter().filter(|(removal, _)| !removal.is_link());
    let unfinished =
        folders.map(|(removal, _)| Unfinished::removal(removal.name(), &removal.toolchain.root));
    let _unfinished: Vec<_> = unfinished.collect();
    let reports = removals.iter().map(|(removal, usage)| {
        removal.apply(&store)?;
        Ok(UninstallReport {
            tool: removal.known.tool.name,
            version: version_label(&removal.toolchain),
            path: ReportPath::new(&removal.toolchain.root),
            requested_by: usage.requested_by.clone(),
            processes: usage.processes.clone(),
            virtual_environments: usage.venvs.iter().map(ReportPath::new).collect(),
            removed: true,
            pin: usage.pin.clone(),
            is_link: removal.is_link(),
        })
    });
    reports.collect()
}

fn print(reports: &[UninstallReport], as_json: bool) -> Result<()> {
    if as_json {
        return output::print_answer(&Versions { versions: reports });
    }
    reports.iter().try_for_each(|UninstallReport { tool, version, path, is_link, .. }| {
        output::print_line(match is_link {
            true => format!("removed the link {tool}@{version}; {path} stays as it is"),
            false => format!("removed {tool} {version}"),
        })
    })
}

#[cfg(test)]
mod tests {
    use usher_shims::index::{AdoptedStore, Link};
    use usher_shims::name::Name;
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::Session;
    use crate::session::in_memory::session;

    /// usher's own node 10.24.1, 12.0.0 and 12.22.12, and an adopted 8.17.0 and 12.0.0.
    fn machine() -> Session {
        let mut world = MemoryWorld::at("/p").file("/nvm/v8.17.0/bin/node", "");
        world = world.file("/nvm/v12.0.0/bin/node", "");
        for version in ["10.24.1", "12.0.0", "12.22.12"] {
            world = world.file(format!("/usher/toolchains/node/{version}/bin/node"), "");
        }
        let mut session = session(world);
        session.index.adopted_stores.push(AdoptedStore {
            tool: "node".into(),
            manager: "nvm".into(),
            folder: "/nvm".into(),
            prefix: "v".into(),
            version_ends_at: String::new(),
            subdir: String::new(),
        });
        session
    }

    fn check(words: &str, expected: &str) {
        let session = machine();
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let decided = decide(&session, &words).map_or_else(
            |error| error.to_string(),
            |removals| {
                let paths = removals.iter().map(|one| one.toolchain.root.display().to_string());
                paths.collect::<Vec<_>>().join(" ")
            },
        );
        assert_eq!(decided, expected, "{words:?}");
    }

    #[test]
    fn one_version_of_our_own_is_removed() {
        let store = "/usher/toolchains/node";
        check("node@10", &format!("{store}/10.24.1"));
        check("node@12.22.12", &format!("{store}/12.22.12"));
        check("node@12.22 node@10.24.1", &format!("{store}/12.22.12 {store}/10.24.1"));
        // An adopted version of the same number stays.
        check("node@12.0.0", &format!("{store}/12.0.0"));
    }

    #[test]
    fn what_names_no_single_version_of_our_own_is_refused() {
        let own = "installed by usher: 12.22.12, 12.0.0, 10.24.1";
        check("node@14", &format!("node 14 is not installed\n  {own}"));
        check(
            "node@12",
            "node 12 matches several versions: 12.22.12, 12.0.0\n  hint: use uninstall node@12.22.12",
        );
        check(
            "node",
            &format!("which version of node?\n  {own}\n  hint: use uninstall node@12.22.12"),
        );
        check("go@1.22", "go 1.22 is not installed");
        check("go", "usher has installed no version of go");
        check(
            "node@8",
            "node 8.17.0 was not installed by usher: it belongs to nvm\n  it is in /nvm/v8.17.0\n  hint: nvm uninstall v8.17.0",
        );
        // One bad argument refuses all.
        check("node@10 node@14", &format!("node 14 is not installed\n  {own}"));
    }

    #[test]
    fn the_machines_link_is_not_an_accounts_to_remove() {
        let mut session = machine();
        session.index.links.push(Link {
            tool: "node".into(),
            name: Name::parse("mine").unwrap(),
            root: "/src/out".into(),
        });
        let words = |word: &str| decide(&session, &[word.to_owned()]).err().unwrap().to_string();
        assert_eq!(words("node@mine"), "node mine is a link of the machine's\n  it is in /src/out");
    }

    #[test]
    fn what_the_next_call_does_is_said() {
        let next = |world: MemoryWorld, removed: &str| {
            let root = format!("/usher/toolchains/node/{removed}");
            let installed = world.clone().file(format!("{root}/bin/node"), "");
            let before = session(installed);
            let known = before.registry.named("node").unwrap();
            let pin = match active_selection(&before, known) {
                Ok(Selection::Toolchain(_, pin)) => pin,
                other => panic!("{other:?}"),
            };
            let report = UninstallReport {
                tool: "node",
                version: removed.to_owned(),
                path: ReportPath::new(root),
                requested_by: Vec::new(),
                processes: Vec::new(),
                virtual_environments: Vec::new(),
                removed: true,
                pin,
                is_link: false,
            };
            next_call(&session(world), &report).map(|notice| notice.to_string())
        };
        let pinned = || MemoryWorld::at("/p").file("/p/.nvmrc", "12");
        assert_eq!(
            next(pinned(), "12.22.12").unwrap(),
            "node 12 is still requested by .nvmrc:1: the next call of node installs it again\n  \
             hint: use unpin node"
        );
        let other = pinned().file("/usher/toolchains/node/12.0.0/bin/node", "");
        assert_eq!(
            next(other, "12.22.12").unwrap(),
            "node 12 is still requested by .nvmrc:1: 12.0.0 runs here"
        );
        let default = MemoryWorld::at("/p").file("/usher/config/tool-versions", "node 12\n");
        let default = next(default, "12.22.12").unwrap();
        assert!(default.ends_with("hint: use unpin --global node"), "{default}");
        let engines = r#"{"engines":{"node":"12"}}"#;
        let constrained = next(MemoryWorld::at("/p").file("/p/package.json", engines), "12.0.0");
        assert_eq!(constrained.unwrap().lines().count(), 1);
        assert_eq!(next(MemoryWorld::at("/p"), "12.0.0"), None);
    }
}
