//! What `use setup` does to a shell's files: it adds the shims folder to PATH and lets the shell
//! complete `use`, and removes both.
//!
//! ```text
//! shell, folders ─▶ files ─▶ block in the text ─▶ changes ─▶ shown (diff), made (apply)
//! ```
//!
//! | module | what it knows |
//! |---|---|
//! | `shell` | which shells there are |
//! | `path_line` | the line for PATH that each shell needs |
//! | `completion` | what makes each shell ask `use` when Tab is pressed |
//! | `files` | in which files it must be, and where in them |
//! | `block` | how it is inserted into a text, found again and removed |
//! | `origin` | which line of them may have put another folder first |
//! | `change` | how a change looks and how it is made on disk |
//!
//! What must stay true:
//! - shells that aren't interactive read the line wherever the shell has a file for that;
//! - removing it leaves every file byte for byte as it was;
//! - planning twice plans nothing the second time.
//!
//! Nothing here reads the environment; only `change` touches the disk.

use std::path::{Path, PathBuf};

use usher_shims::error::{Error, ErrorKind, Result, Shown};

use block::UnclosedBlock;
use path_line::function_path_line;

pub mod block;
mod change;
mod completion;
mod files;
mod origin;
mod path_line;
mod shell;
#[cfg(test)]
mod tests;

pub use change::{FileChange, apply, diff, read};
pub use completion::ScriptShell;
pub use origin::{NamingLine, line_naming};
pub use path_line::{SYSTEM, path_line, quoted, quoted_for_fish, quoted_for_posix};
pub use shell::{ReadFile, Shell, ShellFolders};

/// What must change so that `shell` finds programs in `shims` first, and completes `use`. Nothing if it
/// does already.
///
/// A block of usher's that names another folder is changed in place.
/// Refuses a folder that PATH can't contain, and a file whose block has lost its last line.
pub fn plan(
    shell: Shell,
    folders: &ShellFolders,
    shims: &Path,
    read: ReadFile,
) -> Result<Vec<FileChange>> {
    let line = block_text(shell, folders, shims)?;
    let mut changes = Vec::new();
    for file in files::shell_files(shell, folders, read)? {
        let before = file.text;
        let updated = match &before {
            Some(text) => block::update_block(text, &line)
                .map_err(|at| unclosed_error(&file.path, at, SETUP))?,
            None => None,
        };
        let after = match updated {
            Some(text) => Some(text),
            None if file.needs_block => {
                Some(block::insert_block(before.as_deref(), &line, file.position))
            }
            None => continue,
        };
        if after != before {
            changes.push(FileChange { path: file.path, before, after });
        }
    }
    if let Some(path) = function_file(shell, shims) {
        let before = read(&path).map_err(|error| Error::io("read", &path, error))?;
        let after = Some(completion::ZSH.to_owned());
        changes.extend((after != before).then_some(FileChange { path, before, after }));
    }
    Ok(changes)
}

/// What usher's block in the files of a shell contains.
fn block_text(shell: Shell, folders: &ShellFolders, shims: &Path) -> Result<String> {
    let home = Some(&*folders.home);
    let completion = match function_file(shell, shims) {
        Some(file) => Some(function_path_line(file.parent().unwrap_or(shims), home)?),
        None => completion::lines(shell).map(str::to_owned),
    };
    let path = path_line(shell, shims, home)?;
    Ok(completion.map_or_else(|| path.clone(), |completion| format!("{path}\n{completion}")))
}

/// The file of zsh's function, which zsh can't have in a file that it reads before its completions are
/// set up. It is in usher's data folder.
fn function_file(shell: Shell, shims: &Path) -> Option<PathBuf> {
    (shell == Shell::Zsh).then(|| shims.with_file_name("completions").join("_usher"))
}

/// What must change so that no file of `shell` mentions usher afterwards.
///
/// A file that holds only usher's block is deleted; the others get their old text back.
pub fn plan_removal(
    shell: Shell,
    folders: &ShellFolders,
    shims: &Path,
    read: ReadFile,
) -> Result<Vec<FileChange>> {
    let mut changes = Vec::new();
    for file in files::shell_files(shell, folders, read)? {
        let Some(before) = file.text else {
            continue;
        };
        let after =
            block::remove_block(&before).map_err(|at| unclosed_error(&file.path, at, SETUP))?;
        let before = Some(before);
        if after != before {
            changes.push(FileChange { path: file.path, before, after });
        }
    }
    if let Some(path) = function_file(shell, shims) {
        let before = read(&path).map_err(|error| Error::io("read", &path, error))?;
        let is_ours = |text: &String| text.starts_with(completion::ZSH_TAG);
        let change = |before| FileChange { path, before: Some(before), after: None };
        changes.extend(before.filter(is_ours).map(change));
    }
    Ok(changes)
}

/// The folder of a shell's function, which `use setup` makes in usher's data folder.
pub fn function_folder(shell: Shell, shims: &Path) -> Option<PathBuf> {
    function_file(shell, shims)?.parent().map(Path::to_owned)
}

/// What is typed after a damaged block was deleted.
const SETUP: &str = "use setup";

/// The error for a block that never ends; `command` writes it again.
pub fn unclosed_error(path: &Path, UnclosedBlock(line): UnclosedBlock, command: &str) -> Error {
    let path = Shown(path);
    Error::new(
        ErrorKind::BadFile,
        format!("usher's block in {path} begins on line {line} and never ends"),
    )
    .because(format!("the line `{}` is missing", block::CLOSE))
    .hint(format!("delete what is left of the block from {path}, then: {command}"))
}
