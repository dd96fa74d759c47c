//! Linux.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{
    Mode, OFlags, StatVfs, StatVfsMountFlags, XattrFlags, fgetxattr, flistxattr, fremovexattr,
    fsetxattr, lgetxattr,
};
use rustix::io::Errno;
use rustix::process::{Gid, getgroups};
use rustix::rand::GetRandomFlags;
use rustix::thread::set_thread_groups;

use super::types::{Account, Process, RunningProgram, System};

/// This system.
pub(crate) const SYSTEM: System = System::Linux;

/// The most bytes of an attribute, and of the list of their names.
const MOST_BYTES: usize = 1 << 16;

/// The access list of a file.
const ACCESS_LIST: &[u8] = b"system.posix_acl_access";

/// The capabilities of a program.
const CAPABILITIES: &[u8] = b"security.capability";

/// Opens a file or folder without changing its access time.
pub(crate) const NO_ACCESS_TIME: OFlags = OFlags::NOATIME;

/// Opens a folder to open what is in it; listing it needs more permission.
pub(crate) const SEARCH_FOLDER: OFlags = OFlags::PATH;

/// Permission bits, as the system takes them.
pub(crate) const fn mode(bits: u32) -> Mode {
    Mode::from_raw_mode(bits)
}

/// Whether a file system is mounted with access times.
pub(crate) fn keeps_access_times(mounted: &StatVfs) -> bool {
    !mounted.f_flag.contains(StatVfsMountFlags::NOATIME)
}

/// Gives a file the access list of another one, or none if that has none; and, as far as possible,
/// its attributes: those of users, and the label of `SELinux`.
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
    let mut names = vec![0; MOST_BYTES];
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
    let mut value = vec![0; MOST_BYTES];
    let length = fgetxattr(of, name, &mut value[..])?;
    value.truncate(length);
    Ok(value)
}

/// Whether a program gets capabilities where it runs, by an attribute of its file.
pub(crate) fn has_capabilities(program: &Path) -> bool {
    let mut value = [0; 64];
    lgetxattr(program, CAPABILITIES, &mut value[..]).is_ok_and(|length| length > 0)
}

/// Syncs the file system of this folder.
pub(crate) fn sync_file_system(folder: &File) -> io::Result<()> {
    Ok(rustix::fs::syncfs(folder)?)
}

/// Reads a random number and drops it. An error if the kernel has none, or a filter refuses them.
pub(crate) fn read_random_byte() -> io::Result<()> {
    // The system call itself: older libraries have no function for it.
    match rustix::rand::getrandom(&mut [0_u8], GetRandomFlags::NONBLOCK) {
        // There will be some soon, and they are waited for.
        Ok(_) | Err(Errno::AGAIN) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The account that a thread accesses files as, with its other groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ThreadAccount {
    account: Account,
    groups: Vec<Gid>,
}

/// Makes the calling thread access files as this account, and with none of its own groups. Returns
/// the account it had before.
pub(crate) fn act_as(account: Account) -> ThreadAccount {
    let groups = getgroups().unwrap_or_default();
    // Without permission for it, the thread keeps its groups.
    let _ = set_thread_groups(&[]);
    ThreadAccount { account: set_account(account), groups }
}

/// Undoes [`act_as`].
pub(crate) fn act_again(before: &ThreadAccount) {
    set_account(before.account);
    let _ = set_thread_groups(&before.groups);
}

fn set_account(account: Account) -> Account {
    // SAFETY: changes two IDs of the calling thread; without permission nothing changes.
    let (group, user) = unsafe { (libc::setfsgid(account.group), libc::setfsuid(account.user)) };
    Account { user: user.cast_unsigned(), group: group.cast_unsigned() }
}

/// The IDs of the processes that have this file locked. `None` if the system can't tell; none are
/// found in other containers.
pub(crate) fn lock_holders(file: &File) -> Option<Vec<u32>> {
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let device = device_in_lock_list(file)?;
    let identity = format!("{device}:{}", file.metadata().ok()?.ino());
    let mut holders: Vec<u32> = locks.lines().filter_map(|line| holder(line, &identity)).collect();
    holders.retain(|id| process(*id).is_some());
    // A lock is its file's: where the process that took it ended, one that inherited the file has it.
    Some(if holders.is_empty() { inheritors(&identity) } else { holders })
}

/// The process in a line of `/proc/locks`, if it took a lock on this file:
/// `1: FLOCK ADVISORY WRITE PROCESS DEVICE:INODE 0 EOF`. A process that waits has `->` after the
/// number.
fn holder(line: &str, identity: &str) -> Option<u32> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let is_lock = fields.next()? == "FLOCK";
    let process = fields.nth(2)?.parse().ok()?;
    (is_lock && fields.next()? == identity).then_some(process)
}

/// The processes with an open file by which this lock is held. Only root sees those of all accounts.
fn inheritors(identity: &str) -> Vec<u32> {
    let holds = |id: &u32| {
        let open_files = fs::read_dir(format!("/proc/{id}/fdinfo")).into_iter().flatten().flatten();
        let texts = open_files.filter_map(|file| fs::read_to_string(file.path()).ok());
        texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).any(|line| {
            let lock = line.strip_prefix("lock:").map(str::trim_start);
            lock.is_some_and(|lock| holder(lock, identity).is_some())
        })
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    ids.filter(holds).collect()
}

/// The device of an open file as `/proc/locks` names it: that of its mount. Btrfs and overlays have
/// others in a file's metadata.
fn device_in_lock_list(file: &File) -> Option<String> {
    let about = fs::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd())).ok()?;
    let mount = about.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim();
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let device = mounts.lines().find_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        (fields.next()? == mount).then(|| fields.nth(1))?
    })?;
    let (major, minor) = device.split_once(':')?;
    let [major, minor] = [major, minor].map(str::parse::<u32>);
    Some(format!("{:02x}:{:02x}", major.ok()?, minor.ok()?))
}

/// A running process; `None` if there is none with this ID.
pub(crate) fn process(id: u32) -> Option<Process> {
    let folder = format!("/proc/{id}");
    let user = fs::metadata(&folder).ok()?.uid();
    let name = fs::read_to_string(format!("{folder}/comm")).ok()?;
    Some(Process { name: name.trim_end_matches('\n').to_owned(), user })
}

/// The programs of all processes that the caller may see.
pub(crate) fn running_programs() -> Vec<RunningProgram> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let programs = processes.filter_map(|process| {
        let id = process.file_name().to_str()?.parse().ok()?;
        let user = process.metadata().ok()?.uid();
        Some(RunningProgram { id, user, path: fs::read_link(process.path().join("exe")).ok()? })
    });
    programs.collect()
}

/// Whether the system translates this program for another processor. An emulator that does can't be
/// asked.
pub(crate) fn is_translated() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_holders_of_the_file_are_listed() {
        for (line, expected) in [
            ("1: FLOCK  ADVISORY  WRITE 17 fe:00:4711 0 EOF", Some(17)),
            ("1: -> FLOCK  ADVISORY  WRITE 18 fe:00:4711 0 EOF", None),
            ("2: POSIX  ADVISORY  WRITE 19 fe:00:4711 0 EOF", None),
            ("3: FLOCK  ADVISORY  READ 20 fe:00:47110 0 EOF", None),
            ("4: FLOCK  ADVISORY  READ 21 fe:00:4711 0 EOF", Some(21)),
            ("", None),
        ] {
            assert_eq!(holder(line, "fe:00:4711"), expected, "{line}");
        }
    }
}
