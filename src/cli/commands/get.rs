//! Making requested versions available: what `use install`, `use TOOL` and `use -- COMMAND` share.
//!
//! [`Chooser`] decides for each request whether an installed version is used or a release is
//! fetched; [`try_install_all`] does it, several at once.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::pin::Origin;
use usher_shims::request::RequestKind;
use usher_shims::resolve::without_system;
use usher_shims::store::{Lookup, StoreQuery, best_match_where, is_complete, named_toolchain};
use usher_shims::tool_policy::{ToolPolicy, with_origin};
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::version::Version;

use crate::files::interrupt::Unfinished;
use crate::files::write_access::WriteAccess;
use crate::registry::KnownTool;
use crate::releases::network::Network;
use crate::releases::runtime;
use crate::releases::updates::is_unknown_word;
use crate::releases::{Finder, Release, ToolRequest};
use crate::session::Session;
use crate::session::active::version_label;
use crate::store::install::Installer;
use crate::store::runtime::install_runtime;

/// How many versions are fetched at once: enough to use one network connection and two cores fully.
const PARALLEL_INSTALLS: usize = 4;

/// Which version a request means where several match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefer {
    /// The newest release: the user named the version.
    Newest,
    /// The highest installed version; a release only if none matches.
    Installed,
}

/// Who reports what was installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReportedBy {
    /// The store, as soon as each version is installed.
    Store,
    /// The command, in the end.
    Command,
}

/// The result of a request.
#[derive(Debug)]
pub(super) enum Acquired {
    /// An installed version.
    Toolchain {
        /// The version.
        toolchain: Toolchain,
        /// Whether this command installed it.
        newly_installed: bool,
        /// Whether it is known to be the newest that matches: no installed version was used instead.
        is_newest: bool,
    },
    /// Nothing to install: the request is `system`.
    Nothing,
}

impl Acquired {
    fn installed_before(toolchain: Toolchain, is_newest: bool) -> Self {
        Self::Toolchain { toolchain, newly_installed: false, is_newest }
    }
}

/// How a request is met.
#[derive(Debug)]
enum Choice {
    /// By a version that is installed.
    Installed(Toolchain),
    /// By an installed version, because no newer release can be found, for this reason.
    Fallback(Toolchain, Error),
    /// By installing this release; if that fails, an installed version that matches takes its place.
    Fetch { release: Release, fallback: Option<Toolchain> },
    /// By the system, without a version of usher's.
    System,
}

/// Decides how requests are met. Changes nothing.
#[derive(Clone, Copy)]
struct Chooser<'a> {
    session: &'a Session,
    /// All requests of this command: versions may be built for each other.
    together: &'a [ToolRequest<'a>],
    /// Finds the newest release that matches a request.
    find: &'a dyn Fn(&ToolRequest<'_>) -> Result<Release>,
}

