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
use std::sync::{Once, PoisonError, RwLock};

/// Read: somebody writes an executable. Write: somebody starts a process.
static STARTING: RwLock<()> = RwLock::new(());

/// Writes an executable file, for instance a script.
pub(crate) fn write(path: &Path, text: &str) {
    write_bytes(path, text.as_bytes());
}

/// The same for a program.
pub(crate) fn write_bytes(path: &Path, text: &[u8]) {
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
///
/// It starts with every signal at its default, whatever the tests were started with: `nohup` and a
/// shell's `&` hand ignored signals down.
pub(crate) fn start(command: &mut Command) -> io::Result<Child> {
    static SIGNALS: Once = Once::new();
    SIGNALS.call_once(unignore_signals);
    let _starting = STARTING.write().unwrap_or_else(PoisonError::into_inner);
    command.spawn()
}

/// Replaces "ignored" by a handler that does nothing. The tests still survive such a signal, but a
/// program that they start doesn't inherit it: `execve` turns handlers, and only these, into the
/// default.
pub(super) fn unignore_signals() {
    extern "C" fn nothing(_signal: libc::c_int) {}
    for signal in 1..=libc::SIGRTMAX() {
        // What Rust itself ignores it also resets, when it starts a process.
        if signal == libc::SIGPIPE {
            continue;
        }
        // SAFETY: the structure is plain data for which zeros are valid, and is the system's to
        // fill; the handler touches nothing. Numbers that can't be set are refused with an error.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            let is_known = libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0;
            if is_known && action.sa_sigaction == libc::SIG_IGN {
                action.sa_sigaction = nothing as *const () as libc::sighandler_t;
                action.sa_flags = libc::SA_RESTART;
                libc::sigaction(signal, &raw const action, std::ptr::null_mut());
            }
        }
    }
}

/// What a program of this machine prints on standard output; `None` where it can't be run or fails.
pub(crate) fn stdout_if_success(command: &mut Command) -> Option<String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let output = start(command).ok()?.wait_with_output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
