//! What `use setup --system` does to the machine's files: every account has its own shims, and then the
//! machine's, first in PATH, and shells complete `use`; and what undoes that.
//!
//! ```text
//! /etc ─▶ planned files (block in the text) ─▶ changes ─▶ shown (diff), checked (visudo), made (apply)
//! ```
//!
//! | module | what it knows |
//! |---|---|
//! | `lines` | the text that puts both folders on PATH, for sh and for fish |
//! | `environment` | `/etc/environment`, as `pam_env` reads it |
//! | `change` | a change, and how the machine's files are read |
//! | `completions` | the files that complete `use`, in the folders in which shells look for them |
//! | `sudoers` | sudo's `secure_path`, and checking what is written for it |
//! | `apply` | making the changes |
//!
//! What must stay true:
//! - removing it leaves every file byte for byte as it was;
//! - planning twice plans nothing the second time;
//! - the system's own cron jobs keep the system's programs: `/etc/crontab` isn't changed.

use std::path::{Path, PathBuf};

use usher_shims::error::{Error, ErrorKind, Result, Shown};

use crate::cli::shell_setup::block::{
    BlockPosition, UnclosedBlock, insert_block, remove_block, update_block,
};
use crate::cli::shell_setup::unclosed_error;

use change::{FOR_ALL, FOR_SUDO, read};
use completions::{plan_completions, plan_completions_removal};

mod apply;
mod change;
mod completions;
mod environment;
mod lines;
mod sudoers;
#[cfg(test)]
mod tests;

pub use apply::{Disk, apply, find_visudo};
pub use change::{MachineFiles, SystemChange, SystemPlan};
pub use lines::posix_lines;

/// Where the machine's files are.
pub const ETC: &str = "/etc";

/// A file that gets a block, or has one.
struct PlannedFile {
    path: PathBuf,
    lines: String,
    position: BlockPosition,
    needs_block: bool,
}

/// What must change so that every account has its own shims, and then those in `shims`, first in PATH, and
/// shells complete `use`.
pub fn plan(etc: &Path, shims: &Path, files: &dyn MachineFiles) -> Result<SystemPlan> {
    let shims = plain_folder(shims)?;
    let mut plan = SystemPlan::default();
    for file in shell_files(etc, shims, files)? {
        let before = read(files, &file.path)?;
        let after = with_block(before.as_deref(), &file)
            .map_err(|at| unclosed_error(&file.path, at, AGAIN))?;
        plan.push(file.path, before, after, FOR_ALL);
    }
    let path = etc.join("environment");
    let before = read(files, &path)?;
    let after = environment::with_path(before.as_deref().unwrap_or_default(), shims)
        .map_err(|at| unclosed_error(&path, at, AGAIN))?;
    plan.push(path, before, after, FOR_ALL);
    sudoers::plan(etc, shims, files, &mut plan)?;
    plan_completions(etc, files, &mut plan)?;
    Ok(plan)
}

/// What must change so that no file of the machine's mentions usher afterwards.
pub fn plan_removal(etc: &Path, files: &dyn MachineFiles) -> Result<SystemPlan> {
    let mut plan = SystemPlan::default();
    // sudo's file first: what it names may be gone soon.
    let own = all_files(etc).map(|path| (path, FOR_ALL));
    for (path, bits) in std::iter::once((sudoers::own_file(etc), FOR_SUDO)).chain(own) {
        let Some(before) = read(files, &path)? else { continue };
        let after = remove_block(&before).map_err(|at| unclosed_error(&path, at, AGAIN))?;
        plan.push(path, Some(before), after, bits);
    }
    plan_completions_removal(etc, files, &mut plan)?;
    Ok(plan)
}

/// What is typed after a damaged block was deleted.
const AGAIN: &str = "use setup --system";

fn all_files(etc: &Path) -> impl Iterator<Item = PathBuf> {
    let names = [
        lines::PROFILE,
        "profile",
        "bash.bashrc",
        "zsh/zshenv",
        "zshenv",
        lines::FISH_FILE,
        "environment",
    ];
    names.map(|name| etc.join(name)).into_iter()
}

/// What the shells of the machine read.
///
/// - A login shell of the Bourne family reads `/etc/profile`, which reads `profile.d` everywhere but
///   on few systems.
/// - An interactive bash, and one that `sshd` starts, reads Debian's, Arch's and SUSE's
///   `/etc/bash.bashrc`, at the top of which nothing has returned yet. Fedora's `/etc/bashrc` reads
///   `profile.d` itself.
/// - Every zsh reads its global `zshenv`, in `/etc/zsh` on Debian and Arch.
/// - Every fish reads `/etc/fish/conf.d`. A file of the same name in an account's own `conf.d` hides
///   one there, so it isn't called as the one that `use setup` makes.
///
/// A shell that has no folder or file there isn't installed, and gets none: a package would find a
/// changed file where it wants to put its own.
fn shell_files(etc: &Path, shims: &str, files: &dyn MachineFiles) -> Result<Vec<PlannedFile>> {
    let profile = etc.join(lines::PROFILE);
    let sourced = lines::sourcing(&profile);
    let text = |name: &str| read(files, &etc.join(name));
    let has_folder = |name: &str| {
        let folder = etc.join(name);
        let names = files.list(&folder).map_err(|error| Error::io("list", &folder, error))?;
        Ok::<bool, Error>(names.is_some())
    };
    let planned = |name: &str, position, needs_block| PlannedFile {
        path: etc.join(name),
        lines: sourced.clone(),
        position,
        needs_block,
    };
    let reads_no_folder = text("profile")?.is_some_and(|text| !text.contains("profile.d"));
    let has_zsh_folder = has_folder("zsh")?;
    let is_zshenv_there = text("zshenv")?.is_some();
    Ok(vec![
        PlannedFile {
            lines: posix_lines(shims),
            ..planned(lines::PROFILE, BlockPosition::End, true)
        },
        planned("profile", BlockPosition::End, reads_no_folder),
        planned("bash.bashrc", BlockPosition::Top, text("bash.bashrc")?.is_some()),
        planned("zsh/zshenv", BlockPosition::End, has_zsh_folder),
        planned("zshenv", BlockPosition::End, is_zshenv_there && !has_zsh_folder),
        PlannedFile {
            lines: lines::fish_lines(shims),
            ..planned(lines::FISH_FILE, BlockPosition::End, has_folder("fish")?)
        },
    ])
}

fn with_block(
    text: Option<&str>,
    file: &PlannedFile,
) -> std::result::Result<Option<String>, UnclosedBlock> {
    let updated = text.map(|text| update_block(text, &file.lines)).transpose()?.flatten();
    Ok(match updated {
        Some(updated) => Some(updated),
        None if file.needs_block => Some(insert_block(text, &file.lines, file.position)),
        None => text.map(str::to_owned),
    })
}

/// A folder that needs no quotes in any of the files. `/opt/usher/shims` is one.
fn plain_folder(shims: &Path) -> Result<&str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    let plain = shims.to_str().filter(|text| text.starts_with('/') && text.chars().all(is_plain));
    plain.ok_or_else(|| {
        let what = format!("the folder {} can't be on every account's PATH", Shown(shims));
        Error::new(ErrorKind::Usage, what)
            .because("its name needs quotes, which differ in the files that name it")
    })
}
