//! Checks the repository itself: documents, sources, scripts.
//!
//! No behavior of usher is tested here.

mod documents;
mod layers;
mod registry;
mod sources;
mod tools;
mod words;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::Sandbox;

/// The root of the repository.
pub(crate) fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file's text; the path is relative to the checkout.
pub(crate) fn text(path: impl AsRef<Path>) -> String {
    let path = checkout().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below a folder, relative to the repository, without `.git` and build output.
fn files(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![checkout().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("list a folder of the repository").flatten() {
            let path = entry.path();
            let is_ours = entry.file_name() != ".git" && !is_built(&path);
            if path.is_dir() && is_ours {
                folders.push(path);
            } else if path.is_file() && is_ours {
                found.push(
                    path.strip_prefix(checkout())
                        .expect("the file is in the repository")
                        .to_path_buf(),
                );
            }
        }
    }
    found.sort();
    found
}

/// Whether this is a target folder of cargo, under any name.
fn is_built(folder: &Path) -> bool {
    folder == checkout().join("target") || folder.join("CACHEDIR.TAG").exists()
}

/// The files with this extension.
fn with_extension(files: Vec<PathBuf>, extension: &str) -> Vec<PathBuf> {
    let has = |path: &PathBuf| path.extension().is_some_and(|found| found == extension);
    files.into_iter().filter(has).collect()
}

/// The output of `use` with these arguments.
fn printed(arguments: &[&str]) -> String {
    let sandbox = Sandbox::new();
    sandbox.command(env!("CARGO_BIN_EXE_use")).arguments(arguments).run().succeeds().stdout
}

/// Runs a program in the repository. Whether it succeeds, and its output; if it fails, of both
/// streams. `None` if the program isn't installed.
fn output_of(program: &str, arguments: &[&str]) -> Option<(bool, String)> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(checkout()).stdin(Stdio::null());
    let output = command.output().ok()?;
    let is_success = output.status.success();
    let text = if is_success { output.stdout } else { [output.stdout, output.stderr].concat() };
    Some((is_success, String::from_utf8_lossy(&text).into_owned()))
}

/// Reports what can't be tested on this machine. Writes to standard error directly, because the
/// test harness captures `eprintln!`.
fn skipped(what: &str) {
    let _ = writeln!(io::stderr(), "SKIPPED: {what}");
}

/// Fails if there are problems, and prints one per line.
#[track_caller]
fn assert_no_problems(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}
