//! `use self install`: installs usher itself; `install.sh` calls it with the binary that it built or
//! downloaded, and a packaged `use` makes a home with it.

use usher_shims::error::Result;
use usher_shims::exec::ProcessArgs;
use usher_shims::folders::Folders;
use usher_shims::index::VERSION;
use usher_shims::process::RunningShim;

use crate::cli::own_home::{newer_version, put_own_programs};
use crate::cli::shims::refresh_shims;
use crate::cli::{output, progress};
use crate::config::folders;
use crate::files::durable::make_folders;
use crate::session::Session;

/// Installs this very binary and its embedded shim, even over a newer one: that is noted, since a
/// mirror whose newest release is an old one would do it unasked. Prints the shim folder.
pub fn run(given: ProcessArgs, running: RunningShim, is_system: bool) -> Result<()> {
    let mut session = Session::new(given, running, progress::reporter)?;
    if is_system {
        session.folders = Folders::machine();
    }
    let access = folders::write_access(&session.folders)?;
    make_folders(&session.folders.config)?;
    let replaced = newer_version(&session)?;
    put_own_programs(&session, &access)?;
    drop(access);
    if let Some(newer) = replaced {
        session.note(&format!("usher {VERSION} replaced {newer}, which is newer"));
    }
    refresh_shims(&mut session, &[])?;
    output::print_path(&session.folders.shims())
}
