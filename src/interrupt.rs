//! What happens when a person or a service manager interrupts us: what is half-made goes, and we
//! end by the same signal. Signals that were ignored stay ignored.

use std::os::raw::c_int;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use crate::fetch::remove_tree;

/// Watches for interruptions until it is dropped.
pub struct Interrupt {
    handle: Option<Handle>,
    watcher: Option<JoinHandle<()>>,
}

impl Interrupt {
    /// Removes a folder when interrupted, and ends the process by the signal.
    pub fn removing(folder: &Path) -> Self {
        let watched = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal));
        let Ok(mut signals) = Signals::new(watched) else {
            return Self { handle: None, watcher: None };
        };
        let folder: PathBuf = folder.to_path_buf();
        let handle = signals.handle();
        let watcher = thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                let _ = remove_tree(&folder);
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        });
        Self { handle: Some(handle), watcher: Some(watcher) }
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            handle.close();
        }
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.join();
        }
    }
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
