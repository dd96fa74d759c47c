//! Records the content of a folder, and reports later changes. Independent of usher.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::documents::sha256;

/// Larger files are compared by size and time only: they are programs, which are never rewritten in
/// place.
const LARGE: u64 = 100_000;

/// Every entry below a folder, by path, with its mode and content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tree(BTreeMap<String, String>);

impl Tree {
    /// Reads everything below `folder` except `without`. Paths are relative to `root`.
    pub(super) fn of(root: &Path, folder: &Path, without: &Path) -> Self {
        let mut tree = BTreeMap::new();
        let mut folders = vec![folder.to_path_buf()];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
            for path in entries.map(|entry| entry.path()).filter(|path| path != without) {
                let seen = fs::symlink_metadata(&path).expect("read an entry's metadata");
                let name = path.strip_prefix(root).expect("the entry is in the sandbox");
                tree.insert(name.display().to_string(), describe(&path, &seen));
                folders.extend(seen.is_dir().then_some(path));
            }
        }
        Self(tree)
    }

    /// The differences, one per line: `+ project/.nvmrc`, `- …`, or `~ …` for a changed entry.
    pub(crate) fn changes(&self, now: &Self) -> Vec<String> {
        let missing = self.0.keys().filter(|path| !now.0.contains_key(*path));
        let missing = missing.map(|path| format!("- {path}"));
        let new_or_changed = now.0.iter().filter_map(|(path, describe)| match self.0.get(path) {
            None => Some(format!("+ {path}")),
            Some(before) if before != describe => Some(format!("~ {path}")),
            Some(_) => None,
        });
        missing.chain(new_or_changed).collect()
    }
}

fn describe(path: &Path, seen: &Metadata) -> String {
    let content = match () {
        () if seen.is_dir() => "a folder".to_owned(),
        () if seen.is_symlink() => format!("a link to {:?}", fs::read_link(path).ok()),
        () if seen.is_file() && seen.len() > LARGE => {
            format!("{} bytes of {}.{}", seen.len(), seen.mtime(), seen.mtime_nsec())
        }
        () if seen.is_file() => sha256(&fs::read(path).unwrap_or_default()),
        () => "neither file nor folder".to_owned(),
    };
    format!("{:o} {content}", seen.mode() & 0o7777)
}
