//! When an index is fetched, and which index is used if that fails. No network is used: the test
//! states what the source answers.

use std::cell::RefCell;
use std::fs::{self, File};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use usher_shims::version::Version;

use super::*;
use crate::files::write_access::WriteAccess;
use crate::releases::freshness::CachePolicy::{AllowFresh, CacheOnly, Revalidate};
use crate::releases::index_cache::FOLDER;
use crate::releases::index_entry::ListedArchive;

const ADDRESS: &str = "https://x.example/index";
const YOUNG: Duration = Duration::from_secs(600);
const OLD: Duration = Duration::from_secs(50 * 3_600);

fn address() -> Address {
    Address::parse(ADDRESS).unwrap()
}

/// What a source answers.
#[derive(Clone, Copy)]
enum Answer {
    /// These versions, with blanks between them.
    Versions(&'static str),
    Unchanged,
    Unreachable,
    BadResponse,
}

/// A reader whose cache may hold an index of 12.0.0.
struct Case {
    folder: tempfile::TempDir,
    settings: Settings,
}

impl Case {
    /// An index that was cached `age` ago.
    fn cached(age: Duration) -> Self {
        let case = Self::empty();
        let cache = IndexCache::new(case.folder.path().to_path_buf());
        let key = CacheKey { address: &address(), parser_id: "1", is_private: false };
        let validator = Some("v1".to_owned());
        cache.put(&WriteAccess::for_test(), &key, &entries("12.0.0"), validator);
        for entry in fs::read_dir(case.folder.path().join(FOLDER)).unwrap() {
            let file = File::options().append(true).open(entry.unwrap().path()).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        }
        case
    }

    fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), settings: Settings::default() }
    }

    fn offline(mut self) -> Self {
        self.settings.go_offline();
        self
    }

    /// Reads the index. Returns what was fetched, the warning, and the listed versions or the
    /// error.
    fn read(&self, reading: &str, policy: CachePolicy, answer: Answer) -> String {
        let (fetched, warned) = (RefCell::new(String::new()), Mutex::new(String::new()));
        let query = IndexQuery {
            address: address(),
            parser_id: reading.to_owned(),
            is_private: false,
            get: Box::new(|validator| {
                *fetched.borrow_mut() =
                    format!("fetched with {}: ", validator.unwrap_or("nothing"));
                let error = |what: &str| Error::new(ErrorKind::Network, what);
                match answer {
                    Answer::Versions(versions) => Ok(Conditional::Modified {
                        bytes: versions.as_bytes().to_vec(),
                        validator: Some("v2".to_owned()),
                    }),
                    Answer::Unchanged => Ok(Conditional::NotModified),
                    Answer::Unreachable => Err(FetchError::Unreachable(error("it is away"))),
                    Answer::BadResponse => Err(FetchError::BadResponse(error("it is invalid"))),
                }
            }),
            parse: Box::new(|bytes| match bytes {
                b"" => Err("it is empty".into()),
                bytes => Ok(entries(std::str::from_utf8(bytes).unwrap())),
            }),
        };
        let mutex = KeyedMutex::default();
        let access = WriteAccess::for_test();
        let reader = ReleaseIndexReader {
            cache: IndexCache::new(self.folder.path().to_path_buf()),
            writer: Some(access.for_threads()),
            fetch_locks: &mutex,
            settings: &self.settings,
            warn: Box::new(|text| *warned.lock().unwrap() = format!("warned {text}: ")),
            detail: Box::new(|_| ()),
        };
        let read = match reader.read(&query, policy) {
            Ok(index) => {
                let versions: Vec<&str> =
                    index.entries.iter().map(|entry| entry.version.as_str()).collect();
                let freshness = match index.freshness {
                    Freshness::New => "new",
                    Freshness::Cached(_) => "cached",
                    Freshness::StaleFallback(_) => "stale",
                };
                format!("{freshness} {}", versions.join(" "))
            }
            Err(failure) => Error::from(failure).what,
        };
        drop(reader);
        drop(query);
        format!("{}{}{read}", fetched.into_inner(), warned.into_inner().unwrap())
    }

    #[track_caller]
    fn check(&self, policy: CachePolicy, answer: Answer, expected: &str) {
        assert_eq!(self.read("1", policy, answer), expected);
    }
}

fn entries(versions: &str) -> Vec<IndexEntry> {
    let entry = |version: &str| {
        let address = Address::parse(&format!("https://x.example/{version}.tar.gz")).unwrap();
        let archive = ListedArchive { address, hash: Ok(None), size: Ok(None), rule: 0 };
        let version = Version::parse(version).unwrap();
        IndexEntry { version, lts: None, archive, engines: None }
    };
    versions.split_whitespace().map(entry).collect()
}

#[test]
fn a_fresh_index_is_not_fetched() {
    let newer = Answer::Versions("14.0.0");
    Case::cached(YOUNG).check(AllowFresh, newer, "cached 12.0.0");
    Case::cached(OLD).check(AllowFresh, newer, "fetched with v1: new 14.0.0");
    Case::cached(YOUNG).check(Revalidate, newer, "fetched with v1: new 14.0.0");
    Case::empty().check(AllowFresh, newer, "fetched with nothing: new 14.0.0");
}

#[test]
fn a_fetched_index_is_cached() {
    let case = Case::cached(OLD);
    case.check(AllowFresh, Answer::Unchanged, "fetched with v1: new 12.0.0");
    case.check(AllowFresh, Answer::Unreachable, "cached 12.0.0");
    case.check(Revalidate, Answer::Versions("14.0.0"), "fetched with v1: new 14.0.0");
    case.check(AllowFresh, Answer::Unreachable, "cached 14.0.0");
    case.check(Revalidate, Answer::Unchanged, "fetched with v2: new 14.0.0");
}

#[test]
fn an_old_index_is_used_if_its_source_is_unreachable() {
    let expected =
        "fetched with v1: warned it is away; using an index that is 2 days old: stale 12.0.0";
    Case::cached(OLD).check(AllowFresh, Answer::Unreachable, expected);
    Case::cached(OLD).check(AllowFresh, Answer::BadResponse, "fetched with v1: it is invalid");
    Case::empty().check(AllowFresh, Answer::Unreachable, "fetched with nothing: it is away");
}

#[test]
fn offline_nothing_is_fetched() {
    let newer = Answer::Versions("14.0.0");
    for policy in [AllowFresh, Revalidate, CacheOnly] {
        Case::cached(OLD).offline().check(policy, newer, "cached 12.0.0");
        let nothing = "no cached index of x.example";
        Case::empty().offline().check(policy, newer, nothing);
    }
    Case::cached(OLD).check(CacheOnly, newer, "cached 12.0.0");
}

#[test]
fn an_index_parsed_in_another_way_is_fetched_again() {
    let case = Case::cached(YOUNG);
    let read = |answer| case.read("2", AllowFresh, answer);
    let expected =
        "fetched with nothing: warned it is away; using an index that is 1 h old: stale 12.0.0";
    assert_eq!(read(Answer::Unreachable), expected);
    assert_eq!(read(Answer::Versions("14.0.0")), "fetched with nothing: new 14.0.0");
    assert_eq!(read(Answer::Unreachable), "cached 14.0.0");
}

#[test]
fn an_invalid_index_is_not_cached() {
    let case = Case::cached(OLD);
    let expected = "fetched with v1: the index at https://x.example/index is invalid";
    case.check(AllowFresh, Answer::Versions(""), expected);
    case.check(CacheOnly, Answer::Unreachable, "cached 12.0.0");
}
