//! Checks of the sources that don't run them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Outcome, Result, checkout, process};

pub(crate) fn fmt() -> Result<Outcome> {
    process::run(process::cargo().args(["fmt", "--all", "--check"]))?;
    Ok(Outcome::default())
}

/// Clippy, and shellcheck where it is installed.
pub(crate) fn lint() -> Result<Outcome> {
    clippy()?;
    if !process::succeeds(process::command("shellcheck").arg("--version")) {
        return Ok(Outcome::skipped("no shellcheck here, so shell files are not checked"));
    }
    let scripts = shell_files(checkout())?;
    process::run(process::command("shellcheck").args(scripts))?;
    Ok(Outcome::default())
}

pub(crate) fn clippy() -> Result<()> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    process::run(process::cargo().args(arguments))
}

/// The documentation of the code, private items included, since those are what is read here.
pub(crate) fn doc() -> Result<Outcome> {
    let mut command = process::cargo();
    command.args(["doc", "--workspace", "--no-deps", "--document-private-items"]);
    process::run(command.env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Outcome::default())
}

/// The shell files of the checkout: those that end in `.sh`, and those that name a shell in their
/// first line.
fn shell_files(checkout: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![checkout.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |error| format!("can't list {}: {error}", folder.display());
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
            if kind.is_dir() && !is_foreign(&path) {
                folders.push(path);
            } else if kind.is_file() && is_shell(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a folder is git's or was made by cargo.
fn is_foreign(folder: &Path) -> bool {
    folder.ends_with(".git") || folder.join("CACHEDIR.TAG").exists() || folder.ends_with("target")
}

fn is_shell(file: &Path) -> bool {
    if file.extension().is_some_and(|extension| extension == "sh") {
        return true;
    }
    let text = fs::read(file).unwrap_or_default();
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    first.starts_with(b"#!") && first.ends_with(b"sh")
}