impl Chooser<'_> {
    fn choose(self, tool_request: &ToolRequest<'_>, prefer: Prefer) -> Result<Choice> {
        match prefer {
            Prefer::Newest if self.prefers_installed() => self.installed_or_newest(tool_request),
            Prefer::Newest => self.newest(tool_request),
            Prefer::Installed => self.installed_or_newest(tool_request),
        }
    }

    /// Whether installed versions are preferred to newer releases: by the setting, or because this
    /// account may install none.
    fn prefers_installed(self) -> bool {
        self.session.settings.prefer_installed || !self.session.may_fetch()
    }

    fn installed_or_newest(self, tool_request: &ToolRequest<'_>) -> Result<Choice> {
        match self.find_installed(tool_request)? {
            Some(toolchain) => Ok(Choice::Installed(toolchain)),
            None => self.newest(tool_request),
        }
    }

    /// The notice that there is a newer release than the installed version that was preferred; none
    /// where that can't be looked up.
    fn newer_release_notice(
        self,
        tool_request: &ToolRequest<'_>,
        toolchain: &Toolchain,
    ) -> Option<String> {
        if !self.prefers_installed()
            || tool_request.request.exact(tool_request.known.tool).is_some()
        {
            return None;
        }
        let (tool, version) = (tool_request.known.tool.name, toolchain.version.as_ref()?);
        let newer = (self.find)(tool_request).ok().filter(|release| release.version > *version)?;
        let newer =
            format!("using {tool} {version}, which is installed; {} is newer", newer.version);
        Some(match self.session.may_fetch() {
            true => format!("{newer}: use upgrade {tool}"),
            false => newer,
        })
    }

    /// The newest release that matches; without one, the highest installed version.
    fn newest(self, tool_request: &ToolRequest<'_>) -> Result<Choice> {
        let ToolRequest { known, request, .. } = *tool_request;
        let session = self.session;
        match request.kind() {
            RequestKind::System => {
                return match session.resolver().selector().system(known.tool).main(&[]) {
                    Some(_) => Ok(Choice::System),
                    None => Err(without_system(known.tool, tool_request.origin)),
                };
            }
            RequestKind::Path(folder) => {
                return toolchain_in_folder(session, known, folder).map(Choice::Installed);
            }
            RequestKind::Named(name) => {
                if let Some(found) =
                    named_toolchain(&session.world, &session.index, known.tool, name)?
                {
                    return Ok(Choice::Installed(found));
                }
            }
            RequestKind::Version(_)
            | RequestKind::Exact(_)
            | RequestKind::Range(_)
            | RequestKind::Latest
            | RequestKind::Lts
            | RequestKind::LtsBack(_)
            | RequestKind::LtsNamed(_) => {}
        }
        let installed = self.find_installed(tool_request)?;
        // No release matches an exact version better than the installed one.
        if request.exact(known.tool).is_some()
            && let Some(toolchain) = installed
        {
            return Ok(Choice::Installed(toolchain));
        }
        if installed.is_none() && !session.may_fetch() && !session.may_request() {
            let name = format!("{} {request}", known.tool.name);
            return Err(with_origin(session.policy.fetch_refusal(&name), tool_request.origin));
        }
        match ((self.find)(tool_request), installed) {
            (Ok(release), Some(toolchain))
                if toolchain.version.as_ref() == Some(&release.version) =>
            {
                Ok(Choice::Installed(toolchain))
            }
            (Ok(release), fallback) => Ok(Choice::Fetch { release, fallback }),
            (Err(error), Some(toolchain)) if !stops_the_batch(&error) => {
                Ok(Choice::Fallback(toolchain, error))
            }
            (Err(error), _) => Err(error),
        }
    }

    /// The highest installed version that matches and that the runtime it is built for can run, if
    /// that is installed.
    fn find_installed(self, tool_request: &ToolRequest<'_>) -> Result<Option<Toolchain>> {
        let ToolRequest { known, request, .. } = *tool_request;
        let session = self.session;
        let runtime = runtime::for_tool(&session.resolver(), known.tool, self.together)?;
        let policy = ToolPolicy::of(&session.index.policy, known.tool)?;
        let fits = |version: &Version| {
            let runs = runtime
                .as_ref()
                .is_none_or(|runtime| runtime.runs(runtime.rule.minimum_runtime(version)));
            runs && policy.as_ref().is_none_or(|policy| policy.allows(version))
        };
        let query = StoreQuery { tool: known.tool, request, fits: &fits };
        match best_match_where(&session.world, &session.index, &query)? {
            Lookup::Toolchain(toolchain) => Ok(Some(toolchain)),
            Lookup::Nothing | Lookup::Stale => {
                runtime::toolchain_missing_only_runtime(&session.resolver(), known.tool, request)
            }
        }
    }
}

