//! The shim that `use` carries: one file is all of usher.
//!
//! `build.rs` builds it. The copy on disk, of which the shims are hard links, is compared with it and
//! never with another copy, which may be damaged in the same way.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use usher_shims::error::{Error, ErrorKind, Result};

use super::UNFINISHED;

/// The shim, byte for byte; `None` in a build without the feature `carried-shim`.
#[cfg(feature = "carried-shim")]
const CARRIED: Option<&[u8]> = Some(include_bytes!(env!("USHER_CARRIED_SHIM")));
#[cfg(not(feature = "carried-shim"))]
const CARRIED: Option<&[u8]> = None;

/// Who may do what with a program: its owner all, the others read and run it.
const MODE: u32 = 0o755;

/// Makes a file the carried shim, unless it is. The new one is prepared in `staging`, a folder of the
/// same file system.
pub fn put(path: &Path, staging: &Path) -> Result<()> {
    match CARRIED {
        Some(shim) => put_program(shim, path, staging),
        None if path.exists() => Ok(()),
        None => Err(Error::new(ErrorKind::CannotCreate, "this build of usher carries no shim")
            .hint("cargo install --path . --locked")),
    }
}

/// Whether a file is the carried shim.
pub fn is_at(path: &Path) -> bool {
    CARRIED.is_none_or(|shim| is_program(shim, path))
}

/// Makes a file a program with this content, unless it is.
pub fn put_program(content: &[u8], path: &Path, staging: &Path) -> Result<()> {
    if is_program(content, path) {
        return Ok(());
    }
    let staged = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .permissions(Permissions::from_mode(MODE))
        .tempfile_in(staging);
    let mut file = staged.map_err(|error| Error::io("write in", staging, error))?;
    let written = file
        .write_all(content)
        // The umask took rights away that a program needs.
        .and_then(|()| file.as_file().set_permissions(Permissions::from_mode(MODE)))
        .and_then(|()| file.as_file().sync_all());
    written.map_err(|error| Error::io("write", path, error))?;
    file.persist(path).map_err(|error| Error::io("replace", path, error.error))?;
    Ok(())
}

fn is_program(content: &[u8], path: &Path) -> bool {
    let seen = fs::symlink_metadata(path);
    let may_be = seen.is_ok_and(|seen| {
        seen.is_file() && seen.len() == content.len() as u64 && seen.mode() & MODE == MODE
    });
    may_be && fs::read(path).is_ok_and(|there| there == content)
}
