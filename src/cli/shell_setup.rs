//! What `use setup` does to a shell's files: it adds the shims folder to PATH, and removes it.
//!
//! ```text
//! shell, folders ─▶ files ─▶ block in the text ─▶ changes ─▶ shown (diff), made (apply)
//! ```
//!
//! | module | what it knows |
//! |---|---|
//! | `shell` | which shells there are |
//! | `path_line` | the line each shell needs |
//! | `files` | in which files it must be, and where in them |
//! | `block` | how it is inserted into a text, found again and removed |
//! | `change` | how a change looks and how it is made on disk |
//!
//! What must stay true:
//! - shells that aren't interactive read the line wherever the shell has a file for that;
//! - removing it leaves every file byte for byte as it was;
//! - planning twice plans nothing the second time.
//!
//! Nothing here reads the environment; only `change` touches the disk.

use std::path::Path;

use usher_shims::error::{Error, ErrorKind, Result, Shown};

use block::UnclosedBlock;

pub mod block;
mod change;
mod files;
mod path_line;
mod shell;
#[cfg(test)]
mod tests;

pub use change::{FileChange, apply, diff, read};
pub use path_line::{path_line, quoted_for_fish, quoted_for_posix};
pub use shell::{ReadFile, Shell, ShellFolders};

/// What must change so that `shell` finds programs in `shims` first. Nothing if it does already.
///
/// A block of usher's that names another folder is changed in place.
/// Refuses a folder that PATH can't contain, and a file whose block has lost its last line.
pub fn plan(
    shell: Shell,
    folders: &ShellFolders,
    shims: &Path,
    read: ReadFile,
) -> Result<Vec<FileChange>> {
    let line = path_line(shell, shims)?;
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
    Ok(changes)
}

/// What must change so that no file of `shell` mentions usher afterwards.
///
/// A file that holds only usher's block is deleted; the others get their old text back.
pub fn plan_removal(
    shell: Shell,
    folders: &ShellFolders,
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
    Ok(changes)
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
