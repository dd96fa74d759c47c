//! The shim folder: one binary under many names, and the index beside them.
//!
//! Shims are hard links, else copies. Each is put in place by a rename, so that none is ever missing
//! or incomplete. The index is written before the shims that need it. A file in the folder that isn't
//! a shim is foreign, and is left alone.

pub mod embedded_shim;
pub mod fault;
mod inspection;
mod own_programs;
pub mod replace;
pub mod requested;
pub mod versioned;

use std::collections::BTreeSet;
use std::fs;

use usher_shims::error::{Error, Escaped, Result, Shown};
use usher_shims::index::index_file;
use usher_shims::name::Name;
use usher_shims::store::all_toolchains;
use usher_shims::tool::Tool;

use self::fault::Fault;
use self::inspection::Inspection;
pub use self::inspection::is_foreign;
pub use self::own_programs::OWN_NAMES;
use self::replace::{UNFINISHED, put_program, put_shim, remove_unfinished};
use crate::config::settings::ShimPolicy;
use crate::files::durable::{make_folders, sync_name, sync_names};
use crate::files::lock::Locks;
use crate::files::replace::{Durability, FileMode, FileReplacement};
use crate::files::staging;
use crate::files::write_access::WriteAccess;
use crate::registry::KnownTool;
use crate::session::{Session, own_text};

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
    /// Files in the folder that aren't shims; a shim of that name is not made.
    pub foreign: Vec<String>,
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
    let changes = differences(&expected_names(session, named)?, &found, &own);
    put_shims(session, access, &found, &changes)?;
    for name in &changes.removed {
        let path = shims.join(name);
        fs::remove_file(&path).map_err(|error| Error::io("delete", &path, error))?;
    }
    sync_names(&shims);
    Ok(changes)
}

/// Makes the shims that are missing, and those with a fault anew.
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
        && pending_changes(session, named).is_ok_and(|changes| {
            let ShimChanges { created, mended, removed, foreign: _ } = changes;
            created.is_empty() && mended.is_empty() && removed.is_empty()
        })
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
    let is_present =
        |name: &&String| found.shims.contains_key(*name) || found.foreign.contains(*name);
    let shims = found.shims.iter().filter(|(name, _)| expected_names.contains(*name));
    let shims = shims.filter_map(|(name, fault)| Some(faulty(name, fault.as_ref()?)));
    // Before its first shims, a home has no binary and no `use`.
    let is_due = |fault: &Fault| *fault != Fault::Missing || !found.shims.is_empty();
    let programs = found.binary.iter().map(|fault| (BINARY, fault));
    let programs = own.iter().map(|(name, fault)| (*name, fault)).chain(programs);
    let programs = programs.filter(|(_, fault)| is_due(fault));
    let mended = programs.map(|(name, fault)| faulty(name, fault)).chain(shims);
    let removed = found.shims.keys().filter(|name| !expected_names.contains(*name));
    ShimChanges {
        created: expected_names.iter().filter(|name| !is_present(name)).cloned().collect(),
        mended: mended.collect(),
        removed: removed.cloned().collect(),
        foreign: found.foreign.iter().cloned().collect(),
    }
}

/// The notice about files that aren't shims.
pub fn foreign_files_notice(session: &Session, names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| Escaped(name).to_string()).collect();
    let shims = session.folders.shims();
    let names = names.join(", ");
    format!("not shims, left as they are in {}: {names}", Shown(&shims))
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

/// The names that need a shim.
fn expected_names(session: &Session, named: &[&'static Tool]) -> Result<BTreeSet<String>> {
    let mut expected_names = BTreeSet::new();
    for known in session.registry.all() {
        let is_named = named.iter().any(|tool| tool.name == known.tool.name);
        if is_named || has_shims(session, known)? {
            expected_names.extend(known.tool.programs.iter().map(ToString::to_string));
        }
        expected_names.extend(versioned::of_installed(session, known.tool)?);
        expected_names.extend(versioned::names_for_known_releases(session, known));
    }
    expected_names.extend(
        requested::read_entries(&session.folders)?
            .iter()
            .flat_map(|entry| names_of(session, entry)),
    );
    expected_names
        .extend(session.index.global_packages.iter().map(|addition| addition.program.to_string()));
    expected_names
        .retain(|name| Name::parse(name).is_some() && !OWN_NAMES.contains(&name.as_str()));
    Ok(expected_names)
}

/// The shims of a recorded entry, `TOOL@REQUEST`.
pub fn names_of(session: &Session, entry: &str) -> Vec<String> {
    let known = entry.split_once('@').and_then(|(tool, word)| {
        let known = session.registry.all().find(|known| known.tool.name == tool)?;
        Some(versioned::names_for_suffix(known.tool, word))
    });
    known.unwrap_or_default()
}

/// Whether a version of a tool is installed, or a default names the tool.
fn has_shims(session: &Session, known: KnownTool<'_>) -> Result<bool> {
    if session.settings.shims == ShimPolicy::All {
        return Ok(true);
    }
    let of_installed = all_toolchains(&session.world, &session.index, known.tool)?;
    let is_default = [session.folders.default_file(), session.folders.machine_default_file()]
        .iter()
        .any(|file| {
            let text = own_text(file).ok().flatten().unwrap_or_default();
            text.lines().any(|line| {
                line.split_whitespace()
                    .next()
                    .is_some_and(|name| known.tool.all_names().any(|one| one == name))
            })
        });
    Ok(is_default || of_installed.is_none_or(|toolchains| !toolchains.is_empty()))
}
