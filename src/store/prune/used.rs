//! When a toolchain was used last, by the access times of its programs, and whether these are kept
//! at all where it lies.

use std::fs::{self, File, FileTimes};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::StatVfsMountFlags;
use usher_shims::error::{Error, Result};
use usher_shims::tool::Tool;
use usher_shims::toolchain::Toolchain;

use super::Times;
use crate::files::clock;
use crate::store::receipt::RECEIPT;

/// A day, which is how exact access times are: `relatime` writes them daily.
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// When something of a toolchain was used last: the newest access time of its programs, and at the
/// earliest when it was installed. What lies in the future counts as now.
pub fn last_use(tool: &Tool, toolchain: &Toolchain) -> Option<SystemTime> {
    let programs = tool.programs.iter().map(|name| toolchain.program(name));
    let used = programs.filter_map(|path| fs::metadata(path).ok()?.accessed().ok());
    let receipt = fs::symlink_metadata(toolchain.root.join(RECEIPT));
    used.chain(receipt.and_then(|seen| seen.modified())).max()
}

/// For how many whole days something wasn't used. What can't be told was used now.
pub fn days_since(last: Option<SystemTime>, now: SystemTime) -> u64 {
    // A time from long before there was an usher is that of a clock that was wrong then.
    let known = last.filter(|last| clock::can_have_been(*last));
    let since = known.and_then(|last| now.duration_since(last).ok()).unwrap_or_default();
    since.as_secs() / DAY.as_secs()
}

/// Whether access times are kept in a folder. It is tried: what a file system is mounted with
/// doesn't tell all, and one on a server has its own mind.
pub fn times(folder: &Path) -> Result<Times> {
    let tried = || -> io::Result<Times> {
        let mounted = rustix::fs::statvfs(folder)?;
        if mounted.f_flag.contains(StatVfsMountFlags::NOATIME) {
            return Ok(Times::NotKept);
        }
        try_out(&mut tempfile::tempfile_in(folder)?)
    };
    tried().map_err(|error| Error::io("try out access times in", folder, error))
}

/// Reads from a file that wasn't read for days, as its times have it.
fn try_out(file: &mut File) -> io::Result<Times> {
    file.write_all(b"?")?;
    let before = SystemTime::now() - 3 * DAY;
    file.set_times(FileTimes::new().set_accessed(before).set_modified(before + DAY))?;
    file.rewind()?;
    file.read_exact(&mut [0])?;
    match file.metadata()?.accessed()? > before + DAY {
        true => Ok(Times::Kept),
        false => Ok(Times::NotKept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_never_too_many() {
        let now = SystemTime::UNIX_EPOCH + 20_800 * DAY;
        for (last, days) in [
            (Some(SystemTime::UNIX_EPOCH), 0),
            (Some(SystemTime::UNIX_EPOCH + 47_000 * DAY), 0),
            (Some(now), 0),
            (Some(now + DAY), 0),
            (Some(now - DAY + Duration::from_secs(1)), 0),
            (Some(now - DAY), 1),
            (Some(now - 31 * DAY), 31),
            (None, 0),
        ] {
            assert_eq!(days_since(last, now), days, "{last:?}");
        }
    }
}
