//! Other Unixes, macOS among them.

use std::fs::File;
use std::io;

use rustix::fs::OFlags;

/// There is no such flag.
pub(crate) const NO_ACCESS_TIME: OFlags = OFlags::empty();

/// One file system alone can't be synced: all are.
#[expect(clippy::unnecessary_wraps, reason = "it fails elsewhere")]
pub(crate) fn sync_file_system(_: &File) -> io::Result<()> {
    rustix::fs::sync();
    Ok(())
}

/// A thread has no account of its own: root remains root.
pub(crate) fn act_as(before: (u32, u32)) -> (u32, u32) {
    before
}
