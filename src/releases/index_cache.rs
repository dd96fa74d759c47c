//! The cache of indexes on disk. A file that is damaged or incomplete counts as absent.
//!
//! A file has a header line and the content. Its modification time is when the source last confirmed
//! it. It must not know what an index means.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::limits::MAX_FRESH_AGE;
use crate::files::integrity::sha256;
use crate::files::own_folder::OwnFolder;
use crate::files::replace::{Durability, FileMode, FileReplacement};
use crate::files::write_access::WriteAccess;

/// Their folder in usher's cache folder.
pub(super) const FOLDER: &str = "indexes";

/// How the names of temporary files begin.
const UNFINISHED: &str = ".index-";

/// How the names of complete files end.
const EXTENSION: &str = ".json";

/// The format of the files; another version of usher may have another one.
const FORMAT: u32 = 4;

/// The cached indexes, a file each.
pub(super) struct IndexCache {
    cache: PathBuf,
}

/// Identifies an index.
#[derive(Debug, Clone, Copy)]
pub(super) struct CacheKey<'a> {
    /// Where it is fetched from.
    pub(super) address: &'a str,
    /// How it is parsed. An index that was parsed in another way is fetched again.
    pub(super) parser_id: &'a str,
}

/// A cached index.
pub(super) struct CachedIndex<T> {
    pub(super) content: T,
    pub(super) age: Duration,
    /// The validator of its response; `None` if the index must be fetched and parsed again.
    pub(super) validator: Option<String>,
}

/// The first line of a file.
#[derive(Serialize, Deserialize)]
struct CacheHeader {
    format: u32,
    address: String,
    parser_id: String,
    validator: Option<String>,
    /// The SHA-256 of the content.
    sha256: String,
}

impl IndexCache {
    /// The cached indexes in usher's cache folder.
    pub(super) fn new(cache: PathBuf) -> Self {
        Self { cache }
    }

    /// The cached index; `None` if there is none, or if its file is damaged.
    pub(super) fn get<T: DeserializeOwned>(&self, key: &CacheKey<'_>) -> Option<CachedIndex<T>> {
        let mut file = self.open(key)?;
        let modified = file.metadata().ok()?.modified().ok()?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).ok()?;
        let (head, content) = text.split_at(text.iter().position(|byte| *byte == b'\n')? + 1);
        let head: CacheHeader = serde_json::from_slice(head).ok()?;
        let is_whole =
            head.format == FORMAT && head.address == key.address && head.sha256 == sha256(content);
        let content = serde_json::from_slice(content).ok().filter(|_| is_whole)?;
        let age = age(modified);
        Some(match head.parser_id == key.parser_id {
            true => CachedIndex { content, age, validator: head.validator },
            false => CachedIndex { content, age: age.max(MAX_FRESH_AGE), validator: None },
        })
    }

    /// Caches an index. A cache that can't be written is not an error.
    pub(super) fn put<T: Serialize>(
        &self,
        _: &WriteAccess,
        key: &CacheKey<'_>,
        content: &T,
        validator: Option<String>,
    ) {
        let Some(text) = text(key, content, validator) else { return };
        let folder = OwnFolder::create(&self.cache)
            .and_then(|cache| cache.create_folder(OsStr::new(FOLDER)));
        let Ok(folder) = folder else { return };
        let replacement = FileReplacement {
            target: &folder.path().join(file_name(key.address)),
            staging: folder.path(),
            prefix: UNFINISHED,
            mode: FileMode::Masked(0o600),
            durability: Durability::Unsynced,
        };
        let _ = replacement.write(&text);
    }

    /// Records that the source still has this index.
    pub(super) fn mark_fresh(&self, _: &WriteAccess, key: &CacheKey<'_>) {
        // If the time can't be set, the source is fetched again the next time.
        let _ = self.open(key).map(|file| file.set_modified(SystemTime::now()));
    }

    /// Opens the file of an index. `None` if there is none, or if another account could have put it
    /// there.
    fn open(&self, key: &CacheKey<'_>) -> Option<File> {
        let cache = OwnFolder::open(&self.cache).ok().flatten()?;
        let folder = cache.folder(OsStr::new(FOLDER)).ok().flatten()?;
        let file = File::from(folder.file(&file_name(key.address)).ok().flatten()?);
        file.metadata().ok().filter(fs::Metadata::is_file).map(|_| file)
    }
}

/// The name of the file of an address. An address may contain a secret, so it is a hash.
fn file_name(address: &str) -> OsString {
    format!("{}{EXTENSION}", &sha256(address.as_bytes())[..32]).into()
}

