//! Whether usher may write in its home, as which account, and with which modes.
//!
//! In a container, or under `sudo` that keeps HOME, root works in another account's home. Then its
//! files belong to that account, and it has that account's rights only. Any other account is refused:
//! it would leave files that the owner can't change, and run programs that others can change.

use std::fs::{self, Metadata};
use std::marker::PhantomData;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use rustix::process::{geteuid, umask};
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::ownership::{ROOT, WORLD_WRITABLE};

use super::account::{ActingAs, home_owner};
use super::bare::require_random_numbers;
use super::durable::make_folders;
use super::own_folder::{OwnFolder, belongs_to};
use crate::sys::Account;

/// The folders that are written to.
#[derive(Debug)]
pub struct HomeFolders<'a> {
    /// usher's data folder. Its owner, or that of the nearest existing parent, is the account to write
    /// as.
    pub data: &'a Path,
    /// The folders in it that must not be another account's.
    pub subfolders: Vec<PathBuf>,
    /// Who may read new files.
    pub readers: Readers,
}

/// Who may read new files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Every account: the home is the machine's.
    Everyone,
    /// Those that the account's umask allows.
    ByUmask,
}

/// The right to write in usher's folders, as their owner and on the thread that acquired it.
///
/// Functions that write there need one, so that a caller without it doesn't compile. A command
/// acquires it once, and drops it before it does something as the calling account: running a child, or
/// changing a file of the project.
#[derive(Debug)]
pub struct WriteAccess {
    /// Settings of the whole process; `None` for another thread's access.
    _process: Option<ProcessModes>,
    /// The account to write as, if it isn't the calling one.
    owner: Option<Account>,
    /// This thread's account, until this is dropped.
    _acting: Option<ActingAs>,
}

impl WriteAccess {
    /// Prepares to write in a home. [`ErrorKind::Permission`] if it is another account's, or
    /// world-writable.
    pub fn acquire(home: &HomeFolders<'_>) -> Result<Self> {
        require_random_numbers()?;
        let owner = other_owner(home.data)?;
        let acting = owner.map(ActingAs::new);
        let process = ProcessModes {
            _umask: Umask::set_for(home.readers),
            _file_size: FileSizeLimit::as_error(),
        };
        let access = Self { _process: Some(process), owner, _acting: acting };
        access.refuse_planted(home)?;
        Ok(access)
    }

    /// Refuses a folder that every account can write to, or that another account put in the place of
    /// ours.
    ///
    /// Where every account can create folders, ours are created first: then no other account can
    /// create one between this check and its use.
    fn refuse_planted(&self, home: &HomeFolders<'_>) -> Result<()> {
        let writer = self.owner.map_or(geteuid().as_raw(), |owner| owner.user);
        if is_below_shared(home.data) {
            make_folders(home.data)?;
        }
        let Some(data) = OwnFolder::open(home.data)? else { return Ok(()) };
        for path in &home.subfolders {
            if data.is_for_all() {
                make_folders(path)?;
            }
            let Some(folder) = data.folder(path.file_name().unwrap_or_default())? else { continue };
            if ![ROOT, writer].contains(&folder.entry_owner()) {
                return Err(belongs_to(path, folder.entry_owner()));
            }
        }
        Ok(())
    }

    /// The account that new files belong to.
    pub fn account(&self) -> u32 {
        self.owner.map_or(geteuid().as_raw(), |owner| owner.user)
    }

    /// This access for other threads, as long as this value exists.
    pub fn for_threads(&self) -> ThreadAccess<'_> {
        ThreadAccess { owner: self.owner, _access: PhantomData }
    }

    /// An access for tests that write in their own folders; it changes nothing.
    #[cfg(test)]
    pub fn for_test() -> Self {
        Self { _process: None, owner: None, _acting: None }
    }
}

/// A [`WriteAccess`] that can be sent to other threads.
///
/// A new thread inherits its parent's account; a thread that started before the access doesn't have
/// it. [`with`](Self::with) works for both.
#[derive(Debug, Clone, Copy)]
pub struct ThreadAccess<'a> {
    owner: Option<Account>,
    _access: PhantomData<&'a ()>,
}

