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

use crate::sys::act_as;

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
    pub subfolders: Vec<PathBuf>,
    /// Who may read what is written.
    pub readers: Readers,
}

/// Who may read what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Every account: it is the machine's.
    Everyone,
    /// Whom the account lets.
    ByUmask,
}

/// The right to write in usher's folders, as their owner and on the thread that acquired it.
///
/// Whatever writes there is given one, so that code without it doesn't compile. It is acquired once
/// a command, and dropped where something is to be done as the caller: a child that runs, a file of
/// the project's.
#[derive(Debug)]
pub struct WriteAccess {
    /// What holds for the whole process; another thread's access has none of its own.
    _process: Option<ProcessModes>,
    /// As whom we write, where that isn't who we are.
    owner: Option<(u32, u32)>,
    /// Whose files this thread made before, where that changed.
    before: Option<(u32, u32)>,
    /// The kernel keeps an account for files with each thread: this belongs to one.
    _thread: PhantomData<*const ()>,
}

impl WriteAccess {
    /// Prepares to write in a home. An error with [`ErrorKind::Permission`] where it is another's, or
    /// everybody's.
    pub fn acquire(home: &HomeFolders<'_>) -> Result<Self> {
        let owner = other_owner(home.data)?;
        let writer = owner.map_or(geteuid().as_raw(), |(user, _)| user);
        refuse_if_everybodys(home.data)?;
        for folder in &home.subfolders {
            refuse_if_everybodys(folder)?;
            refuse_if_planted(folder, writer)?;
        }
        let before = owner.map(act_as);
        let process =
            ProcessModes { _umask: Umask::of(home.readers), _file_size: FileSize::heeded() };
        Ok(Self { _process: Some(process), owner, before, _thread: PhantomData })
    }

    /// The same right for other threads, while this one has it.
    pub fn for_threads(&self) -> ThreadAccess<'_> {
        ThreadAccess { owner: self.owner, _access: PhantomData }
    }

    /// What a test needs to write in its own folder: nothing is changed.
    #[cfg(test)]
    pub fn for_test() -> Self {
        Self { _process: None, owner: None, before: None, _thread: PhantomData }
    }
}

impl Drop for WriteAccess {
    fn drop(&mut self) {
        if let Some(before) = self.before {
            act_as(before);
        }
    }
}

/// A [`WriteAccess`] that can be given to other threads, to be taken up there.
///
/// A thread inherits whose files it makes when it is started; which of the two came first doesn't
/// matter here.
#[derive(Debug, Clone, Copy)]
pub struct ThreadAccess<'a> {
    owner: Option<(u32, u32)>,
    _access: PhantomData<&'a ()>,
}

impl ThreadAccess<'_> {
    /// The same for what may come after the access was dropped, and only deletes: it needs the
    /// owner's rights, and no modes for new files.
    pub(super) fn for_deleting(self) -> ThreadAccess<'static> {
        ThreadAccess { owner: self.owner, _access: PhantomData }
    }

    /// Does something with access on the calling thread.
    pub fn with<T>(self, act: impl FnOnce(&WriteAccess) -> T) -> T {
        let before = self.owner.map(act_as);
        act(&WriteAccess { _process: None, owner: self.owner, before, _thread: PhantomData })
    }
}

/// What changes for all threads of the process.
#[derive(Debug)]
struct ProcessModes {
    _umask: Umask,
    _file_size: FileSize,
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
        if readers == Readers::ByUmask {
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::chown;
    use std::thread;

    use super::*;

    /// Some account that isn't root.
    const OTHER: u32 = 65_534;

    #[test]
    fn a_thread_writes_as_the_owner_while_it_has_access_and_no_longer() {
        if !geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        chown(folder.path(), Some(OTHER), Some(OTHER)).unwrap();
        let home =
            HomeFolders { data: folder.path(), subfolders: Vec::new(), readers: Readers::Everyone };
        let owner = |name: &str| {
            let path = folder.path().join(name);
            fs::write(&path, "").unwrap();
            fs::metadata(&path).unwrap().uid()
        };
        let access = WriteAccess::acquire(&home).unwrap();
        let for_threads = access.for_threads();
        assert_eq!(owner("own"), OTHER);
        thread::scope(|scope| {
            let started = scope.spawn(|| {
                let inside = for_threads.with(|access| {
                    let nested = access.for_threads().with(|_| owner("nested"));
                    (nested, owner("inside"))
                });
                (inside, owner("inherited"))
            });
            assert_eq!(started.join().unwrap(), ((OTHER, OTHER), OTHER));
        });
        thread::scope(|scope| {
            let older = scope.spawn(|| {
                // As a thread that was started before there was any access.
                act_as((0, 0));
                let before = owner("before");
                (before, for_threads.with(|_| owner("with")), owner("again"))
            });
            assert_eq!(older.join().unwrap(), (0, OTHER, 0));
        });
        drop(access);
        assert_eq!(owner("after"), 0);
    }
}