/// Whether a file of this name in the folder of indexes is usher's.
pub(super) fn is_ours(name: &str) -> bool {
    let is_whole = name
        .strip_suffix(EXTENSION)
        .is_some_and(|name| name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit()));
    is_whole || name.starts_with(UNFINISHED)
}

fn text<T: Serialize>(
    key: &CacheKey<'_>,
    content: &T,
    validator: Option<String>,
) -> Option<Vec<u8>> {
    let content = serde_json::to_vec(content).ok()?;
    let head = CacheHeader {
        format: FORMAT,
        address: key.address.to_owned(),
        parser_id: key.parser_id.to_owned(),
        validator,
        sha256: sha256(&content),
    };
    Some([serde_json::to_vec(&head).ok()?, b"\n".to_vec(), content].concat())
}

/// The time that has passed since then. A time in the future counts as old, so that the index is
/// fetched again.
fn age(modified: SystemTime) -> Duration {
    SystemTime::now().duration_since(modified).unwrap_or(MAX_FRESH_AGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: CacheKey<'_> = CacheKey { address: "https://x.example/", parser_id: "1" };

    fn cache() -> (tempfile::TempDir, IndexCache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = IndexCache::new(folder.path().to_path_buf());
        (folder, cache)
    }

    fn path(cache: &IndexCache, address: &str) -> PathBuf {
        cache.cache.join(FOLDER).join(file_name(address))
    }

    fn cached(cache: &IndexCache, key: &CacheKey<'_>) -> Option<CachedIndex<Vec<String>>> {
        cache.get(key)
    }

    #[test]
    fn a_cached_index_is_read_back_with_its_validator() {
        let (_folder, cache) = cache();
        assert!(cached(&cache, &KEY).is_none());
        cache.put(&WriteAccess::for_test(), &KEY, &["12.0.0"], Some("a".to_owned()));
        let found = cached(&cache, &KEY).unwrap();
        assert_eq!(
            (found.content.concat(), found.validator),
            ("12.0.0".into(), Some("a".to_owned()))
        );
        assert!(found.age < MAX_FRESH_AGE);
        assert!(cached(&cache, &CacheKey { address: "https://y.example/", ..KEY }).is_none());
        let otherwise = cached(&cache, &CacheKey { parser_id: "2", ..KEY }).unwrap();
        assert!(otherwise.validator.is_none() && otherwise.age >= MAX_FRESH_AGE);
    }

    #[test]
    fn the_age_is_since_the_source_last_confirmed_it() {
        let (_folder, cache) = cache();
        cache.put(&WriteAccess::for_test(), &KEY, &["12.0.0"], Some("a".to_owned()));
        let date = |time| {
            let file = File::options().append(true).open(path(&cache, KEY.address)).unwrap();
            file.set_modified(time).unwrap();
        };
        date(SystemTime::now() - Duration::from_secs(50 * 3_600));
        assert!(cached(&cache, &KEY).unwrap().age > MAX_FRESH_AGE);
        cache.mark_fresh(&WriteAccess::for_test(), &KEY);
        assert!(cached(&cache, &KEY).unwrap().age < MAX_FRESH_AGE);
        date(SystemTime::now() + Duration::from_secs(50 * 3_600));
        assert_eq!(cached(&cache, &KEY).unwrap().age, MAX_FRESH_AGE);
    }

    #[test]
    fn a_damaged_file_counts_as_absent() {
        let (_folder, cache) = cache();
        cache.put(&WriteAccess::for_test(), &KEY, &["12.0.0"], Some("a".to_owned()));
        let path = path(&cache, KEY.address);
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(cached(&cache, &KEY).is_none(), "cut after {length} bytes");
        }
        let start = whole.iter().position(|byte| *byte == b'\n').unwrap();
        for position in start..whole.len() {
            let mut spoilt = whole.clone();
            spoilt[position] ^= 1;
            fs::write(&path, &spoilt).unwrap();
            assert!(cached(&cache, &KEY).is_none(), "a bit of byte {position} flipped");
        }
        fs::remove_file(&path).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .unwrap();
        assert!(cached(&cache, &KEY).is_none(), "a pipe");
    }

    #[test]
    fn own_files_are_recognized_by_their_names() {
        let (_folder, cache) = cache();
        let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        for (file, expected) in [
            (name(path(&cache, "https://x.example/")), true),
            (".index-a1B2c3".to_owned(), true),
            ("notes.json".to_owned(), false),
            ("0123456789abcdef0123456789abcdeg.json".to_owned(), false),
            ("0123456789abcdef0123456789abcdef".to_owned(), false),
        ] {
            assert_eq!(is_ours(&file), expected, "{file}");
        }
    }
}
