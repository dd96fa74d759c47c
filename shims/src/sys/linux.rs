//! Linux.

use std::ffi::{CStr, OsStr};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, OFlags, RawDir, Stat};

/// The operating system's name in version files.
pub(crate) const NAME: &str = "linux";

/// How a folder is opened to look up names in it, which needs no permission to list it.
pub(crate) const LOOK_IN: OFlags = OFlags::PATH;

/// The path that this process was executed by, if it is absolute.
pub(crate) fn executable_path() -> Option<PathBuf> {
    let path = Path::new(OsStr::from_bytes(rustix::param::linux_execfn().to_bytes()));
    path.is_absolute().then(|| path.to_path_buf())
}

/// Whether the process has more rights than its caller, who must not control it then.
pub fn is_secure() -> bool {
    // SAFETY: reads one number of the process's auxiliary vector.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// The device that a file is on.
pub(crate) fn device(seen: &Stat) -> u64 {
    seen.st_dev
}

/// Visits the entries of a folder, in no order, `.` and `..` among them.
///
/// The buffer is on the stack: a folder of a thousand versions is read without an allocation.
pub(crate) fn each_entry(
    folder: &OwnedFd,
    mut visit: impl FnMut(&CStr, FileType),
) -> io::Result<()> {
    let mut buffer = [const { MaybeUninit::uninit() }; 8 << 10];
    let mut entries = RawDir::new(folder, &mut buffer);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        visit(entry.file_name(), entry.file_type());
    }
    Ok(())
}
