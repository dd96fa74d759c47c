//! `use self uninstall`: removes usher with all that it installed, and its lines in the shells' files. It
//! first shows what goes, and asks.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::folders::Folders;
use usher_shims::ownership::ROOT;
use usher_shims::world::World as _;

use super::setup::shell_folders;
use crate::cli::output::{self, Line, Meaning, ReportPath, Table, Text};
use crate::cli::shell_setup::{self, FileChange, Shell};
use crate::cli::system_setup::{self, Disk, ETC, SystemPlan, find_visudo};
use crate::config::folders;
use crate::files::account::with_owners_rights;
use crate::files::lock::Locks;
use crate::files::remove::{remove_empty, remove_tree};
use crate::files::staging::Staging;
use crate::files::write_access::WriteAccess;
use crate::inventory::names_in_folder;
use crate::own_release::package::Package;
use crate::releases::cache_folder::{clean, remove_empty_folders};
use crate::session::Session;
use crate::session::short_paths::ShortPaths;
use crate::store::prune::running::Processes;
use crate::store::usage::used_bytes;
use crate::text::human_size;

/// The arguments of `use self uninstall`.
#[derive(Debug, Default, Args)]
pub struct SelfUninstallArguments {
    /// Don't ask
    #[arg(short, long)]
    pub yes: bool,
    /// Keep installed versions, their global packages and links
    #[arg(long)]
    pub keep_toolchains: bool,
}

/// What usher has in its data folder, but for the shims, which go last: until then the command can be
/// typed again.
const DATA: [&str; 5] = ["shim", "completions", "requests", "listed-versions", "packaged-by"];

/// What it has there that was installed.
const INSTALLED: [&str; 3] = ["toolchains", "additions", "links"];

/// What it has in the configuration folder. The machine's other files there are its administrator's.
const CONFIGURATION: [&str; 7] =
    ["config.toml", "tool-versions", "registry", "shims", "accounts", "groups", "retired"];

/// What was removed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct SelfUninstallReport {
    /// The files and folders, and the shells' files that were changed.
    removed: Vec<ReportPath>,
    /// What is left in usher's folders.
    kept: Vec<ReportPath>,
}

/// What goes.
#[derive(Debug)]
struct RemovalPlan {
    /// The changes of the shells' files.
    shell_files: Vec<FileChange>,
    /// The changes in `/etc`.
    machine_files: SystemPlan,
    /// What is installed, unless it is kept.
    installed: Vec<PathBuf>,
    /// The rest in the data and the configuration folder.
    others: Vec<PathBuf>,
    /// The package that usher came in, which its own manager removes.
    package: Option<Package>,
}

/// Runs the command.
pub fn run(session: &Session, arguments: &SelfUninstallArguments, as_json: bool) -> Result<()> {
    let plan = decide(session, arguments.keep_toolchains)?;
    let access = folders::write_access(&session.folders)?;
    if !arguments.yes {
        if !output::can_ask() {
            let what = "`use self uninstall` removes usher with all that it installed";
            return Err(Error::new(ErrorKind::Usage, what)
                .because("no terminal to ask on, so nothing was removed")
                .hint("use self uninstall --yes"));
        }
        output::print_text(plan.text(session)?)?;
        if !output::confirm("remove all this?", "nothing was removed") {
            return Ok(());
        }
    }
    let report = apply(session, &access, &plan)?;
    match as_json {
        true => output::print_answer(&report)?,
        false => output::print_text(report.text(session))?,
    }
    if let Some(package) = &plan.package {
        session.note(&format!(
            "{} is still installed; to remove it: {}",
            package.name, package.remove
        ));
    }
    Ok(())
}

fn decide(session: &Session, keeps_installed: bool) -> Result<RemovalPlan> {
    let folders = &session.folders;
    let is_there = |path: &PathBuf| fs::symlink_metadata(path).is_ok();
    let in_folder = |folder: &Path, names: &[&str]| -> Vec<PathBuf> {
        names.iter().map(|name| folder.join(name)).filter(is_there).collect()
    };
    let mut others = in_folder(&folders.data, &DATA);
    others.extend(in_folder(&folders.config, &CONFIGURATION));
    let (shell_files, machine_files) = match folders.is_system_wide {
        true => (Vec::new(), machine_files(session)?),
        false => (shell_files(session)?, SystemPlan::default()),
    };
    Ok(RemovalPlan {
        shell_files,
        machine_files,
        installed: match keeps_installed {
            true => Vec::new(),
            false => in_folder(&folders.data, &INSTALLED),
        },
        others,
        package: Package::of_home(&session.world, folders, &session.program)?,
    })
}

