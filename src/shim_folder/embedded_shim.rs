//! The shim that is embedded in `use`: one file is all of usher.
//!
//! `build.rs` builds it. The shim binary on disk, of which the shims are hard links, is compared with
//! it and never with another copy, which may be damaged in the same way.

use std::path::Path;

use usher_shims::error::{Error, ErrorKind, Result};

use super::replace::{is_program, put_program};
use crate::files::write_access::WriteAccess;

/// The shim, byte for byte; `None` in a build without the feature `carried-shim`.
#[cfg(feature = "carried-shim")]
const EMBEDDED: Option<&[u8]> = Some(include_bytes!(env!("USHER_CARRIED_SHIM")));
#[cfg(not(feature = "carried-shim"))]
const EMBEDDED: Option<&[u8]> = None;

/// Writes the embedded shim to `path`, unless it is there already. The new file is prepared in
/// `staging`, a folder on the same file system.
pub fn install_shim(access: &WriteAccess, path: &Path, staging: &Path) -> Result<()> {
    match EMBEDDED {
        Some(shim) => put_program(access, shim, path, staging),
        None if path.exists() => Ok(()),
        None => {
            Err(Error::new(ErrorKind::CannotCreate, "this build of usher has no embedded shim")
                .hint("cargo install --path . --locked"))
        }
    }
}

/// Whether a file is the embedded shim.
pub fn is_at(path: &Path) -> bool {
    EMBEDDED.is_none_or(|shim| is_program(shim, path))
}
