//! Which folders this run of `use` uses.

use std::path::Path;

use directories::BaseDirs;
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::folders::{Folders, usher_home};
use usher_shims::index::{Index, index_file};
use usher_shims::process::is_secure;
use usher_shims::world::{World, read_optional};

use crate::files::write_access::{self, Readers, WriteAccess};

/// Finds the folders of this run of `use`.
///
/// Strongest first: `USHER_HOME`; the index beside the running file, so that a shim with an empty
/// environment finds the same; XDG's folders. If the running file is in the machine's home and the
/// user can't write there, the user's own folders are used.
pub fn find_folders(world: &impl World, own_folder: &Path) -> Result<Folders> {
    let variable =
        |name: &str| world.variable(name).filter(|value| !value.is_empty() && !is_secure());
    // The account's entry in the list of users knows it where HOME isn't set.
    let user_home = BaseDirs::new().map(|base| base.home_dir().to_path_buf());
    if let Some(value) = variable("USHER_HOME") {
        return Ok(Folders::under(&usher_home(value)?, user_home));
    }
    match index_in(world, own_folder)? {
        Some(home) if !home.folders.is_system_wide || may_write(&home.folders.data) => {
            Ok(home.folders)
        }
        Some(_) | None => Folders::of_account(&variable, user_home).ok_or_else(no_home),
    }
}

/// Acquires write access to all folders, until it is dropped.
pub fn write_access(folders: &Folders) -> Result<WriteAccess> {
    let subfolders =
        vec![folders.shims(), folders.toolchains(), folders.staging(), folders.locks()];
    let readers = match folders.is_system_wide {
        true => Readers::Everyone,
        false => Readers::ByUmask,
    };
    WriteAccess::acquire(&write_access::HomeFolders { data: &folders.data, subfolders, readers })
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
