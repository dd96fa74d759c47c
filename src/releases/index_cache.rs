//! The cache of indexes on disk. A file that is damaged or incomplete counts as absent.
//!
//! A file has a header line and the content. Its modification time is when the source last confirmed
//! it. It must not know what an index means.
//!
//! An account also uses what the machine's usher cached, so that a thousand accounts don't fetch the
//! same list a thousand times. An index that was fetched with credentials stays private.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Permissions};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use usher_shims::ownership::ROOT;

use super::limits::MAX_FRESH_AGE;
use crate::files::integrity::sha256;
use crate::files::own_folder::OwnFolder;
use crate::files::replace::{Durability, FileMode, FileReplacement};
use crate::files::write_access::WriteAccess;
use crate::http::Address;
use crate::session::Session;

/// The machine's cache folder in its data folder.
const CACHE_OF_MACHINE: &str = "cache";

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
    /// The machine's data folder, whose cached indexes are used, too.
    machine: Option<PathBuf>,
    /// Whether every account may read them: the cache is the machine's.
    is_for_everyone: bool,
}

/// Identifies an index.
#[derive(Debug, Clone, Copy)]
pub(super) struct CacheKey<'a> {
    /// Where it is fetched from.
    pub(super) address: &'a Address,
    /// How it is parsed. An index that was parsed in another way is fetched again.
    pub(super) parser_id: &'a str,
    /// Whether it is fetched with credentials: then it is one account's own.
    pub(super) is_private: bool,
}

/// A cached index.
pub(super) struct CachedIndex<T> {
    pub(super) content: T,
    pub(super) age: Duration,
    /// The validator of its response; `None` if the index must be fetched and parsed again.
    pub(super) validator: Option<String>,
    /// Whether it is the machine's, and not this home's own.
    is_of_machine: bool,
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
    #[cfg(test)]
    pub(super) fn new(cache: PathBuf) -> Self {
        Self { cache, machine: None, is_for_everyone: false }
    }

    /// The cached indexes of a session: an account's and the machine's, or the machine's own.
    pub(super) fn of_session(session: &Session) -> Self {
        Self {
            cache: session.folders.cache.clone(),
            machine: session.machine_home().map(Path::to_path_buf),
            is_for_everyone: session.folders.is_system_wide,
        }
    }

