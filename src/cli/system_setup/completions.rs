//! Completion of `use` for all accounts: a file in each folder of this machine in which a shell looks for
//! completions. A file of that name that isn't usher's stays.

use std::path::{Path, PathBuf};

use usher_shims::error::{Error, Result, Shown};

use super::change::{FOR_ALL, MachineFiles, SystemPlan, read};
use crate::cli::shell_setup::ScriptShell;

/// How a file begins that usher wrote, if its shell needs no other first line.
const MARK: &str = "# Completes `use` and `usher`. Written by: use setup --system\n";

/// Where each shell looks, from the root of the file system: the folder, and the name of the file. fish
/// has a file for each command.
const FILES: [(ScriptShell, &str, &str); 4] = [
    (ScriptShell::Bash, "etc/bash_completion.d", "usher"),
    (ScriptShell::Zsh, "usr/local/share/zsh/site-functions", "_usher"),
    (ScriptShell::Fish, "etc/fish/completions", "use.fish"),
    (ScriptShell::Fish, "etc/fish/completions", "usher.fish"),
];

/// A file with a completion.
struct CompletionFile {
    path: PathBuf,
    text: String,
    /// Its first line, by which it is recognized.
    first_line: String,
}

/// Adds the files that are missing or out of date, where there is a folder for them.
pub(super) fn plan_completions(
    etc: &Path,
    files: &dyn MachineFiles,
    plan: &mut SystemPlan,
) -> Result<()> {
    for (file, folder) in completion_files(etc) {
        let listed = files.list(&folder).map_err(|error| Error::io("list", &folder, error))?;
        if listed.is_none() {
            continue;
        }
        let before = read(files, &file.path)?;
        if before.as_ref().is_some_and(|text| !text.starts_with(&file.first_line)) {
            plan.notes.push(format!("{} isn't usher's, and stays", Shown(&file.path)));
            continue;
        }
        plan.push(file.path, before, Some(file.text), FOR_ALL);
    }
    Ok(())
}

/// Removes the files that usher wrote.
pub(super) fn plan_completions_removal(
    etc: &Path,
    files: &dyn MachineFiles,
    plan: &mut SystemPlan,
) -> Result<()> {
    for (file, _) in completion_files(etc) {
        let before = read(files, &file.path)?;
        if before.as_ref().is_some_and(|text| text.starts_with(&file.first_line)) {
            plan.push(file.path, before, None, FOR_ALL);
        }
    }
    Ok(())
}

/// The files, and the folder of each.
fn completion_files(etc: &Path) -> impl Iterator<Item = (CompletionFile, PathBuf)> {
    let root = etc.parent().unwrap_or(etc).to_owned();
    FILES.into_iter().filter_map(move |(shell, folder, name)| {
        let script = shell.script()?;
        // `compinit` reads the first line of zsh's.
        let text = match shell {
            ScriptShell::Zsh => script.to_owned(),
            _ => format!("{MARK}{script}\n"),
        };
        let first_line = text.lines().next().map(|line| format!("{line}\n"))?;
        let folder = root.join(folder);
        Some((CompletionFile { path: folder.join(name), text, first_line }, folder))
    })
}
