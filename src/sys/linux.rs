//! Linux.

use std::fs::File;
use std::io;

use rustix::fs::OFlags;

/// Opens a file or folder without noting that it was used.
pub(crate) const NO_ACCESS_TIME: OFlags = OFlags::NOATIME;

/// Writes what a file system still holds in memory: the one that this folder is on.
pub(crate) fn sync_file_system(folder: &File) -> io::Result<()> {
    Ok(rustix::fs::syncfs(folder)?)
}

/// From now on the calling thread's files are this account's, and it may do what that may. The
/// result is whose they were.
pub(crate) fn act_as((user, group): (u32, u32)) -> (u32, u32) {
    // SAFETY: changes two numbers of the calling thread; where that isn't allowed, nothing changes.
    let (group, user) = unsafe { (libc::setfsgid(group), libc::setfsuid(user)) };
    (user.cast_unsigned(), group.cast_unsigned())
}
