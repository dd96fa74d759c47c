//! Linux.

use std::fs::File;
use std::io;

use rustix::fs::{OFlags, XattrFlags, fgetxattr, flistxattr, fremovexattr, fsetxattr};
use rustix::io::Errno;

/// The access list of a file.
const ACCESS_LIST: &[u8] = b"system.posix_acl_access";

/// Opens a file or folder without changing its access time.
pub(crate) const NO_ACCESS_TIME: OFlags = OFlags::NOATIME;

/// Opens a folder to look names up in it, which needs no permission to list it.
pub(crate) const LOOK_IN: OFlags = OFlags::PATH;

/// Gives a file the access list of another one, or none if that has none; and, as far as possible,
/// its attributes: those of users, and the SELinux label.
pub(crate) fn copy_attributes(from: &File, to: &File) -> io::Result<()> {
    match attribute(from, ACCESS_LIST) {
        Ok(list) => fsetxattr(to, ACCESS_LIST, &list, XattrFlags::empty())?,
        // A new file may have one from its folder.
        Err(Errno::NODATA) => match fremovexattr(to, ACCESS_LIST) {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
            Err(error) => return Err(error.into()),
        },
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
        Err(error) => return Err(error.into()),
    }
    let mut names = vec![0; flistxattr(from, &mut [0_u8; 0][..]).unwrap_or(0)];
    let length = flistxattr(from, &mut names[..]).unwrap_or(0);
    for name in names[..length].split(|byte| *byte == 0) {
        if name.starts_with(b"user.") || name == b"security.selinux" {
            let value = attribute(from, name);
            let _ = value.and_then(|value| fsetxattr(to, name, &value, XattrFlags::empty()));
        }
    }
    Ok(())
}

fn attribute(of: &File, name: &[u8]) -> rustix::io::Result<Vec<u8>> {
    let mut value = vec![0; fgetxattr(of, name, &mut [0_u8; 0][..])?];
    let length = fgetxattr(of, name, &mut value[..])?;
    value.truncate(length);
    Ok(value)
}

/// Syncs the file system of this folder.
pub(crate) fn sync_file_system(folder: &File) -> io::Result<()> {
    Ok(rustix::fs::syncfs(folder)?)
}

/// Makes the calling thread access files as this account: user and group. Returns the account it had
/// before.
pub(crate) fn act_as((user, group): (u32, u32)) -> (u32, u32) {
    // SAFETY: changes two IDs of the calling thread; without permission nothing changes.
    let (group, user) = unsafe { (libc::setfsgid(group), libc::setfsuid(user)) };
    (user.cast_unsigned(), group.cast_unsigned())
}
