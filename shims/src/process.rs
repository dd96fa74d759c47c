//! Which shim is running, and where its home is: from its own file and a few variables.

use std::ffi::{CStr, OsStr};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::home::{Home, account_data, index_file};
use crate::name::Name;
use crate::path::Shim;
use crate::world::{World, read_optional};

/// The first argument by which a shim hands a call over to `use`; the program's name and its
/// arguments follow.
pub const HAND_OVER: &CStr = c"__shim";

/// The running shim.
#[derive(Debug)]
pub struct Running {
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
pub fn shim(world: &impl World) -> Result<Running> {
    let file = own_file()?;
    let folder = file.parent().unwrap_or(Path::new("/")).to_path_buf();
    let seen = world.look(&file).ok().flatten();
    let known = Shim { folders: vec![folder.clone()], identity: seen.map(|seen| seen.identity) };
    Ok(Running { file, folder, known })
}

#[expect(clippy::disallowed_methods, reason = "the shim's main asks for its own file here")]
fn own_file() -> Result<PathBuf> {
    std::env::current_exe()
        .or_else(|error| executed().ok_or(error))
        .map_err(|error| Error::io("find usher's own file by", Path::new("/proc/self/exe"), &error))
}

#[cfg(target_os = "linux")]
fn executed() -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    let path = Path::new(OsStr::from_bytes(rustix::param::linux_execfn().to_bytes()));
    path.is_absolute().then(|| path.to_path_buf())
}

#[cfg(not(target_os = "linux"))]
fn executed() -> Option<PathBuf> {
    None
}

/// The name that a shim was called by: argument 0's, or where that is none, its own file's.
pub fn program_name(argument: Option<&OsStr>, shim: &Running) -> String {
    let called = argument.and_then(|argument| Path::new(argument).file_name());
    let valid = |name: &&OsStr| name.to_str().is_some_and(|name| Name::parse(name).is_some());
    let name = called.filter(valid).or_else(|| shim.file.file_name());
    name.unwrap_or_default().to_string_lossy().into_owned()
}

/// Where this shim's home is; `None` where the index is absent or of another form.
///
/// `USHER_HOME` is stronger than the shim's own folder, and on a machine's home an account's own
/// stands. In set-user-ID surroundings no variable counts; neither does an index that belongs to
/// somebody else.
pub fn home(world: &impl World, shim: &Running) -> Result<Option<Home>> {
    let variable = |name| match is_secure() {
        true => None,
        false => world.variable(name).filter(|value| !value.is_empty()),
    };
    let index = match variable("USHER_HOME") {
        Some(home) => read(world, &Path::new(&home).join("shims"))?,
        None => read(world, &shim.folder)?,
    };
    let Some(mut home) = index else { return Ok(None) };
    if home.is_for_all {
        let data = account_data(variable("XDG_DATA_HOME").as_deref(), variable("HOME").as_deref());
        let account = match data.filter(|data| is_trusted(world, data)) {
            Some(data) => read(world, &data.join("shims"))?,
            None => None,
        };
        home = account.unwrap_or(home);
    }
    if let Some(ceiling) = variable("USHER_CEILING") {
        home.ceiling = Some(ceiling.into());
    }
    Ok(Some(home))
}

fn read(world: &impl World, shims: &Path) -> Result<Option<Home>> {
    let file = index_file(shims);
    let content = read_optional(world, &file).map_err(|error| Error::io("read", &file, &error))?;
    Ok(content.and_then(|content| Home::parse(&content)))
}

/// The account's home, for a shim that was copied to where no index lies; the copy then goes by the
/// account's shims instead of its own folder. What `USHER_HOME` names is for `use` to make.
pub fn account_home(world: &impl World, shim: &mut Running) -> Result<Option<Home>> {
    let variable = |name| match is_secure() {
        true => None,
        false => world.variable(name).filter(|value| !value.is_empty()),
    };
    let data = account_data(variable("XDG_DATA_HOME").as_deref(), variable("HOME").as_deref());
    let data = data.filter(|data| variable("USHER_HOME").is_none() && is_trusted(world, data));
    let Some(data) = data else { return Ok(None) };
    let folder = data.join("shims");
    let home = read(world, &folder)?;
    if home.is_some() {
        shim.known.folders.insert(0, folder.clone());
        shim.folder = folder;
    }
    Ok(home)
}

/// Whether an account's home is the account's, or the administrator's.
fn is_trusted(world: &impl World, data: &Path) -> bool {
    let owner = world.look(&index_file(&data.join("shims"))).ok().flatten().map(|seen| seen.owner);
    owner.is_some_and(|owner| owner == 0 || owner == rustix::process::geteuid().as_raw())
}

/// Whether the process has more rights than its caller, who must not steer it then.
#[cfg(target_os = "linux")]
pub fn is_secure() -> bool {
    // SAFETY: reads one number of the process's auxiliary vector.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// Whether the process has more rights than its caller, who must not steer it then.
#[cfg(not(target_os = "linux"))]
pub fn is_secure() -> bool {
    rustix::process::geteuid() != rustix::process::getuid()
        || rustix::process::getegid() != rustix::process::getgid()
}
