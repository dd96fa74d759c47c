//! What happens when a person or a service manager interrupts us: what is half-made goes, and we
//! end by the same signal. Signals that were ignored stay ignored.

use std::os::raw::c_int;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::fetch::remove_tree;

/// A folder that goes if the process is interrupted while this lives.
#[derive(Debug)]
pub struct Interrupt {
    folder: Arc<Mutex<Option<PathBuf>>>,
}

impl Interrupt {
    /// Removes a folder when interrupted, and ends the process by the signal.
    ///
    /// The watcher outlives this value: a handler that was taken away would leave a signal without
    /// any effect. `execve` ends both.
    pub fn removing(folder: &Path) -> Self {
        let folder = Arc::new(Mutex::new(Some(folder.to_path_buf())));
        let watched = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal));
        if let Ok(mut signals) = Signals::new(watched) {
            let shared = Arc::clone(&folder);
            thread::spawn(move || {
                for signal in signals.forever() {
                    if let Some(folder) =
                        shared.lock().unwrap_or_else(PoisonError::into_inner).take()
                    {
                        let _ = remove_tree(&folder);
                    }
                    let _ = signal_hook::low_level::emulate_default_handler(signal);
                }
            });
        }
        Self { folder }
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.folder.lock().unwrap_or_else(PoisonError::into_inner).take();
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
