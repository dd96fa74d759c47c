//! Writes executables and starts processes, safely with many threads.
//!
//! Linux refuses to run a file that a process has open for writing. If one test starts a process
//! while another test writes a script, the new process briefly inherits the open file, and running
//! the script fails with "text file busy". So no process starts while an executable is written.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Once, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

/// Locked for reading to write an executable, for writing to start a process.
static STARTING: RwLock<()> = RwLock::new(());

/// Writes an executable file, for instance a script.
pub(crate) fn write(path: &Path, text: &str) {
    write_bytes(path, text.as_bytes());
}

/// Writes an executable file from bytes.
pub(crate) fn write_bytes(path: &Path, text: &[u8]) {
    let _writing = STARTING.read().unwrap_or_else(PoisonError::into_inner);
    fs::write(path, text).unwrap_or_else(|error| panic!("write {}: {error}", path.display()));
    fs::set_permissions(path, Permissions::from_mode(0o755)).expect("make it executable");
}

/// Hard-links a program, or copies it to another file system. Replaces what is there: a copy over a link
/// to the original would empty both.
///
/// A link shares its mode with the original: don't change it.
pub(crate) fn place(original: &Path, path: &Path) {
    let _ = fs::remove_file(path);
    if fs::hard_link(original, path).is_err() {
        copy(original, path);
    }
}

/// Copies a file with its mode.
pub(crate) fn copy(original: &Path, path: &Path) {
    let _writing = STARTING.read().unwrap_or_else(PoisonError::into_inner);
    if let Err(error) = fs::copy(original, path) {
        panic!("copy {} to {}: {error}", original.display(), path.display());
    }
}

/// Starts a process. Returns once it runs its program and so has closed all files of the tests.
///
/// All its signals have their default action, even if the tests were started by `nohup` or a
/// shell's
/// `&`, which make their children ignore some.
pub(crate) fn start(command: &mut Command) -> io::Result<Child> {
    static SIGNALS: Once = Once::new();
    SIGNALS.call_once(unignore_signals);
    for _ in 0..MOST_TRIES {
        match start_alone(command) {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => thread::sleep(PAUSE),
            started => return started,
        }
    }
    start_alone(command)
}

fn start_alone(command: &mut Command) -> io::Result<Child> {
    let _starting = STARTING.write().unwrap_or_else(PoisonError::into_inner);
    command.spawn()
}

/// How often a program is started again that is still open for writing, in a process that something else
/// than [`start`] began while it was copied; and the pause before.
const MOST_TRIES: usize = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// Linux has as many signals; elsewhere the last of these are none.
const LAST_SIGNAL: libc::c_int = 64;

/// Does what opens a file that a process which starts meanwhile would inherit.
pub(super) fn without_starting<T>(act: impl FnOnce() -> T) -> T {
    let _opening = STARTING.read().unwrap_or_else(PoisonError::into_inner);
    act()
}

/// Gives ignored signals a handler that does nothing. The tests still survive such a signal, but
/// the programs they start get the default action: `execve` resets handlers, but not "ignore".
pub(super) fn unignore_signals() {
    extern "C" fn nothing(_signal: libc::c_int) {}
    for signal in 1..=LAST_SIGNAL {
        // Rust ignores this one itself, and resets it when it starts a process.
        if signal == libc::SIGPIPE {
            continue;
        }
        // SAFETY: the structure is plain data for which zeros are valid, and the system fills it.
        // The handler does nothing. Signals that can't be set return an error.
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

/// The standard output of a program; `None` if it can't be run or fails.
pub(crate) fn stdout_if_success(command: &mut Command) -> Option<String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let output = start(command).ok()?.wait_with_output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
