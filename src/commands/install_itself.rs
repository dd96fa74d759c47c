//! `use __install`: puts usher where it belongs; `install.sh` calls it with what it has built.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use usher_shims::error::{Error, Result};
use usher_shims::exec::Given;
use usher_shims::process::Running;

use crate::output;
use crate::shim_folder::{self, OWN};
use crate::usher::Usher;
use crate::writing::Writing;
use usher_shims::folders::{Folders, MACHINE_DATA};

/// Installs this very binary, and the shim's. Prints the shim folder.
pub fn run(given: Given, running: Running, shim: &Path, is_system: bool) -> Result<()> {
    let own = running.file.clone();
    let mut usher = Usher::new(given, running)?;
    if is_system {
        usher.folders = Folders::machine(Path::new(MACHINE_DATA));
    }
    let _writing = Writing::to(&usher.folders)?;
    let config = usher.folders.config.clone();
    fs::create_dir_all(&config).map_err(|error| Error::io("make the folder", &config, &error))?;
    let shims = usher.folders.shims();
    fs::create_dir_all(&shims).map_err(|error| Error::io("make the folder", &shims, &error))?;
    replace(shim, &usher.folders.shim_binary())?;
    let [first, second] = OWN.map(|name| shims.join(name));
    replace(&own, &first)?;
    shim_folder::put(&first, &second)?;
    shim_folder::renew(&mut usher, &[])?;
    output::line(shims.display());
    Ok(())
}

/// Puts a copy of a program in place, unless it stands there already.
fn replace(from: &Path, to: &Path) -> Result<()> {
    let content = fs::read(from).map_err(|error| Error::io("read", from, &error))?;
    if fs::read(to).is_ok_and(|there| there == content) {
        return Ok(());
    }
    let folder = to.parent().unwrap_or(to);
    let mut file = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o755))
        .tempfile_in(folder)
        .map_err(|error| Error::io("write in", folder, &error))?;
    let written =
        io::copy(&mut content.as_slice(), &mut file).and_then(|_| file.as_file().sync_all());
    written.map_err(|error| Error::io("write", to, &error))?;
    // The umask took rights away that a program needs.
    let readable = file.as_file().set_permissions(Permissions::from_mode(0o755));
    readable.map_err(|error| Error::io("change the mode of", to, &error))?;
    file.persist(to).map_err(|error| Error::io("replace", to, &error.error))?;
    Ok(())
}
