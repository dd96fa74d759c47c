//! The handoff from a shim: what it can't do itself. Install a missing version, ask the system's
//! programs for their versions again, run a call that installs global packages. Then `use` becomes the
//! program, as the shim would have.

mod global_packages;

use std::ffi::{CStr, OsStr};
use std::sync::OnceLock;

use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::exec::{ProcessArgs, become_program};
use usher_shims::ownership::ROOT;
use usher_shims::package_calls::package_call;
use usher_shims::pin::Origin;
use usher_shims::process::{is_secure, running_shim};
use usher_shims::request::Request;
use usher_shims::resolve::{MissingVersion, Outcome, Plan, Resolver};
use usher_shims::retired;
use usher_shims::tool::Tool;
use usher_shims::tool_policy::with_origin;
use usher_shims::toolchain::Toolchain;
use usher_shims::world::World as _;

use self::global_packages::PackageManagerCall;
use crate::cli::explanation::install_command;
use crate::cli::output;
use crate::cli::progress;
use crate::cli::shims::refresh_shims;
use crate::config::folders;
use crate::config::settings::AutoInstall;
use crate::files::interrupt::{Unfinished, stop_if_interrupted};
use crate::files::write_access::WriteAccess;
use crate::releases::network::Network;
use crate::releases::runtime;
use crate::releases::{Finder, ToolRequest};
use crate::session::Session;
use crate::shim_folder;
use crate::store::install::Installer;
use crate::store::runtime::install_runtime;

/// How often something is resolved: again after an install, and after a rescan.
const MAX_RESOLVE_ROUNDS: usize = 4;

/// Takes over a call from a shim; returns only with an error.
///
/// The arguments are `use __shim NAME ARGUMENTS…`.
pub fn run(given: ProcessArgs) -> Error {
    match run_handoff(given) {
        Ok(error) | Err(error) => error,
    }
}

fn run_handoff(given: ProcessArgs) -> Result<Error> {
    let all = given.os_arguments();
    let name = all.get(2).and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let arguments: Vec<&CStr> = given.arguments.iter().skip(3).copied().collect();
    let words: Vec<&OsStr> = all.iter().skip(3).copied().collect();
    let mut session = Session::new(given, running_shim()?, progress::reporter)?;
    write_index_if_possible(&session);
    let unusable = OnceLock::new();
    let plan = resolve_until_ready(&mut session, &name, &|session| {
        let resolver = Resolver { unusable: Some(&unusable), ..session.resolver() };
        let resolved = resolver.resolve(&name, &words);
        // It may be a program of a tool whose registry file has an error.
        if resolved.as_ref().is_err_and(|error| error.kind().is_absence()) {
            session.report_registry_errors();
        }
        Ok(match resolved? {
            Outcome::Run(plan) => Readiness::Ready(plan),
            Outcome::Missing(missing) => Readiness::MissingVersion(missing),
            Outcome::Stale => Readiness::Stale,
        })
    });
    warn(&session, &unusable);
    let plan = plan?;
    warn_of_retired(&session, &plan);
    run_plan(&mut session, &name, &plan, &arguments, &words)
}

/// Tells a person that the machine's version is retired, as the shim does.
fn warn_of_retired(session: &Session, plan: &Plan) {
    let Some(toolchain) = &plan.toolchain else { return };
    let (world, index, one) = (&session.world, &session.index, (plan.tool, toolchain));
    let parent = std::os::unix::process::parent_id;
    if let Some(notice) = retired::notice(world, index, one, output::is_read_by_a_person, parent) {
        session.note(&notice);
    }
}

/// Tells a person about what would have decided and can't be used, as the shim does.
fn warn(session: &Session, unusable: &OnceLock<Error>) {
    if let Some(error) = unusable.get().filter(|_| output::is_read_by_a_person()) {
        session.note(&format!("ignored: {}", error.line()));
    }
}

/// Whether something that was resolved can be used now.
pub(super) enum Readiness<T> {
    Ready(T),
    /// A version has to be installed first.
    MissingVersion(MissingVersion),
    /// The machine has to be scanned again first.
    Stale,
}

/// Resolves a program or a tool, `name`, until nothing is missing or out of date. Installs what a
/// shim may install.
pub(super) fn resolve_until_ready<T>(
    session: &mut Session,
    name: &str,
    resolve: &dyn Fn(&Session) -> Result<Readiness<T>>,
) -> Result<T> {
    for _ in 0..MAX_RESOLVE_ROUNDS {
        match resolve(session)? {
            Readiness::Ready(result) => return Ok(result),
            Readiness::MissingVersion(missing) => install_if_allowed(session, &missing)?,
            Readiness::Stale => session.refresh()?,
        }
    }
    Err(Error::new(
        ErrorKind::NotRunnable,
        format!("can't resolve {name}: the installed versions change on every attempt"),
    )
    .hint("use doctor"))
}

/// Writes the index if that is possible: then the next call needs no handoff.
fn write_index_if_possible(session: &Session) {
    if session.folders.shims().is_dir()
        && let Ok(access) = folders::write_access(&session.folders)
    {
        let _ = shim_folder::write_index(session, &access);
    }
}

fn run_plan(
    session: &mut Session,
    name: &str,
    plan: &Plan,
    arguments: &[&CStr],
    words: &[&OsStr],
) -> Result<Error> {
    let own = &arguments[plan.skip.saturating_sub(1).min(arguments.len())..];
    if let Some(rule) = package_call(&session.index, plan, name, words) {
        // With the variables that name these folders. A call that installs nothing globally runs
        // without them, in a home that can't be written to.
        let again = match global_packages::make_needed_folders(session, plan) {
            Ok(true) => Some(session.resolver().resolve(name, words)?),
            Ok(false) | Err(_) => None,
        };
        let plan = if let Some(Outcome::Run(again)) = &again { again } else { plan };
        let call = PackageManagerCall::new(session, plan, rule, words)?;
        return global_packages::run(session, &call, own);
    }
    stop_if_interrupted();
    Ok(become_program(plan.program.as_path().into(), own, &session.given.environment, &plan.set))
}

