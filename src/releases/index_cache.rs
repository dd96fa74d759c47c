//! The cache of indexes on disk. A file that is damaged or incomplete counts as absent.
//!
//! A file has a header line and the content. Its modification time is when the source last confirmed
//! it. It must not know what an index means.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::limits::MAX_FRESH_AGE;
use crate::files::integrity::sha256;
use crate::files::own_folder::OwnFolder;
use crate::files::replace::{Durability, FileMode, FileReplacement};
use crate::files::write_access::WriteAccess;
use crate::http::Address;

/// Their folder in usher's cache folder.
pub(super) const FOLDER: &str = "indexes";

/// How the names of temporary files begin.
const UNFINISHED: &str = ".index-";

/// How the names of complete files end.
const EXTENSION: &str = ".json";

/// The most bytes of a file's first line.
const MAX_HEADER: u64 = 64 << 10;

/// The format of the files; another version of usher may have another one.
const FORMAT: u32 = 5;

/// The cached indexes, a file each.
pub(super) struct IndexCache {
    cache: PathBuf,
}

/// Identifies an index.
#[derive(Debug, Clone, Copy)]
pub(super) struct CacheKey<'a> {
    /// Where it is fetched from.
    pub(super) address: &'a Address,
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
    /// Identifies the source's address, which may contain a password: [`Address::id`].
    source: String,
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
        let is_whole = head.format == FORMAT
            && head.source == key.address.id()
            && head.sha256 == sha256(content);
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

    /// The folder of the indexes. `None` if there is none, or if another account could have put it
    /// there.
    fn folder(&self) -> Option<OwnFolder> {
        let cache = OwnFolder::open(&self.cache).ok().flatten()?;
        cache.folder(OsStr::new(FOLDER)).ok().flatten()
    }

    fn open(&self, key: &CacheKey<'_>) -> Option<File> {
        open_file(&self.folder()?, &file_name(key.address))
    }

    /// Deletes the files of older formats, whose first lines contain addresses with passwords.
    pub(super) fn remove_older_formats(&self, _: &WriteAccess) {
        let Some(folder) = self.folder() else { return };
        for name in folder.names().unwrap_or_default() {
            let is_old = || format_of(&folder, &name).is_some_and(|format| format < FORMAT);
            if name.to_str().is_some_and(is_ours) && is_old() {
                // Another process may have been faster.
                let _ = fs::remove_file(folder.path().join(&name));
            }
        }
    }
}

/// Opens a file in the folder of indexes. `None` if there is none, or if another account could have
/// put it there.
fn open_file(folder: &OwnFolder, name: &OsStr) -> Option<File> {
    let file = File::from(folder.file(name).ok().flatten()?);
    file.metadata().ok().filter(fs::Metadata::is_file).map(|_| file)
}

/// The format of a file; `None` if it isn't a cached index.
fn format_of(folder: &OwnFolder, name: &OsStr) -> Option<u32> {
    #[derive(Deserialize)]
    struct AnyHeader {
        format: u32,
    }
    let mut line = Vec::new();
    let file = BufReader::new(open_file(folder, name)?);
    file.take(MAX_HEADER).read_until(b'\n', &mut line).ok()?;
    Some(serde_json::from_slice::<AnyHeader>(&line).ok()?.format)
}

