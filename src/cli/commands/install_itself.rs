//! `use __install`: installs usher itself; `install.sh` calls it with the binary that it built.

use std::fs;
use std::path::Path;

use usher_shims::error::{Error, Result};
use usher_shims::exec::ProcessArgs;
use usher_shims::folders::Folders;
use usher_shims::process::RunningShim;

use crate::cli::shims::refresh_shims;
use crate::cli::{output, progress};
use crate::config::folders;
use crate::files::durable::make_folders;
use crate::session::Session;
use crate::shim_folder::fault::find_fault;
use crate::shim_folder::{OWN_NAMES, replace};

/// Installs this very binary and its embedded shim. Prints the shim folder.
pub fn run(given: ProcessArgs, running: RunningShim, is_system: bool) -> Result<()> {
    let own = running.file.clone();
    let mut session = Session::new(given, running, progress::reporter)?;
    if is_system {
        session.folders = Folders::machine();
    }
    let access = folders::write_access(&session.folders)?;
    let config = session.folders.config.clone();
    make_folders(&config)?;
    let shims = session.folders.shims();
    make_folders(&shims)?;
    let [first, second] = OWN_NAMES.map(|name| shims.join(name));
    let content = fs::read(&own).map_err(|error| Error::io("read", &own, error))?;
    let is_whole = |path: &Path| find_fault(path, &content).is_ok_and(|fault| fault.is_none());
    if !is_whole(&first) {
        replace::put_program(&access, &content, &first, &shims)?;
    }
    if !is_whole(&second) {
        replace::put_shim(&access, &first, &second)?;
    }
    drop(access);
    refresh_shims(&mut session, &[])?;
    output::print_path(&shims)
}
