//! What differs between operating systems, a file for each. Every file has the same items.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod unix;

#[cfg(target_os = "linux")]
pub(crate) use linux::{NO_ACCESS_TIME, act_as, read_random_byte, sync_file_system};
#[cfg(not(target_os = "linux"))]
pub(crate) use unix::{NO_ACCESS_TIME, act_as, read_random_byte, sync_file_system};
