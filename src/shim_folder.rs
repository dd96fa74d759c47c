//! The shim folder: one binary under many names, and the index beside them.
//!
//! Shims are hard links, else copies. Each is put in place by a rename, so that none is ever missing
//! or incomplete. The index is written before the shims that need it. A file in the folder that isn't
//! a shim is foreign, and is moved away ([`foreign`]).

pub mod embedded_shim;
pub mod foreign;
mod names;
pub mod replace;
pub mod requested;
pub mod versioned;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use usher_shims::error::{Error, Result};
use usher_shims::index::{INDEX_FILE, index_file};
use usher_shims::tool::Tool;

pub use self::foreign::is_foreign;
use self::names::expected_names;
pub use self::names::{OWN_NAMES, is_permanent, names_of};
use self::replace::{UNFINISHED, put_shim, remove_unfinished};
use crate::files::durable::{make_folders, sync_names};
use crate::files::lock::Locks;
use crate::files::replace::{Durability, FileMode, FileReplacement};
use crate::files::staging;
use crate::files::write_access::WriteAccess;
use crate::session::Session;
use usher_shims::folders::{Folders, MACHINE_DATA};

/// What a refresh changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ShimChanges {
    /// New shims.
    pub created: Vec<String>,
    /// Shims that were removed.
    pub removed: Vec<String>,
    /// Files in the folder that aren't shims, and are moved away.
    pub foreign: Vec<String>,
}

/// Makes the shims and their index match what the session knows; tools in `named` get shims even if
/// no version of them is installed.
pub fn refresh(
    session: &Session,
    access: &WriteAccess,
    named: &[&'static Tool],
) -> Result<ShimChanges> {
    let folders = &session.folders;
    let locks = Locks::new(access, folders.locks());
    staging::remove_abandoned(&folders.staging(), &locks);
    let shims = folders.shims();
    make_folders(&shims)?;
    let _lock = locks.lock("shims", session.settings.lock_timeout, &|text| session.note(text))?;
    remove_unfinished(access, &shims);
    write_index(session, access)?;
    link_to_system_install(access, folders)?;
    embedded_shim::install_shim(access, &folders.shim_binary(), &shims)?;
    let expected_names = expected_names(session, named)?;
    let changes = differences(folders, &expected_names)?;
    let left = foreign::move_away(session, access, &changes.foreign);
    let binary = folders.shim_binary();
    for name in expected_names.iter().filter(|name| !left.contains(name)) {
        put_shim(access, &binary, &shims.join(name))?;
    }
    for name in &changes.removed {
        let path = shims.join(name);
        fs::remove_file(&path).map_err(|error| Error::io("delete", &path, error))?;
    }
    sync_names(&shims);
    Ok(changes)
}

/// Whether [`refresh`] would change nothing.
pub fn is_current(session: &Session, named: &[&'static Tool]) -> bool {
    let index = fs::read(index_file(&session.folders.shims()));
    embedded_shim::is_at(&session.folders.shim_binary())
        && index.is_ok_and(|index| index == session.index.print())
        && pending_changes(session, named).is_ok_and(|changes| changes == ShimChanges::default())
}

/// Which shims [`refresh`] would make or remove.
pub fn pending_changes(session: &Session, named: &[&'static Tool]) -> Result<ShimChanges> {
    differences(&session.folders, &expected_names(session, named)?)
}

fn differences(folders: &Folders, expected_names: &BTreeSet<String>) -> Result<ShimChanges> {
    let shims = folders.shims();
    let mut present = existing_shims(&shims)?;
    present.retain(|name| !OWN_NAMES.contains(&name.as_str()));
    let (foreign, ours): (BTreeSet<_>, BTreeSet<_>) =
        present.into_iter().partition(|name| is_foreign(folders, &shims.join(name)));
    let created = expected_names.difference(&ours).cloned().collect();
    let foreign = foreign.into_iter().collect();
    let removed = ours.into_iter().filter(|name| !expected_names.contains(name)).collect();
    Ok(ShimChanges { created, removed, foreign })
}

/// Where usher is installed for the whole machine, an account's `use` is a link to the machine's.
fn link_to_system_install(_: &WriteAccess, folders: &Folders) -> Result<()> {
    let machine = Folders::machine(Path::new(MACHINE_DATA));
    let shims = folders.shims();
    let own = shims.join(OWN_NAMES[0]);
    let is_installed = fs::symlink_metadata(&own).is_ok_and(|seen| !seen.is_symlink());
    if folders.is_system_wide || is_installed || !machine.shim_binary().exists() {
        return Ok(());
    }
    for name in OWN_NAMES {
        let (link, target) = (shims.join(name), machine.shims().join(name));
        match symlink(&target, &link) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(Error::io("make the link", &link, error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Replaces the index with what the session knows.
pub fn write_index(session: &Session, _: &WriteAccess) -> Result<()> {
    let shims = session.folders.shims();
    let path = index_file(&shims);
    let text = session.index.print();
    if fs::read(&path).is_ok_and(|before| before == text) {
        return Ok(());
    }
    let replacement = FileReplacement {
        target: &path,
        staging: &shims,
        prefix: UNFINISHED,
        mode: FileMode::Masked(0o644),
        durability: Durability::Synced,
    };
    replacement.write(&text)
}

/// The names in the shim folder, without the index.
fn existing_shims(shims: &Path) -> Result<BTreeSet<String>> {
    let entries = match fs::read_dir(shims) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        entries => entries.map_err(|error| Error::io("list", shims, error))?,
    };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    Ok(names.filter(|name| !name.starts_with('.') && name != INDEX_FILE).collect())
}