    /// The cached index; `None` if there is none, or if its file is damaged. If the machine has it as
    /// well, the one that the source confirmed last.
    pub(super) fn get<T: DeserializeOwned>(&self, key: &CacheKey<'_>) -> Option<CachedIndex<T>> {
        let own = self.open(key).and_then(|file| read(file, key));
        let machines = match &self.machine {
            Some(machine) if !key.is_private => {
                let modified = |file: &File| file.metadata().ok()?.modified().ok();
                let is_newer = |file: &File| {
                    own.as_ref()
                        .is_none_or(|own| modified(file).is_some_and(|at| age(at) < own.age))
                };
                open_machines(machine, key).filter(is_newer).and_then(|file| read(file, key))
            }
            Some(_) | None => None,
        };
        let machines = machines.map(|index| CachedIndex { is_of_machine: true, ..index });
        own.into_iter().chain(machines).min_by_key(|index| index.age)
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
            mode: FileMode::Masked(self.mode(key)),
            durability: Durability::Unsynced,
        };
        let _ = replacement.write(&text);
    }

    /// Records that the source still has this index. The machine's becomes this home's own.
    pub(super) fn mark_fresh<T: Serialize>(
        &self,
        access: &WriteAccess,
        key: &CacheKey<'_>,
        index: &CachedIndex<T>,
    ) {
        if index.is_of_machine {
            return self.put(access, key, &index.content, index.validator.clone());
        }
        // If the time can't be set, the source is fetched again the next time.
        let Some(file) = self.open(key) else { return };
        let _ = file.set_modified(SystemTime::now());
        // An older usher kept the machine's indexes to itself.
        if self.is_for_everyone {
            let _ = file.set_permissions(Permissions::from_mode(self.mode(key)));
        }
    }

    /// The permission bits of an index: for every account only in the machine's cache.
    fn mode(&self, key: &CacheKey<'_>) -> u32 {
        match self.is_for_everyone && !key.is_private {
            true => 0o644,
            false => 0o600,
        }
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

/// Reads a file; `None` if it is damaged or another index.
fn read<T: DeserializeOwned>(mut file: File, key: &CacheKey<'_>) -> Option<CachedIndex<T>> {
    let modified = file.metadata().ok()?.modified().ok()?;
    let mut text = Vec::new();
    file.read_to_end(&mut text).ok()?;
    let (head, content) = text.split_at(text.iter().position(|byte| *byte == b'\n')? + 1);
    let head: CacheHeader = serde_json::from_slice(head).ok()?;
    let is_whole =
        head.format == FORMAT && head.source == key.address.id() && head.sha256 == sha256(content);
    let content = serde_json::from_slice(content).ok().filter(|_| is_whole)?;
    let age = age(modified);
    let is_of_machine = false;
    Some(match head.parser_id == key.parser_id {
        true => CachedIndex { content, age, validator: head.validator, is_of_machine },
        false => {
            CachedIndex { content, age: age.max(MAX_FRESH_AGE), validator: None, is_of_machine }
        }
    })
}

/// Opens an index in the machine's cache. `None` if there is none, if it is private, or if it could be
/// of another account than root and the owner of the machine's home.
fn open_machines(machine: &Path, key: &CacheKey<'_>) -> Option<File> {
    let owner = OwnFolder::open(machine).ok().flatten()?.meta().owner;
    let cache = OwnFolder::open(&machine.join(CACHE_OF_MACHINE)).ok().flatten()?;
    let folder = cache.folder(OsStr::new(FOLDER)).ok().flatten()?;
    let is_trusted = |uid: u32| uid == ROOT || uid == owner;
    if !is_trusted(cache.meta().owner) || !is_trusted(folder.meta().owner) {
        return None;
    }
    let file = open_file(&folder, &file_name(key.address))?;
    file.metadata().ok().filter(|file| is_trusted(file.uid())).map(|_| file)
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
        CacheKey { address: &ADDRESSES[0], parser_id: "1", is_private: false }
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
        let index = cached(&cache, &key()).unwrap();
        cache.mark_fresh(&WriteAccess::for_test(), &key(), &index);
        assert!(cached(&cache, &key()).unwrap().age < MAX_FRESH_AGE);
        date(SystemTime::now() + Duration::from_secs(50 * 3_600));
        assert_eq!(cached(&cache, &key()).unwrap().age, MAX_FRESH_AGE);
    }

    /// The caches of a machine's home and of an account.
    fn machine_and_account() -> (tempfile::TempDir, IndexCache, IndexCache) {
        let folder = tempfile::tempdir().unwrap();
        let machine = folder.path().join("machine");
        let of_machine =
            IndexCache { is_for_everyone: true, ..IndexCache::new(machine.join(CACHE_OF_MACHINE)) };
        let account =
            IndexCache { machine: Some(machine), ..IndexCache::new(folder.path().join("account")) };
        (folder, of_machine, account)
    }

    fn set_age(cache: &IndexCache, age: Duration) {
        let file = File::options().append(true).open(path(cache, key().address)).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }

    #[test]
    fn the_machines_index_is_used_if_it_is_newer_and_public() {
        let (_folder, machine, account) = machine_and_account();
        let access = WriteAccess::for_test();
        let used = |key: &CacheKey<'_>| cached(&account, key).map(|index| index.content.concat());
        machine.put(&access, &key(), &["12.0.0"], Some("m".to_owned()));
        let mode =
            || path(&machine, key().address).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((used(&key()), mode()), (Some("12.0.0".to_owned()), 0o644));
        let private = CacheKey { is_private: true, ..key() };
        assert_eq!(used(&private), None);

        account.put(&access, &key(), &["14.0.0"], None);
        set_age(&machine, Duration::from_secs(100));
        assert_eq!(used(&key()), Some("14.0.0".to_owned()));
        set_age(&account, Duration::from_secs(200));
        assert_eq!(used(&key()), Some("12.0.0".to_owned()));

        // What the source confirms becomes the account's own; the machine's stays as it is.
        let index = cached(&account, &key()).unwrap();
        account.mark_fresh(&access, &key(), &index);
        fs::remove_file(path(&machine, key().address)).unwrap();
        assert_eq!(used(&key()), Some("12.0.0".to_owned()));
        let kept = cached(&account, &key()).unwrap();
        assert_eq!((kept.validator.as_deref(), kept.is_of_machine), (Some("m"), false));

        machine.put(&access, &private, &["12.0.0"], None);
        assert_eq!(mode(), 0o600);
        let index = cached(&machine, &key()).unwrap();
        machine.mark_fresh(&access, &key(), &index);
        assert_eq!(mode(), 0o644, "one of an older usher");
    }

    #[test]
    fn the_machines_index_is_not_used_if_another_account_could_have_written_it() {
        let (_folder, machine, account) = machine_and_account();
        machine.put(&WriteAccess::for_test(), &key(), &["12.0.0"], None);
        let file = path(&machine, key().address);
        let set_mode = |path: &Path, mode| {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        };
        let is_used = || cached(&account, &key()).is_some();
        assert!(is_used());
        set_mode(&file, 0o666);
        assert!(!is_used());
        set_mode(&file, 0o644);
        set_mode(file.parent().unwrap(), 0o777);
        assert!(!is_used());
        set_mode(file.parent().unwrap(), 0o755);
        assert!(is_used());
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&file, Some(4711), None).unwrap();
            assert!(!is_used());
        }
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
        crate::files::make_fifo(&path);
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
