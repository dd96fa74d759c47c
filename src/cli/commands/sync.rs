//! `use sync`: brings the machine's store to what its list wants, and installs what accounts request.
//! It runs from a timer and whenever an account leaves a request, and says nothing if nothing changes.
//!
//! | what | file |
//! |---|---|
//! | the list of wanted versions | `wanted.rs` |
//! | requests of accounts | `serve.rs` |
//! | versions that the list no longer wants | `retire.rs` |
//! | what is printed and logged | [`change`] |
//! | the units of systemd | [`units`] |

pub mod change;
mod retire;
mod serve;
pub mod units;
mod wanted;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::toolchain::Store;

use self::change::{Action, ChangeLog, LogTarget};
pub(in crate::cli) use self::change::{Change, SyncAnswer};
use self::units::Unit;
use self::wanted::Wanted;
use super::get::requested_by;
use crate::cli::output;
use crate::cli::shims::refresh_shims;
use crate::config::folders;
use crate::files::lock::Locks;
use crate::files::write_access::WriteAccess;
use crate::releases::network::Network;
use crate::releases::{Finder, Release, runtime};
use crate::session::Session;
use crate::session::policy::FetchPolicy;
use crate::store::contents::StoreContents;
use crate::store::install::Installer;
use crate::store::location::InstallLocation;
use crate::store::requests::RequestSpool;
use crate::store::runtime::install_runtime;
use crate::text::ShellWord;

/// The arguments of `use sync`.
#[derive(Debug, Args)]
pub struct SyncArguments {
    /// Only list what would change
    #[arg(long)]
    pub dry_run: bool,
    /// Log each change, to syslog or as a line of JSON
    #[arg(long, value_enum, value_name = "TARGET", conflicts_with = "json")]
    pub log: Option<LogTarget>,
    /// Days from when no line wants a version until it may be removed
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    pub retire_days: u16,
    /// Keep retired versions that projects in this folder request; can be repeated
    #[arg(long, value_name = "DIR")]
    pub projects: Vec<PathBuf>,
    /// Print a unit of systemd that runs this command
    #[arg(long, value_enum, value_name = "UNIT", conflicts_with_all = ["dry_run", "log"])]
    pub print_unit: Option<Unit>,
}

/// A run of the command.
struct Sync<'a> {
    session: &'a Session,
    access: &'a WriteAccess,
    finder: &'a Finder<'a>,
    installer: Installer<'a>,
    spool: RequestSpool,
    log: ChangeLog<'a>,
    /// What couldn't be done. The first decides the exit code.
    errors: Vec<Error>,
}

/// Runs the command.
pub fn run(session: &mut Session, arguments: &SyncArguments, as_json: bool) -> Result<i32> {
    if let Some(unit) = arguments.print_unit {
        return output::print_text(unit.text(&session.machine)?).map(|()| 0);
    }
    check_machine(session)?;
    let (changes, mut errors) = sync(session, arguments, as_json)?;
    let is_changed = |change: &Change| !matches!(change.action, Action::Refused | Action::Retired);
    if !arguments.dry_run
        && changes.iter().any(is_changed)
        && let Err(error) = refresh_shims(session, &[])
    {
        errors.push(error);
    }
    let printed =
        if as_json { output::print_answer(&SyncAnswer { changes: &changes }) } else { Ok(()) };
    for error in errors.iter().skip(1) {
        session.reporter.error(error);
    }
    printed?;
    match errors.into_iter().next() {
        // The list of changes is the output; the error is beside it.
        Some(error) if as_json => {
            output::print_error(&error);
            Ok(error.kind().exit_code().into())
        }
        Some(error) => Err(error),
        None => Ok(0),
    }
}

/// Refuses to work for an account.
fn check_machine(session: &Session) -> Result<()> {
    if session.folders.is_system_wide {
        return Ok(());
    }
    let (what, hint) = match session.machine_home() {
        Some(machine) => (
            "`use sync` is for the machine's versions, and these are an account's",
            format!("sudo {} sync", ShellWord(&machine.join("shims/use"))),
        ),
        None => (
            "`use sync` is for the machine's versions, and this machine has no usher of its own",
            "sudo ./install.sh --system".to_owned(),
        ),
    };
    Err(Error::new(ErrorKind::Permission, what).hint(hint))
}