/// Makes all requested versions available, several at once; the results are in the order of the
/// requests.
///
/// A version that can't be found or fetched doesn't stop the others. Any other error does: requests
/// that weren't begun then have no result.
pub(super) fn try_install_all(
    session: &Session,
    access: &WriteAccess,
    requests: &[(ToolRequest<'_>, Prefer)],
    reported_by: ReportedBy,
) -> Vec<Option<Result<Acquired>>> {
    let network = Network::with_cache(session, access);
    let together: Vec<ToolRequest<'_>> =
        requests.iter().map(|(tool_request, _)| *tool_request).collect();
    let finder = Finder::new(session, &network).with_requests(&together);
    let for_threads = access.for_threads();
    let results: Vec<_> = requests.iter().map(|_| Mutex::new(None)).collect();
    let names = requests.iter().map(|(tool_request, _)| request_name(tool_request));
    let unfinished: Vec<_> = names.map(Unfinished::request).collect();
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    session.reporter.begin_batch(requests.len());
    let work = |access: &WriteAccess| {
        let installer = Installer::new(session, access, &network, &finder);
        let installer = match reported_by {
            ReportedBy::Store => installer,
            ReportedBy::Command => installer.without_announcements(),
        };
        let find = |tool_request: &ToolRequest<'_>| {
            let _shown = session.reporter.task("resolving", &request_name(tool_request));
            finder.find(tool_request)
        };
        let chooser = Chooser { session, together: &together, find: &find };
        while !stopped.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let (Some((tool_request, prefer)), Some((slot, unfinished))) =
                (requests.get(index), results.get(index).zip(unfinished.get(index)))
            else {
                return;
            };
            let batch = BatchInstaller { installer, chooser, unfinished };
            let result = batch.acquire(tool_request, *prefer);
            if result.as_ref().is_err_and(stops_the_batch) {
                stopped.store(true, Ordering::Relaxed);
            }
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        }
    };
    thread::scope(|scope| {
        for _ in 1..requests.len().min(PARALLEL_INSTALLS) {
            // If it can't be started, the others do its work.
            let _ = thread::Builder::new().spawn_scoped(scope, || for_threads.with(work));
        }
        work(access);
    });
    session.reporter.end_batch();
    let result = |slot: Mutex<_>| slot.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.into_iter().map(result).collect()
}

/// `node 22`
fn request_name(ToolRequest { known, request, .. }: &ToolRequest<'_>) -> String {
    format!("{} {request}", known.tool.name)
}

/// Refuses requests that nothing matches, installed or released; nothing is installed. Where that can't
/// be looked up, it is a note.
pub(super) fn check_matches(
    session: &Session,
    access: &WriteAccess,
    requests: &[ToolRequest<'_>],
) -> Result<()> {
    let network = Network::with_cache(session, access);
    let finder = Finder::new(session, &network).with_requests(requests);
    let find = |tool_request: &ToolRequest<'_>| {
        let _shown = session.reporter.task("resolving", &request_name(tool_request));
        finder.find(tool_request)
    };
    let chooser = Chooser { session, together: requests, find: &find };
    for tool_request in requests.iter().filter(|one| !always_matches(one)) {
        match chooser.choose(tool_request, Prefer::Installed) {
            Err(error) if error.kind().is_unavailability() => session.note(&error.to_string()),
            result => drop(result?),
        }
    }
    Ok(())
}

/// Whether a request is an alias that a release matches at all times.
fn always_matches(tool_request: &ToolRequest<'_>) -> bool {
    match tool_request.request.kind() {
        RequestKind::Latest | RequestKind::Lts => true,
        RequestKind::LtsBack(_) | RequestKind::LtsNamed(_) => {
            !is_unknown_word(tool_request.known, tool_request.request)
        }
        RequestKind::Version(_)
        | RequestKind::Exact(_)
        | RequestKind::Range(_)
        | RequestKind::System
        | RequestKind::Path(_)
        | RequestKind::Named(_) => false,
    }
}

