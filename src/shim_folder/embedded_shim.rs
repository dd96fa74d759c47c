//! The shim that is embedded in `use`: one file is all of usher.
//!
//! `build.rs` builds it. The shim binary on disk, of which the shims are hard links, is compared with
//! it and never with another copy, which may be damaged in the same way.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::Path;

use usher_shims::error::{Error, ErrorKind, Result};

/// The shim, byte for byte; `None` in a build without the feature `carried-shim`.
#[cfg(feature = "carried-shim")]
const EMBEDDED: Option<&[u8]> = Some(include_bytes!(env!("USHER_CARRIED_SHIM")));
#[cfg(not(feature = "carried-shim"))]
const EMBEDDED: Option<&[u8]> = None;

/// What the shims must contain: the embedded shim, else the binary that is installed.
pub fn content(binary: &Path) -> Result<Cow<'static, [u8]>> {
    if let Some(shim) = EMBEDDED {
        return Ok(shim.into());
    }
    match fs::read(binary) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Error::new(ErrorKind::CannotCreate, "this build of usher has no embedded shim")
                .hint("cargo install --path . --locked"))
        }
        content => Ok(content.map_err(|error| Error::io("read", binary, error))?.into()),
    }
}
