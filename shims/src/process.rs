//! The running shim and its home, found by its own file and a few variables.

use std::ffi::{CStr, OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::call::calls;
use crate::error::{Error, ErrorKind, Result, Shown};
use crate::folders::{Folders, usher_home};
use crate::index::{Index, index_file};
use crate::name::Name;
use crate::ownership::{ROOT, is_planted};
use crate::path::Shim;
use crate::settings::Overrides;
use crate::sys;
use crate::world::{FileContent, World, read_optional};

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
/// `USHER_HOME` overrides the shim's own folder, and a user's home overrides the machine's, but not
/// another account's home. What an index names is trusted as the index is, which is judged as it was
/// read. The one beside the shim needs no judgement: whoever owns that folder owns the shim.
pub fn read_index(world: &impl World, shim: &RunningShim, program: &str) -> Result<Option<Index>> {
    let index = match set(world, "USHER_HOME") {
        Some(home) => {
            let home = usher_home(home)?;
            let file = read(world, &home.join("shims"))?;
            refuse_planted(world, &home, file.as_ref().map(|file| file.meta.owner))?;
            file
        }
        None => read(world, &shim.folder)?,
    };
    let index = index.and_then(|file| Index::parse_for(&file.bytes, program));
    let Some(mut index) = index else { return Ok(None) };
    if index.folders.is_system_wide {
        let account = account_data(world).map(|data| read_own(world, &data.join("shims"), program));
        index = account.transpose()?.flatten().unwrap_or(index);
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
    let data = account_data(world).filter(|_| set(world, "USHER_HOME").is_none());
    let Some(data) = data else { return Ok(None) };
    let folder = data.join("shims");
    let Some(mut index) = read_own(world, &folder, program)? else { return Ok(None) };
    add_variables(world, &mut index)?;
    shim.known.folders.insert(0, folder.clone());
    shim.folder = folder;
    Ok(Some(index))
}

/// Adds the settings from this process's variables.
pub fn add_variables(world: &impl World, index: &mut Index) -> Result<()> {
    index.overrides = Overrides::read(&|name| world.variable(name))?;
    Ok(())
}

fn read(world: &impl World, shims: &Path) -> Result<Option<FileContent>> {
    let file = index_file(shims);
    read_optional(world, &file).map_err(|error| Error::io("read", &file, error))
}

/// The index of a home that the user's variables lead to, if the file that was read belongs to the
/// user or to root: root never runs what is in another account's home.
fn read_own(world: &impl World, shims: &Path, program: &str) -> Result<Option<Index>> {
    let file = read(world, shims)?;
    let file = file.filter(|file| [ROOT, world.account()].contains(&file.meta.owner));
    Ok(file.and_then(|file| Index::parse_for(&file.bytes, program)))
}

/// Refuses a home that another account put where every account can create one. `owner` is that of
/// its index, if there is one: the user's own, or root's, is never refused.
pub fn refuse_planted(world: &impl World, folder: &Path, owner: Option<u32>) -> Result<()> {
    let is_own = owner.is_some_and(|owner| [ROOT, world.account()].contains(&owner));
    if is_own || !is_planted(world, folder, &[world.account()]) {
        return Ok(());
    }
    let what = format!("{} may be another account's", Shown(folder));
    let error = Error::new(ErrorKind::Permission, what);
    let error = error.because("every account can create files there");
    Err(error.hint("export USHER_HOME=/a/folder/of/yours"))
}

/// The user's own data folder.
fn account_data(world: &impl World) -> Option<PathBuf> {
    let user_home = set(world, "HOME").map(PathBuf::from);
    Folders::data_of_account(&|name| set(world, name), user_home.as_deref())
}

/// A variable; an empty one counts as unset.
fn set(world: &impl World, name: &str) -> Option<OsString> {
    world.variable(name).filter(|value| !value.is_empty())
}
