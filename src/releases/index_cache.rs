//! Indexes on disk: what a source said, when, and what it calls that. What can't be read whole is
//! as if it weren't there.
//!
//! A file is a line that says what follows, and the content; its time is when the source said so
//! last. It must not know what an index means.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::limits::FRESH;
use crate::files::integrity::sha256;
use crate::files::replace::{Durability, FileMode, FileReplacement};
use crate::files::write_access::WriteAccess;

/// What half-written files are called; the rest is drawn by lot.
const UNFINISHED: &str = ".index-";

/// What the names of whole files end in.
const ENDING: &str = ".json";

/// The form of the files; another version of this program may have another one.
const FORM: u32 = 3;

/// The indexes that were fetched, a file each.
pub(super) struct IndexCache {
    folder: PathBuf,
}

/// Which index is meant.
#[derive(Debug, Clone, Copy)]
pub(super) struct CacheKey<'a> {
    /// Where it was fetched from.
    pub(super) address: &'a str,
    /// How it was understood: what was understood otherwise is asked for anew.
    pub(super) reading: &'a str,
}

/// What was fetched, and how old it is.
pub(super) struct CachedIndex<T> {
    pub(super) content: T,
    pub(super) age: Duration,
    /// What its source calls it; nothing where it would be understood otherwise today.
    pub(super) validator: Option<String>,
}

/// The first line of a file.
#[derive(Serialize, Deserialize)]
struct CacheHeader {
    form: u32,
    address: String,
    reading: String,
    validator: Option<String>,
    /// The SHA-256 of the content.
    sha256: String,
}

impl IndexCache {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What was kept of an index.
    pub(super) fn get<T: DeserializeOwned>(&self, key: &CacheKey<'_>) -> Option<CachedIndex<T>> {
        let path = self.path(key.address);
        // What is no file is never opened: reading a pipe would wait for its other end.
        let changed =
            fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file)?.modified().ok()?;
        let text = fs::read(&path).ok()?;
        let (head, content) = text.split_at(text.iter().position(|byte| *byte == b'\n')? + 1);
        let head: CacheHeader = serde_json::from_slice(head).ok()?;
        let is_complete =
            head.form == FORM && head.address == key.address && head.sha256 == sha256(content);
        let content = serde_json::from_slice(content).ok().filter(|_| is_complete)?;
        let age = age(changed);
        Some(match head.reading == key.reading {
            true => CachedIndex { content, age, validator: head.validator },
            false => CachedIndex { content, age: age.max(FRESH), validator: None },
        })
    }

    /// Keeps what a source gave. A cache that can't be written is no failure.
    pub(super) fn put<T: Serialize>(
        &self,
        _: &WriteAccess,
        key: &CacheKey<'_>,
        (content, validator): (&T, Option<String>),
    ) {
        let Some(text) = text(key, content, validator) else { return };
        let replacement = FileReplacement {
            target: &self.path(key.address),
            staging: &self.folder,
            prefix: UNFINISHED,
            mode: FileMode::Masked(0o600),
            durability: Durability::Unsynced,
        };
        if fs::create_dir_all(&self.folder).is_ok() {
            let _ = replacement.write(&text);
        }
    }

    /// The source says that what is kept is what it has now.
    pub(super) fn renew(&self, _: &WriteAccess, key: &CacheKey<'_>) {
        // Where its time can't be changed, it is asked for once more the next time.
        let _ = File::options()
            .append(true)
            .open(self.path(key.address))
            .and_then(|file| file.set_modified(SystemTime::now()));
    }

    /// A file for each address; an address may hold a secret, so its hash names the file.
    fn path(&self, address: &str) -> PathBuf {
        self.folder.join(format!("{}{ENDING}", &sha256(address.as_bytes())[..32]))
    }
}

/// Whether a name in the folder of the indexes is that of a file that was made in here.
pub(super) fn is_ours(name: &str) -> bool {
    let is_complete = name
        .strip_suffix(ENDING)
        .is_some_and(|name| name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit()));
    is_complete || name.starts_with(UNFINISHED)
}

