//! macOS, and every other Unix that isn't Linux.

use std::ffi::CStr;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use rustix::fs::{Dir, FileType, OFlags, Stat};

/// The operating system's names in version files.
pub(crate) const NAMES: &[&str] = &["macos", "darwin"];

/// How a folder is opened to look names up in it.
pub(crate) const LOOK_IN: OFlags = OFlags::RDONLY;

/// The path that this process was executed by: the system's answer never fails here.
pub(crate) fn executable_path() -> Option<PathBuf> {
    None
}

/// Whether the process has more rights than its caller, who must not control it then.
pub fn is_secure() -> bool {
    rustix::process::geteuid() != rustix::process::getuid()
        || rustix::process::getegid() != rustix::process::getgid()
}

/// The account that the process acts as: its effective user.
pub(crate) fn account() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The kind and the permission bits of a file, a number of whatever width the system gives it.
pub(crate) fn mode(seen: &Stat) -> u32 {
    u32::from(seen.st_mode)
}

/// How many hard links a file has.
pub(crate) fn links(seen: &Stat) -> u64 {
    u64::from(seen.st_nlink)
}

/// The device that a file is on, a number of whatever width and sign the system gives it.
pub(crate) fn device(seen: &Stat) -> u64 {
    #[expect(clippy::cast_sign_loss, reason = "it identifies, and is never reckoned with")]
    let device = seen.st_dev as u64;
    device
}

/// Visits the entries of a folder, in no order, `.` and `..` among them.
pub(crate) fn each_entry(
    folder: &OwnedFd,
    mut visit: impl FnMut(&CStr, FileType),
) -> io::Result<()> {
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        visit(entry.file_name(), entry.file_type());
    }
    Ok(())
}
