//! Whether usher may write in a home, as whom, and with which modes.
//!
//! In a container, or under `sudo` that keeps HOME, root works in somebody else's home: what it
//! makes there is that account's, and it may do there what that account may. Anybody else who
//! writes in somebody else's folders would leave a mixture that neither can mend, and run what
//! others can change.

use std::fs::{self, Metadata};
use std::marker::PhantomData;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use rustix::process::{geteuid, umask};
use usher_shims::error::{Error, ErrorKind, Result, Shown};

/// Others may write.
const WORLD_WRITABLE: u32 = 0o002;

/// Others may not take away what they don't own.
const STICKY: u32 = 0o1000;

/// Where something is to be written.
#[derive(Debug)]
pub struct HomeFolders<'a> {
    /// Its folder; who owns it, or what is nearest above it, is who writes.
    pub data: &'a Path,
    /// The folders in it that no other account may have put there.
    pub inside: Vec<PathBuf>,
    /// Who may read what is written.
    pub readers: Readers,
}

/// Who may read what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Every account: it is the machine's.
    All,
    /// Whom the account lets.
    AsTheAccountWants,
}

/// Until this is dropped, the thread and those that it starts write as the folders' owner.
#[derive(Debug)]
pub struct WriteAccess {
    _umask: Umask,
    _file_size: FileSize,
    /// Whose files were written before, where that changed.
    before: Option<(u32, u32)>,
    /// It is this thread that has another's rights.
    _thread: PhantomData<*const ()>,
}

impl WriteAccess {
    /// Prepares to write in a home. An error with [`ErrorKind::Permission`] where it is another's, or
    /// everybody's.
    pub fn acquire(home: &HomeFolders<'_>) -> Result<Self> {
        let other = other_owner(home.data)?;
        let writer = other.map_or(geteuid().as_raw(), |(user, _)| user);
        refuse_if_everybodys(home.data)?;
        for folder in &home.inside {
            refuse_if_everybodys(folder)?;
            refuse_if_planted(folder, writer)?;
        }
        let before = other.map(act_as);
        Ok(Self {
            _umask: Umask::of(home.readers),
            _file_size: FileSize::heeded(),
            before,
            _thread: PhantomData,
        })
    }
}

impl Drop for WriteAccess {
    fn drop(&mut self) {
        if let Some(before) = self.before {
            act_as(before);
        }
    }
}

/// A folder in which every account can exchange what is run is no place for programs.
fn refuse_if_everybodys(folder: &Path) -> Result<()> {
    let Ok(seen) = fs::metadata(folder) else { return Ok(()) };
    if seen.mode() & WORLD_WRITABLE == 0 || seen.mode() & STICKY != 0 {
        return Ok(());
    }
    let shown = Shown(folder);
    Err(Error::new(ErrorKind::Permission, format!("{shown} can be written by every account"))
        .because("so nothing that is run is put there")
        .hint(format!("chmod o-w '{shown}'")))
}

/// Where everybody may make entries and nobody may take away another's, somebody else's folder or
/// link may stand in the place of ours.
fn refuse_if_planted(folder: &Path, writer: u32) -> Result<()> {
    let Ok(seen) = fs::symlink_metadata(folder) else { return Ok(()) };
    if [0, writer].contains(&seen.uid()) {
        return Ok(());
    }
    let shown = Shown(folder);
    Err(Error::new(ErrorKind::Permission, format!("{shown} belongs to account {}", seen.uid()))
        .because("it stands where a folder of usher's must be")
        .hint("export USHER_HOME=/a/folder/of/yours"))
}

/// Until this is dropped, what is made has the modes that it must have.
#[derive(Debug)]
struct Umask {
    before: Mode,
}

impl Umask {
    /// What is the machine's can be read by everyone; what is an account's is as the account
    /// wants, but that nobody else can write it.
    fn of(readers: Readers) -> Self {
        let before = umask(Mode::WGRP | Mode::WOTH);
        if readers == Readers::AsTheAccountWants {
            umask(before | Mode::WOTH);
        }
        Self { before }
    }
}

impl Drop for Umask {
    /// The program that comes after is to inherit what we were given.
    fn drop(&mut self) {
        umask(self.before);
    }
}

/// Until this is dropped, a file that becomes larger than the process may make it is an error like
/// others, which has a message, and no signal, which ends the process without one.
#[derive(Debug)]
struct FileSize {
    before: libc::sighandler_t,
}

impl FileSize {
    fn heeded() -> Self {
        // SAFETY: ignores a signal; no handler of ours is involved.
        Self { before: unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) } }
    }
}

impl Drop for FileSize {
    /// The program that comes after is to inherit what we were given.
    fn drop(&mut self) {
        // SAFETY: puts back what was there before.
        unsafe { libc::signal(libc::SIGXFSZ, self.before) };
    }
}

/// The account and the group that own the folders, where root is to act for another account.
fn other_owner(data: &Path) -> Result<Option<(u32, u32)>> {
    let Some((folder, seen)) = data.ancestors().find_map(there) else { return Ok(None) };
    let own = geteuid().as_raw();
    match seen.uid() {
        owner if owner == own => Ok(None),
        _ if own == 0 => Ok(Some((seen.uid(), seen.gid()))),
        // Root prepared it; whether it lets others write is in its mode.
        0 => Ok(None),
        owner => Err(Error::new(
            ErrorKind::Permission,
            format!("{} belongs to account {owner}, and you are {own}", Shown(folder)),
        )
        .because("programs in another account's folder are that account's to change")
        .hint("export USHER_HOME=/a/folder/of/yours")),
    }
}

fn there(folder: &Path) -> Option<(&Path, Metadata)> {
    fs::metadata(folder).ok().map(|seen| (folder, seen))
}

/// From now on the calling thread's files are this account's, and it may do what that may. The
/// result is whose they were.
#[cfg(target_os = "linux")]
fn act_as((user, group): (u32, u32)) -> (u32, u32) {
    // SAFETY: changes two numbers of the calling thread; where that isn't allowed, nothing changes.
    let (group, user) = unsafe { (libc::setfsgid(group), libc::setfsuid(user)) };
    (user.cast_unsigned(), group.cast_unsigned())
}

/// Elsewhere root remains root.
#[cfg(not(target_os = "linux"))]
fn act_as(before: (u32, u32)) -> (u32, u32) {
    before
}
