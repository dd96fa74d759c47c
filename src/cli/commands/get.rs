//! What several verbs share: getting what was asked for, several at once.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::pin::Origin;
use usher_shims::request::RequestKind;
use usher_shims::store::{Lookup, best_where, is_whole, named};
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::version::Version;

use crate::files::write_access::WriteAccess;
use crate::registry::KnownTool;
use crate::releases::network::Network;
use crate::releases::runtime;
use crate::releases::{Finder, ToolRequest};
use crate::session::Session;
use crate::session::current::version_label;
use crate::store::install::fetcher::Fetcher;
use crate::store::install::{Installer, UnverifiedPolicy};
use crate::store::own::OwnStore;
use crate::store::runtime::install_runtime;

/// How many are fetched at once: one line and two cores are well used by these.
const AT_ONCE: usize = 4;

/// What will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefer {
    /// The newest release: a person named it.
    Newest,
    /// What is on disk, if anything there answers: a project asks.
    Installed,
}

/// Gets all that is wanted, several at once; the answers stand in the order of the questions.
///
/// What can't be had keeps nothing else back; any other failure leaves what wasn't begun undone:
/// there is no answer to it.
pub(super) fn all(
    session: &Session,
    access: &WriteAccess,
    wanted: &[(ToolRequest<'_>, Prefer)],
) -> Vec<Option<Result<Acquired>>> {
    let network = Network::keeping(session, access);
    let together: Vec<ToolRequest<'_>> = wanted.iter().map(|(wanted, _)| *wanted).collect();
    let finder = Finder::new(session, &network).together(&together);
    let for_threads = access.for_threads();
    let answers: Vec<_> = wanted.iter().map(|_| Mutex::new(None)).collect();
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    session.reporter.begin_batch(wanted.len());
    let work = |access: &WriteAccess| {
        let installer = Installer {
            store: OwnStore::new(session, access),
            fetcher: Fetcher::new(session, &network, access),
            finder: &finder,
            policy: UnverifiedPolicy::Allow,
        };
        let getting = BatchInstaller { session, installer, together: &together };
        while !stopped.load(Ordering::Relaxed) {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let (Some((wanted, which)), Some(answer)) = (wanted.get(place), answers.get(place))
            else {
                return;
            };
            let got = getting.one(wanted, *which);
            if got.as_ref().is_err_and(stops_the_batch) {
                stopped.store(true, Ordering::Relaxed);
            }
            *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(got);
        }
    };
    thread::scope(|scope| {
        for _ in 1..wanted.len().min(AT_ONCE) {
            scope.spawn(|| for_threads.with(work));
        }
        work(access);
    });
    session.reporter.end_batch();
    let answer = |answer: Mutex<_>| answer.into_inner().unwrap_or_else(PoisonError::into_inner);
    answers.into_iter().map(answer).collect()
}

/// Gets all that is wanted, or says what went wrong first.
pub(super) fn install_all(
    session: &Session,
    access: &WriteAccess,
    wanted: &[(ToolRequest<'_>, Prefer)],
) -> Result<Vec<Acquired>> {
    all(session, access, wanted).into_iter().flatten().collect()
}

/// Whether a failure stops what wasn't begun: one that isn't about what can be had.
pub(super) fn stops_the_batch(error: &Error) -> bool {
    !(error.kind().is_absence() || error.kind().is_unavailability())
}

/// What fetching came to.
pub(super) enum Acquired {
    /// This is on disk now; the flag says whether it was before.
    Toolchain(Toolchain, bool),
    /// Nothing is to be fetched for this request: `system`.
    Nothing,
}

/// Getting several, which may be made for each other.
#[derive(Clone, Copy)]
struct BatchInstaller<'a> {
    session: &'a Session,
    installer: Installer<'a>,
    /// All that is asked for.
    together: &'a [ToolRequest<'a>],
}

impl BatchInstaller<'_> {
    /// Gets one, and what it runs on unless that is asked for as well.
    fn one(self, wanted: &ToolRequest<'_>, which: Prefer) -> Result<Acquired> {
        let got = match which {
            Prefer::Newest => self.get(wanted),
            Prefer::Installed => self.ensure(wanted),
        }?;
        if let Acquired::Toolchain(toolchain, _) = &got {
            self.install_missing_runtime(wanted, toolchain)?;
        }
        Ok(got)
    }

    fn install_missing_runtime(
        self,
        wanted: &ToolRequest<'_>,
        toolchain: &Toolchain,
    ) -> Result<()> {
        let built_for = wanted.known.tool.built_for.map(|built_for| built_for.tool);
        let comes = self.together.iter().any(|one| Some(one.known.tool.name) == built_for);
        if comes {
            return Ok(());
        }
        let Some(lacking) = runtime::lacking(&self.session.resolver(), wanted, toolchain)? else {
            return Ok(());
        };
        let guest = (wanted.known.tool, toolchain);
        install_runtime(&self.installer, &self.session.registry, guest, &lacking)
    }

    /// Gets a release only if nothing on disk answers.
    fn ensure(self, wanted: &ToolRequest<'_>) -> Result<Acquired> {
        match self.find_installed(wanted)? {
            Some(toolchain) => Ok(Acquired::Toolchain(toolchain, true)),
            None => self.get(wanted),
        }
    }

    /// The best on disk; what it runs on may be lacking.
    fn find_installed(self, wanted: &ToolRequest<'_>) -> Result<Option<Toolchain>> {
        let ToolRequest { known, request, .. } = *wanted;
        let host = runtime::of(&self.session.resolver(), known.tool, self.together)?;
        let fits = |version: &Version| {
            host.as_ref().is_none_or(|host| host.runs(host.rule.least(version)))
        };
        let session = self.session;
        match best_where(&session.world, &session.index, (known.tool, request), &fits)? {
            Lookup::Toolchain(toolchain) => Ok(Some(toolchain)),
            Lookup::Nothing | Lookup::Stale => {
                runtime::without_host(&session.resolver(), known.tool, request)
            }
        }
    }

    /// Gets the newest release that answers a request; with the network away, the newest on disk.
    fn get(self, wanted: &ToolRequest<'_>) -> Result<Acquired> {
        let ToolRequest { known, request, .. } = *wanted;
        let session = self.session;
        let on_disk = match request.kind() {
            RequestKind::System => return Ok(Acquired::Nothing),
            RequestKind::Path(folder) => {
                return toolchain_in_folder(session, known, folder)
                    .map(|toolchain| Acquired::Toolchain(toolchain, true));
            }
            RequestKind::Named(name) => {
                match named(&session.world, &session.index, known.tool, name)? {
                    Some(toolchain) => return Ok(Acquired::Toolchain(toolchain, true)),
                    None => self.find_installed(wanted)?,
                }
            }
            RequestKind::Version(_)
            | RequestKind::Range(_)
            | RequestKind::Latest
            | RequestKind::Lts
            | RequestKind::LtsBack(_)
            | RequestKind::LtsNamed(_) => self.find_installed(wanted)?,
        };
        // An exact version that is on disk is what was asked for: nobody needs to be asked.
        if request.exact(known.tool).is_some()
            && let Some(toolchain) = on_disk
        {
            return Ok(Acquired::Toolchain(toolchain, true));
        }
        match (self.newest(wanted, on_disk.as_ref()), on_disk) {
            (Err(error), Some(toolchain)) if !stops_the_batch(&error) => {
                note_fallback(session, wanted, &toolchain, &error);
                Ok(Acquired::Toolchain(toolchain, true))
            }
            (got, _) => got,
        }
    }

    /// Gets the newest release that answers a request, unless that is on disk.
    fn newest(self, wanted: &ToolRequest<'_>, on_disk: Option<&Toolchain>) -> Result<Acquired> {
        let ToolRequest { known, request, origin } = *wanted;
        let release = self.installer.finder.find(wanted)?;
        let is_found =
            |toolchain: &&Toolchain| toolchain.version.as_ref() == Some(&release.version);
        if let Some(toolchain) = on_disk.filter(is_found) {
            return Ok(Acquired::Toolchain(toolchain.clone(), true));
        }
        let got =
            self.installer.install_from_any(wanted, release).map_err(|error| match origin {
                Origin::CommandLine => error,
                by => error.because(format!("{} {request} was asked for by {by}", known.tool.name)),
            })?;
        Ok(Acquired::Toolchain(got.toolchain, got.already_installed))
    }
}

/// The toolchain in a folder that a person named.
fn toolchain_in_folder(
    session: &Session,
    known: KnownTool<'_>,
    folder: &Path,
) -> Result<Toolchain> {
    let toolchain = Toolchain { version: None, root: folder.to_path_buf(), store: Store::Folder };
    if is_whole(&session.world, known.tool, &toolchain)? {
        return Ok(toolchain);
    }
    let program = toolchain.program(known.tool.main_program());
    Err(Error::new(ErrorKind::NotFound, format!("there is no program {}", Shown(&program))))
}

/// No release could be had, but something on disk answers the request.
fn note_fallback(
    session: &Session,
    wanted: &ToolRequest<'_>,
    toolchain: &Toolchain,
    failed: &Error,
) {
    let ToolRequest { known, request, .. } = wanted;
    let serves =
        format!("{} {}, which is on disk, serves", known.tool.name, version_label(toolchain));
    let told = match failed.kind() {
        kind if kind.is_absence() => format!("{serves}: no release answers {request}"),
        _ => format!("{serves}: {failed}"),
    };
    session.note(&told);
}
