//! What differs between operating systems, a file for each. Every file has the same items.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod macos;
mod types;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use macos as system;

pub(crate) use self::types::{Account, Process, RunningProgram, System};
pub(crate) use system::{
    NO_ACCESS_TIME, SEARCH_FOLDER, SYSTEM, ThreadAccount, act_again, act_as, copy_attributes,
    has_capabilities, is_translated, keeps_access_times, lock_holders, mode, process,
    read_random_byte, running_programs, sync_file_system,
};
