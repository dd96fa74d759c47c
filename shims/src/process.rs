//! The running shim and its home, found by its own file and a few variables.

use std::ffi::{CStr, OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::call::calls;
use crate::error::{Error, ErrorKind, Result, Shown};
use crate::folders::{
    CUSTOM_TOOLS, DEFAULT_FILE, Folders, Relocation, SETTINGS_FILE, SHIMS, shims_in, usher_home,
};
use crate::index::{Index, index_file};
use crate::name::Name;
use crate::ownership::{ROOT, is_planted};
use crate::path::Shim;
use crate::policy::Policy;
use crate::settings::{Overrides, may_set_shared};
use crate::sys;
use crate::world::{FileContent, World, read_optional};

pub use crate::sys::is_secure;

/// The first argument of a handoff from a shim to `use`; the program's name and its arguments
/// follow.
pub const HANDOFF_ARG: &CStr = c"__shim";

macro_rules! mark {
    () => {
        "usher's shim, any build."
    };
}

/// A mark in every build of the shim, by which `use` recognizes its own files.
pub const MARK: &[u8] = mark!().as_bytes();

/// The mark, with the version of this build.
pub const BUILD: &str = concat!(mark!(), " ", env!("CARGO_PKG_VERSION"), "\n");

/// The version of the build that a shim's content is of; `None` where it has none.
pub fn build_version(content: &[u8]) -> Option<&str> {
    let start = memchr::memmem::find(content, MARK)? + MARK.len();
    let rest = content.get(start..)?.strip_prefix(b" ")?;
    let end = rest.iter().take(32).position(|byte| *byte == b'\n')?;
    str::from_utf8(&rest[..end])
        .ok()
        .filter(|text| text.starts_with(|one: char| one.is_ascii_digit()))
}

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

/// Finds the running shim's own file, for any link or name of the call.
pub fn running_shim() -> Result<RunningShim> {
    let file = sys::own_file()
        .map_err(|error| Error::io("find usher's own file by", Path::new(sys::OWN_FILE), error))?;
    let folder = file.parent().unwrap_or(Path::new("/")).to_path_buf();
    let known = Shim { folders: vec![folder.clone()], binary: Some(file.clone()) };
    Ok(RunningShim { file, folder, known })
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
    if is_other_spelling(called, own, sys::IGNORES_CASE) {
        return own.to_owned();
    }
    let is_meant = called == own || is_known(called) || !is_known(own);
    if is_meant { called } else { own }.to_owned()
}

/// Whether a call's name is another spelling of its file's: `Node` runs `node` where case is ignored.
fn is_other_spelling(called: &str, own: &str, ignores_case: bool) -> bool {
    ignores_case && called != own && called.eq_ignore_ascii_case(own)
}

/// The index of usher's home, or the part of it that a program needs; `None` if it is missing or has
/// another format. Both halves find the home by it.
///
/// Strongest first: the home that `USHER_HOME` names; the one that the shim lies in, wherever it was
/// when its index was written. A user's home overrides the machine's, but for the account that owns
/// the machine's, and never with another account's. What an index names is trusted as the index is,
/// which is judged as it was read. The one beside the shim needs no judgement: that folder and
/// the shim have one owner.
pub fn read_index(
    world: &impl World,
    shim: &RunningShim,
    program: Option<&str>,
) -> Result<Option<Index>> {
    let named = set(world, "USHER_HOME").map(usher_home).transpose()?;
    let shims = named.as_ref().map_or_else(|| shim.folder.clone(), |home| shims_in(home));
    let file = read(world, &shims)?;
    let owner = file.as_ref().map(|file| file.meta.owner);
    if let Some(home) = &named {
        refuse_planted(world, home, owner)?;
    }
    let index = file.and_then(|file| index_in(world, &shims, &file.bytes, program));
    let Some(mut index) = index else { return Ok(None) };
    if let Some(home) = named {
        index.folders = Folders::named(&home, index.folders.user_home);
    } else if index.folders.is_system_wide
        && owner != Some(world.account())
        && let Some(data) = account_data(world)
        && let Some(mut own) = read_own(world, &shims_in(&data), program)?
    {
        own.add_unknown(&mut index);
        index = own;
    }
    add_unwritten(world, &mut index)?;
    Ok(Some(index))
}

/// For an account without an index, on the machine's: takes its default from its configuration folder,
/// as `use` does. Returns whether `use` has to resolve the call: it has settings or tools that no index
/// has.
///
/// The usual account has no such folder, which costs one system call.
pub fn add_account_config(world: &impl World, index: &mut Index) -> bool {
    if !index.folders.is_system_wide || set(world, "USHER_HOME").is_some() {
        return false;
    }
    let user_home = set(world, "HOME").map(PathBuf::from);
    let config = Folders::config_of_account(&|name| set(world, name), user_home.as_deref());
    let Some(config) = config else { return false };
    let found = world.existing_names(&config, &[DEFAULT_FILE, SETTINGS_FILE, CUSTOM_TOOLS]);
    // Who may write in the machine's home changes that, and has no other.
    if matches!(found, Ok(0)) || world.is_writable(&index.folders.data) {
        return false;
    }
    index.folders.config = config;
    let settings = || world.read(&index.folders.settings_file());
    match found {
        Ok(found) if found & 0b100 == 0 => {
            found & 0b010 != 0 && settings().map_or(true, |file| may_set_shared(&file.bytes))
        }
        Ok(_) | Err(_) => true,
    }
}

/// The user's index, for a copy of a shim in a folder without an index. `None` with `USHER_HOME`,
/// since `use` creates that home.
pub fn account_index(
    world: &impl World,
    shim: &mut RunningShim,
    program: &str,
) -> Result<Option<Index>> {
    let is_copy = || data_of_shims(world, &shim.folder).is_none();
    let data = account_data(world).filter(|_| set(world, "USHER_HOME").is_none() && is_copy());
    let Some(data) = data else { return Ok(None) };
    let folder = shims_in(&data);
    let Some(mut index) = read_own(world, &folder, Some(program))? else { return Ok(None) };
    add_unwritten(world, &mut index)?;
    shim.known.folders.insert(0, folder.clone());
    shim.folder = folder;
    Ok(Some(index))
}

/// Adds the settings from this process's variables.
pub fn add_variables(world: &impl World, index: &mut Index) -> Result<()> {
    index.overrides = Overrides::read(&|name| world.variable(name))?;
    Ok(())
}

/// Adds what is never written in an index: the settings from this process's variables, and the
/// machine's policy.
fn add_unwritten(world: &impl World, index: &mut Index) -> Result<()> {
    add_variables(world, index)?;
    index.policy = Policy::load(world)?;
    Ok(())
}

fn read(world: &impl World, shims: &Path) -> Result<Option<FileContent>> {
    let file = index_file(shims);
    read_optional(world, &file).map_err(|error| Error::io("read", &file, error))
}

/// The index of a home that the user's variables lead to, if the file that was read belongs to the
/// user or to root: root never runs what is in another account's home.
fn read_own(world: &impl World, shims: &Path, program: Option<&str>) -> Result<Option<Index>> {
    let file = read(world, shims)?;
    let file = file.filter(|file| [ROOT, world.account()].contains(&file.meta.owner));
    Ok(file.and_then(|file| index_in(world, shims, &file.bytes, program)))
}

/// Reads the index of a shim folder. The paths of a home that was moved or copied since are those
/// where it is now.
pub fn index_in(
    world: &impl World,
    shims: &Path,
    text: &[u8],
    program: Option<&str>,
) -> Option<Index> {
    let index = Index::parse_part(text, program, None)?;
    let before = index.folders.shims();
    if before.as_os_str() == shims.as_os_str() || world.is_same(&before, shims) {
        return Some(index);
    }
    let Some(data) = data_of_shims(world, shims) else { return Some(index) };
    let home = set(world, "HOME").map(PathBuf::from);
    Index::parse_part(text, program, Some(&Relocation::new(&index.folders, data, home)))
}

/// The data folder whose shim folder this is, by its name and by what is beside it.
pub fn data_of_shims<'p>(world: &impl World, shims: &'p Path) -> Option<&'p Path> {
    let data = shims.parent().filter(|_| shims.ends_with(SHIMS))?;
    let is_home = world.existing_names(data, &["shim", "toolchains"]).is_ok_and(|found| found != 0);
    is_home.then_some(data)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::MemoryWorld;

    #[test]
    fn where_case_is_ignored_another_spelling_is_the_same_program() {
        for (called, own, ignores_case, expected) in [
            ("Node", "node", true, true),
            ("Node", "node", false, false),
            ("node", "node", true, false),
            // A link's name is another program's.
            ("python", "python3", true, false),
        ] {
            assert_eq!(is_other_spelling(called, own, ignores_case), expected, "{called} {own}");
        }
    }

    /// The default's file that a shim reads on the machine's index, and whether `use` is to resolve.
    fn check(world: MemoryWorld, expected: (&str, bool)) {
        let world = world.unwritable("/opt");
        let mut index = Index { folders: Folders::machine(), ..Index::default() };
        let hands_off = add_account_config(&world, &mut index);
        let file = index.folders.default_file();
        assert_eq!((file.to_str().unwrap(), hands_off), expected);
    }

    #[test]
    fn an_account_without_an_index_has_its_default() {
        let world = || MemoryWorld::at("/p").variable("HOME", "/home/u");
        let config =
            |name: &str, text: &str| world().file(format!("/home/u/.config/usher/{name}"), text);
        let machine = "/etc/usher/tool-versions";
        let own = "/home/u/.config/usher/tool-versions";
        check(world(), (machine, false));
        check(config("shims/go", ""), (machine, false));
        check(config("tool-versions", "node 9"), (own, false));
        check(config("config.toml", "offline = true"), (own, false));
        check(config("config.toml", "ceiling = '/srv'"), (own, true));
        check(config("registry/x.toml", ""), (own, true));
        check(config("tool-versions", "").variable("USHER_HOME", "/opt/usher"), (machine, false));
        let moved = world().variable("XDG_CONFIG_HOME", "/c").file("/c/usher/tool-versions", "");
        check(moved, ("/c/usher/tool-versions", false));
        check(MemoryWorld::at("/p"), (machine, false));
    }

    #[test]
    fn who_may_write_in_the_machines_home_has_its_default() {
        let world = MemoryWorld::at("/p").variable("HOME", "/r");
        let world = world.file("/r/.config/usher/tool-versions", "node 9");
        let mut index = Index { folders: Folders::machine(), ..Index::default() };
        assert!(!add_account_config(&world, &mut index));
        assert_eq!(index.folders, Folders::machine());
        // A home of one's own names its folders itself.
        index.folders.is_system_wide = false;
        assert!(!add_account_config(&world.unwritable("/opt"), &mut index));
        assert_eq!(index.folders.config, Path::new("/etc/usher"));
    }
}
