//! What differs between operating systems, a file for each.
//!
//! Everything here has the same name and meaning in each of them.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod macos;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use macos as system;

pub use system::is_secure;
pub(crate) use system::{
    IGNORES_CASE, LOOK_IN, NAMES, OWN_FILE, account, device, each_entry, links, mode, own_file,
};
