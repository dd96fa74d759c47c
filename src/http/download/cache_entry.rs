//! Coming by the file that a download is kept in, while others may want the same.
//!
//! It must not know where an artifact comes from.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::geteuid;

use super::partial::{Opened, Partial, unwritten};
use super::transfer::Progress;
use crate::files::integrity::{Integrity, sha256};
use crate::http::failure::Failure;
use crate::http::timeouts::Timeouts;

/// How often a file that another process fills is looked at.
const PAUSE: Duration = Duration::from_millis(50);

/// What nobody came back for in so long is swept.
const FORGOTTEN: Duration = Duration::from_secs(14 * 24 * 3_600);

/// A file that may be used.
pub(super) enum CacheEntry {
    /// Nobody else uses it.
    Ours(Partial),
    /// Others read it, so it is complete.
    Shared(Partial),
}

/// Claims the kept file of what has the hash `wanted`.
///
/// Who fills it already is waited for, as long as it grows. `None` where nothing can be kept
/// here, or where the one who fills it got stuck. A full disk is an error.
pub(super) fn claim(
    folder: &Path,
    wanted: &Integrity,
    timeouts: &Timeouts,
    progress: &dyn Progress,
) -> Result<Option<CacheEntry>, Failure> {
    let name = sha256(wanted.to_string().as_bytes());
    let path = folder.join(name);
    let mut watch = Watch::new(timeouts.lock_wait, progress);
    match prepare(folder).and_then(|()| wait(&path, &mut watch)) {
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
            && let Ok(Opened::Ours(forgotten)) = Partial::open(&entry.path())
        {
            forgotten.discard();
        }
    }
    Ok(())
}

fn wait(path: &Path, watch: &mut Watch<'_>) -> io::Result<Option<CacheEntry>> {
    loop {
        match Partial::open(path)? {
            Opened::Ours(partial) => return Ok(Some(CacheEntry::Ours(partial))),
            Opened::Shared(partial) => return Ok(Some(CacheEntry::Shared(partial))),
            Opened::Busy(length) if watch.sees_growth(length) => sleep(PAUSE),
            Opened::Busy(_) => return Ok(None),
        }
    }
}

/// Watches another process fill a file, and shows it as our own progress.
struct Watch<'a> {
    timeouts: Duration,
    progress: &'a dyn Progress,
    /// How long it was when it last grew, and when that was.
    last: Option<(u64, Instant)>,
}

impl<'a> Watch<'a> {
    fn new(timeouts: Duration, progress: &'a dyn Progress) -> Self {
        Self { timeouts, progress, last: None }
    }

    fn sees_growth(&mut self, length: u64) -> bool {
        match self.last {
            Some((before, since)) if before == length => since.elapsed() < self.timeouts,
            Some((before, _)) => {
                self.progress.advance(length.saturating_sub(before));
                self.last = Some((length, Instant::now()));
                true
            }
            None => {
                self.progress.begin(None);
                self.progress.advance(length);
                self.last = Some((length, Instant::now()));
                true
            }
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if self.last.is_some() {
            self.progress.end();
        }
    }
}
