//! What the files of all systems take and return.

use std::path::PathBuf;

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