/// Makes all requested versions available, or returns the first error.
pub(super) fn install_all(
    session: &Session,
    access: &WriteAccess,
    requests: &[(ToolRequest<'_>, Prefer)],
) -> Result<Vec<Acquired>> {
    let results = try_install_all(session, access, requests, ReportedBy::Store);
    results.into_iter().flatten().collect()
}

/// Whether an error ends the whole command: one that isn't about a single version or source.
pub(super) fn stops_the_batch(error: &Error) -> bool {
    !(error.kind().is_absence() || error.kind().is_unavailability())
}

/// Installs what a [`Chooser`] decides.
#[derive(Clone, Copy)]
struct BatchInstaller<'a> {
    installer: Installer<'a>,
    chooser: Chooser<'a>,
    /// What is reported of this request if the command is interrupted.
    unfinished: &'a Unfinished,
}

impl BatchInstaller<'_> {
    /// Makes one version available, and the runtime that it is built for unless that is requested
    /// by the same command.
    fn acquire(self, tool_request: &ToolRequest<'_>, prefer: Prefer) -> Result<Acquired> {
        let acquired = self.carry_out(tool_request, self.chooser.choose(tool_request, prefer)?)?;
        if let (Prefer::Newest, Acquired::Toolchain { toolchain, newly_installed: false, .. }) =
            (prefer, &acquired)
            && let Some(notice) = self.chooser.newer_release_notice(tool_request, toolchain)
        {
            self.chooser.session.note(&notice);
        }
        if let Acquired::Toolchain { newly_installed: false, .. } | Acquired::Nothing = &acquired {
            self.unfinished.forget();
        }
        if let Acquired::Toolchain { toolchain, .. } = &acquired {
            self.install_missing_runtime(tool_request, toolchain)?;
        }
        Ok(acquired)
    }

    fn carry_out(self, tool_request: &ToolRequest<'_>, choice: Choice) -> Result<Acquired> {
        let session = self.chooser.session;
        let (toolchain, error) = match choice {
            Choice::System => return Ok(Acquired::Nothing),
            Choice::Installed(toolchain) => {
                let is_newest = !self.chooser.prefers_installed();
                return Ok(Acquired::installed_before(toolchain, is_newest));
            }
            Choice::Fallback(toolchain, error) => (toolchain, error),
            Choice::Fetch { release, fallback } => {
                let store = self.installer.store;
                let location = store.location(tool_request.known, &release.version);
                self.unfinished.is_version(location.name(), &location.root);
                match (self.installer.install_from_any(tool_request, release), fallback) {
                    (Ok(installed), _) => {
                        if let Some(version) = &installed.toolchain.version {
                            // Another source may have had another one.
                            let location = store.location(tool_request.known, version);
                            let root = &installed.toolchain.root;
                            self.unfinished.is_version(location.name(), root);
                        }
                        return Ok(Acquired::Toolchain {
                            toolchain: installed.toolchain,
                            newly_installed: !installed.already_installed,
                            is_newest: true,
                        });
                    }
                    (Err(error), Some(toolchain)) if !stops_the_batch(&error) => {
                        (toolchain, requested_by(tool_request, error))
                    }
                    (Err(error), fallback) => {
                        let error = requested_by(tool_request, error);
                        return Err(
                            match fallback.filter(|_| error.kind() == ErrorKind::DiskFull) {
                                Some(installed) => with_installed(tool_request, &installed, error),
                                None => error,
                            },
                        );
                    }
                }
            }
        };
        session.note(&fallback_notice(tool_request, &toolchain, &error));
        Ok(Acquired::installed_before(toolchain, false))
    }

    fn install_missing_runtime(
        self,
        tool_request: &ToolRequest<'_>,
        toolchain: &Toolchain,
    ) -> Result<()> {
        let Chooser { session, together, .. } = self.chooser;
        let built_for = tool_request.known.tool.built_for.map(|built_for| built_for.tool);
        if together.iter().any(|one| Some(one.known.tool.name) == built_for) {
            return Ok(());
        }
        let Some(missing) = runtime::missing_runtime(&session.resolver(), tool_request, toolchain)?
        else {
            return Ok(());
        };
        let dependent = (tool_request.known.tool, toolchain);
        install_runtime(&self.installer, &session.registry, dependent, &missing)
    }
}

/// Adds to a disk-full error the installed version that matches as well: it needs no space.
fn with_installed(tool_request: &ToolRequest<'_>, installed: &Toolchain, error: Error) -> Error {
    let (tool, version) = (tool_request.known.tool.name, version_label(installed));
    error
        .because(format!("{tool} {version} is installed, and matches as well"))
        .hint(format!("use {tool}@{version}"))
}

/// An error of an install, with the file that requests the version.
pub(super) fn requested_by(tool_request: &ToolRequest<'_>, error: Error) -> Error {
    let ToolRequest { known, request, origin } = tool_request;
    match origin {
        Origin::CommandLine => error,
        origin => error.because(format!("{} {request} is requested by {origin}", known.tool.name)),
    }
}

/// The toolchain in a folder that the user named: `path:/opt/node`.
fn toolchain_in_folder(
    session: &Session,
    known: KnownTool<'_>,
    folder: &Path,
) -> Result<Toolchain> {
    let toolchain = Toolchain { version: None, root: folder.to_path_buf(), store: Store::Folder };
    if is_complete(&session.world, known.tool, &toolchain)? {
        return Ok(toolchain);
    }
    let program = toolchain.program(known.tool.main_program());
    Err(Error::new(ErrorKind::NotFound, format!("no program {}", Shown(&program))))
}

