//! macOS. None of this was ever run: it is read against the manual pages of the system.

use std::ffi::CStr;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use rustix::fs::{Dir, FileType, OFlags, Stat};

/// The operating system's names in version files.
pub(crate) const NAMES: &[&str] = &["macos", "darwin"];

/// How a folder is opened to look names up in it.
pub(crate) const LOOK_IN: OFlags = OFlags::RDONLY;

/// Whether two spellings of a name are usually one file: APFS is made so, unless one asks otherwise.
pub(crate) const IGNORES_CASE: bool = true;

/// What this process's own file is found by.
pub(crate) const OWN_FILE: &str = "the path of the call";

/// This process's own file. The system has the path of the call (`_NSGetExecutablePath`), which may be
/// a link's, or be relative; the file is where that leads, spelled as it is on disk.
#[expect(clippy::disallowed_methods, reason = "the shim's main looks up its own file here")]
pub(crate) fn own_file() -> io::Result<PathBuf> {
    std::env::current_exe()?.canonicalize()
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
