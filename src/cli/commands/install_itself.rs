//! `use __install`: puts usher where it belongs; `install.sh` calls it with what it has built.

use std::fs;
use std::path::Path;

use usher_shims::error::{Error, Result};
use usher_shims::exec::Given;
use usher_shims::folders::{Folders, MACHINE_DATA};
use usher_shims::process::Running;

use crate::cli::shims::refresh_shims;
use crate::cli::{output, progress};
use crate::config::folders;
use crate::session::Usher;
use crate::shim_folder::{OWN, replace};

/// Installs this very binary, and the shim that it carries. Prints the shim folder.
pub fn run(given: Given, running: Running, is_system: bool) -> Result<()> {
    let own = running.file.clone();
    let mut usher = Usher::new(given, running, progress::reporter)?;
    if is_system {
        usher.folders = Folders::machine(Path::new(MACHINE_DATA));
    }
    let access = folders::write_access(&usher.folders)?;
    let config = usher.folders.config.clone();
    fs::create_dir_all(&config).map_err(|error| Error::io("make the folder", &config, error))?;
    let shims = usher.folders.shims();
    fs::create_dir_all(&shims).map_err(|error| Error::io("make the folder", &shims, error))?;
    let [first, second] = OWN.map(|name| shims.join(name));
    let content = fs::read(&own).map_err(|error| Error::io("read", &own, error))?;
    replace::put_program(&access, &content, (&first, &shims))?;
    replace::put(&access, &first, &second)?;
    drop(access);
    refresh_shims(&mut usher, &[])?;
    output::path(&shims);
    Ok(())
}