/// The files of all shells without usher's lines.
fn shell_files(session: &Session) -> Result<Vec<FileChange>> {
    let shims = session.folders.shims();
    let Ok(folders) = shell_folders(session) else { return Ok(Vec::new()) };
    let mut found: Vec<FileChange> = Vec::new();
    for shell in Shell::ALL {
        let changes = shell_setup::plan_removal(shell, &folders, &shims, &shell_setup::read)?;
        found.extend(changes.into_iter().filter(|change| {
            // zsh's function is in the data folder.
            !change.path.starts_with(&session.folders.data)
        }));
    }
    // Several shells read one file.
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found.dedup_by(|one, other| one.path == other.path);
    Ok(found)
}

fn machine_files(session: &Session) -> Result<SystemPlan> {
    if session.world.account() != ROOT {
        let what = "usher for all accounts is removed by root";
        return Err(Error::new(ErrorKind::Permission, what).hint("sudo use self uninstall"));
    }
    system_setup::plan_removal(Path::new(ETC), &Disk)
}

/// Removes the lines first, and `use` itself last.
fn apply(
    session: &Session,
    access: &WriteAccess,
    plan: &RemovalPlan,
) -> Result<SelfUninstallReport> {
    let folders = &session.folders;
    let mut removed: Vec<PathBuf> = Vec::new();
    system_setup::apply(&plan.machine_files.changes, Path::new(ETC), find_visudo().as_deref())?;
    removed.extend(plan.machine_files.changes.iter().map(|change| change.file.path.clone()));
    if let Ok(shell) = shell_folders(session) {
        with_owners_rights(&shell.home, || shell_setup::apply(&plan.shell_files, &shell.home))?;
        removed.extend(plan.shell_files.iter().map(|change| change.path.clone()));
    }
    let locks = Locks::new(access, folders.locks());
    for path in plan.installed.iter().chain(&plan.others).chain([&folders.shims()]) {
        remove(&locks, folders, path)?;
        removed.push(path.clone());
    }
    if let Some(error) = clean(&folders.cache, Some(access)).error {
        return Err(error);
    }
    for path in [folders.staging(), folders.locks()] {
        remove_tree(&path)?;
    }
    remove_empty_folders(&folders.cache);
    let mut kept = Vec::new();
    for folder in [&folders.cache, &folders.config, &folders.data] {
        // What has something in it stays.
        let _ = remove_empty(folder);
        let names = names_in_folder(folder)?;
        kept.extend(names.into_iter().map(|name| ReportPath::new(folder.join(name))));
    }
    Ok(SelfUninstallReport { removed: removed.iter().map(ReportPath::new).collect(), kept })
}

/// Moves something out of its place in one step, and then deletes it: what is killed in between leaves
/// nothing half removed.
fn remove(locks: &Locks<'_>, folders: &Folders, path: &Path) -> Result<()> {
    let staging = Staging::new(&folders.staging(), locks, "self-uninstall")?;
    let removed = staging.path().join("removed");
    match fs::rename(path, &removed) {
        Ok(()) => remove_tree(&removed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // The configuration may be on another disk; it isn't a version.
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => remove_tree(path),
        Err(error) => Err(Error::io("move", path, error)),
    }
}

impl RemovalPlan {
    /// What goes, and what still runs from it.
    fn text(&self, session: &Session) -> Result<Text> {
        let paths = ShortPaths::of(session);
        let mut text = Text::from(Line::of(Meaning::Heading, "this removes:"));
        let mut rows: Vec<Vec<String>> = Vec::new();
        let shims = session.folders.shims();
        for path in self.installed.iter().chain(&self.others).chain([&shims]) {
            let size = match self.installed.contains(path) {
                true => human_size(used_bytes(path)?),
                false => String::new(),
            };
            rows.push(vec![format!("  {}", paths.path(path)), size]);
        }
        let files = self.shell_files.iter().map(|change| &change.path);
        let files = files.chain(self.machine_files.changes.iter().map(|change| &change.file.path));
        rows.extend(
            files.map(|file| vec![format!("  {}", paths.path(file)), "usher's lines".into()]),
        );
        text.table(Table::of_rows(rows));
        let processes = Processes::list();
        let running: Vec<u32> =
            self.installed.iter().flat_map(|path| processes.running_from(path)).collect();
        if !running.is_empty() {
            let numbers: Vec<String> = running.iter().map(u32::to_string).collect();
            let line = format!("still running from there: process {}", numbers.join(", "));
            text.line(Line::of(Meaning::Warning, line));
        }
        Ok(text)
    }
}

impl SelfUninstallReport {
    fn text(&self, session: &Session) -> Text {
        let mut text = Text::from(Line::from("usher is removed"));
        if !self.kept.is_empty() {
            let paths = ShortPaths::of(session);
            let kept: Vec<String> =
                self.kept.iter().map(|path| paths.path(path.as_path())).collect();
            text.line(Line::of(Meaning::Muted, format!("kept: {}", kept.join(", "))));
        }
        text
    }
}
