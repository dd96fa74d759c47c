//! The account with whose rights root works in another account's home.

use std::fs;
use std::marker::PhantomData;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::process::geteuid;

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

/// The account that root reads and writes as at a path, if it isn't root: the owner of a link on the
/// way there, else the owner of what is there, or of the nearest existing parent.
pub(crate) fn owner_for_root(path: &Path) -> Option<Account> {
    if !geteuid().is_root() {
        return None;
    }
    let links = path.ancestors().filter_map(|path| fs::symlink_metadata(path).ok());
    // Whoever owns a link can lead it anywhere.
    let link = links.filter(|seen| seen.is_symlink() && seen.uid() != 0).last();
    let nearest = || path.ancestors().find_map(|path| fs::metadata(path).ok());
    let owner = link.or_else(nearest)?;
    (owner.uid() != 0).then(|| Account { user: owner.uid(), group: owner.gid() })
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
