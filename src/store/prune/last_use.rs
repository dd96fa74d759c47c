//! When a toolchain was used last, by the access times of its programs.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use usher_shims::tool::Tool;
use usher_shims::toolchain::Toolchain;

use crate::store::receipt::RECEIPT;
use crate::sys;

/// A day, which is how exact access times are: `relatime` writes them daily.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A longer time is the work of a wrong clock: of a machine without a battery, which begins in 1970, or
/// of a mistyped year.
const TOO_LONG: Duration = Duration::from_secs(24 * 3600 * 3_653);

/// When a toolchain was last used: the newest access time of its programs, and at the earliest the
/// time of its install. `None` if that is unknown: the file system has no access times, or they can't
/// be read.
pub fn last_use(tool: &Tool, toolchain: &Toolchain) -> Option<SystemTime> {
    if !keeps_access_times(&toolchain.root) {
        return None;
    }
    let receipt = time(&toolchain.root.join(RECEIPT), Metadata::modified).ok()?;
    let programs = tool.programs.iter().map(|name| toolchain.program(name));
    let used: io::Result<Vec<_>> =
        programs.map(|path| time(&path, Metadata::accessed)).chain([Ok(receipt)]).collect();
    used.ok()?.into_iter().flatten().max()
}

/// One of a file's times; `None` if there is no file.
fn time(
    path: &Path,
    which: fn(&Metadata) -> io::Result<SystemTime>,
) -> io::Result<Option<SystemTime>> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        seen => which(&seen?).map(Some),
    }
}

/// The number of whole days since the last use. A last use in the future counts as now.
///
/// `None` if that is unknown; more than ten years count as unknown too.
pub fn days_unused(last_use: Option<SystemTime>, now: SystemTime) -> Option<u64> {
    let since = now.duration_since(last_use?).unwrap_or_default();
    (since <= TOO_LONG).then(|| since.as_secs() / DAY.as_secs())
}

/// Whether a folder's file system is mounted with access times.
pub fn keeps_access_times(folder: &Path) -> bool {
    let mounted = rustix::fs::statvfs(folder);
    mounted.is_ok_and(|mounted| sys::keeps_access_times(&mounted))
}

#[cfg(test)]
mod tests {
    use std::fs::{File, FileTimes};

    use usher_shims::tool::TOOLS;
    use usher_shims::toolchain::Store;

    use super::*;

    #[test]
    fn days_unused_are_rounded_down() {
        let now = SystemTime::UNIX_EPOCH + 20_800 * DAY;
        for (last, days) in [
            (now, Some(0)),
            (now + DAY, Some(0)),
            (SystemTime::UNIX_EPOCH + 47_000 * DAY, Some(0)),
            (now - DAY + Duration::from_secs(1), Some(0)),
            (now - DAY, Some(1)),
            (now - 31 * DAY, Some(31)),
            (now - 3_653 * DAY, Some(3_653)),
            (now - 3_654 * DAY, None),
            (SystemTime::UNIX_EPOCH, None),
        ] {
            assert_eq!(days_unused(Some(last), now), days, "{last:?}");
        }
        assert_eq!(days_unused(None, now), None);
        // A clock of 1970 sees a use in the future, one of 2099 one that is too long ago.
        assert_eq!(days_unused(Some(now), SystemTime::UNIX_EPOCH), Some(0));
        assert_eq!(days_unused(Some(now), SystemTime::UNIX_EPOCH + 47_000 * DAY), None);
    }

    #[test]
    fn last_use_is_the_newest_time_of_programs_and_receipt() {
        let folder = tempfile::tempdir().unwrap();
        if !keeps_access_times(folder.path()) {
            return;
        }
        let tool = Tool::named(TOOLS, "node").unwrap();
        let root = folder.path().to_path_buf();
        let toolchain = Toolchain { version: None, root, store: Store::Own };
        let at = |days: u32| SystemTime::UNIX_EPOCH + 20_000 * DAY + days * DAY;
        let file = |path: &Path, times: FileTimes| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            File::create(path).unwrap().set_times(times).unwrap();
        };
        assert_eq!(last_use(tool, &toolchain), None, "nothing is there");
        let receipt = FileTimes::new().set_accessed(at(900)).set_modified(at(5));
        file(&folder.path().join(RECEIPT), receipt);
        assert_eq!(
            last_use(tool, &toolchain),
            Some(at(5)),
            "reading a receipt doesn't count as use"
        );
        file(&toolchain.program("node"), FileTimes::new().set_accessed(at(3)));
        assert_eq!(last_use(tool, &toolchain), Some(at(5)));
        file(&toolchain.program("npm"), FileTimes::new().set_accessed(at(7)));
        assert_eq!(last_use(tool, &toolchain), Some(at(7)));
    }

    #[test]
    fn an_unreadable_time_makes_last_use_unknown() {
        let folder = tempfile::tempdir().unwrap();
        let tool = Tool::named(TOOLS, "node").unwrap();
        let root = folder.path().to_path_buf();
        let toolchain = Toolchain { version: None, root, store: Store::Own };
        fs::write(folder.path().join(RECEIPT), "").unwrap();
        fs::write(folder.path().join("bin"), "a file in the place of the folder").unwrap();
        assert_eq!(last_use(tool, &toolchain), None);
    }
}
