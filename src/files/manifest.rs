//! The manifest of a tree: every folder, file and link in it, as it was unpacked or as it is on
//! disk.
//!
//! It must not know what the manifest is used for.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use usher_shims::error::{Error, Result};

use super::integrity::sha256_of;

/// Everything below a folder, by its path from there: `bin/node`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Manifest(pub BTreeMap<String, ManifestEntry>);

/// A file, link or folder of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ManifestEntry {
    /// A file.
    File {
        /// Its permission bits.
        mode: Mode,
        /// Its length in bytes.
        size: u64,
        /// The SHA-256 of its bytes, in lower-case hexadecimal digits.
        sha256: String,
    },
    /// A symbolic link.
    Link {
        /// Its target, as written in the link.
        link: String,
    },
    /// A folder.
    Folder {
        /// Its permission bits.
        mode: Mode,
    },
}

/// Permission bits; written in octal digits: `755`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode(pub u32);

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:o}", self.0))
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        u32::from_str_radix(&digits, 8).map(Self).map_err(serde::de::Error::custom)
    }
}

impl Manifest {
    /// The number of files and links, without folders.
    pub fn files(&self) -> usize {
        self.0.values().filter(|item| !matches!(item, ManifestEntry::Folder { .. })).count()
    }

    /// The size of all files in bytes.
    pub fn bytes(&self) -> u64 {
        let size = |item: &ManifestEntry| match item {
            ManifestEntry::File { size, .. } => *size,
            ManifestEntry::Link { .. } | ManifestEntry::Folder { .. } => 0,
        };
        self.0.values().map(size).sum()
    }

    /// The manifest of a folder on disk. Anything that isn't a folder, file or link is an error.
    pub fn read(root: &Path) -> Result<Self> {
        let mut manifest = Self::default();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let path = root.join(&folder);
            let failed = |error: io::Error| Error::io("list", &path, error);
            for entry in fs::read_dir(&path).map_err(failed)? {
                let name = entry.map_err(failed)?.file_name();
                let name =
                    name.to_str().ok_or_else(|| failed(io::ErrorKind::InvalidData.into()))?;
                let below =
                    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
                let item = ManifestEntry::at(&root.join(&below))?;
                if matches!(item, ManifestEntry::Folder { .. }) {
                    folders.push(below.clone());
                }
                manifest.0.insert(below, item);
            }
        }
        Ok(manifest)
    }

    /// Adds another tree, below `folder`; an empty `folder` is the root.
    pub fn add(&mut self, folder: &str, other: Self) {
        for (path, item) in other.0 {
            let path = if folder.is_empty() { path } else { format!("{folder}/{path}") };
            self.0.insert(path, item);
        }
    }
}

impl ManifestEntry {
    fn at(path: &Path) -> Result<Self> {
        let failed = |error: io::Error| Error::io("read", path, error);
        let seen = fs::symlink_metadata(path).map_err(failed)?;
        let mode = Mode(seen.permissions().mode() & 0o7777);
        if seen.is_dir() {
            return Ok(Self::Folder { mode });
        }
        if seen.is_symlink() {
            let link = fs::read_link(path).map_err(failed)?.to_string_lossy().into_owned();
            return Ok(Self::Link { link });
        }
        if !seen.is_file() {
            return Err(failed(io::Error::other("it is not a file, folder or link")));
        }
        let file = fs::File::open(path).map_err(failed)?;
        let sha256 = sha256_of(file, &mut vec![0; 256 << 10]).map_err(failed)?;
        Ok(Self::File { mode, size: seen.len(), sha256 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_round_trips() {
        let file = ManifestEntry::File { mode: Mode(0o755), size: 3, sha256: "ab".repeat(32) };
        let link = ManifestEntry::Link { link: "node".to_owned() };
        let items =
            [("bin", ManifestEntry::Folder { mode: Mode(0o755) }), ("bin/node", file), ("x", link)];
        let items = items.map(|(path, item)| (path.to_owned(), item));
        let manifest = Manifest(BTreeMap::from(items));
        let text = serde_json::to_string(&manifest).unwrap();
        assert!(text.contains(r#""bin":{"mode":"755"}"#), "{text}");
        assert_eq!(serde_json::from_str::<Manifest>(&text).unwrap(), manifest);
        assert_eq!((manifest.files(), manifest.bytes()), (2, 3));
        let mut whole = Manifest::default();
        whole.add("lib/npm", manifest);
        assert!(whole.0.contains_key("lib/npm/bin/node"));
    }

    #[test]
    fn a_folder_on_disk_is_listed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("lib/inner")).unwrap();
        fs::write(folder.path().join("lib/inner/abc"), "abc").unwrap();
        std::os::unix::fs::symlink("../nowhere", folder.path().join("lib/link")).unwrap();
        let manifest = Manifest::read(folder.path()).unwrap();
        let paths: Vec<&String> = manifest.0.keys().collect();
        assert_eq!(paths, ["lib", "lib/inner", "lib/inner/abc", "lib/link"]);
        assert_eq!(manifest.0["lib/link"], ManifestEntry::Link { link: "../nowhere".to_owned() });
        let ManifestEntry::File { size: 3, sha256, .. } = &manifest.0["lib/inner/abc"] else {
            panic!()
        };
        assert!(sha256.starts_with("ba7816bf8f01cfea"), "{sha256}");
    }
}