fn text<T: Serialize>(
    key: &CacheKey<'_>,
    content: &T,
    validator: Option<String>,
) -> Option<Vec<u8>> {
    let content = serde_json::to_vec(content).ok()?;
    let head = CacheHeader {
        form: FORM,
        address: key.address.to_owned(),
        reading: key.reading.to_owned(),
        validator,
        sha256: sha256(&content),
    };
    Some([serde_json::to_vec(&head).ok()?, b"\n".to_vec(), content].concat())
}

/// How long ago that was. A time to come says nothing, and the source is asked again.
fn age(changed: SystemTime) -> Duration {
    SystemTime::now().duration_since(changed).unwrap_or(FRESH)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: CacheKey<'_> = CacheKey { address: "https://x.example/", reading: "1" };

    fn cache() -> (tempfile::TempDir, IndexCache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = IndexCache::new(folder.path().join("indexes"));
        (folder, cache)
    }

    fn kept(cache: &IndexCache, key: &CacheKey<'_>) -> Option<CachedIndex<Vec<String>>> {
        cache.get(key)
    }

    #[test]
    fn what_is_kept_is_found_again_with_what_its_source_calls_it() {
        let (_folder, cache) = cache();
        assert!(kept(&cache, &KEY).is_none());
        cache.put(&WriteAccess::for_test(), &KEY, (&["12.0.0"], Some("a".to_owned())));
        let found = kept(&cache, &KEY).unwrap();
        assert_eq!(
            (found.content.concat(), found.validator),
            ("12.0.0".into(), Some("a".to_owned()))
        );
        assert!(found.age < FRESH);
        assert!(kept(&cache, &CacheKey { address: "https://y.example/", ..KEY }).is_none());
        let otherwise = kept(&cache, &CacheKey { reading: "2", ..KEY }).unwrap();
        assert!(otherwise.validator.is_none() && otherwise.age >= FRESH);
    }

    #[test]
    fn its_time_is_when_the_source_said_so_last() {
        let (_folder, cache) = cache();
        cache.put(&WriteAccess::for_test(), &KEY, (&["12.0.0"], Some("a".to_owned())));
        let date = |time| {
            let file = File::options().append(true).open(cache.path(KEY.address)).unwrap();
            file.set_modified(time).unwrap();
        };
        date(SystemTime::now() - Duration::from_secs(50 * 3_600));
        assert!(kept(&cache, &KEY).unwrap().age > FRESH);
        cache.renew(&WriteAccess::for_test(), &KEY);
        assert!(kept(&cache, &KEY).unwrap().age < FRESH);
        date(SystemTime::now() + Duration::from_secs(50 * 3_600));
        assert_eq!(kept(&cache, &KEY).unwrap().age, FRESH);
    }

    #[test]
    fn what_is_not_whole_is_not_there() {
        let (_folder, cache) = cache();
        cache.put(&WriteAccess::for_test(), &KEY, (&["12.0.0"], Some("a".to_owned())));
        let path = cache.path(KEY.address);
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(kept(&cache, &KEY).is_none(), "cut after {length} bytes");
        }
        let start = whole.iter().position(|byte| *byte == b'\n').unwrap();
        for place in start..whole.len() {
            let mut spoilt = whole.clone();
            spoilt[place] ^= 1;
            fs::write(&path, &spoilt).unwrap();
            assert!(kept(&cache, &KEY).is_none(), "a bit of byte {place} flipped");
        }
        fs::remove_file(&path).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .unwrap();
        assert!(kept(&cache, &KEY).is_none(), "a pipe");
    }

    #[test]
    fn its_files_are_known_by_their_names() {
        let (_folder, cache) = cache();
        let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        for (file, expected) in [
            (name(cache.path("https://x.example/")), true),
            (".index-a1B2c3".to_owned(), true),
            ("notes.json".to_owned(), false),
            ("0123456789abcdef0123456789abcdeg.json".to_owned(), false),
            ("0123456789abcdef0123456789abcdef".to_owned(), false),
        ] {
            assert_eq!(is_ours(&file), expected, "{file}");
        }
    }
}
