//! Which shim is running, and where its home is: from its own file and a few variables.

use std::ffi::{CStr, OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::call::calls;
use crate::error::{Error, Result};
use crate::folders::{Folders, roof};
use crate::index::{Index, index_file};
use crate::name::Name;
use crate::path::Shim;
use crate::settings::Overrides;
use crate::sys;
use crate::world::{World, read_optional};

pub use crate::sys::is_secure;

/// The first argument by which a shim hands a call over to `use`; the program's name and its
/// arguments follow.
pub const HANDOFF_ARG: &CStr = c"__shim";

/// What every build of the shim holds, so that `use` knows its own files and leaves others alone.
pub const MARK: &[u8; 24] = b"usher's shim, any build.";

/// Whether a program with this content is a shim of some build.
pub fn is_shim_binary(content: &[u8]) -> bool {
    memchr::memmem::find(content, MARK).is_some()
}

/// The running shim.
#[derive(Debug)]
pub struct RunningShim {
    /// Its own file.
    pub file: PathBuf,
    /// The folder it lies in, which holds `use` as well.
    pub folder: PathBuf,
    /// What must never be taken for the program.
    pub known: Shim,
}

/// Finds the running shim's own file.
///
/// The system's answer (`/proc/self/exe`) names the very file, whatever link or name it was called
/// by; where `/proc` is absent, the path it was executed by has to do.
pub fn shim() -> Result<RunningShim> {
    let file = own_file()?;
    let folder = file.parent().unwrap_or(Path::new("/")).to_path_buf();
    let known = Shim { folders: vec![folder.clone()], binary: Some(file.clone()) };
    Ok(RunningShim { file, folder, known })
}

#[expect(clippy::disallowed_methods, reason = "the shim's main asks for its own file here")]
fn own_file() -> Result<PathBuf> {
    std::env::current_exe()
        .or_else(|error| sys::executed().ok_or(error))
        .map_err(|error| Error::io("find usher's own file by", Path::new("/proc/self/exe"), error))
}

/// The name that a shim was called by: argument 0's where that means something here, else its own
/// file's.
///
/// Argument 0 is anything that the caller likes (`exec -a`), but a link of another name
/// (`python` to `python3`) shows in it alone.
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

/// Where this shim's home is, as far as a program needs it; `None` where the index is absent or of
/// another form.
///
/// `USHER_HOME` is stronger than the shim's own folder, and on a machine's home an account's own
/// stands. In set-user-ID surroundings no variable counts; neither does an index that belongs to
/// somebody else.
pub fn read_index(world: &impl World, shim: &RunningShim, program: &str) -> Result<Option<Index>> {
    let index = match trusted(world, "USHER_HOME") {
        Some(home) => read(world, &roof(home)?.join("shims"), program)?,
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

/// The account's home, for a shim that was copied to where no index lies; the copy then goes by the
/// account's shims instead of its own folder. What `USHER_HOME` names is for `use` to make.
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

/// Adds the settings that variables change for this process alone.
///
/// In set-user-ID surroundings none does; and no variable requests a version then, since it could
/// request any folder's.
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
    Ok(content.and_then(|content| Index::parse_for(&content, program)))
}

/// The account's own data folder, where its index is the account's, or the administrator's.
fn account_data(world: &impl World) -> Option<PathBuf> {
    let user_home = trusted(world, "HOME").map(PathBuf::from);
    let data = Folders::data_of_account(&|name| trusted(world, name), user_home.as_deref())?;
    let owner = world.metadata(&index_file(&data.join("shims"))).ok().flatten()?.owner;
    (owner == 0 || owner == rustix::process::geteuid().as_raw()).then_some(data)
}

/// A variable that may steer this process; an empty one is an unset one.
fn trusted(world: &impl World, name: &str) -> Option<OsString> {
    world.variable(name).filter(|value| !value.is_empty() && !is_secure())
}
