//! Putting executables in place, and starting them, in a process of many threads.
//!
//! Linux refuses to run a file that anybody holds open for writing. A child that one test starts
//! while another test writes a script inherits that open file for a moment, and the script then
//! fails with "text file busy". So nothing is started while an executable is being written.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{PoisonError, RwLock};

/// Read: somebody writes an executable. Write: somebody starts a process.
static STARTING: RwLock<()> = RwLock::new(());

/// Writes an executable file, for instance a script.
pub(crate) fn write(path: &Path, text: &str) {
    let _writing = STARTING.read().unwrap_or_else(PoisonError::into_inner);
    fs::write(path, text).unwrap_or_else(|error| panic!("write {}: {error}", path.display()));
    fs::set_permissions(path, Permissions::from_mode(0o755)).expect("make it executable");
}

/// Puts a program in place: a hard link, or a copy where the file system is another one.
///
/// A link shares its mode with the original: to test a program that can't be run, write one.
pub(crate) fn place(original: &Path, path: &Path) {
    if fs::hard_link(original, path).is_err() {
        copy(original, path);
    }
}

/// Copies a file, mode included; the copy is a file of its own.
pub(crate) fn copy(original: &Path, path: &Path) {
    let _writing = STARTING.read().unwrap_or_else(PoisonError::into_inner);
    if let Err(error) = fs::copy(original, path) {
        panic!("copy {} to {}: {error}", original.display(), path.display());
    }
}

/// Starts a process; returns when it runs its program, so that it holds no file of ours any more.
pub(crate) fn start(command: &mut Command) -> io::Result<Child> {
    let _starting = STARTING.write().unwrap_or_else(PoisonError::into_inner);
    command.spawn()
}

/// What a program of this machine prints on standard output; `None` where it can't be run or fails.
pub(crate) fn run_quietly(command: &mut Command) -> Option<String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let output = start(command).ok()?.wait_with_output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
