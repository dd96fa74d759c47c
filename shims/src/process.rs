//! Which shim is running, and where its home is: from its own file and a few variables.

use std::ffi::{CStr, OsStr};
use std::path::{Path, PathBuf};

use crate::call::calls;
use crate::error::{Error, Result};
use crate::home::{Home, account_data, index_file};
use crate::name::Name;
use crate::path::Shim;
use crate::world::{World, read_optional};

/// The first argument by which a shim hands a call over to `use`; the program's name and its
/// arguments follow.
pub const HAND_OVER: &CStr = c"__shim";

/// What every build of the shim holds, so that `use` knows its own files and leaves others alone.
pub const MARK: &[u8; 24] = b"usher's shim, any build.";

/// Whether a program with this content is a shim of some build.
pub fn holds_mark(content: &[u8]) -> bool {
    memchr::memmem::find(content, MARK).is_some()
}

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
pub fn shim() -> Result<Running> {
    let file = own_file()?;
    let folder = file.parent().unwrap_or(Path::new("/")).to_path_buf();
    let known = Shim { folders: vec![folder.clone()], binary: Some(file.clone()) };
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

/// The name that a shim was called by: argument 0's where that means something here, else its own
/// file's.
///
/// Argument 0 is anything that the caller likes (`exec -a`), but a link of another name
/// (`python` to `python3`) shows in it alone.
pub fn program_name(world: &impl World, argument: Option<&OsStr>, shim: &Running) -> String {
    let own = shim.file.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let called = argument.and_then(|argument| Path::new(argument).file_name()?.to_str());
    let Some(called) = called.filter(|called| Name::parse(called).is_some()) else {
        return own.to_owned();
    };
    let is_known = |name: &str| {
        !calls(&Home::default(), name, None).is_empty()
            || world.probe(&shim.folder, &[name]).is_ok_and(|found| found != 0)
    };
    let is_meant = called == own || is_known(called) || !is_known(own);
    if is_meant { called } else { own }.to_owned()
}

/// Where this shim's home is, as far as a program needs it; `None` where the index is absent or of another form.
///
/// `USHER_HOME` is stronger than the shim's own folder, and on a machine's home an account's own
/// stands. In set-user-ID surroundings no variable counts; neither does an index that belongs to
/// somebody else.
pub fn home(world: &impl World, shim: &Running, program: &str) -> Result<Option<Home>> {
    let variable = |name| match is_secure() {
        true => None,
        false => world.variable(name).filter(|value| !value.is_empty()),
    };
    let index = match variable("USHER_HOME") {
        Some(home) => read(world, &Path::new(&home).join("shims"), program)?,
        None => read(world, &shim.folder, program)?,
    };
    let Some(mut home) = index else { return Ok(None) };
    if home.is_for_all {
        let data = account_data(variable("XDG_DATA_HOME").as_deref(), variable("HOME").as_deref());
        let account = match data.filter(|data| is_trusted(world, data)) {
            Some(data) => read(world, &data.join("shims"), program)?,
            None => None,
        };
        home = account.unwrap_or(home);
    }
    Ok(Some(with_variables(world, home)))
}

/// A home with the settings that variables change for this process alone.
///
/// In set-user-ID surroundings none does; and no variable asks for a version then, since it could
/// ask for any folder's.
pub fn with_variables(world: &impl World, mut home: Home) -> Home {
    if is_secure() {
        let asking = home.tools.all().flat_map(|tool| tool.variables);
        home.ignore_variables = asking.map(|name| (*name).to_owned()).collect();
        return home;
    }
    let variable = |name| world.variable(name).filter(|value| !value.is_empty());
    if let Some(ceiling) = variable("USHER_CEILING") {
        home.ceiling = Some(ceiling.into());
    }
    if let Some(stores) = variable("USHER_STORES") {
        home.stores = std::env::split_paths(&stores).filter(|path| path.is_absolute()).collect();
    }
    if let Some(ignored) = variable("USHER_IGNORE_VARIABLES") {
        let ignored = ignored.to_string_lossy();
        let names = ignored.split([',', ' ']).filter(|name| !name.is_empty());
        home.ignore_variables = names.map(str::to_owned).collect();
    }
    home
}

fn read(world: &impl World, shims: &Path, program: &str) -> Result<Option<Home>> {
    let file = index_file(shims);
    let content = read_optional(world, &file).map_err(|error| Error::io("read", &file, &error))?;
    Ok(content.and_then(|content| Home::parse_for(&content, program)))
}

/// The account's home, for a shim that was copied to where no index lies; the copy then goes by the
/// account's shims instead of its own folder. What `USHER_HOME` names is for `use` to make.
pub fn account_home(world: &impl World, shim: &mut Running, program: &str) -> Result<Option<Home>> {
    let variable = |name| match is_secure() {
        true => None,
        false => world.variable(name).filter(|value| !value.is_empty()),
    };
    let data = account_data(variable("XDG_DATA_HOME").as_deref(), variable("HOME").as_deref());
    let data = data.filter(|data| variable("USHER_HOME").is_none() && is_trusted(world, data));
    let Some(data) = data else { return Ok(None) };
    let folder = data.join("shims");
    let home = read(world, &folder, program)?.map(|home| with_variables(world, home));
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
