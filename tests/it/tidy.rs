//! What the repository says of itself is true: documents, sources, scripts.
//!
//! Nothing of usher's behaviour is tested here, but for `install.sh`, which has no other place.

mod documents;
mod installer;
mod layers;
mod registry;
mod sources;
mod tools;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::Sandbox;

/// The checkout.
fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file's text; the path is relative to the checkout.
pub(crate) fn text(path: impl AsRef<Path>) -> String {
    let path = checkout().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below a folder, relative to the checkout, without what is built and git's own.
fn files(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![checkout().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("list a folder of the checkout").flatten() {
            let path = entry.path();
            let is_ours = entry.file_name() != ".git" && !is_built(&path);
            if path.is_dir() && is_ours {
                folders.push(path);
            } else if path.is_file() && is_ours {
                found.push(path.strip_prefix(checkout()).expect("is inside").to_path_buf());
            }
        }
    }
    found.sort();
    found
}

/// Whether a folder is cargo's, as `.gitignore` has it or whatever it is called.
fn is_built(folder: &Path) -> bool {
    folder == checkout().join("target") || folder.join("CACHEDIR.TAG").exists()
}

/// The files of these that have an extension.
fn with_extension(files: Vec<PathBuf>, extension: &str) -> Vec<PathBuf> {
    let has = |path: &PathBuf| path.extension().is_some_and(|found| found == extension);
    files.into_iter().filter(has).collect()
}

/// What `use` prints for these arguments.
fn printed(arguments: &[&str]) -> String {
    let sandbox = Sandbox::new();
    sandbox.command(env!("CARGO_BIN_EXE_use")).arguments(arguments).run().succeeds().stdout
}

/// Whether a program succeeds that is called in the checkout, and what it prints: where it fails, on
/// both streams. `None` where there is no such program.
fn output_of(program: &str, arguments: &[&str]) -> Option<(bool, String)> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(checkout()).stdin(Stdio::null());
    let output = command.output().ok()?;
    let is_success = output.status.success();
    let text = if is_success { output.stdout } else { [output.stdout, output.stderr].concat() };
    Some((is_success, String::from_utf8_lossy(&text).into_owned()))
}

/// Says what this machine can't show, on the real standard error: the test runner keeps what
/// `eprintln!` says of tests that pass to itself.
fn skipped(what: &str) {
    let _ = writeln!(io::stderr(), "SKIPPED: {what}");
}

/// Fails with all that was found wrong, a line each.
#[track_caller]
fn nothing_of(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
