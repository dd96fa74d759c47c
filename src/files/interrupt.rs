//! Cleans up when the process is interrupted: unfinished folders are deleted, and the process ends by
//! the same signal. Signals that were ignored stay ignored.

use std::os::raw::c_int;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::remove::remove_tree;
use super::write_access::{ThreadAccess, WriteAccess};

/// The folders that are deleted on an interrupt. Signals are per process, and so is this.
static UNFINISHED: Mutex<Vec<UnfinishedFolder>> = Mutex::new(Vec::new());

/// A folder, and the access with which it is deleted.
type UnfinishedFolder = (PathBuf, ThreadAccess<'static>);

/// The watcher is started once, and never stopped: a removed handler would leave a signal without
/// effect. `execve` ends it.
static WATCHER: Once = Once::new();

/// A folder that is deleted if the process is interrupted while this value exists.
#[derive(Debug)]
pub struct InterruptGuard {
    folder: PathBuf,
}

impl InterruptGuard {
    /// Deletes `folder` on an interrupt, and then ends the process by the signal.
    pub fn removing_on_interrupt(access: &WriteAccess, folder: &Path) -> Self {
        unfinished_folders().push((folder.to_path_buf(), access.for_threads().for_deleting()));
        WATCHER.call_once(watch_signals);
        Self { folder: folder.to_path_buf() }
    }
}

impl Drop for InterruptGuard {
    fn drop(&mut self) {
        unfinished_folders().retain(|(folder, _)| *folder != self.folder);
    }
}

fn unfinished_folders() -> MutexGuard<'static, Vec<UnfinishedFolder>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Without a thread to act on them, signals end the process as ever, and a later process deletes its
/// folders.
fn watch_signals() {
    let (sender, is_watching) = channel();
    let started = thread::Builder::new().spawn(move || {
        let watched = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal));
        let signals = Signals::new(watched);
        let _ = sender.send(());
        let Ok(mut signals) = signals else { return };
        for signal in signals.forever() {
            // The lock is held until the end, so that no new folder is added.
            for (folder, access) in unfinished_folders().iter() {
                let _ = access.with(|_| remove_tree(folder));
            }
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
    if started.is_ok() {
        let _ = is_watching.recv();
    }
}

/// Whether a signal is ignored, as under `nohup`.
pub fn is_ignored(signal: c_int) -> bool {
    // SAFETY: reads the disposition and changes nothing; a zeroed `sigaction` is a valid one.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut now) == 0
            && now.sa_sigaction == libc::SIG_IGN
    }
}
