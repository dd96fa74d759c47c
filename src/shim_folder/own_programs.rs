//! `use` itself, and its second name, in the shim folder.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;

use usher_shims::error::{Error, Result};
use usher_shims::folders::shims_in;
use usher_shims::process::is_shim_binary;
use usher_shims::world::World as _;

use super::fault::{Fault, fault_of_mode, find_fault};
use super::replace::{put_link, put_program, put_shim};
use crate::files::write_access::WriteAccess;
use crate::own_release::package::Package;
use crate::session::Session;

/// The names of `use` itself in the shim folder.
pub const OWN_NAMES: [&str; 2] = ["use", "usher"];

/// The names of `use` that have a fault.
///
/// They are compared with the running `use` if that is one of the two. One that runs from elsewhere
/// may be of another build.
pub(super) fn faults(session: &Session) -> Result<Vec<(&'static str, Fault)>> {
    let shims = session.folders.shims();
    let mut found = Vec::new();
    for name in OWN_NAMES {
        let path = shims.join(name);
        let fault = fault(session, &path).map_err(|error| Error::io("read", &path, error))?;
        found.extend(fault.map(|fault| (name, fault)));
    }
    Ok(found)
}

fn fault(session: &Session, path: &Path) -> io::Result<Option<Fault>> {
    let seen = match fs::symlink_metadata(path) {
        // An account's is a link to the machine's.
        Ok(seen) if seen.is_symlink() && path.exists() => return Ok(None),
        Ok(seen) if seen.is_symlink() => return Ok(Some(Fault::Missing)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(Fault::Missing)),
        seen => seen?,
    };
    let running = fs::metadata(&session.program).ok();
    if running.is_some_and(|running| (running.dev(), running.ino()) == (seen.dev(), seen.ino())) {
        return Ok(fault_of_mode(&seen, path));
    }
    let folders = path.parent().zip(session.program.parent());
    if folders.is_some_and(|(one, other)| session.world.is_same(one, other)) {
        return find_fault(path, &fs::read(&session.program)?);
    }
    match fs::read(path)? {
        content if content.is_empty() => Ok(Some(Fault::Empty)),
        // It carries a shim.
        content if !is_shim_binary(&content) => Ok(Some(Fault::Overwritten)),
        _ => Ok(fault_of_mode(&seen, path)),
    }
}

/// Mends what [`faults`] found, and makes `use` where there is none: a link to the machine's, else a
/// copy of the running one, which may be a package's and is recorded then.
pub(super) fn mend(
    session: &Session,
    access: &WriteAccess,
    faults: &[(&'static str, Fault)],
) -> Result<()> {
    let shims = session.folders.shims();
    let machine = shims_in(&session.machine);
    let is_below_machine = !session.folders.is_system_wide && machine != shims;
    let mut whole = session.program.clone();
    let is_here =
        |path: &Path| path.parent().is_some_and(|folder| session.world.is_same(folder, &shims));
    for (name, fault) in faults {
        let path = shims.join(name);
        let of_machine = machine.join(name);
        if *fault == Fault::Missing && is_below_machine && of_machine.exists() {
            put_link(access, &path, |staged| symlink(&of_machine, staged))?;
            continue;
        }
        let seen =
            fs::symlink_metadata(&whole).map_err(|error| Error::io("read", &whole, error))?;
        // A file of another folder is someone else's to replace.
        if is_here(&whole) && fault_of_mode(&seen, &whole).is_none() {
            put_shim(access, &whole, &path)?;
            continue;
        }
        let content = fs::read(&whole).map_err(|error| Error::io("read", &whole, error))?;
        put_program(access, &content, &path, &shims)?;
        if !is_here(&whole) {
            Package::record(&session.world, &session.folders, &whole, access)?;
        }
        whole = path;
    }
    Ok(())
}
