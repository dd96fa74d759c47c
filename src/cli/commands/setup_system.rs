//! `use setup --system`: puts every account's own shims, and then the machine's, on PATH, in the files
//! in `/etc`, and lets shells complete `use`; or undoes both.

use std::path::{Path, PathBuf};

use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::folders::shims_in;
use usher_shims::ownership::ROOT;
use usher_shims::world::World as _;

use super::setup::{SetupAnswer, SetupArguments, SetupReport};
use crate::cli::output::{self, ReportPath};
use crate::cli::shell_setup::{FileChange, diff};
use crate::cli::system_setup::{
    Disk, ETC, MachineFiles, SystemChange, SystemPlan, apply, find_visudo, plan, plan_removal,
    posix_lines,
};
use crate::session::Session;

/// Runs the command.
pub fn run(session: &Session, arguments: &SetupArguments, as_json: bool) -> Result<()> {
    let shims = shims_in(&session.machine);
    if arguments.print {
        let lines = posix_lines(&shims.to_string_lossy());
        return output::print_exact(format!("{lines}\n").as_bytes());
    }
    let plan = decide(session, arguments.undo, &shims, &Disk)?;
    let asks = !arguments.yes && !as_json && output::can_ask() && !plan.changes.is_empty();
    if asks {
        output::print_text(diffs(&plan.changes))?;
    }
    let is_done = arguments.yes || asks && output::confirm("write this?", "nothing was written");
    if is_done {
        apply(&plan.changes, Path::new(ETC), find_visudo().as_deref())?;
    }
    for note in &plan.notes {
        session.reporter.note(note);
    }
    match as_json {
        true => output::print_answer(&SetupAnswer { files: reports(&plan.changes, is_done) }),
        false if asks && !is_done => Ok(()),
        false => {
            let shown = if asks { String::new() } else { diffs(&plan.changes) };
            output::print_text(shown + &closing(&plan.changes, arguments.undo, is_done))
        }
    }
}

/// What is to change; an error for accounts other than root.
fn decide(
    session: &Session,
    is_undo: bool,
    shims: &Path,
    files: &dyn MachineFiles,
) -> Result<SystemPlan> {
    let etc = PathBuf::from(ETC);
    if session.world.account() != ROOT {
        let what = "`use setup --system` changes files in /etc, which needs root";
        let undo = if is_undo { " --undo" } else { "" };
        let program = Shown(&session.program);
        return Err(Error::new(ErrorKind::Permission, what)
            .hint(format!("sudo {program} setup --system{undo}")));
    }
    if is_undo {
        return plan_removal(&etc, files);
    }
    if session.world.existing_names(shims, &["use"]).unwrap_or(0) == 0 {
        let what = format!(
            "usher isn't installed for this machine: {} is missing",
            Shown(&shims.join("use"))
        );
        return Err(Error::new(ErrorKind::NotFound, what).hint("./install.sh --system"));
    }
    plan(&etc, shims, files)
}

fn diffs(changes: &[SystemChange]) -> String {
    changes.iter().map(|change| diff(&change.file)).collect()
}

/// What to do next.
fn closing(changes: &[SystemChange], is_undo: bool, is_done: bool) -> String {
    match (changes.is_empty(), is_done, is_undo) {
        (true, _, true) => "no file of this machine mentions usher\n".to_owned(),
        (true, _, false) => "the shims are on every account's PATH already\n".to_owned(),
        (false, true, true) => "done; shells that run keep their PATH\n".to_owned(),
        (false, true, false) => "done; it takes effect at the next login\n\
             cron reads none of these files; a crontab needs two lines of its own:\n  \
             SHELL=/bin/bash\n  BASH_ENV=/etc/profile.d/usher.sh\n"
            .to_owned(),
        (false, false, true) => {
            "nothing written yet; to write it: use setup --system --undo --yes\n".to_owned()
        }
        (false, false, false) => {
            "nothing written yet; to write it: use setup --system --yes\n".to_owned()
        }
    }
}

fn reports(changes: &[SystemChange], is_done: bool) -> Vec<SetupReport> {
    let report = |SystemChange { file: FileChange { path, .. }, .. }: &SystemChange| SetupReport {
        file: ReportPath::new(path),
        changed: is_done,
    };
    changes.iter().map(report).collect()
}