/// Installs a missing version, if the settings allow it.
fn install_if_allowed(session: &mut Session, missing: &MissingVersion) -> Result<()> {
    let Some(request) = missing.pin.request() else { return Ok(()) };
    let (tool, origin) = (missing.tool, &missing.pin.origin);
    if is_secure() {
        return Err(not_installed(tool, request, origin)
            .because("nothing is installed in a set-user-ID process"));
    }
    let known = session.registry.named(tool.name)?;
    let tool_request = ToolRequest { known, request, origin };
    let found = runtime::toolchain_missing_only_runtime(&session.resolver(), known.tool, request)?;
    if found.is_none() {
        check_policy(session, tool, request, origin)?;
        check_requester(session, tool, request, origin)?;
    }
    let tools =
        install_missing(session, &folders::write_access(&session.folders)?, &tool_request, found)?;
    match session.may_fetch() {
        true => refresh_shims(session, &tools),
        // The machine installed it, and has shims for it. The account gets no folders for that.
        false => session.refresh(),
    }
}

/// Installs a missing version unless it was found, and the runtime that it needs. Returns the tools
/// that have a new version.
fn install_missing(
    session: &Session,
    access: &WriteAccess,
    tool_request: &ToolRequest<'_>,
    found: Option<Toolchain>,
) -> Result<Vec<&'static Tool>> {
    let network = Network::with_cache(session, access);
    let finder = Finder::new(session, &network);
    let installer = Installer::new(session, access, &network, &finder).verified_only();
    let tool = tool_request.known.tool;
    let toolchain = found.map_or_else(|| fetch(&installer, tool_request), Ok)?;
    let Some(missing_runtime) =
        runtime::missing_runtime(&session.resolver(), tool_request, &toolchain)?
    else {
        return Ok(vec![tool]);
    };
    check_policy(session, missing_runtime.tool, &missing_runtime.request, &missing_runtime.origin)?;
    install_runtime(&installer, &session.registry, (tool, &toolchain), &missing_runtime)?;
    Ok(vec![tool, missing_runtime.tool])
}

fn fetch(installer: &Installer<'_>, tool_request: &ToolRequest<'_>) -> Result<Toolchain> {
    if let Some(toolchain) = request_exact(installer, tool_request)? {
        return Ok(toolchain);
    }
    let name = format!("{} {}", tool_request.known.tool.name, tool_request.request);
    let unfinished = Unfinished::request(name.clone());
    let shown = installer.store.reporter.task("resolving", &name);
    let release = installer.finder.find(tool_request)?;
    drop(shown);
    let location = installer.store.location(tool_request.known, &release.version);
    unfinished.is_version(location.name(), &location.root);
    let installed = installer.install_from_any(tool_request, release).map_err(|error| {
        let ToolRequest { known, request, origin } = tool_request;
        error.because(format!("{} {request} is requested by {origin}", known.tool.name))
    })?;
    Ok(installed.toolchain)
}

/// Requests an exact version from the machine, where that installs versions for accounts: no index is
/// needed for it.
fn request_exact(
    installer: &Installer<'_>,
    tool_request: &ToolRequest<'_>,
) -> Result<Option<Toolchain>> {
    let ToolRequest { known, request, origin } = *tool_request;
    // A version that is built for several runtimes isn't one.
    let exact = request.exact(known.tool).filter(|_| known.tool.built_for.is_none());
    let Some(version) = exact else { return Ok(None) };
    let location = installer.store.location(known, version);
    installer.store.request_from_machine(&location).map_err(|error| {
        error.because(format!("{} {request} is requested by {origin}", known.tool.name))
    })
}

/// Refuses what a file of another account requests of the machine's store: entering a folder is no
/// reason to install something for everybody.
fn check_requester(
    session: &Session,
    tool: &Tool,
    request: &Request,
    origin: &Origin,
) -> Result<()> {
    let Origin::File(location) = origin else { return Ok(()) };
    let seen = session.world.metadata(&location.path);
    let owner = seen.ok().flatten().map_or(ROOT, |seen| seen.owner);
    if !session.folders.is_system_wide || [ROOT, session.world.account()].contains(&owner) {
        return Ok(());
    }
    Err(not_installed(tool, request, origin)
        .because("another account's file installs nothing into the machine's store by itself"))
}

/// Whether the machine's policy and the settings allow a shim to install this.
pub fn check_policy(
    session: &Session,
    tool: &Tool,
    request: &Request,
    origin: &Origin,
) -> Result<()> {
    if !session.may_fetch() && !session.may_request() {
        let refusal = session.policy.fetch_refusal(&format!("{} {request}", tool.name));
        return Err(with_origin(refusal, origin));
    }
    let is_allowed = match session.settings.auto_install {
        AutoInstall::Always => true,
        AutoInstall::Locked => request.exact(tool).is_some(),
        AutoInstall::Never => false,
    };
    if is_allowed {
        return Ok(());
    }
    let setting = session.settings.origin("auto_install");
    Err(not_installed(tool, request, origin).because(format!(
        "auto_install = \"{}\" ({setting})",
        session.settings.auto_install.name()
    )))
}

fn not_installed(tool: &Tool, request: &Request, origin: &Origin) -> Error {
    let what = format!("{} {request} is not installed (requested by {origin})", tool.name);
    Error::new(ErrorKind::NotInstalled, what).hint(install_command(tool.name, request.as_str()))
}
