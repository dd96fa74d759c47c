//! The one exception to "no second process": calls that install or remove global packages. They run as
//! a child process; afterwards the shims are made to match.

mod call;
mod links;
mod self_upgrade;

use std::ffi::{CStr, OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::Signals;
use usher_definition::PathPosition;
use usher_shims::error::{Error, Result, Shown};
use usher_shims::exec::become_program;
use usher_shims::resolve::{Outcome, Plan, RunningVersion, Selection, version_folder};
use usher_shims::tool::Tool;
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::world::World as _;

pub(super) use self::call::PackageManagerCall;
use self::links::FolderSnapshot;
use self::self_upgrade::Effect;
use crate::cli::output;
use crate::cli::shims::rescan_and_refresh;
use crate::config::folders;
use crate::files::durable::make_folders;
use crate::files::interrupt::is_ignored;
use crate::files::write_access::WriteAccess;
use crate::inventory::{ADDED, SetFolder, set_folder};
use crate::session::Session;
use crate::session::active::active_selection;
use crate::session::reporter::Notice;
use crate::shim_folder::is_foreign;
use crate::text::short_list;

/// Signals that are forwarded to the child.
///
/// The terminal sends its own (SIGINT, SIGQUIT, SIGWINCH, SIGHUP) to the whole group, child
/// included. Forwarding them too does no harm: programs treat the second like the first.
const FORWARDED: [i32; 7] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH];

