//! What a shim can't do on its own: get a missing version, ask the system's programs anew, run a
//! call that adds programs. Then become the program, as the shim would have.

mod global_packages;

use std::ffi::{CStr, OsStr};

use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::exec::{Given, become_program};
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
use crate::releases::{Finder, Wanted};
use crate::session::Usher;
use crate::shim_folder;
use crate::store::install::fetcher::Fetcher;
use crate::store::install::{Installer, UnverifiedPolicy};
use crate::store::own::OwnStore;
use crate::store::runtime::install_runtime;

/// How often a call is resolved anew: after an install, and after asking the system's programs.
const MOST_ROUNDS: usize = 4;

/// Takes a call over from a shim; returns only with what went wrong.
///
/// The arguments are `use __shim NAME ARGUMENTS…`.
pub fn run(given: Given) -> Error {
    match take_over(given) {
        Ok(error) | Err(error) => error,
    }
}

fn take_over(given: Given) -> Result<Error> {
    let all = given.os_arguments();
    let name = all.get(2).and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let arguments: Vec<&CStr> = given.arguments.iter().skip(3).copied().collect();
    let words: Vec<&OsStr> = all.iter().skip(3).copied().collect();
    let mut usher = Usher::new(given, shim()?, progress::reporter)?;
    keep_index(&usher);
    for _ in 0..MOST_ROUNDS {
        let resolved = usher.resolver().resolve(&name, &words);
        // It may be a program of a tool whose file has a fault.
        if resolved.as_ref().is_err_and(|error| error.kind().is_absence()) {
            usher.tell_faults();
        }
        match resolved? {
            Outcome::Run(plan) => return run_plan(&mut usher, &name, &plan, &arguments, &words),
            Outcome::Missing(missing) => get(&mut usher, &missing)?,
            Outcome::Stale => usher.refresh()?,
        }
    }
    Err(Error::new(ErrorKind::NotRunnable, format!("which {name} is meant can't be settled"))
        .hint("use doctor"))
}

/// The index is written anew where that can be done: the next call then needs no help.
fn keep_index(usher: &Usher) {
    if usher.folders.shims().is_dir()
        && let Ok(access) = folders::write_access(&usher.folders)
    {
        let _ = shim_folder::write_index(usher, &access);
    }
}

fn run_plan(
    usher: &mut Usher,
    name: &str,
    plan: &Plan,
    arguments: &[&CStr],
    words: &[&OsStr],
) -> Result<Error> {
    let own = &arguments[plan.skip.saturating_sub(1).min(arguments.len())..];
    if let Some(rule) = package_call(&usher.home, plan, name, words) {
        return global_packages::run(usher, plan, rule, own);
    }
    Ok(become_program(&plan.program, own, &usher.given.environment, &plan.set))
}

/// Gets what is missing, as far as the settings let a shim.
pub(crate) fn get(usher: &mut Usher, missing: &Missing) -> Result<()> {
    let Some(request) = missing.pin.request() else { return Ok(()) };
    let (tool, origin) = (missing.tool, &missing.pin.origin);
    let known = usher.registry.named(tool.name)?;
    let wanted = Wanted { known, request, origin };
    let found = runtime::without_host(&usher.resolver(), known.tool, request)?;
    if found.is_none() {
        check_policy(usher, (tool, request), origin)?;
    }
    let tools = get_with(usher, &folders::write_access(&usher.folders)?, &wanted, found)?;
    refresh_shims(usher, &tools)?;
    Ok(())
}

/// Gets what is missing unless it was found, and what it runs on; the result is of which tools
/// there is something new.
fn get_with(
    usher: &Usher,
    access: &WriteAccess,
    wanted: &Wanted<'_>,
    found: Option<Toolchain>,
) -> Result<Vec<&'static Tool>> {
    let network = Network::keeping(usher, access);
    let installer = Installer {
        store: OwnStore::new(usher, access),
        fetcher: Fetcher::new(usher, &network, access),
        finder: &Finder::new(usher, &network),
        policy: UnverifiedPolicy::Deny,
    };
    let tool = wanted.known.tool;
    let toolchain = found.map_or_else(|| fetch(&installer, wanted), Ok)?;
    let Some(lacking) = runtime::lacking(&usher.resolver(), wanted, &toolchain)? else {
        return Ok(vec![tool]);
    };
    check_policy(usher, (lacking.tool, &lacking.request), &lacking.origin)?;
    install_runtime(&installer, &usher.registry, (tool, &toolchain), &lacking)?;
    Ok(vec![tool, lacking.tool])
}

fn fetch(installer: &Installer<'_>, wanted: &Wanted<'_>) -> Result<Toolchain> {
    let release = installer.finder.find(wanted)?;
    let installed = installer.install_from_any(wanted, release).map_err(|error| {
        let Wanted { known, request, origin } = wanted;
        error.because(format!("{} {request} was asked for by {origin}", known.tool.name))
    })?;
    Ok(installed.toolchain)
}

/// Whether the settings let a shim fetch this.
fn check_policy(usher: &Usher, (tool, request): (&Tool, &Request), origin: &Origin) -> Result<()> {
    let may = match usher.settings.auto_install {
        AutoInstall::Always => true,
        AutoInstall::Locked => request.exact(tool).is_some(),
        AutoInstall::Never => false,
    };
    if may {
        return Ok(());
    }
    let setting = usher.settings.origin("auto_install");
    Err(Error::new(
        ErrorKind::NotInstalled,
        format!("{} {request} was asked for by {origin}, but isn't on disk", tool.name),
    )
    .because(format!("auto_install = \"{}\" ({setting})", usher.settings.auto_install.word()))
    .hint(format!("use install {}@{request}", tool.name)))
}