impl ThreadAccess<'_> {
    /// An access that outlives the [`WriteAccess`], for deleting only: that needs the owner's rights,
    /// but no modes for new files.
    pub(super) fn for_deleting(self) -> ThreadAccess<'static> {
        ThreadAccess { owner: self.owner, _access: PhantomData }
    }

    /// Runs `act` with write access on the calling thread.
    pub fn with<T>(self, act: impl FnOnce(&WriteAccess) -> T) -> T {
        let acting = self.owner.map(ActingAs::new);
        act(&WriteAccess { _process: None, owner: self.owner, _acting: acting })
    }
}

/// What is changed for the whole process.
#[derive(Debug)]
struct ProcessModes {
    _umask: Umask,
    _file_size: FileSizeLimit,
}

/// Whether a folder that doesn't exist would be made in one where every account can create others.
fn is_below_shared(folder: &Path) -> bool {
    let Some((nearest, seen)) = folder.ancestors().find_map(folder_with_metadata) else {
        return false;
    };
    nearest != folder && seen.mode() & WORLD_WRITABLE != 0
}

/// Sets the umask until this is dropped.
#[derive(Debug)]
struct Umask {
    before: Mode,
}

impl Umask {
    /// Files of the machine are readable for everyone. Files of an account follow its umask, but are
    /// never world-writable.
    fn set_for(readers: Readers) -> Self {
        let before = umask(Mode::WGRP | Mode::WOTH);
        if readers == Readers::ByUmask {
            umask(before | Mode::WOTH);
        }
        Self { before }
    }
}

impl Drop for Umask {
    /// A program that usher becomes inherits the umask that usher was started with.
    fn drop(&mut self) {
        umask(self.before);
    }
}

/// Until this is dropped, a file beyond the size limit of the process is an error with a message. By
/// default it is a signal that ends the process without one.
#[derive(Debug)]
struct FileSizeLimit {
    before: libc::sighandler_t,
}

impl FileSizeLimit {
    fn as_error() -> Self {
        // SAFETY: ignores a signal; no handler of ours is involved.
        Self { before: unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) } }
    }
}

impl Drop for FileSizeLimit {
    /// A program that usher becomes inherits the disposition that usher was started with.
    fn drop(&mut self) {
        // SAFETY: restores the earlier disposition.
        unsafe { libc::signal(libc::SIGXFSZ, self.before) };
    }
}

/// The account to write as, if that isn't the calling one: root has to write as another account.
fn other_owner(data: &Path) -> Result<Option<Account>> {
    let own = geteuid().as_raw();
    if own == ROOT {
        return Ok(home_owner(data));
    }
    let Some((folder, seen)) = data.ancestors().find_map(folder_with_metadata) else {
        return Ok(None);
    };
    // Where root created it, its mode decides whether others may write.
    if [ROOT, own].contains(&seen.uid()) {
        return Ok(None);
    }
    let owner = seen.uid();
    Err(Error::new(
        ErrorKind::Permission,
        format!("{} belongs to account {owner}, and you are {own}", Shown(folder)),
    )
    .because("that account could change the programs there")
    .hint("export USHER_HOME=/a/folder/of/yours"))
}

fn folder_with_metadata(folder: &Path) -> Option<(&Path, Metadata)> {
    fs::metadata(folder).ok().map(|seen| (folder, seen))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    use std::thread;

    use super::*;
    use crate::sys::act_as;

    /// Some account that isn't root.
    const OTHER: u32 = 65_534;

    #[test]
    fn a_thread_writes_as_the_owner_only_while_it_has_access() {
        if !geteuid().is_root() {
            return;
        }
        let parent = tempfile::tempdir().unwrap();
        fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let data = parent.path().join("data");
        fs::create_dir(&data).unwrap();
        chown(&data, Some(OTHER), Some(OTHER)).unwrap();
        let home = HomeFolders { data: &data, subfolders: Vec::new(), readers: Readers::Everyone };
        let owner = |name: &str| {
            let path = data.join(name);
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
                // As a thread that was started before the access.
                act_as(Account { user: 0, group: 0 });
                let before = owner("before");
                (before, for_threads.with(|_| owner("with")), owner("again"))
            });
            assert_eq!(older.join().unwrap(), (0, OTHER, 0));
        });
        drop(access);
        assert_eq!(owner("after"), 0);
    }
}
