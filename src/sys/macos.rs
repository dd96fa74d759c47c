//! macOS. None of this was ever run: it is read against the manual pages and headers of the system.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::ptr::null_mut;

use rustix::fs::{Mode, OFlags, RawMode, StatVfs};
use rustix::io::Errno;

use super::types::{Account, Process, RunningProgram, System};

/// This system.
pub(crate) const SYSTEM: System = System::MacOs;

/// The system has no such flag.
pub(crate) const NO_ACCESS_TIME: OFlags = OFlags::empty();

/// Opens a folder to open what is in it.
pub(crate) const SEARCH_FOLDER: OFlags = OFlags::RDONLY;

/// The longest path of a program, in bytes: `PROC_PIDPATHINFO_MAXSIZE`.
const LONGEST_PATH: usize = 4096;

/// How many processes may start between the question how many there are and the one which.
const STARTED_MEANWHILE: usize = 64;

/// Permission bits, as the system takes them.
pub(crate) const fn mode(bits: u32) -> Mode {
    Mode::from_raw_mode((bits & 0o7777) as RawMode)
}

/// The system doesn't tell.
pub(crate) fn keeps_access_times(_: &StatVfs) -> bool {
    true
}

/// Whether Rosetta translates this program: it is for Intel's processors, and this isn't one.
pub(crate) fn is_translated() -> bool {
    let mut answer: libc::c_int = 0;
    let mut size = size_of::<libc::c_int>();
    // SAFETY: the name ends with a null byte; writes at most `size` bytes to a variable of this
    // function, and sets nothing. Without Rosetta there is no such name, and an error.
    let failed = unsafe {
        libc::sysctlbyname(
            c"sysctl.proc_translated".as_ptr(),
            (&raw mut answer).cast(),
            &raw mut size,
            null_mut(),
            0,
        )
    };
    failed == 0 && answer == 1
}

/// Gives a file the access list of another one; and, as far as possible, its attributes.
pub(crate) fn copy_attributes(from: &File, to: &File) -> io::Result<()> {
    match copy(from, to, libc::COPYFILE_ACL) {
        Err(error) if error.raw_os_error() != Some(libc::ENOTSUP) => return Err(error),
        Err(_) | Ok(()) => {}
    }
    // The system keeps some of them to itself.
    let _ = copy(from, to, libc::COPYFILE_XATTR);
    Ok(())
}

fn copy(from: &File, to: &File, what: libc::copyfile_flags_t) -> io::Result<()> {
    // SAFETY: both descriptors are open; the state may be null.
    match unsafe { libc::fcopyfile(from.as_raw_fd(), to.as_raw_fd(), null_mut(), what) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Programs have no capabilities here.
pub(crate) fn has_capabilities(_: &Path) -> bool {
    false
}

/// A single file system can't be synced: `sync` returns before anything is written.
pub(crate) fn sync_file_system(_: &File) -> io::Result<()> {
    Err(Errno::NOSYS.into())
}

/// Does nothing: random numbers don't fail here.
#[expect(clippy::unnecessary_wraps, reason = "it fails elsewhere")]
pub(crate) fn read_random_byte() -> io::Result<()> {
    Ok(())
}

/// Threads have no account of their own here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ThreadAccount;

/// Does nothing: root remains root.
pub(crate) fn act_as(_: Account) -> ThreadAccount {
    ThreadAccount
}

/// Does nothing.
pub(crate) fn act_again(_: &ThreadAccount) {}

/// The system doesn't tell.
pub(crate) fn lock_holders(_: &File) -> Option<Vec<u32>> {
    None
}

/// A running process; `None` if there is none with this ID, or if it is another account's.
pub(crate) fn process(id: u32) -> Option<Process> {
    let about = about(id)?;
    let name = about.pbi_comm.iter().map(|byte| byte.cast_unsigned());
    let name: Vec<u8> = name.take_while(|byte| *byte != 0).collect();
    Some(Process { name: String::from_utf8_lossy(&name).into_owned(), user: about.pbi_uid })
}

/// The programs of all processes that the caller may see.
pub(crate) fn running_programs() -> Vec<RunningProgram> {
    let ids = process_ids().into_iter().filter_map(|id| u32::try_from(id).ok());
    let programs = ids.filter_map(|id| {
        Some(RunningProgram { id, user: about(id)?.pbi_uid, path: program_path(id)? })
    });
    programs.collect()
}

fn process_ids() -> Vec<libc::pid_t> {
    // SAFETY: without a buffer, the call only counts.
    let count = unsafe { libc::proc_listallpids(null_mut(), 0) };
    let mut ids: Vec<libc::pid_t> =
        vec![0; usize::try_from(count).unwrap_or(0) + STARTED_MEANWHILE];
    let Ok(size) = libc::c_int::try_from(size_of_val(&*ids)) else { return Vec::new() };
    // SAFETY: writes at most `size` bytes to the list.
    let count = unsafe { libc::proc_listallpids(ids.as_mut_ptr().cast(), size) };
    ids.truncate(usize::try_from(count).unwrap_or(0));
    ids
}

fn program_path(id: u32) -> Option<PathBuf> {
    let id = libc::c_int::try_from(id).ok()?;
    let mut path = vec![0; LONGEST_PATH];
    let size = u32::try_from(path.len()).ok()?;
    // SAFETY: writes at most `size` bytes to the buffer.
    let length = unsafe { libc::proc_pidpath(id, path.as_mut_ptr().cast(), size) };
    path.truncate(usize::try_from(length).ok().filter(|length| *length > 0)?);
    Some(PathBuf::from(OsString::from_vec(path)))
}

fn about(id: u32) -> Option<libc::proc_bsdinfo> {
    let id = libc::c_int::try_from(id).ok()?;
    let size = libc::c_int::try_from(size_of::<libc::proc_bsdinfo>()).ok()?;
    let mut about = MaybeUninit::<libc::proc_bsdinfo>::zeroed();
    // SAFETY: writes at most `size` bytes to the variable.
    let written = unsafe {
        libc::proc_pidinfo(id, libc::PROC_PIDTBSDINFO, 0, about.as_mut_ptr().cast(), size)
    };
    // SAFETY: it consists of numbers, and zeros are some.
    (written == size).then(|| unsafe { about.assume_init() })
}
