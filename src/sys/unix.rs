//! Other Unixes, macOS among them.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{Mode, OFlags, RawMode, StatVfs};

use super::{Account, Process};

/// This system has no such flag.
pub(crate) const NO_ACCESS_TIME: OFlags = OFlags::empty();

/// Opens a folder to open what is in it.
pub(crate) const SEARCH_FOLDER: OFlags = OFlags::RDONLY;

/// Permission bits, as the system takes them: of whatever width.
pub(crate) const fn mode(bits: u32) -> Mode {
    Mode::from_raw_mode((bits & 0o7777) as RawMode)
}

/// This system doesn't tell.
pub(crate) fn keeps_access_times(_: &StatVfs) -> bool {
    true
}

/// Copies nothing: not every system has attributes.
#[expect(clippy::unnecessary_wraps, reason = "it fails elsewhere")]
pub(crate) fn copy_attributes(_: &File, _: &File) -> io::Result<()> {
    Ok(())
}

/// Programs have no capabilities here.
pub(crate) fn has_capabilities(_: &Path) -> bool {
    false
}

/// Syncs all file systems: a single one can't be synced.
#[expect(clippy::unnecessary_wraps, reason = "it fails elsewhere")]
pub(crate) fn sync_file_system(_: &File) -> io::Result<()> {
    rustix::fs::sync();
    Ok(())
}

/// Does nothing: random numbers don't fail here.
#[expect(clippy::unnecessary_wraps, reason = "it fails elsewhere")]
pub(crate) fn read_random_byte() -> io::Result<()> {
    Ok(())
}

/// Threads have no account of their own here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ThreadAccount;

/// Does nothing: root remains root.
pub(crate) fn act_as(_: Account) -> ThreadAccount {
    ThreadAccount
}

/// Does nothing.
pub(crate) fn act_again(_: &ThreadAccount) {}

/// This system doesn't tell.
pub(crate) fn lock_holders(_: &File) -> Option<Vec<u32>> {
    None
}

/// This system doesn't tell.
pub(crate) fn process(_: u32) -> Option<Process> {
    None
}
