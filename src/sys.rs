//! What differs between operating systems, a file for each. Every file has the same items.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod unix;

#[cfg(target_os = "linux")]
pub(crate) use linux::{
    NO_ACCESS_TIME, SEARCH_FOLDER, ThreadAccount, act_again, act_as, copy_attributes,
    has_capabilities, keeps_access_times, lock_holders, mode, process, read_random_byte,
    sync_file_system,
};
#[cfg(not(target_os = "linux"))]
pub(crate) use unix::{
    NO_ACCESS_TIME, SEARCH_FOLDER, ThreadAccount, act_again, act_as, copy_attributes,
    has_capabilities, keeps_access_times, lock_holders, mode, process, read_random_byte,
    sync_file_system,
};

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