/// The notice that an installed version is used because no release could be fetched.
fn fallback_notice(tool_request: &ToolRequest<'_>, toolchain: &Toolchain, error: &Error) -> String {
    let ToolRequest { known, request, .. } = tool_request;
    let installed =
        format!("using {} {}, which is installed", known.tool.name, version_label(toolchain));
    match error.kind() {
        kind if kind.is_absence() => format!("{installed}: no release matches {request}"),
        _ => format!("{installed}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use usher_shims::request::{Request, RequestTrust};
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::cli::commands::test_release;
    use crate::session::in_memory::session;

    /// What is chosen for a request of node with these installed versions, where `newest` is the
    /// newest release that matches, or why there is none.
    fn check(
        installed: &str,
        request: &str,
        newest: std::result::Result<&str, ErrorKind>,
    ) -> [String; 2] {
        let mut world = MemoryWorld::at("/p")
            .file("/opt/n/bin/node", "")
            .file("/sys/bin/node", "")
            .variable("PATH", "/sys/bin");
        for version in installed.split_whitespace() {
            world = world.file(format!("/usher/toolchains/node/{version}/bin/node"), "");
        }
        let session = session(world);
        let known = session.registry.named("node").unwrap();
        let request = Request::parse(request, known.tool, RequestTrust::User).unwrap();
        let tool_request = ToolRequest { known, request: &request, origin: &Origin::CommandLine };
        let find = |_: &ToolRequest<'_>| match newest {
            Ok(version) => Ok(test_release(version)),
            Err(kind) => Err(Error::new(kind, "no release")),
        };
        let chooser = Chooser { session: &session, together: &[tool_request], find: &find };
        [Prefer::Newest, Prefer::Installed].map(|prefer| {
            match chooser.choose(&tool_request, prefer) {
                Ok(Choice::System) => "system".to_owned(),
                Ok(Choice::Installed(toolchain)) => version_label(&toolchain),
                Ok(Choice::Fallback(toolchain, error)) => {
                    fallback_notice(&tool_request, &toolchain, &error)
                }
                Ok(Choice::Fetch { release, fallback }) => {
                    let fallback = fallback.map(|toolchain| version_label(&toolchain));
                    format!("fetch {}, else {}", release.version, fallback.unwrap_or_default())
                }
                Err(error) => format!("{:?}", error.kind()),
            }
        })
    }

    #[test]
    fn the_newest_release_is_fetched_and_an_installed_version_is_used() {
        assert_eq!(
            check("12.0.0", "12", Ok("12.22.12")),
            ["fetch 12.22.12, else 12.0.0", "12.0.0"]
        );
        assert_eq!(check("12.22.12", "12", Ok("12.22.12")), ["12.22.12"; 2]);
        assert_eq!(check("10.0.0", "12", Ok("12.22.12")), ["fetch 12.22.12, else "; 2]);
        // No source is needed for what can't be newer.
        assert_eq!(check("12.0.0", "12.0.0", Err(ErrorKind::Network)), ["12.0.0"; 2]);
        assert_eq!(check("12.0.0", "system", Err(ErrorKind::Network)), ["system"; 2]);
        assert_eq!(check("", "path:/opt/n", Err(ErrorKind::Network)), ["n"; 2]);
        assert_eq!(check("", "path:/opt/x", Err(ErrorKind::Network)), ["NotFound"; 2]);
    }

    #[test]
    fn an_installed_version_is_used_where_no_release_can_be_found() {
        let using = "using node 12.0.0, which is installed: no release";
        let absent = check("12.0.0", "12", Err(ErrorKind::NoMatchingVersion));
        assert_eq!(absent, [&format!("{using} matches 12"), "12.0.0"]);
        let offline = check("12.0.0", "12", Err(ErrorKind::Network));
        assert_eq!(offline, [using, "12.0.0"]);
        // After a failed checksum no other version is used.
        assert_eq!(check("12.0.0", "12", Err(ErrorKind::Integrity)), ["Integrity", "12.0.0"]);
        assert_eq!(check("", "12", Err(ErrorKind::Network)), ["Network"; 2]);
    }
}
