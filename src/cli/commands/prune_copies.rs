//! `use prune --copies`: removes an account's versions that the machine has as well, once the user
//! confirms. The same pins then run the machine's.
//!
//! A copy with something of the account's own in it stays: global packages, changed or added files.

use std::path::PathBuf;

use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::store::is_complete;
use usher_shims::toolchain::Store;

use super::dependents::{Dependents, venv_text};
use super::prune::{
    PruneArguments, TABLE_HEADINGS, check_arguments, is_confirmed, removable_text, table_row,
};
use super::verify::matches_argument;
use super::{ToolArgument, ended, tool_arguments};
use crate::cli::output::json::Versions;
use crate::cli::output::{self, Line, ReportPath, Table};
use crate::cli::shims::refresh_shims;
use crate::config::folders;
use crate::files::interrupt::Unfinished;
use crate::files::walk::disk_usage;
use crate::session::Session;
use crate::store::contents::StoreContents;
use crate::store::location::InstallLocation;
use crate::store::own::OwnStore;
use crate::store::prune::running::Processes;
use crate::store::uninstall::uninstall;
use crate::store::verify::{Verified, verify};
use crate::text::human_size;

/// A version of the account that the machine has as well.
struct VersionCopy<'a> {
    location: InstallLocation<'a>,
    /// The machine's.
    original: PathBuf,
    bytes: u64,
    /// Why it stays; `None` if it can be removed.
    kept: Option<(CopyRule, String)>,
    removed: bool,
}

/// Why a copy is kept.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum CopyRule {
    /// Processes run from it.
    InUse,
    /// A virtual environment needs it.
    NeededByEnvironments,
    /// Virtual environments in other folders may need it.
    UnknownEnvironments,
    /// It can't be compared with its receipt.
    NoReceipt,
    /// It has global packages.
    GlobalPackages,
    /// It has changed or added files.
    Changed,
}

/// A copy, as programs read it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CopyReport {
    /// The tool.
    tool: &'static str,
    /// The version.
    version: String,
    /// Its folder.
    path: ReportPath,
    /// The folder of the machine's.
    machine_path: ReportPath,
    /// Its size.
    bytes: u64,
    /// Whether it is to be removed.
    would_remove: bool,
    /// Whether it was removed.
    removed: bool,
    /// Why it is kept.
    rule: Option<CopyRule>,
    /// The same in words.
    reason: Option<String>,
}

/// Runs the command.
pub fn run(session: &mut Session, arguments: &PruneArguments, as_json: bool) -> Result<()> {
    check_arguments(arguments)?;
    let (copies, error) = prune(session, arguments, as_json)?;
    let reports: Vec<CopyReport> = copies.iter().map(VersionCopy::report).collect();
    let lines: Vec<String> =
        copies.iter().filter(|copy| copy.removed).map(VersionCopy::removed_text).collect();
    drop(copies);
    if !lines.is_empty() {
        refresh_shims(session, &[])?;
    }
    let printed = match as_json {
        true if error.is_some() => Ok(()),
        true => output::print_answer(&Versions { versions: &reports }),
        false => lines.iter().try_for_each(output::print_line),
    };
    ended(session, error, printed)
}

fn prune<'a>(
    session: &'a Session,
    arguments: &PruneArguments,
    as_json: bool,
) -> Result<(Vec<VersionCopy<'a>>, Option<Error>)> {
    let mut copies = find_copies(session, arguments)?;
    let removals = || copies.iter().filter(|copy| copy.kept.is_none());
    let (count, bytes) = (removals().count(), removals().map(|copy| copy.bytes).sum());
    if !as_json {
        let mut table = Table::with_headings(TABLE_HEADINGS);
        for copy in &copies {
            table.row(copy.row());
        }
        output::print_text(table)?;
        output::print_line(removable_text(count, bytes))?;
    }
    if !is_confirmed(count, bytes, arguments)? {
        return Ok((copies, None));
    }
    let removals = removals().map(|copy| &copy.location);
    let _unfinished: Vec<_> =
        removals.map(|one| Unfinished::removal(one.name(), &one.root)).collect();
    for copy in copies.iter_mut().filter(|copy| copy.kept.is_none()) {
        // Something may have changed while the question was open.
        copy.kept = reason_to_keep(&copy.location, &Processes::list())?;
        if copy.kept.is_some() {
            continue;
        }
        match remove(session, &copy.location) {
            Ok(()) => copy.removed = true,
            Err(error) => return Ok((copies, Some(error))),
        }
    }
    Ok((copies, None))
}

