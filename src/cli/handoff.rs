//! What a shim can't do on its own: get a missing version, ask the system's programs anew, run a
//! call that adds programs. Then become the program, as the shim would have.

mod global_packages;

use std::ffi::{CStr, OsStr};

use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::exec::{ProcessArgs, become_program};
use usher_shims::package_calls::package_call;
use usher_shims::pin::Origin;
use usher_shims::process::shim;
use usher_shims::request::Request;
use usher_shims::resolve::{Missing, Outcome, Plan};
use usher_shims::tool::Tool;
use usher_shims::toolchain::Toolchain;

use crate::cli::progress;
use crate::cli::shims::refresh_shims;
use crate::config::folders;
use crate::config::settings::AutoInstall;
use crate::files::write_access::WriteAccess;
use crate::releases::network::Network;
use crate::releases::runtime;
use crate::releases::{Finder, ToolRequest};
use crate::session::Session;
use crate::shim_folder;
use crate::store::install::Installer;
use crate::store::runtime::install_runtime;

/// How often a call is resolved anew: after an install, and after asking the system's programs.
const MAX_RESOLVE_ROUNDS: usize = 4;

/// Takes a call over from a shim; returns only with what went wrong.
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
    let mut session = Session::new(given, shim()?, progress::reporter)?;
    write_index_if_possible(&session);
    for _ in 0..MAX_RESOLVE_ROUNDS {
        let resolved = session.resolver().resolve(&name, &words);
        // It may be a program of a tool whose file has a fault.
        if resolved.as_ref().is_err_and(|error| error.kind().is_absence()) {
            session.report_registry_errors();
        }
        match resolved? {
            Outcome::Run(plan) => return run_plan(&mut session, &name, &plan, &arguments, &words),
            Outcome::Missing(missing) => get(&mut session, &missing)?,
            Outcome::Stale => session.refresh()?,
        }
    }
    Err(Error::new(ErrorKind::NotRunnable, format!("which {name} is meant can't be settled"))
        .hint("use doctor"))
}

/// The index is written anew where that can be done: the next call then needs no help.
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
        return global_packages::run(session, plan, rule, own);
    }
    Ok(become_program(&plan.program, own, &session.given.environment, &plan.set))
}

/// Gets what is missing, as far as the settings let a shim.
pub(crate) fn get(session: &mut Session, missing: &Missing) -> Result<()> {
    let Some(request) = missing.pin.request() else { return Ok(()) };
    let (tool, origin) = (missing.tool, &missing.pin.origin);
    let known = session.registry.named(tool.name)?;
    let wanted = ToolRequest { known, request, origin };
    let found = runtime::without_host(&session.resolver(), known.tool, request)?;
    if found.is_none() {
        check_policy(session, (tool, request), origin)?;
    }
    let tools =
        install_missing(session, &folders::write_access(&session.folders)?, &wanted, found)?;
    refresh_shims(session, &tools)?;
    Ok(())
}

/// Gets what is missing unless it was found, and what it runs on; the result is of which tools
/// there is something new.
fn install_missing(
    session: &Session,
    access: &WriteAccess,
    wanted: &ToolRequest<'_>,
    found: Option<Toolchain>,
) -> Result<Vec<&'static Tool>> {
    let network = Network::keeping(session, access);
    let finder = Finder::new(session, &network);
    let installer = Installer::new(session, access, &network, &finder).verified_only();
    let tool = wanted.known.tool;
    let toolchain = found.map_or_else(|| fetch(&installer, wanted), Ok)?;
    let Some(lacking) = runtime::lacking(&session.resolver(), wanted, &toolchain)? else {
        return Ok(vec![tool]);
    };
    check_policy(session, (lacking.tool, &lacking.request), &lacking.origin)?;
    install_runtime(&installer, &session.registry, (tool, &toolchain), &lacking)?;
    Ok(vec![tool, lacking.tool])
}

fn fetch(installer: &Installer<'_>, wanted: &ToolRequest<'_>) -> Result<Toolchain> {
    let release = installer.finder.find(wanted)?;
    let installed = installer.install_from_any(wanted, release).map_err(|error| {
        let ToolRequest { known, request, origin } = wanted;
        error.because(format!("{} {request} was asked for by {origin}", known.tool.name))
    })?;
    Ok(installed.toolchain)
}

/// Whether the settings let a shim fetch this.
fn check_policy(
    session: &Session,
    (tool, request): (&Tool, &Request),
    origin: &Origin,
) -> Result<()> {
    let may = match session.settings.auto_install {
        AutoInstall::Always => true,
        AutoInstall::Locked => request.exact(tool).is_some(),
        AutoInstall::Never => false,
    };
    if may {
        return Ok(());
    }
    let setting = session.settings.origin("auto_install");
    Err(Error::new(
        ErrorKind::NotInstalled,
        format!("{} {request} was asked for by {origin}, but isn't on disk", tool.name),
    )
    .because(format!("auto_install = \"{}\" ({setting})", session.settings.auto_install.word()))
    .hint(format!("use install {}@{request}", tool.name)))
}
