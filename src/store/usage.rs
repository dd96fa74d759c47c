//! How much disk space a store uses.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use rustix::fs::FileType;
use usher_shims::error::{Error, Result};
use usher_shims::world::{Identity, file_meta};

use crate::files::walk::{OpenTree, Visitor, Walk, WalkEntry};

/// The size of all files in a folder, in bytes; one with several names counts once. What can't be
/// listed isn't counted. No folder is 0.
pub(crate) fn used_bytes(folder: &Path) -> Result<u64> {
    let tree = match OpenTree::open(folder) {
        Ok(tree) => tree,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(Error::io("open", folder, error)),
    };
    let mut sizes = Sizes::default();
    tree.walk(&mut sizes);
    Ok(sizes.bytes)
}

#[derive(Default)]
struct Sizes {
    bytes: u64,
    /// The files with several names that were counted, by device and number.
    counted: BTreeSet<Identity>,
}

impl Visitor for Sizes {
    fn visit(&mut self, found: &WalkEntry<'_>) -> Walk {
        let stat = &found.stat;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        if is_file && (stat.st_nlink < 2 || self.counted.insert(file_meta(stat).identity)) {
            self.bytes += u64::try_from(stat.st_size).unwrap_or(0);
        }
        Walk::Descend
    }

    fn unreadable(&mut self, _: &Path, _: &io::Error) {}
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_with_two_names_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        assert_eq!(used_bytes(&path("none")).unwrap(), 0);
        fs::create_dir(path("inner")).unwrap();
        fs::write(path("one"), [0; 100]).unwrap();
        fs::write(path("inner/two"), [0; 20]).unwrap();
        fs::hard_link(path("one"), path("inner/three")).unwrap();
        std::os::unix::fs::symlink(path("one"), path("link")).unwrap();
        assert_eq!(used_bytes(folder.path()).unwrap(), 120);
    }
}
