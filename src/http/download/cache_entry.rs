//! Coming by the file that a download is kept in, so that another run may take it up.
//!
//! It must not know where an artifact comes from.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::process::geteuid;

use super::partial::{Partial, unwritten};
use crate::files::integrity::{Integrity, sha256};
use crate::http::fetch_error::FetchError;

/// What nobody came back for in so long is swept.
const FORGOTTEN: Duration = Duration::from_secs(14 * 24 * 3_600);

/// Claims the kept file of what has the hash `wanted`.
///
/// `None` where nothing can be kept here, or where somebody else is using that file: two who want
/// the same bytes at once download them to a file each. A full disk is an error.
pub(super) fn claim(folder: &Path, wanted: &Integrity) -> Result<Option<Partial>, FetchError> {
    let path = folder.join(sha256(wanted.to_string().as_bytes()));
    match prepare(folder).and_then(|()| Partial::open(&path)) {
        Ok(claimed) => Ok(claimed),
        Err(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            Err(unwritten(&path, error, None))
        }
        Err(_) => Ok(None),
    }
}

/// Makes the folder, sees that it is ours alone, and sweeps it.
fn prepare(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let found = fs::metadata(folder)?;
    if found.uid() != geteuid().as_raw() || found.mode() & 0o022 != 0 {
        return Err(io::Error::new(ErrorKind::PermissionDenied, "others can write there"));
    }
    let long_ago = SystemTime::now() - FORGOTTEN;
    for entry in fs::read_dir(folder)?.flatten() {
        let is_old =
            entry.metadata().and_then(|entry| entry.modified()).is_ok_and(|time| time < long_ago);
        let is_note = entry.path().extension().is_some();
        if is_old
            && !is_note
            && let Ok(Some(forgotten)) = Partial::open(&entry.path())
        {
            forgotten.discard();
        }
    }
    Ok(())
}
