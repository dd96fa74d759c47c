//! What differs between operating systems, a file for each. Every file has the same items.

use std::path::PathBuf;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod macos;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use macos as system;

pub(crate) use system::{
    NO_ACCESS_TIME, SEARCH_FOLDER, SYSTEM, ThreadAccount, act_again, act_as, copy_attributes,
    has_capabilities, is_translated, keeps_access_times, lock_holders, mode, process,
    read_random_byte, running_programs, sync_file_system,
};

/// An operating system. Decisions take one as input, so that tests make them for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "a system is one of them; tests are for all")]
pub(crate) enum System {
    Linux,
    MacOs,
}

/// An account: user and group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) user: u32,
    pub(crate) group: u32,
}

/// A running process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    /// The name of its program, cut after 15 bytes.
    pub(crate) name: String,
    /// The user that it runs as.
    pub(crate) user: u32,
}

/// The program of a running process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunningProgram {
    /// The process's ID.
    pub(crate) id: u32,
    /// The user that it runs as.
    pub(crate) user: u32,
    /// The program's file, by its physical path.
    pub(crate) path: PathBuf,
}
