//! Linux.

use std::fs::File;
use std::io;

use rustix::fs::OFlags;

/// Opens a file or folder without changing its access time.
pub(crate) const NO_ACCESS_TIME: OFlags = OFlags::NOATIME;

/// Syncs the file system of this folder.
pub(crate) fn sync_file_system(folder: &File) -> io::Result<()> {
    Ok(rustix::fs::syncfs(folder)?)
}

/// Reads a random number and drops it. An error if the kernel has none, or a filter refuses them.
pub(crate) fn read_random_byte() -> io::Result<()> {
    let mut byte = 0_u8;
    // SAFETY: writes one byte to a variable of this function.
    let read = unsafe { libc::getrandom((&raw mut byte).cast(), 1, libc::GRND_NONBLOCK) };
    match read {
        1 => Ok(()),
        _ => match io::Error::last_os_error() {
            // There will be some soon, and they are waited for.
            error if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            error => Err(error),
        },
    }
}

/// Makes the calling thread access files as this account: user and group. Returns the account it had
/// before.
pub(crate) fn act_as((user, group): (u32, u32)) -> (u32, u32) {
    // SAFETY: changes two IDs of the calling thread; without permission nothing changes.
    let (group, user) = unsafe { (libc::setfsgid(group), libc::setfsuid(user)) };
    (user.cast_unsigned(), group.cast_unsigned())
}