/// Runs a call as a child, makes the shims match, and ends as the child ended. `arguments` is what
/// the program gets.
pub(super) fn run(
    session: &mut Session,
    call: &PackageManagerCall<'_>,
    arguments: &[&CStr],
) -> Result<Error> {
    let plan = call.plan;
    match self_upgrade::effect(session, call) {
        None => {}
        Some(Effect::Refused(error)) => return Err(error),
        Some(Effect::None) => {
            return Ok(become_program(
                plan.program.as_path().into(),
                arguments,
                &session.given.environment,
                &plan.set,
            ));
        }
    }
    let mut command = Command::new(&plan.program);
    command
        .arg0(&plan.program)
        .args(arguments.iter().map(|argument| OsStr::from_bytes(argument.to_bytes())));
    for (name, value) in &plan.set {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    create_files(session, call)?;
    command.envs(toolchain_variables(session, call));
    let setting = folder_setting(session, call);
    let others = setting.as_ref().filter(|(setting, _)| is_of_another(session, call, setting));
    command
        .envs(others.and_then(|(_, variable)| Some((*variable, &plan.toolchain.as_ref()?.root))));
    let mut watched = watched_folders(session, call);
    if others.is_none() {
        watched.extend(setting.map(|(setting, _)| setting.folder.join("bin")));
    }
    let before = Snapshots::of(session, call, watched);
    // Before there is a child: a signal that arrives in between is forwarded once there is one.
    let signals = Signals::new(FORWARDED.into_iter().filter(|signal| !is_ignored(*signal)));
    let mut child = command.spawn().map_err(|error| Error::io("run", &plan.program, error))?;
    let status = wait(&mut child, signals.ok())
        .map_err(|error| Error::io("wait for", &plan.program, error))?;
    let refreshed = before.link_new(session).and_then(|()| refresh_and_note(session));
    if let Err(error) = refreshed {
        let what = format!("can't make the shims match what {} changed", Shown(&plan.program));
        output::print_notice(&Notice::note(what));
        output::print_notice(&Notice::note(error.to_string()));
    }
    for note in self_upgrade::pinned_notes(session, call, status.success()) {
        output::print_notice(&Notice::note(note));
    }
    end_like(status)
}

/// What was in the folders that a call may put programs into, each with the tool whose they are: the
/// account's own folders, for all versions of a tool, and other managers' versions.
struct Snapshots(Vec<(&'static Tool, FolderSnapshot)>);

impl Snapshots {
    fn of(session: &Session, call: &PackageManagerCall<'_>, folders: Vec<PathBuf>) -> Self {
        let for_all = session.index.user_wide_programs(call.tool);
        let for_all = (call.tool, FolderSnapshot::of(session, folders, for_all));
        let versions = active_versions(session, call.plan).into_iter();
        let adopted = versions.filter_map(|(tool, toolchain)| {
            let is_others = matches!(toolchain.store, Store::Adopted(_) | Store::Linked(_));
            let packages = session.index.global_packages_folder(tool, &toolchain);
            let links = packages.filter(|_| is_others)?.join(ADDED);
            Some((tool, FolderSnapshot::of(session, vec![toolchain.programs()], links)))
        });
        Self([for_all].into_iter().chain(adopted).collect())
    }

    fn link_new(&self, session: &Session) -> Result<()> {
        self.0.iter().try_for_each(|(tool, snapshot)| snapshot.link_new(session, tool))
    }
}

/// The versions that a call's packages may go into: its own, and the active one of its runtime.
fn active_versions(session: &Session, plan: &Plan) -> Vec<(&'static Tool, Toolchain)> {
    let own = plan.toolchain.clone().map(|toolchain| (plan.tool, toolchain));
    let runtime = plan.tool.runtime.and_then(|runtime| session.registry.named(runtime).ok());
    let runtime = runtime.and_then(|known| match active_selection(session, known) {
        Ok(Selection::Toolchain(toolchain, _)) => Some((known.tool, toolchain)),
        Ok(_) | Err(_) => None,
    });
    own.into_iter().chain(runtime).collect()
}

/// Makes the account's folders that a call's variables need, so that none names a folder that isn't
/// complete. Returns whether any was missing.
pub(super) fn make_needed_folders(session: &Session, plan: &Plan) -> Result<bool> {
    let resolver = session.resolver();
    let environment = resolver.environment();
    let versions = active_versions(session, plan).into_iter();
    let needed = versions.flat_map(|(tool, version)| environment.needed_folders(tool, &version));
    let is_missing =
        |folder: &PathBuf| !session.world.metadata(folder).is_ok_and(|one| one.is_some());
    let missing: Vec<PathBuf> = needed.filter(is_missing).collect();
    for folder in &missing {
        let access = folders::write_access(&session.folders)?;
        new_folder(&access, folder)?;
    }
    Ok(!missing.is_empty())
}

fn new_folder(_: &WriteAccess, folder: &Path) -> Result<()> {
    make_folders(folder)
}

/// Creates the files that the rule names, unless they exist.
fn create_files(session: &Session, call: &PackageManagerCall<'_>) -> Result<()> {
    let Some(toolchain) = call.own_toolchain() else { return Ok(()) };
    for file in call.rule.create.iter().map(|file| toolchain.root.join(file)) {
        if let Ok(None) = session.world.metadata(&file) {
            let access = folders::write_access(&session.folders)?;
            new_file(&access, &file)?;
        }
    }
    Ok(())
}

/// Creates a file with an empty JSON object.
fn new_file(_: &WriteAccess, path: &Path) -> Result<()> {
    make_folders(path.parent().unwrap_or(path))?;
    match File::create_new(path).and_then(|mut file| file.write_all(b"{}\n")) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(Error::io("make", path, error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The folders of the account's own into which a call puts programs. One in another version is that
/// version's.
fn watched_folders(session: &Session, call: &PackageManagerCall<'_>) -> Vec<PathBuf> {
    let folders = call.rule.folders.iter();
    let expanded = folders.filter_map(|folder| session.expand_folder(folder).ok()).flatten();
    let is_in_a_version = |folder: &PathBuf| {
        version_folder(&session.world, &session.index, call.tool, folder).is_some()
    };
    expanded.filter(|folder| !is_in_a_version(folder)).collect()
}

/// The folder that a setting of the package manager names, and the variable that is stronger.
fn folder_setting<'c>(
    session: &Session,
    call: &'c PackageManagerCall<'_>,
) -> Option<(SetFolder, &'c str)> {
    let setting = call.rule.folder_setting.as_ref()?;
    let folder = set_folder(&session.world, &session.folders, setting)?;
    Some((folder, setting.variables.first()?.as_str()))
}

/// Whether a setting names another version than the one that runs.
fn is_of_another(session: &Session, call: &PackageManagerCall<'_>, setting: &SetFolder) -> bool {
    let PackageManagerCall { plan, tool, .. } = call;
    let own = plan.toolchain.as_ref().filter(|_| plan.tool.name == tool.name);
    let Some(toolchain) = own else { return false };
    let running = RunningVersion::of_toolchain(&session.index, tool, toolchain);
    running.excludes(&session.world, &session.index, tool, &setting.folder)
}

/// The variables that make a package manager install into the toolchain, if it would install elsewhere
/// without them; only for toolchains in usher's own store.
fn toolchain_variables(
    session: &Session,
    call: &PackageManagerCall<'_>,
) -> Vec<(String, OsString)> {
    let PackageManagerCall { plan, rule, .. } = call;
    let Some(toolchain) = call.own_toolchain() else {
        return system_path(session, call).into_iter().collect();
    };
    let programs = session
        .index
        .package_programs(plan.tool, toolchain)
        .unwrap_or_else(|| toolchain.programs());
    let prefix = programs.parent().unwrap_or(&programs);
    let fill = |value: &String| {
        [("{root}", &*toolchain.root), ("{programs}", &programs), ("{prefix}", prefix)]
            .iter()
            .fold(value.clone(), |value, (name, path)| value.replace(name, &path.to_string_lossy()))
    };
    let running = RunningVersion::of_toolchain(&session.index, plan.tool, toolchain);
    let is_free = |name: &str| {
        session.world.variable(name).is_none_or(|value| {
            running.excludes(&session.world, &session.index, plan.tool, Path::new(&value))
        })
    };
    let set = rule.set.iter().filter(|(name, _)| is_free(name));
    let set = set.map(|(name, value)| (name.clone(), fill(value).into()));
    let path =
        rule.path_position.and_then(|position| path_with(session, plan, position, &programs));
    set.chain(path.map(|path| ("PATH".to_owned(), path))).collect()
}

/// For a program of the system's that puts others beside the first of its name on PATH, which would
/// be the shim: PATH with its own folder first.
fn system_path(session: &Session, call: &PackageManagerCall<'_>) -> Option<(String, OsString)> {
    let position = call.rule.path_position.filter(|position| *position == PathPosition::First)?;
    let folder = call.plan.program.parent().filter(|_| call.call.system)?;
    Some(("PATH".to_owned(), path_with(session, call.plan, position, folder)?))
}

/// PATH with a folder in it; `None` if PATH can't contain it.
fn path_with(
    session: &Session,
    plan: &Plan,
    position: PathPosition,
    folder: &Path,
) -> Option<OsString> {
    let set = plan.set.iter().find(|(name, _)| *name == "PATH");
    let path = set.and_then(|(_, path)| path.clone()).or_else(|| session.world.variable("PATH"))?;
    let folders = std::env::split_paths(&path).filter(|known| known != folder);
    match position {
        PathPosition::First => {
            std::env::join_paths([folder.to_owned()].into_iter().chain(folders)).ok()
        }
        PathPosition::Last => std::env::join_paths(folders.chain([folder.to_owned()])).ok(),
    }
}

/// Waits for the child, and forwards signals to it.
///
/// The forwarding thread runs until the process ends: stopping it would write into a pipe whose other
/// end may be closed already, and that ends a process that doesn't ignore SIGPIPE.
fn wait(child: &mut Child, signals: Option<Signals>) -> io::Result<ExitStatus> {
    let Some(mut signals) = signals else { return child.wait() };
    let living = Arc::new(Mutex::new(Some(Pid::from_child(child))));
    let watched = Arc::clone(&living);
    // Without this thread the child still gets what a terminal sends to both.
    let _ = thread::Builder::new().spawn(move || {
        for number in signals.forever() {
            let process = *watched.lock().unwrap_or_else(PoisonError::into_inner);
            match process.zip(Signal::from_named_raw(number)) {
                Some((process, signal)) => drop(kill_process(process, signal)),
                None => drop(signal_hook::low_level::emulate_default_handler(number)),
            }
        }
    });
    let status = child.wait();
    living.lock().unwrap_or_else(PoisonError::into_inner).take();
    status
}

/// Makes the shims match, and names the programs that are new and can't be called by their names.
fn refresh_and_note(session: &mut Session) -> Result<()> {
    let before = std::mem::take(&mut session.index.global_packages);
    rescan_and_refresh(session, &[])?;
    let new = session.index.global_packages.iter().filter(|package| !before.contains(package));
    let names = new.map(|package| package.program.as_str());
    let names: Vec<&str> = names.filter(|name| !is_callable(session, name)).collect();
    if !names.is_empty() {
        session.note(&format!(
            "{} can be called from {}, which isn't on PATH: use setup",
            short_list(&names),
            Shown(&session.folders.shims())
        ));
    }
    Ok(())
}

/// Whether a name on PATH is a shim, or the program that its shim would run.
fn is_callable(session: &Session, name: &str) -> bool {
    let world = &session.world;
    let path = world.variable("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&path).map(|folder| folder.join(name));
    let Some(first) = found.find(|path| world.is_program(path)) else { return false };
    let is_program = || match session.resolver().resolve(name, &[]) {
        Ok(Outcome::Run(plan)) => world.is_same(&plan.program, &first),
        Ok(Outcome::Missing(_) | Outcome::Stale) | Err(_) => false,
    };
    !is_foreign(&session.folders, &first) || is_program()
}

/// Ends this process as the child ended: by the same signal, or with the same exit code.
#[expect(clippy::disallowed_methods, reason = "the child's end is this process's end")]
fn end_like(status: ExitStatus) -> Result<Error> {
    if let Some(signal) = status.signal() {
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
    std::process::exit(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)))
}
