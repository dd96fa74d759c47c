//! Which folders this run of `use` uses.

use std::path::Path;

use directories::BaseDirs;
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::folders::{Folders, usher_home};
use usher_shims::index::{Index, index_file};
use usher_shims::process::{is_secure, refuse_planted};
use usher_shims::world::{World, read_optional};

use crate::files::write_access::{self, Readers, WriteAccess};

/// Finds the folders of this run of `use`.
///
/// Strongest first: `USHER_HOME`; the index beside the running file, so that a shim with an empty
/// environment finds the same; XDG's folders. If the running file is in the machine's home and the
/// user can't write there, the user's own folders are used.
pub fn find_folders(world: &impl World, own_folder: &Path) -> Result<Folders> {
    let variable = |name: &str| world.variable(name).filter(|value| !value.is_empty());
    // The account's entry in the list of users knows it where HOME isn't set. A set-user-ID process
    // has no home: neither its caller's variables nor its caller's account may lead to one.
    let user_home = BaseDirs::new().filter(|_| !is_secure());
    let user_home = user_home.map(|base| base.home_dir().to_path_buf());
    if let Some(value) = variable("USHER_HOME") {
        let folders = Folders::under(&usher_home(value)?, user_home);
        return refuse_planted(world, &folders.data, None).map(|()| folders);
    }
    let home = index_in(world, own_folder)?.map(|home| home.folders);
    match home {
        Some(home) if !home.is_system_wide || may_write(&home.data) => Ok(home),
        machine => match Folders::of_account(&variable, user_home) {
            Some(folders) => refuse_planted(world, &folders.data, None).map(|()| folders),
            None => machine.ok_or_else(no_home),
        },
    }
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

/// The index in a folder, if it is this folder's own.
fn index_in(world: &impl World, folder: &Path) -> Result<Option<Index>> {
    let file = index_file(folder);
    let index = read_optional(world, &file).map_err(|error| Error::io("read", &file, error))?;
    let home = index.and_then(|index| Index::parse(&index.bytes));
    Ok(home.filter(|home| home.folders.shims() == folder))
}

fn may_write(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}
