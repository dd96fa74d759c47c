//! Gives a new file the owner, group, mode and access list of the one that it replaces, so that
//! nobody gains or loses access.
//!
//! | what | if it can't be kept |
//! |---|---|
//! | owner | root is refused; any other account owns what it writes, as with git |
//! | group, where it has other rights than everyone | refused |
//! | mode, access list (ACL) | refused |
//! | attributes of users, the label of `SELinux` | left out |
//!
//! Times, inode flags and the names of other hard links aren't kept.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;

use rustix::fs::{Gid, RawMode, Stat, Uid, fchown, fstat};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::walk::permission_bits;
use crate::sys;

/// Who may read and write the file that is replaced.
#[derive(Debug)]
pub(super) struct OldAccess<'a> {
    /// The open file.
    pub(super) file: &'a File,
    /// Its metadata.
    pub(super) stat: &'a Stat,
}

impl OldAccess<'_> {
    /// Gives `new` the same. The owner comes first: changing it may clear bits of the mode.
    pub(super) fn give_to(&self, new: &File) -> io::Result<()> {
        self.give_owner(new)?;
        sys::copy_attributes(self.file, new)?;
        new.set_permissions(Permissions::from_mode(permission_bits(self.stat)))
    }

    fn give_owner(&self, new: &File) -> io::Result<()> {
        let (now, old) = (fstat(new)?, self.stat);
        if (now.st_uid, now.st_gid) == (old.st_uid, old.st_gid) {
            return Ok(());
        }
        let group = Gid::from_raw(old.st_gid);
        let Err(error) = fchown(new, Some(Uid::from_raw(old.st_uid)), Some(group)) else {
            return Ok(());
        };
        // Another account can't give files away, but it may give them to its groups.
        let is_root = geteuid().is_root();
        if now.st_uid != old.st_uid && is_root {
            return Err(cannot_keep("owner", old.st_uid, error));
        }
        if now.st_gid != old.st_gid
            && fchown(new, None, Some(group)).is_err()
            && (is_root || self.group_matters())
        {
            return Err(cannot_keep("group", old.st_gid, error));
        }
        Ok(())
    }

    /// Whether the group has other rights than everyone.
    fn group_matters(&self) -> bool {
        let rights = |shift: u32| -> RawMode { (self.stat.st_mode >> shift) & 0o7 };
        rights(3) != rights(0)
    }
}

fn cannot_keep(what: &str, number: u32, error: Errno) -> io::Error {
    let error = io::Error::from(error);
    io::Error::new(error.kind(), format!("its {what} ({number}) can't be kept: {error}"))
}
