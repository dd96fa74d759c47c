//! The running shim and its home, found by its own file and a few variables.

use std::ffi::{CStr, OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::call::calls;
use crate::error::{Error, Result};
use crate::folders::{Folders, usher_home};
use crate::index::{Index, index_file};
use crate::name::Name;
use crate::path::Shim;
use crate::settings::Overrides;
use crate::sys;
use crate::world::{World, read_optional};

pub use crate::sys::is_secure;

/// The first argument of a handoff from a shim to `use`; the program's name and its arguments
/// follow.
pub const HANDOFF_ARG: &CStr = c"__shim";

/// A mark in every build of the shim, by which `use` recognizes its own files.
pub const MARK: &[u8; 24] = b"usher's shim, any build.";

/// Whether this is the content of a shim of any build.
pub fn is_shim_binary(content: &[u8]) -> bool {
    memchr::memmem::find(content, MARK).is_some()
}

/// The running shim.
#[derive(Debug)]
pub struct RunningShim {
    /// Its own file.
    pub file: PathBuf,
    /// Its folder, which also has `use`.
    pub folder: PathBuf,
    /// What must never be run as the program.
    pub known: Shim,
}

/// Finds the running shim's own file.
///
/// `/proc/self/exe` is the file itself, for any link or name of the call; without `/proc`, the path
/// of the call is used.
pub fn running_shim() -> Result<RunningShim> {
    let file = executable()?;
    let folder = file.parent().unwrap_or(Path::new("/")).to_path_buf();
    let known = Shim { folders: vec![folder.clone()], binary: Some(file.clone()) };
    Ok(RunningShim { file, folder, known })
}

#[expect(clippy::disallowed_methods, reason = "the shim's main looks up its own file here")]
fn executable() -> Result<PathBuf> {
    std::env::current_exe()
        .or_else(|error| sys::executable_path().ok_or(error))
        .map_err(|error| Error::io("find usher's own file by", Path::new("/proc/self/exe"), error))
}

/// The name that a shim was called by: argument 0's if that is known here, else its own file's.
///
/// Argument 0 can be anything (`exec -a`), but only it has the name of a link (`python` to
/// `python3`).
pub fn program_name(world: &impl World, argument: Option<&OsStr>, shim: &RunningShim) -> String {
    let own = shim.file.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let called = argument.and_then(|argument| Path::new(argument).file_name()?.to_str());
    let Some(called) = called.filter(|called| Name::parse(called).is_some()) else {
        return own.to_owned();
    };
    let is_known = |name: &str| {
        !calls(&Index::default(), name, None).is_empty()
            || world.existing_names(&shim.folder, &[name]).is_ok_and(|found| found != 0)
    };
    let is_meant = called == own || is_known(called) || !is_known(own);
    if is_meant { called } else { own }.to_owned()
}

/// The part of this shim's index that a program needs; `None` if it is missing or has another
/// format.
///
/// `USHER_HOME` overrides the shim's own folder, and a user's home overrides the machine's. For
/// set-user-ID programs no variable counts, nor does another user's index.
pub fn read_index(world: &impl World, shim: &RunningShim, program: &str) -> Result<Option<Index>> {
    let index = match trusted(world, "USHER_HOME") {
        Some(home) => read(world, &usher_home(home)?.join("shims"), program)?,
        None => read(world, &shim.folder, program)?,
    };
    let Some(mut index) = index else { return Ok(None) };
    if index.folders.is_system_wide {
        let account = match account_data(world) {
            Some(data) => read(world, &data.join("shims"), program)?,
            None => None,
        };
        index = account.unwrap_or(index);
    }
    add_variables(world, &mut index)?;
    Ok(Some(index))
}

/// The user's index, for a copy of a shim in a folder without an index. `None` with `USHER_HOME`,
/// since `use` creates that home.
pub fn account_index(
    world: &impl World,
    shim: &mut RunningShim,
    program: &str,
) -> Result<Option<Index>> {
    let data = account_data(world).filter(|_| trusted(world, "USHER_HOME").is_none());
    let Some(data) = data else { return Ok(None) };
    let folder = data.join("shims");
    let Some(mut index) = read(world, &folder, program)? else { return Ok(None) };
    add_variables(world, &mut index)?;
    shim.known.folders.insert(0, folder.clone());
    shim.folder = folder;
    Ok(Some(index))
}

/// Adds the settings from this process's variables.
///
/// For set-user-ID programs no variable counts, and none requests a version, since it could request
/// any folder.
pub fn add_variables(world: &impl World, index: &mut Index) -> Result<()> {
    index.overrides = if is_secure() {
        let requesting = index.tools.all().flat_map(|tool| tool.variables);
        let ignored = requesting.map(|name| (*name).to_owned()).collect();
        Overrides { ignore_variables: Some(ignored), ..Overrides::default() }
    } else {
        Overrides::read(&|name| world.variable(name))?
    };
    Ok(())
}

fn read(world: &impl World, shims: &Path, program: &str) -> Result<Option<Index>> {
    let file = index_file(shims);
    let content = read_optional(world, &file).map_err(|error| Error::io("read", &file, error))?;
    Ok(content.and_then(|content| Index::parse_for(&content.bytes, program)))
}

/// The user's own data folder, if its index belongs to the user or to root.
fn account_data(world: &impl World) -> Option<PathBuf> {
    let user_home = trusted(world, "HOME").map(PathBuf::from);
    let data = Folders::data_of_account(&|name| trusted(world, name), user_home.as_deref())?;
    let owner = world.metadata(&index_file(&data.join("shims"))).ok().flatten()?.owner;
    (owner == 0 || owner == rustix::process::geteuid().as_raw()).then_some(data)
}

/// A variable, unless the process is set-user-ID; an empty one counts as unset.
fn trusted(world: &impl World, name: &str) -> Option<OsString> {
    world.variable(name).filter(|value| !value.is_empty() && !is_secure())
}
