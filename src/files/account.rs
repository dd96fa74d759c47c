//! The account with whose rights root works in another account's home.

use std::fs::{self, Metadata};
use std::marker::PhantomData;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use usher_shims::ownership::ROOT;

use crate::sys::{Account, ThreadAccount, act_again, act_as};

/// The calling thread accesses files as another account until this is dropped.
#[derive(Debug)]
pub(super) struct ActingAs {
    before: ThreadAccount,
    /// The account is a property of a thread in the kernel, so this value must stay on its thread.
    _thread: PhantomData<*const ()>,
}

impl ActingAs {
    pub(super) fn new(account: Account) -> Self {
        Self { before: act_as(account), _thread: PhantomData }
    }
}

impl Drop for ActingAs {
    fn drop(&mut self) {
        act_again(&self.before);
    }
}

/// The account that owns a home, if root works in another account's: the owner of a link on the way
/// to this path, else of the folder there, or of the nearest existing one above.
pub(crate) fn home_owner(path: &Path) -> Option<Account> {
    if !geteuid().is_root() {
        return None;
    }
    let links = path.ancestors().filter_map(|path| fs::symlink_metadata(path).ok());
    // Whoever owns a link can lead it anywhere.
    let link = links.filter(|seen| seen.is_symlink() && seen.uid() != ROOT).last();
    let is_folder = |seen: &Metadata| seen.is_dir();
    let nearest = || path.ancestors().find_map(|path| fs::metadata(path).ok().filter(is_folder));
    let owner = link.or_else(nearest)?;
    (owner.uid() != ROOT).then(|| Account { user: owner.uid(), group: owner.gid() })
}

/// The account with whose rights root reads at a path; `None` for its own.
///
/// Where that account can't reach its own files, root is the only one who can: another container's
/// volume below `/root`, for example.
pub(crate) fn owner_for_root(path: &Path) -> Option<Account> {
    let account = home_owner(path)?;
    let is_own =
        |path: &&Path| fs::symlink_metadata(path).is_ok_and(|seen| seen.uid() == account.user);
    let outermost = path.ancestors().filter(is_own).last()?;
    let is_reachable = || fs::symlink_metadata(outermost).is_ok();
    with_rights_of(Some(account), is_reachable).then_some(account)
}

/// Runs `read` on this thread with the rights of an account, if one is given.
pub(crate) fn with_rights_of<T>(account: Option<Account>, read: impl FnOnce() -> T) -> T {
    let _acting = account.map(ActingAs::new);
    read()
}

/// Runs `read`, which reads at or below this path. In another account's home, root has only that
/// account's rights for it.
pub fn with_owners_rights<T>(path: &Path, read: impl FnOnce() -> T) -> T {
    with_rights_of(owner_for_root(path), read)
}

/// A folder, and the account with whose rights root reads in it.
#[derive(Debug, Clone)]
pub struct RightsAt {
    folder: PathBuf,
    account: Account,
}

impl RightsAt {
    /// The rights in a folder; `None` for the caller's own.
    pub fn of(folder: &Path) -> Option<Self> {
        owner_for_root(folder).map(|account| Self { folder: folder.to_path_buf(), account })
    }
}

/// Runs `read`, which reads at or below this path, with the rights in the first of these folders that
/// contains it; with the caller's if none does.
pub fn with_rights_at<'a, T>(
    mut folders: impl Iterator<Item = &'a RightsAt>,
    path: &Path,
    read: impl FnOnce() -> T,
) -> T {
    let found = folders.find(|rights| path.starts_with(&rights.folder));
    with_rights_of(found.map(|rights| rights.account), read)
}
