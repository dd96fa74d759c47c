//! Which folders this run of `use` uses.

use std::path::{Path, PathBuf};

use directories::BaseDirs;
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::folders::{Folders, usher_home};
use usher_shims::index::index_file;
use usher_shims::process::{
    RunningShim, data_of_shims, index_in, is_secure, read_index, refuse_planted,
};
use usher_shims::world::{World, read_optional};

use crate::files::write_access::{self, Readers, WriteAccess};

/// The folders of a run of `use`, and the machine's.
#[derive(Debug)]
pub struct Homes {
    /// The folders of this run.
    pub folders: Folders,
    /// The machine's data folder: `/opt/usher`, or where the running `use` of the machine is.
    pub machine: PathBuf,
}

/// Finds the folders of this run of `use`.
///
/// Strongest first: `USHER_HOME`; the home that the running file lies in, so that a shim with an
/// empty environment finds the same; XDG's folders. The shims find them by the same function,
/// [`read_index`]. An account that can't write in the machine's home uses its own.
pub fn find_folders(world: &impl World, running: &RunningShim) -> Result<Homes> {
    let variable = |name: &str| world.variable(name).filter(|value| !value.is_empty());
    // The account's entry in the list of users knows it where HOME isn't set. A set-user-ID process
    // has no home: neither its caller's variables nor its caller's account may lead to one.
    let user_home = BaseDirs::new().filter(|_| !is_secure());
    let user_home = user_home.map(|base| base.home_dir().to_path_buf());
    let machine = machine_beside(world, &running.folder)?;
    let machine = machine.unwrap_or_else(|| Folders::machine().data);
    if let Some(value) = variable("USHER_HOME") {
        let folders = Folders::named(&usher_home(value)?, user_home);
        return refuse_planted(world, &folders.data, None).map(|()| Homes { folders, machine });
    }
    let account = || Folders::of_account(&variable, user_home.clone());
    let beside = data_of_shims(world, &running.folder);
    let written = read_index(world, running, None)?.map(|index| index.folders);
    if let Some(folders) = &written {
        refuse_absent(world, folders, &running.folder)?;
    }
    let unwritten = || beside.map(|data| without_index(world, data, account()));
    let folders = match written.or_else(unwritten) {
        Some(home) if !home.is_system_wide || may_write(&home.data) => home,
        machine => account().or(machine).ok_or_else(no_home)?,
    };
    if beside != Some(&folders.data) {
        refuse_planted(world, &folders.data, None)?;
    }
    Ok(Homes { folders, machine })
}

/// The machine's data folder, if the running file lies in the machine's home.
fn machine_beside(world: &impl World, shims: &Path) -> Result<Option<PathBuf>> {
    let file = index_file(shims);
    let text = read_optional(world, &file).map_err(|error| Error::io("read", &file, error))?;
    let index = text.and_then(|text| index_in(world, shims, &text.bytes, None));
    Ok(index.filter(|index| index.folders.is_system_wide).map(|index| index.folders.data))
}

/// The folders of a home whose index is lost. `account` are those of the account by its variables.
fn without_index(world: &impl World, data: &Path, account: Option<Folders>) -> Folders {
    let user_home = account.as_ref().and_then(|account| account.user_home.clone());
    let in_one = Folders::named(data, user_home);
    let has_config = world.metadata(&in_one.config).is_ok_and(|found| found.is_some());
    match account {
        Some(account) if world.is_same(&account.data, data) => account,
        Some(account) if !has_config => Folders { data: data.to_path_buf(), ..account },
        Some(_) | None => in_one,
    }
}

/// Refuses to make a home again where its index names one that is absent: the shim folder is a copy
/// without the rest.
fn refuse_absent(world: &impl World, folders: &Folders, shims: &Path) -> Result<()> {
    let data = &folders.data;
    if !world.metadata(data).is_ok_and(|found| found.is_none()) {
        return Ok(());
    }
    let what = format!("usher's folder {} does not exist", Shown(data));
    Err(Error::new(ErrorKind::NoHome, what)
        .because(format!(
            "{} names it, and lies in no folder of usher's",
            Shown(&index_file(shims))
        ))
        .hint("export USHER_HOME=/the/folder/of/usher"))
}

/// Acquires write access to all folders, until it is dropped. None in a set-user-ID process.
pub fn write_access(folders: &Folders) -> Result<WriteAccess> {
    if is_secure() {
        return Err(refused_when_secure("nothing is written"));
    }
    let subfolders =
        vec![folders.shims(), folders.toolchains(), folders.staging(), folders.locks()];
    let readers = match folders.is_system_wide {
        true => Readers::Everyone,
        false => Readers::ByUmask,
    };
    WriteAccess::acquire(&write_access::HomeFolders { data: &folders.data, subfolders, readers })
}

/// The error for what a set-user-ID process doesn't do.
pub fn refused_when_secure(what: &str) -> Error {
    Error::new(ErrorKind::Permission, format!("{what} in a set-user-ID process"))
        .because("it has more rights than the account that called it")
}

fn no_home() -> Error {
    Error::new(ErrorKind::NoHome, "your home folder can't be found")
        .because("HOME isn't set, and this account has no home")
        .hint("export USHER_HOME=/a/folder/of/yours")
}

fn may_write(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}