/// The name of the file of an address.
fn file_name(address: &Address) -> OsString {
    format!("{}{EXTENSION}", &address.id()[..32]).into()
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
        source: key.address.id(),
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
    use std::sync::LazyLock;

    use super::*;

    static ADDRESSES: LazyLock<[Address; 2]> = LazyLock::new(|| {
        ["https://me:hunter2@x.example/", "https://y.example/"]
            .map(|text| Address::parse(text).unwrap())
    });

    fn key() -> CacheKey<'static> {
        CacheKey { address: &ADDRESSES[0], parser_id: "1" }
    }

    fn cache() -> (tempfile::TempDir, IndexCache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = IndexCache::new(folder.path().to_path_buf());
        (folder, cache)
    }

    fn path(cache: &IndexCache, address: &Address) -> PathBuf {
        cache.cache.join(FOLDER).join(file_name(address))
    }

    fn cached(cache: &IndexCache, key: &CacheKey<'_>) -> Option<CachedIndex<Vec<String>>> {
        cache.get(key)
    }

    #[test]
    fn a_cached_index_is_read_back_with_its_validator() {
        let (_folder, cache) = cache();
        assert!(cached(&cache, &key()).is_none());
        cache.put(&WriteAccess::for_test(), &key(), &["12.0.0"], Some("a".to_owned()));
        let found = cached(&cache, &key()).unwrap();
        assert_eq!(
            (found.content.concat(), found.validator),
            ("12.0.0".into(), Some("a".to_owned()))
        );
        assert!(found.age < MAX_FRESH_AGE);
        assert!(cached(&cache, &CacheKey { address: &ADDRESSES[1], ..key() }).is_none());
        let otherwise = cached(&cache, &CacheKey { parser_id: "2", ..key() }).unwrap();
        assert!(otherwise.validator.is_none() && otherwise.age >= MAX_FRESH_AGE);
    }

    #[test]
    fn the_age_is_since_the_source_last_confirmed_it() {
        let (_folder, cache) = cache();
        cache.put(&WriteAccess::for_test(), &key(), &["12.0.0"], Some("a".to_owned()));
        let date = |time| {
            let file = File::options().append(true).open(path(&cache, key().address)).unwrap();
            file.set_modified(time).unwrap();
        };
        date(SystemTime::now() - Duration::from_secs(50 * 3_600));
        assert!(cached(&cache, &key()).unwrap().age > MAX_FRESH_AGE);
        cache.mark_fresh(&WriteAccess::for_test(), &key());
        assert!(cached(&cache, &key()).unwrap().age < MAX_FRESH_AGE);
        date(SystemTime::now() + Duration::from_secs(50 * 3_600));
        assert_eq!(cached(&cache, &key()).unwrap().age, MAX_FRESH_AGE);
    }

    #[test]
    fn a_damaged_file_counts_as_absent() {
        let (_folder, cache) = cache();
        cache.put(&WriteAccess::for_test(), &key(), &["12.0.0"], Some("a".to_owned()));
        let path = path(&cache, key().address);
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(cached(&cache, &key()).is_none(), "cut after {length} bytes");
        }
        let start = whole.iter().position(|byte| *byte == b'\n').unwrap();
        for position in start..whole.len() {
            let mut spoilt = whole.clone();
            spoilt[position] ^= 1;
            fs::write(&path, &spoilt).unwrap();
            assert!(cached(&cache, &key()).is_none(), "a bit of byte {position} flipped");
        }
        fs::remove_file(&path).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .unwrap();
        assert!(cached(&cache, &key()).is_none(), "a pipe");
    }

    #[test]
    fn cached_files_contain_no_password_and_older_ones_are_removed() {
        let (_folder, cache) = cache();
        let names = |cache: &IndexCache| {
            let files = fs::read_dir(cache.cache.join(FOLDER)).unwrap();
            let mut names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
            names.sort();
            names
        };
        cache.put(&WriteAccess::for_test(), &key(), &["12.0.0"], Some("a".to_owned()));
        let path = path(&cache, key().address);
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("hunter2") && !text.contains("x.example"), "{text}");
        let expected = names(&cache);
        let old = text.replacen("\"format\":5", "\"format\":4", 1);
        assert_ne!(old, text);
        fs::write(cache.cache.join(FOLDER).join("0123456789abcdef0123456789abcdef.json"), old)
            .unwrap();
        let later = text.replacen("\"format\":5", "\"format\":6", 1);
        fs::write(cache.cache.join(FOLDER).join("1123456789abcdef0123456789abcdef.json"), later)
            .unwrap();
        fs::write(cache.cache.join(FOLDER).join("notes.json"), "{\"format\":4}\n").unwrap();
        cache.remove_older_formats(&WriteAccess::for_test());
        let left: Vec<_> = names(&cache).into_iter().filter(|it| !expected.contains(it)).collect();
        assert_eq!(left, ["1123456789abcdef0123456789abcdef.json", "notes.json"]);
        assert!(cached(&cache, &key()).is_some());
    }

    #[test]
    fn own_files_are_recognized_by_their_names() {
        let (_folder, cache) = cache();
        let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        for (file, expected) in [
            (name(path(&cache, &ADDRESSES[0])), true),
            (".index-a1B2c3".to_owned(), true),
            ("notes.json".to_owned(), false),
            ("0123456789abcdef0123456789abcdeg.json".to_owned(), false),
            ("0123456789abcdef0123456789abcdef".to_owned(), false),
        ] {
            assert_eq!(is_ours(&file), expected, "{file}");
        }
    }
}
