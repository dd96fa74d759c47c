//! Linux.

use std::ffi::{CStr, OsStr};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, OFlags, RawDir, Stat};

/// The operating system's names in version files.
pub(crate) const NAMES: &[&str] = &["linux"];

/// How a folder is opened to look up names in it, which needs no permission to list it.
pub(crate) const LOOK_IN: OFlags = OFlags::PATH;

/// Whether two spellings of a name are usually one file.
pub(crate) const IGNORES_CASE: bool = false;

/// What this process's own file is found by.
pub(crate) const OWN_FILE: &str = "/proc/self/exe";

/// This process's own file, for any link or name of the call; without `/proc` it is the path that was
/// executed, if that is absolute.
#[expect(clippy::disallowed_methods, reason = "the shim's main looks up its own file here")]
pub(crate) fn own_file() -> io::Result<PathBuf> {
    std::env::current_exe().or_else(|error| {
        let path = Path::new(OsStr::from_bytes(rustix::param::linux_execfn().to_bytes()));
        path.is_absolute().then(|| path.to_path_buf()).ok_or(error)
    })
}

/// Whether the process has more rights than its caller, who must not control it then.
pub fn is_secure() -> bool {
    auxiliary(libc::AT_SECURE) != 0
        || auxiliary(libc::AT_UID) != auxiliary(libc::AT_EUID)
        || auxiliary(libc::AT_GID) != auxiliary(libc::AT_EGID)
}

/// The account that the process was started as: its effective user.
pub(crate) fn account() -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "an account has 32 bits")]
    let account = auxiliary(libc::AT_EUID) as u32;
    account
}

/// A number that the kernel gave the process at its start; no system call is needed.
fn auxiliary(kind: libc::c_ulong) -> libc::c_ulong {
    // SAFETY: reads one number of the process's auxiliary vector.
    unsafe { libc::getauxval(kind) }
}

/// The kind and the permission bits of a file.
pub(crate) fn mode(seen: &Stat) -> u32 {
    seen.st_mode
}

/// How many hard links a file has.
#[allow(clippy::useless_conversion, reason = "its width differs between processors")]
pub(crate) fn links(seen: &Stat) -> u64 {
    u64::from(seen.st_nlink)
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
