//! What happens when a person or a service manager interrupts us: what is half-made goes, and we
//! end by the same signal. Signals that were ignored stay ignored.

use std::os::raw::c_int;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::remove::remove_tree;
use super::write_access::{ThreadAccess, WriteAccess};

/// What goes if the process is interrupted now. Signals are the process's, and so is this.
static HALF_MADE: Mutex<Vec<HalfMade>> = Mutex::new(Vec::new());

/// A folder, and as whom it goes.
type HalfMade = (PathBuf, ThreadAccess<'static>);

/// The watcher is started once, and outlives everything: a handler that was taken away would leave
/// a signal without any effect. `execve` ends it.
static WATCHER: Once = Once::new();

/// A folder that goes if the process is interrupted while this lives.
#[derive(Debug)]
pub struct InterruptGuard {
    folder: PathBuf,
}

impl InterruptGuard {
    /// Removes a folder when interrupted, and ends the process by the signal.
    pub fn removing_on_interrupt(access: &WriteAccess, folder: &Path) -> Self {
        half_made().push((folder.to_path_buf(), access.for_threads().for_deleting()));
        WATCHER.call_once(watch);
        Self { folder: folder.to_path_buf() }
    }
}

impl Drop for InterruptGuard {
    fn drop(&mut self) {
        half_made().retain(|(folder, _)| *folder != self.folder);
    }
}

fn half_made() -> MutexGuard<'static, Vec<HalfMade>> {
    HALF_MADE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn watch() {
    let watched = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal));
    let Ok(mut signals) = Signals::new(watched) else { return };
    thread::spawn(move || {
        for signal in signals.forever() {
            // Held until the end, so that nothing new is begun.
            for (folder, access) in half_made().iter() {
                let _ = access.with(|_| remove_tree(folder));
            }
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
}

/// Whether a signal is ignored, as `nohup` arranges it.
pub fn is_ignored(signal: c_int) -> bool {
    // SAFETY: asks for the disposition and changes nothing; a zeroed `sigaction` is a valid one.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut now) == 0
            && now.sa_sigaction == libc::SIG_IGN
    }
}