/// The account's versions that the machine has as well, each with the reason to keep it.
fn find_copies<'a>(
    session: &'a Session,
    arguments: &PruneArguments,
) -> Result<Vec<VersionCopy<'a>>> {
    let Some(machine) = session.machine_home() else {
        let what = match session.folders.is_system_wide {
            true => "these are the machine's own versions, and no copies",
            false => "this machine has no usher of its own",
        };
        return Err(Error::new(ErrorKind::Usage, what).hint("use prune --unused 90"));
    };
    let words = tool_arguments(session, &arguments.tools)?;
    let store = session.folders.toolchains();
    let own = StoreContents::of(&session.registry, &store, &Store::Own)?;
    let processes = Processes::list();
    let dependents = Dependents::of_projects(session, &arguments.projects)?;
    let mut copies = Vec::new();
    for location in own.locations {
        let original = InstallLocation {
            root: machine
                .join("toolchains")
                .join(location.known.tool.name)
                .join(location.version.as_str()),
            store: Store::Shared,
            ..location.clone()
        };
        let matching = words.iter().filter(|word| matches_argument(&location, word));
        let is_named = matching.clone().any(|word| word.request.is_some());
        if (!words.is_empty() && matching.count() == 0)
            || !is_complete(&session.world, location.known.tool, &original.toolchain())?
        {
            continue;
        }
        let venvs = dependents.venvs(session, &location.root);
        let kept = match (venvs.first(), location.known.definition.venvs.is_some()) {
            _ if is_named => None,
            (Some(venv), _) => Some((CopyRule::NeededByEnvironments, venv_text(venv))),
            (None, true) => {
                let reason = "virtual environments may depend on it: name it to remove it";
                Some((CopyRule::UnknownEnvironments, reason.to_owned()))
            }
            (None, false) => None,
        };
        let kept = match kept {
            None => reason_to_keep(&location, &processes)?,
            kept => kept,
        };
        let (bytes, original) = (disk_usage(&location.root), original.root);
        copies.push(VersionCopy { location, original, bytes, kept, removed: false });
    }
    refuse_unmatched(&words, &copies)?;
    Ok(copies)
}

/// Refuses arguments that name no copy.
fn refuse_unmatched(words: &[ToolArgument<'_>], copies: &[VersionCopy<'_>]) -> Result<()> {
    let is_met =
        |word: &&ToolArgument<'_>| copies.iter().any(|copy| matches_argument(&copy.location, word));
    let Some(word) = words.iter().find(|word| !is_met(word)) else { return Ok(()) };
    let request = word.request.as_ref().map(|request| format!(" {request}")).unwrap_or_default();
    let what = format!("no copy of the machine's {}{request} is installed", word.known.tool.name);
    Err(Error::new(ErrorKind::NotInstalled, what)
        .hint(format!("use list {}", word.known.tool.name)))
}

/// Why a copy stays: processes run from it, or something in it is the account's own.
fn reason_to_keep(
    location: &InstallLocation<'_>,
    processes: &Processes,
) -> Result<Option<(CopyRule, String)>> {
    if let Some(process) = processes.running_from(&location.root).first() {
        return Ok(Some((CopyRule::InUse, format!("in use by process {process}"))));
    }
    let Verified { receipt_problem, findings } = verify(location)?;
    if receipt_problem.is_some() {
        let reason = "it can't be compared with its receipt: use verify";
        return Ok(Some((CopyRule::NoReceipt, reason.to_owned())));
    }
    if let Some(package) = findings.packages.first() {
        let reason = format!("it has global packages ({})", Shown(package.as_ref()));
        return Ok(Some((CopyRule::GlobalPackages, reason)));
    }
    let changed = findings.differences.first();
    Ok(changed.map(|one| {
        let reason = format!("{}: {}", one.change.label(), Shown(one.path.as_ref()));
        (CopyRule::Changed, reason)
    }))
}

fn remove(session: &Session, location: &InstallLocation<'_>) -> Result<()> {
    let access = folders::write_access(&session.folders)?;
    uninstall(&OwnStore::new(session, &access), location)
}

impl VersionCopy<'_> {
    fn row(&self) -> [Line; 5] {
        let reason = match &self.kept {
            None => format!("the machine has it: {}", Shown(&self.original)),
            Some((_, reason)) => reason.clone(),
        };
        table_row(&self.location, self.bytes, self.kept.is_none(), &reason)
    }

    fn removed_text(&self) -> String {
        format!("removed {} ({})", self.location.name(), human_size(self.bytes))
    }

    fn report(&self) -> CopyReport {
        CopyReport {
            tool: self.location.known.tool.name,
            version: self.location.version.to_string(),
            path: ReportPath::new(&self.location.root),
            machine_path: ReportPath::new(&self.original),
            bytes: self.bytes,
            would_remove: self.kept.is_none(),
            removed: self.removed,
            rule: self.kept.as_ref().map(|(rule, _)| *rule),
            reason: self.kept.as_ref().map(|(_, reason)| reason.clone()),
        }
    }
}
