//! The shim folder: one binary under many names, and the index beside them.
//!
//! Shims are hard links, else copies. Each is put in place by a rename, so that none is ever missing
//! or incomplete. The index is written before the shims that need it. A file in the folder that isn't
//! a shim is foreign, and is moved away ([`foreign`]).

pub mod embedded_shim;
pub mod fault;
pub mod foreign;
mod inspection;
mod names;
mod own_programs;
pub mod replace;
pub mod requested;
pub mod versioned;

use std::collections::BTreeSet;
use std::fs;

use usher_shims::error::{Error, Result, Shown};
use usher_shims::index::{Index, VERSION, index_file};
use usher_shims::tool::Tool;
use usher_shims::version::Version;

use self::fault::Fault;
use self::inspection::Inspection;
pub use self::inspection::is_foreign;
use self::names::expected_names;
pub use self::names::{is_permanent, names_of};
pub use self::own_programs::OWN_NAMES;
use self::replace::{UNFINISHED, put_program, put_shim, remove_unfinished};
use crate::files::durable::{make_folders, sync_name, sync_names};
use crate::files::lock::Locks;
use crate::files::replace::{Durability, FileMode, FileReplacement};
use crate::files::staging;
use crate::files::write_access::WriteAccess;
use crate::session::Session;
use crate::text::some_names;

/// The name of the binary that shims are links of, among those of shims with a fault.
const BINARY: &str = "shim";

/// What a refresh changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ShimChanges {
    /// New shims.
    pub created: Vec<String>,
    /// Shims that had a fault, `use` and the shims' binary among them.
    pub mended: Vec<FaultyProgram>,
    /// Shims that were removed.
    pub removed: Vec<String>,
    /// Files in the folder that aren't shims, and are moved away.
    pub foreign: Vec<String>,
    /// Those of them that can't be moved.
    pub unmoved: Vec<String>,
}

impl ShimChanges {
    /// The names of those that had a fault.
    pub fn mended_names(&self) -> Vec<&str> {
        self.mended.iter().map(|one| one.name.as_str()).collect()
    }
}

/// One of usher's programs with a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultyProgram {
    /// Its name in the shim folder.
    pub name: String,
    /// The fault.
    pub fault: Fault,
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
    let own = own_programs::faults(session)?;
    own_programs::mend(session, access, &own)?;
    let found = Inspection::of(folders)?;
    let mut changes = differences(&expected_names(session, named)?, &found, &own);
    changes.unmoved = foreign::move_away(session, access, &changes.foreign);
    changes.created.retain(|name| !changes.unmoved.contains(name));
    put_shims(session, access, &found, &changes)?;
    for name in &changes.removed {
        let path = shims.join(name);
        fs::remove_file(&path).map_err(|error| Error::io("delete", &path, error))?;
    }
    sync_names(&shims);
    write_index_for(session, access, VERSION)?;
    for (done, names) in [("made", &changes.created), ("removed", &changes.removed)] {
        if !names.is_empty() {
            let names = some_names(names);
            session.reporter.detail(&format!("shims {done} in {}: {names}", Shown(&shims)));
        }
    }
    Ok(changes)
}

/// Makes the shims that are missing, and replaces those with a fault.
///
/// A binary with a fault is replaced last: until then, what was overwritten together with it can be
/// told from a foreign file, even after a crash.
fn put_shims(
    session: &Session,
    access: &WriteAccess,
    found: &Inspection,
    changes: &ShimChanges,
) -> Result<()> {
    let (shims, binary) = (session.folders.shims(), session.folders.shim_binary());
    let new_binary = found.binary.is_some().then(|| shims.join(format!("{UNFINISHED}{BINARY}")));
    if let Some(new) = &new_binary {
        put_program(access, &embedded_shim::content(&binary)?, new, &shims)?;
    }
    let source = new_binary.as_deref().unwrap_or(&binary);
    let mended = changes.mended.iter().map(|one| &one.name);
    let mended = mended.filter(|name| found.shims.contains_key(*name));
    for name in changes.created.iter().chain(mended) {
        put_shim(access, source, &shims.join(name))?;
    }
    if let Some(new) = &new_binary {
        fs::rename(new, &binary).map_err(|error| Error::io("replace", &binary, error))?;
        sync_name(&binary);
    }
    Ok(())
}

/// Whether [`refresh`] would change nothing.
pub fn is_current(session: &Session, named: &[&'static Tool]) -> bool {
    let index = fs::read(index_file(&session.folders.shims()));
    index.is_ok_and(|index| index == session.index.print())
        && pending_changes(session, named).is_ok_and(|changes| changes == ShimChanges::default())
}

/// What [`refresh`] would change.
pub fn pending_changes(session: &Session, named: &[&'static Tool]) -> Result<ShimChanges> {
    let found = Inspection::of(&session.folders)?;
    let own = own_programs::faults(session)?;
    Ok(differences(&expected_names(session, named)?, &found, &own))
}

fn differences(
    expected_names: &BTreeSet<String>,
    found: &Inspection,
    own: &[(&'static str, Fault)],
) -> ShimChanges {
    let faulty =
        |name: &str, fault: &Fault| FaultyProgram { name: name.to_owned(), fault: fault.clone() };
    let shims = found.shims.iter().filter(|(name, _)| expected_names.contains(*name));
    let shims = shims.filter_map(|(name, fault)| Some(faulty(name, fault.as_ref()?)));
    // Before its first shims, a home has no binary and no `use`.
    let is_due = |fault: &Fault| *fault != Fault::Missing || !found.shims.is_empty();
    let programs = found.binary.iter().map(|fault| (BINARY, fault));
    let programs = own.iter().map(|(name, fault)| (*name, fault)).chain(programs);
    let programs = programs.filter(|(_, fault)| is_due(fault));
    let mended = programs.map(|(name, fault)| faulty(name, fault)).chain(shims);
    let created = expected_names.iter().filter(|name| !found.shims.contains_key(*name));
    let removed = found.shims.keys().filter(|name| !expected_names.contains(*name));
    ShimChanges {
        created: created.cloned().collect(),
        mended: mended.collect(),
        removed: removed.cloned().collect(),
        foreign: found.foreign.iter().cloned().collect(),
        unmoved: Vec::new(),
    }
}

/// Replaces the index with what the session knows. It goes on naming the version of usher whose shims
/// are there: until [`refresh`] is done, the next command has to make them.
pub fn write_index(session: &Session, access: &WriteAccess) -> Result<()> {
    let before = fs::read(index_file(&session.folders.shims())).unwrap_or_default();
    let version = Index::writer(&before);
    write_index_for(session, access, version.as_ref().map_or(VERSION, Version::as_str))
}

/// Replaces the index with what the session knows, beside shims of this version.
fn write_index_for(session: &Session, _: &WriteAccess, version: &str) -> Result<()> {
    let shims = session.folders.shims();
    let path = index_file(&shims);
    let text = session.index.print_for(version);
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
