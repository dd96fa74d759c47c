//! Indexes on disk: what a source said, and when. What can't be read is as if it weren't there.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// How long an index serves without its source being asked again.
pub(super) const FRESH: Duration = Duration::from_hours(1);

/// The indexes that were fetched, a file each.
pub(super) struct Cache {
    folder: PathBuf,
}

/// What was fetched, and how old it is.
pub(super) struct Cached<T> {
    pub(super) content: T,
    pub(super) age: Duration,
}

#[derive(Serialize, Deserialize)]
struct Stored<T> {
    /// The form of what follows; another program version may have another one.
    form: u32,
    address: String,
    content: T,
}

const FORM: u32 = 1;

impl Cache {
    pub(super) fn new(cache: &Path) -> Self {
        Self { folder: cache.join("indexes") }
    }

    /// What was kept of an address.
    pub(super) fn get<T: DeserializeOwned>(&self, address: &str) -> Option<Cached<T>> {
        let path = self.path(address);
        let changed = fs::metadata(&path).and_then(|seen| seen.modified()).ok()?;
        let stored: Stored<T> = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
        let age = SystemTime::now().duration_since(changed).unwrap_or(Duration::ZERO);
        (stored.form == FORM && stored.address == address)
            .then_some(Cached { content: stored.content, age })
    }

    /// Keeps what an address gave. A cache that can't be written is no failure.
    pub(super) fn put<T: Serialize>(&self, address: &str, content: T) {
        let stored = Stored { form: FORM, address: address.to_owned(), content };
        let Ok(text) = serde_json::to_vec(&stored) else { return };
        let written = fs::create_dir_all(&self.folder)
            .and_then(|()| tempfile::NamedTempFile::new_in(&self.folder))
            .and_then(|mut file| file.write_all(&text).map(|()| file));
        if let Ok(file) = written {
            let _ = file.persist(self.path(address));
        }
    }

    /// A file for each address; an address may hold a secret, so its hash names the file.
    fn path(&self, address: &str) -> PathBuf {
        let digest = Sha256::digest(address.as_bytes());
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(name + ".json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_again_and_garbage_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        assert!(cache.get::<Vec<String>>("https://x.example/").is_none());
        cache.put("https://x.example/", vec!["12.0.0".to_owned()]);
        assert_eq!(cache.get::<Vec<String>>("https://x.example/").unwrap().content, ["12.0.0"]);
        assert!(cache.get::<Vec<String>>("https://y.example/").is_none());
        fs::write(cache.path("https://x.example/"), "{").unwrap();
        assert!(cache.get::<Vec<String>>("https://x.example/").is_none());
    }
}
