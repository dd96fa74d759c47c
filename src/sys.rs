//! What differs between operating systems, a file for each. Every file has the same items.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod unix;

#[cfg(target_os = "linux")]
pub(crate) use linux::{LOOK_IN, NO_ACCESS_TIME, act_as, copy_attributes, sync_file_system};
#[cfg(not(target_os = "linux"))]
pub(crate) use unix::{LOOK_IN, NO_ACCESS_TIME, act_as, copy_attributes, sync_file_system};
