//! What differs between operating systems, a file for each.
//!
//! Everything here has the same name and meaning in each of them.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod unix;

#[cfg(target_os = "linux")]
pub(crate) use linux::{LOOK_IN, NAMES, account, device, each_entry, executable_path, links, mode};
#[cfg(not(target_os = "linux"))]
pub(crate) use unix::{LOOK_IN, NAMES, account, device, each_entry, executable_path, links, mode};

#[cfg(target_os = "linux")]
pub use linux::is_secure;
#[cfg(not(target_os = "linux"))]
pub use unix::is_secure;
