//! How much disk space is needed and free, for the message about a full disk.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, ErrorKind};

use crate::text::human_size;

/// How many times its own size an archive needs, if it doesn't state it: 3 to 8 times is usual.
const TYPICAL_RATIO: u64 = 5;

/// The disk space that an archive needs, and where.
pub(crate) struct DiskSpace {
    needed: u64,
    folder: PathBuf,
}

impl DiskSpace {
    /// For the content of an archive, in a folder.
    pub(crate) fn of(archive: &Path, folder: &Path) -> Self {
        Self { needed: unpacked_size(archive).unwrap_or(0), folder: folder.to_path_buf() }
    }

    /// For a known number of bytes, in a folder.
    pub(crate) fn for_bytes(needed: u64, folder: &Path) -> Self {
        Self { needed, folder: folder.to_path_buf() }
    }

    /// Adds to a disk-full error how much is needed and free.
    pub(crate) fn explain(&self, error: Error) -> Error {
        if error.kind() != ErrorKind::DiskFull {
            return error;
        }
        let Ok(seen) = rustix::fs::statvfs(&self.folder) else { return error };
        let free = seen.f_bavail.saturating_mul(seen.f_frsize);
        error.because(format!(
            "it needs about {}, and {} are free",
            human_size(self.needed),
            human_size(free)
        ))
    }
}

/// How much an archive needs unpacked: a gzip file has it in its last four bytes (RFC 1952).
fn unpacked_size(archive: &Path) -> Option<u64> {
    let mut file = File::open(archive).ok()?;
    let length = file.metadata().ok()?.len();
    let mut start = [0; 2];
    file.read_exact(&mut start).ok()?;
    if start != [0x1f, 0x8b] {
        return Some(length.saturating_mul(TYPICAL_RATIO));
    }
    let mut end = [0; 4];
    file.seek(SeekFrom::End(-4)).ok()?;
    file.read_exact(&mut end).ok()?;
    Some(u32::from_le_bytes(end).into())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_full_disk_error_has_what_is_needed_and_free() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("archive");
        let mut packed = flate2::write::GzEncoder::new(
            File::create(&archive).unwrap(),
            flate2::Compression::fast(),
        );
        packed.write_all(&vec![0; 5_000_001]).unwrap();
        packed.finish().unwrap();
        let space = DiskSpace::of(&archive, folder.path());
        let full = space.explain(Error::new(ErrorKind::DiskFull, "can't write"));
        assert!(full.causes[0].starts_with("it needs about 5.0 MB, and "), "{full}");
        assert_eq!(
            space.explain(Error::new(ErrorKind::BadFile, "odd")).causes,
            Vec::<String>::new()
        );
    }
}