fn sync(
    session: &Session,
    arguments: &SyncArguments,
    as_json: bool,
) -> Result<(Vec<Change>, Vec<Error>)> {
    let access = folders::write_access(&session.folders)?;
    let waiting = |text: &str| session.note(text);
    // A second run waits: what it is started for may have come too late for this one.
    let lock = || {
        let locks = Locks::new(&access, session.folders.locks());
        locks.lock("sync", session.settings.lock_timeout, &waiting)
    };
    let _lock = if arguments.dry_run { None } else { Some(lock()?) };
    let network = match arguments.dry_run {
        true => Network::new(session),
        false => Network::with_cache(session, &access),
    };
    let finder = Finder::new(session, &network);
    let mut log = ChangeLog::new(&*session.reporter);
    log.target = arguments.log;
    log.as_json = as_json;
    log.is_quiet = session.settings.quiet;
    log.is_dry_run = arguments.dry_run;
    let mut sync = Sync {
        session,
        access: &access,
        finder: &finder,
        // No user named a version whose hash isn't published.
        installer: Installer::new(session, &access, &network, &finder).verified_only(),
        spool: RequestSpool::of(&session.folders.data),
        log,
        errors: Vec::new(),
    };
    sync.run(arguments)?;
    Ok((sync.log.into_changes(), sync.errors))
}

impl Sync<'_> {
    /// Does all of it. An error ends the run; what couldn't be done for one version is in `errors`.
    fn run(&mut self, arguments: &SyncArguments) -> Result<()> {
        if self.serves_requests() && !self.log.is_dry_run {
            self.spool.prepare(self.access)?;
        }
        // Accounts wait for this.
        self.serve()?;
        let session = self.session;
        match wanted::load(session) {
            Ok(None) => {}
            Ok(Some(list)) => {
                for wanted in &list {
                    self.install_wanted(wanted)?;
                    self.serve_unless_dry_run()?;
                }
                self.retire_unwanted(&list, arguments.retire_days)?;
            }
            Err(error) => self.errors.push(error),
        }
        self.remove_due(&arguments.projects)
    }

    fn serves_requests(&self) -> bool {
        self.session.policy.fetch == FetchPolicy::Requests
    }

    fn serve_unless_dry_run(&mut self) -> Result<()> {
        if self.log.is_dry_run { Ok(()) } else { self.serve() }
    }

    /// Installs the newest release that a line wants, unless it is installed.
    fn install_wanted(&mut self, wanted: &Wanted<'_>) -> Result<()> {
        let before = self.newest_installed(wanted)?;
        let release = match self.finder.find(&wanted.tool_request()) {
            Ok(release) => release,
            Err(error) => {
                self.errors.push(requested_by(&wanted.tool_request(), error));
                return Ok(());
            }
        };
        if before.as_ref().is_some_and(|before| before.version >= release.version) {
            return Ok(());
        }
        let version = match self.log.is_dry_run {
            true => release.version.clone(),
            false => match self.install(wanted, release) {
                Ok(version) => version,
                Err(error) => {
                    self.errors.push(requested_by(&wanted.tool_request(), error));
                    return Ok(());
                }
            },
        };
        let action = if before.is_some() { Action::Upgraded } else { Action::Installed };
        let from = before.map(|before| before.version.to_string());
        let change = Change::new(action, wanted.known.tool.name, &version).from(from);
        self.log.record(change.wanted_by(&wanted.origin))
    }

    /// Installs a release, and the runtime that it needs.
    fn install(
        &self,
        wanted: &Wanted<'_>,
        release: Release,
    ) -> Result<usher_shims::version::Version> {
        let tool_request = wanted.tool_request();
        let version = release.version.clone();
        let toolchain = self.installer.install_from_any(&tool_request, release)?.toolchain;
        let session = self.session;
        if let Some(missing) =
            runtime::missing_runtime(&session.resolver(), &tool_request, &toolchain)?
        {
            let dependent = (wanted.known.tool, &toolchain);
            install_runtime(&self.installer, &session.registry, dependent, &missing)?;
        }
        Ok(toolchain.version.unwrap_or(version))
    }

    /// The newest installed version that a line wants.
    fn newest_installed(&self, wanted: &Wanted<'_>) -> Result<Option<InstallLocation<'_>>> {
        let (tool, request) = (wanted.known.tool, &wanted.request);
        let matching = self.installed()?.into_iter().filter(|location| {
            location.known.tool.name == tool.name && request.matches(&location.version, tool)
        });
        Ok(matching.max_by(|one, other| one.version.cmp(&other.version)))
    }

    /// The machine's versions.
    fn installed(&self) -> Result<Vec<InstallLocation<'_>>> {
        let Session { registry, folders, .. } = self.session;
        Ok(StoreContents::of(registry, &folders.toolchains(), &Store::Own)?.locations)
    }
}

/// So many days from now.
fn days(count: u16) -> Duration {
    Duration::from_secs(u64::from(count) * 24 * 3_600)
}
