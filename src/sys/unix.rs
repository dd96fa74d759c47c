//! Other Unixes, macOS among them.

use std::fs::File;
use std::io;

use rustix::fs::OFlags;

/// This system has no such flag.
pub(crate) const NO_ACCESS_TIME: OFlags = OFlags::empty();

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

/// Does nothing, since threads have no account of their own: root remains root.
pub(crate) fn act_as(before: (u32, u32)) -> (u32, u32) {
    before
}
