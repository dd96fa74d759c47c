//! Opens and locks the cached file of a download, so that a later run can resume it.
//!
//! It must not know where a download comes from.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::process::geteuid;

use super::partial::{Partial, write_error};
use crate::files::integrity::{Integrity, sha256};
use crate::files::own_folder::OwnFolder;
use crate::http::fetch_error::FetchError;

/// Cached files that weren't used for this long are deleted.
const MAX_AGE: Duration = Duration::from_secs(14 * 24 * 3_600);

/// Opens and locks the cached file of the download with the hash `expected`.
///
/// `None` where nothing can be cached here, or where another process uses that file: two processes
/// that download the same file at once use a file each. A full disk is an error.
pub(super) fn lock_cache_entry(
    folder: &Path,
    expected: &Integrity,
) -> Result<Option<Partial>, FetchError> {
    let path = folder.join(sha256(expected.to_string().as_bytes()));
    match prepare(folder).and_then(|()| Partial::open(&path)) {
        Ok(locked) => Ok(locked),
        Err(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            Err(write_error(&path, error, None))
        }
        Err(_) => Ok(None),
    }
}

/// Creates the folder, checks that only we can write to it, and deletes old files in it.
fn prepare(folder: &Path) -> io::Result<()> {
    let refused = || io::Error::new(ErrorKind::PermissionDenied, "others can write there");
    let (Some(cache), Some(name)) = (folder.parent(), folder.file_name()) else {
        return Err(refused());
    };
    // Others may read what else is cached, as far as the umask allows: the machine's indexes.
    let create = |folder, mode| DirBuilder::new().recursive(true).mode(mode).create(folder);
    create(cache, 0o777)?;
    let cache = OwnFolder::open(cache).ok().flatten().ok_or_else(refused)?;
    create(folder, 0o700)?;
    let downloads = cache.folder(name).ok().flatten().ok_or_else(refused)?;
    if downloads.meta().owner != geteuid().as_raw() || downloads.meta().mode & 0o022 != 0 {
        return Err(refused());
    }
    let oldest = SystemTime::now() - MAX_AGE;
    for entry in fs::read_dir(folder)?.flatten() {
        let is_old =
            entry.metadata().and_then(|entry| entry.modified()).is_ok_and(|time| time < oldest);
        let is_resume_info = entry.path().extension().is_some();
        if is_old
            && !is_resume_info
            && let Ok(Some(old)) = Partial::open(&entry.path())
        {
            old.delete();
        }
    }
    Ok(())
}
