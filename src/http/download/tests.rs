//! Downloads from a server on loopback that sends wrong headers, breaks off, or sends too much.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use rustix::fs::statvfs;
use usher_shims::error::{Error, ErrorKind};

use super::partial::{lacks_space, write_error};
use super::*;
use crate::files::integrity::{Hasher, sha256};
use crate::http::address::Address;
use crate::http::network_config::NetworkConfig;
use crate::http::test_server::{Reply, TestServer, access, address, client, first_byte, ok, reply};
use crate::http::timeouts::Timeouts;

const BODY: &[u8] = b"abc";
/// The SHA-256 of `abc`: FIPS 180-2, appendix B.1.
const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// Five thousand bytes that differ.
static FILE: [u8; 5000] = {
    let mut bytes = [0_u8; 5000];
    let mut index = 1;
    while index < bytes.len() {
        bytes[index] = bytes[index - 1].wrapping_mul(5).wrapping_add(7);
        index += 1;
    }
    bytes
};

/// Records the progress.
#[derive(Default)]
struct ProgressLog(RefCell<String>);

impl Progress for ProgressLog {
    fn begin(&self, total: Option<u64>) {
        writeln!(self.0.borrow_mut(), "begin {total:?}").unwrap();
    }
    fn advance(&self, bytes: u64) {
        writeln!(self.0.borrow_mut(), "advance {bytes}").unwrap();
    }
    fn end(&self) {
        self.0.borrow_mut().push_str("end\n");
    }
}

/// A cache and a fallback folder.
struct DownloadCache {
    folder: tempfile::TempDir,
}

impl DownloadCache {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("staging")).unwrap();
        Self { folder }
    }

    fn downloads(&self) -> Downloads<'static> {
        // Tests fetch on several threads, and an access belongs to one.
        let access = Box::leak(Box::new(WriteAccess::for_test()));
        Downloads::new(
            access,
            &self.folder.path().join("cache"),
            &self.folder.path().join("staging"),
        )
    }

    /// The names of all files in one of the folders.
    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join(folder)).into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn in_cache(&self) -> usize {
        self.names("cache/downloads").len()
    }

    /// Fetches a file that should have the hash of `published`, and this published size.
    fn fetch(
        &self,
        address: &Address,
        published: &[u8],
        size: Option<u64>,
    ) -> Result<Vec<u8>, FetchError> {
        let integrity = Some(&hash(published));
        let spec = DownloadSpec { address, integrity: integrity.as_ref().map(|it| *it), size };
        let done = self.downloads().fetch(client(), &spec, &NoProgress)?;
        assert_eq!(done.size, published.len() as u64);
        let content = fs::read(done.path()).unwrap();
        done.discard();
        Ok(content)
    }
}

fn hash(bytes: &[u8]) -> Integrity {
    let mut hasher = Hasher::new(None);
    hasher.update(bytes);
    Integrity::from_hex(&hasher.finish().unwrap()).unwrap()
}

/// Fetches [`BODY`], and checks the outcome and the number of requests. No file may be left.
fn check(replies: Vec<Reply>, requests: usize, expected: &str) {
    check_size(None, replies, requests, expected);
}

/// As [`check`], with a published size.
fn check_size(size: Option<u64>, replies: Vec<Reply>, requests: usize, expected: &str) {
    let (server, cache) = (TestServer::with(replies), DownloadCache::new());
    let shown = match cache.fetch(&server.at("/archive"), BODY, size) {
        Ok(content) => String::from_utf8(content).unwrap(),
        Err(failure) => {
            let fatal = if matches!(failure, FetchError::Fatal(_)) { "fatal" } else { "not fatal" };
            let error = Error::from(failure);
            format!("{fatal} {}: {error}", error.kind().exit_code())
        }
    };
    let shown = shown.replace(server.address.trim_start_matches("http://"), "HOST");
    let (start, inside) = expected.split_once(" … ").unwrap_or((expected, ""));
    assert!(shown.starts_with(start) && shown.contains(inside), "{shown}\nis not\n{expected}");
    assert_eq!(server.requests().len(), requests, "{expected}");
    assert_eq!(
        (cache.in_cache(), cache.names("staging").len()),
        (0, 0),
        "{expected}: files are left"
    );
}

fn announced(length: &str, body: &[u8]) -> Reply {
    reply("200 OK", &format!("Content-Length: {length}\r\n"), body)
}

#[test]
fn a_published_file_is_downloaded() {
    check(vec![ok(BODY)], 1, "abc");
    check(vec![reply("200 OK", "", BODY)], 1, "abc");
    check(vec![reply("302 Found", "Location: /x\r\n", b""), ok(BODY)], 2, "abc");
    // Some servers send a .tar.gz as gzip-encoded; it must not be decoded.
    check(vec![reply("200 OK", "Content-Encoding: gzip\r\n", BODY)], 1, "abc");
    let chunks = b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n";
    check(vec![reply("200 OK", "Transfer-Encoding: chunked\r\n", chunks)], 1, "abc");
}

#[test]
fn wrong_content_lengths_are_noticed() {
    let thrice = |length: &str, body: &[u8]| vec![announced(length, body); 3];
    // Bytes beyond the content length are ignored.
    check(thrice("3", b"abcdef"), 1, "abc");
    check(thrice("3\r\nContent-Length: 3", BODY), 1, "abc");
    check(thrice("3\r\nContent-Length: 4", BODY), 3, "not fatal 69: can't fetch");
    check(thrice("-3", BODY), 3, "not fatal 69: can't fetch");
    check(thrice("99999999999999999999", BODY), 3, "not fatal 69: can't fetch");
    check(thrice("4", BODY), 3, "not fatal 69: can't fetch … broke: ");
    check(thrice("2", BODY), 1, "fatal 76: ");
    check(thrice("4294967297", b""), 1, "not fatal 69: can't fetch … longer than 4294967296 bytes");
    let cut = reply("200 OK", "Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n");
    check(vec![cut; 3], 3, "not fatal 69: can't fetch … broke: ");
}

#[test]
fn a_file_of_another_size_than_published_is_refused() {
    let unmeasured = |body: &[u8]| reply("200 OK", "", body);
    let chunked = |body: &[u8]| reply("200 OK", "Transfer-Encoding: chunked\r\n", body);
    let three = || chunked(b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n");
    for right in [ok(BODY), unmeasured(BODY), three()] {
        check_size(Some(3), vec![right], 1, "abc");
    }
    let wrong = "fatal 76: http://HOST/archive is not what was published … ";
    let received = |seen: &str| format!("{wrong}received:  {seen}");
    for (size, reply, seen) in [
        (4, ok(BODY), "3 bytes"),
        (2, ok(BODY), "3 bytes"),
        (2, unmeasured(BODY), "at least 3 bytes"),
        (2, three(), "at least 3 bytes"),
        (2, unmeasured(&[0; 10_000]), "at least "),
        (9, announced("999999999", &[0; 10_000]), "999999999 bytes"),
    ] {
        check_size(Some(size), vec![reply], 1, &received(seen));
    }
    check_size(Some(4), vec![ok(BODY)], 1, &format!("{wrong}published: 4 bytes"));
    // Without a content length, the connection may have broken.
    for short in [unmeasured(BODY), three()] {
        check_size(
            Some(4),
            vec![short; 3],
            3,
            "not fatal 69: can't fetch … only 3 of 4 bytes arrived",
        );
    }
    // Error pages.
    let page = ok(b"<!DOCTYPE html><title>Log in");
    check_size(Some(100), vec![page], 1, "not fatal 69: … looks like a web page");
    check_size(Some(100), vec![ok(b"{}")], 1, "not fatal 69: … looks like a message");
    check_size(Some(100), vec![ok(b"")], 1, "not fatal 69: … the response is empty");
}

#[test]
fn the_published_size_is_the_total_without_a_content_length() {
    let (server, cache, noted) = (
        TestServer::with(vec![reply("200 OK", "", BODY)]),
        DownloadCache::new(),
        ProgressLog::default(),
    );
    let (address, integrity) = (server.at("/archive"), hash(BODY));
    let spec = DownloadSpec { address: &address, integrity: Some(&integrity), size: Some(3) };
    cache.downloads().fetch(client(), &spec, &noted).unwrap();
    assert!(noted.0.borrow().starts_with("begin Some(3)\n"), "{}", noted.0.borrow());
}

#[test]
fn a_range_of_a_file_of_another_size_disables_ranges() {
    let first = || announced("3\r\nETag: \"1\"", b"a");
    let other = part("bytes 1-3/4", "\"1\"", b"bcd");
    let server = TestServer::with(vec![first(), other, ok(BODY)]);
    assert_eq!(
        DownloadCache::new().fetch(&server.at("/archive"), BODY, Some(3)),
        Ok(BODY.to_vec())
    );
}

#[test]
fn a_file_that_does_not_fit_on_the_disk_is_not_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    assert!(lacks_space(&path, 1 << 60) && !lacks_space(&path, 1));
    let server = TestServer::with(vec![announced("4000000000", b"abc")]);
    let disk = statvfs(folder.path()).unwrap();
    if disk.f_bfree * disk.f_frsize < 4_000_000_000 {
        let error =
            Error::from(DownloadCache::new().fetch(&server.at("/x"), BODY, None).unwrap_err());
        assert!(error.to_string().contains("4000000000 bytes are still to come"), "{error}");
    }
}

#[test]
fn a_file_with_another_hash_is_deleted() {
    check(
        vec![ok(b"abd")],
        1,
        "fatal 76: http://HOST/archive is not what was published … received: ",
    );
    check(vec![ok(b"abc\n")], 1, &format!("fatal 76: … published: sha256:{SHA256}"));
    check(vec![ok(b"ab")], 1, "fatal 76: ");
}

#[test]
fn error_pages_are_recognized() {
    let typed =
        |kind: &str, body: &[u8]| vec![reply("200 OK", &format!("Content-Type: {kind}\r\n"), body)];
    check(
        typed("text/html", b"<!DOCTYPE html><title>Log in"),
        1,
        "not fatal 69: … looks like a web page",
    );
    check(
        typed("text/html", b"\n<HTML>"),
        1,
        "not fatal 69: … HOST answered 200 OK with text/html",
    );
    check(
        typed("application/json", b"{\"error\":1}"),
        1,
        "not fatal 69: … HOST answered 200 OK with application/json",
    );
    check(typed("x", b"<?xml version='1.0'?><Error/>"), 1, "not fatal 69: … looks like a message");
    check(typed("", b""), 1, "not fatal 69: … with no content type");
    check(vec![ok(b"")], 1, "not fatal 69: … the response is empty");
    check(vec![reply("404 Not Found", "", b"")], 1, "not fatal 69: … answered 404 Not Found");
    check(vec![reply("204 No Content", "", b"")], 1, "not fatal 69: … answered 204 No Content");
    check(vec![], 0, "not fatal 69: … refused the connection");
}

#[test]
fn a_broken_download_is_restarted() {
    check(vec![Reply::HangUp, ok(BODY)], 2, "abc");
    check(vec![announced("9", b"xxxxx"), announced("9", b"y"), ok(BODY)], 3, "abc");
}

/// A partial response.
fn part(range: &str, tag: &str, body: &[u8]) -> Reply {
    let tag = if tag.is_empty() { String::new() } else { format!("ETag: {tag}\r\n") };
    reply("206 Partial Content", &format!("Content-Range: {range}\r\n{tag}"), body)
}

/// Fetches [`BODY`] from a server that breaks off after its first byte and then sends these replies;
/// checks which ranges were requested.
fn check_rest(label: &str, replies: Vec<Reply>, expected: &str) {
    let first = reply("200 OK", &format!("Content-Length: 3\r\n{label}\r\n"), b"a");
    let (server, cache) = (TestServer::with([vec![first], replies].concat()), DownloadCache::new());
    let content = cache.fetch(&server.at("/archive"), BODY, None).unwrap();
    assert_eq!(content, BODY);
    let requests = server.requests();
    let ranges = requests.iter().map(|request| match first_byte(request) {
        None => "all".to_owned(),
        Some(first) => {
            let (_, validator) = request.split_once("if-range: ").unwrap();
            format!("from {first} if {}", validator.lines().next().unwrap())
        }
    });
    assert_eq!(ranges.collect::<Vec<_>>().join(", "), expected);
}

#[test]
fn partial_responses_are_checked() {
    let tag = "ETag: \"1\"";
    let good = || part("bytes 1-2/3", "\"1\"", b"bc");
    check_rest(tag, vec![good()], "all, from 1 if \"1\"");
    check_rest(tag, vec![part("bytes 1-2/3", "", b"bc")], "all, from 1 if \"1\"");
    // The server ignores the range, for example because the file has changed.
    check_rest(tag, vec![ok(BODY)], "all, from 1 if \"1\"");
    // After an invalid range the whole file is requested.
    for wrong in [
        reply("416 Range Not Satisfiable", "Content-Range: bytes */3\r\n", b""),
        part("bytes 0-2/3", "\"1\"", BODY),
        part("bytes 2-2/3", "\"1\"", b"c"),
        part("bytes 1-1/3", "\"1\"", b"b"),
        part("bytes 1-2/*", "\"1\"", b"bc"),
        part("bytes 1-3/4", "\"1\"", b"bcd"),
        part("bytes 1-2/3", "\"2\"", b"xx"),
        part("bytes 1-2/3", "W/\"1\"", b"xx"),
        reply("206 Partial Content", "", b"xx"),
        part("bytes 1-2/3", "\"1\"\r\nContent-Length: 1", b"x"),
        // Valid headers, but other bytes.
        part("bytes 1-2/3", "\"1\"", b"xx"),
    ] {
        check_rest(tag, vec![wrong, ok(BODY)], "all, from 1 if \"1\", all");
    }
    // Ranges stay disabled, even if that response breaks off too.
    let cut = reply("200 OK", "Content-Length: 3\r\nETag: \"2\"\r\n", b"a");
    let wrong = part("bytes 0-2/3", "\"1\"", BODY);
    check_rest(tag, vec![wrong, cut, ok(BODY)], "all, from 1 if \"1\", all, all");
    // More bytes than the total are refused.
    let (first, more) = (announced("3\r\nETag: \"1\"", b"a"), part("bytes 1-2/3", "", b"bcdef"));
    let server = TestServer::with(vec![first, more]);
    let error =
        Error::from(DownloadCache::new().fetch(&server.at("/archive"), BODY, None).unwrap_err());
    assert!(error.to_string().contains("longer than 3 bytes"), "{error}");
}

#[test]
fn without_a_strong_etag_the_whole_file_is_requested() {
    let modified = "Last-Modified: Sun, 09 Sep 2001 01:46:40 GMT";
    let settled = format!("{modified}\r\nDate: Sun, 09 Sep 2001 01:47:40 GMT");
    for label in ["X: y", "ETag: W/\"1\"", "ETag: 1", modified, &settled] {
        check_rest(label, vec![ok(BODY)], "all, all");
    }
    check_rest(&format!("ETag: W/\"1\"\r\n{settled}"), vec![ok(BODY)], "all, all");
}

#[test]
fn a_resumed_download_fetches_no_byte_twice() {
    let cuts = |fiftieth| FILE.len() * fiftieth / 50;
    let check = |broken: Reply, cut: usize| {
        let server = TestServer::with(vec![broken, Reply::File(&FILE, "\"1\"", FILE.len())]);
        let content = DownloadCache::new().fetch(&server.at("/archive"), &FILE, None);
        assert_eq!(content.as_deref(), Ok(&FILE[..]), "broken at {cut}");
        let requests = server.requests();
        assert_eq!(requests.len(), 2, "broken at {cut}");
        first_byte(&requests[1]).unwrap_or_default()
    };
    for cut in (0..50).map(cuts) {
        assert_eq!(check(Reply::File(&FILE, "\"1\"", cut), cut), cut);
        assert!(check(Reply::Torn(&FILE, "\"1\"", cut), cut) <= cut);
    }
}

#[test]
fn progress_resets_the_retries() {
    let replies = vec![Reply::File(&FILE, "\"1\"", 100); 50];
    let fetch = |progress_reset| {
        let (server, cache) = (TestServer::with(replies.clone()), DownloadCache::new());
        let timeouts = Timeouts { progress_reset, ..access().timeouts };
        let client = Client::new(NetworkConfig { timeouts, ..access() });
        let (address, integrity) = (server.at("/archive"), hash(&FILE));
        let spec = DownloadSpec { address: &address, integrity: Some(&integrity), size: None };
        let done = cache.downloads().fetch(&client, &spec, &NoProgress).is_ok();
        (done, server.requests().len())
    };
    assert_eq!(fetch(100), (true, 50));
    assert_eq!(fetch(101), (false, 3));
}

#[test]
fn repeating_the_same_bytes_is_no_progress() {
    // Without a validator each attempt starts at the beginning, and fetches the same bytes.
    let replies = vec![announced("5000", &FILE[..4000]); 50];
    let (server, cache) = (TestServer::with(replies), DownloadCache::new());
    let timeouts = Timeouts { progress_reset: 1, ..access().timeouts };
    let client = Client::new(NetworkConfig { timeouts, ..access() });
    let (address, integrity) = (server.at("/archive"), hash(&FILE));
    let spec = DownloadSpec { address: &address, integrity: Some(&integrity), size: None };
    assert!(cache.downloads().fetch(&client, &spec, &NoProgress).is_err());
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_partial_file_is_resumed_by_the_next_run() {
    let cache = DownloadCache::new();
    let cut = |count| Reply::File(&FILE, "\"1\"", count);
    let server = TestServer::with(vec![cut(1000), cut(0), cut(500), cut(5000), cut(5000)]);
    let address = server.at("/archive");
    assert!(cache.fetch(&address, &FILE, None).is_err());
    assert_eq!(cache.in_cache(), 2, "the file and its note");
    assert!(
        cache
            .names("cache/downloads")
            .iter()
            .all(|name| name.trim_end_matches(".note").len() == 64)
    );
    assert_eq!(cache.fetch(&address, &FILE, None).as_deref(), Ok(&FILE[..]));
    let first_bytes: Vec<_> = server.requests().iter().map(|request| first_byte(request)).collect();
    assert_eq!(first_bytes, [None, Some(1000), Some(1000), Some(1500)]);
    assert_eq!(cache.in_cache(), 0);
}

/// Creates the partial file and the resume information of an earlier run.
fn write_partial_file(
    cache: &DownloadCache,
    address: &Address,
    (content, validator): (&[u8], &str),
    total: &str,
) {
    let downloads = cache.folder.path().join("cache/downloads");
    fs::create_dir_all(&downloads).unwrap();
    fs::set_permissions(&downloads, fs::Permissions::from_mode(0o700)).unwrap();
    let path = downloads.join(sha256(hash(&FILE).to_string().as_bytes()));
    fs::write(&path, content).unwrap();
    let address = address.id();
    let note =
        format!("usher download 1\naddress {address}\nvalidator {validator}\ntotal {total}\n.\n");
    fs::write(path.with_extension("note"), note).unwrap();
}

#[test]
fn a_partial_file_is_verified_by_its_hash() {
    let mut damaged = FILE;
    damaged[7] ^= 1;
    let whole = || Reply::File(&FILE, "\"1\"", FILE.len());
    let check = |content: &[u8], validator: &str, total: &str, expected: &[Option<usize>]| {
        let (server, cache) = (TestServer::with(vec![whole(), whole()]), DownloadCache::new());
        write_partial_file(&cache, &server.at("/archive"), (content, validator), total);
        let done = cache.fetch(&server.at("/archive"), &FILE, None);
        assert_eq!(done.as_deref(), Ok(&FILE[..]));
        let first_bytes: Vec<_> =
            server.requests().iter().map(|request| first_byte(request)).collect();
        assert_eq!(first_bytes, expected, "{} {validator} {total}", content.len());
    };
    check(&FILE[..1000], "\"1\"", "5000", &[Some(1000)]);
    check(&FILE[..1000], "\"1\"", "", &[Some(1000)]);
    check(&FILE[..1000], "\"2\"", "5000", &[Some(1000)]);
    check(&FILE[..1000], "", "5000", &[None]);
    check(&FILE[..1000], "W/\"1\"", "5000", &[None]);
    check(&damaged[..1000], "\"1\"", "5000", &[Some(1000), None]);
    // The file is complete: nothing is requested.
    check(&FILE, "\"1\"", "5000", &[]);
    check(&FILE, "", "5000", &[]);
    check(&FILE, "nonsense", "5000", &[]);
    check(&damaged, "\"1\"", "5000", &[None]);
    check(&[&FILE[..], b"x"].concat(), "\"1\"", "5000", &[None]);
    // A partial file from another address isn't resumed from this server.
    let (server, cache) = (TestServer::with(vec![whole()]), DownloadCache::new());
    write_partial_file(
        &cache,
        &address("http://elsewhere.example/archive"),
        (&FILE[..1000], "\"1\""),
        "5000",
    );
    cache.fetch(&server.at("/archive"), &FILE, None).unwrap();
    assert_eq!(first_byte(&server.requests()[0]), None);
}

#[test]
fn a_partial_file_survives_unreachable_servers() {
    let cache = DownloadCache::new();
    let lost = TestServer::with(Vec::new());
    let portal =
        TestServer::with(vec![ok(b"<html>Log in"), reply("403 Forbidden", "", b""), ok(b"")]);
    for address in
        [lost.at("/archive"), portal.at("/archive"), portal.at("/archive"), portal.at("/archive")]
    {
        let home = portal.at("/archive");
        write_partial_file(&cache, &home, (&FILE[..1000], "\"1\""), "5000");
        assert!(cache.fetch(&address, &FILE, None).is_err());
        assert_eq!(cache.in_cache(), 2, "{address}");
    }
}

#[test]
fn a_complete_download_is_not_fetched_again() {
    let cache = DownloadCache::new();
    let server = TestServer::with(vec![reply("200 OK", "", BODY)]);
    let (address, integrity) = (server.at("/archive"), hash(BODY));
    let spec = DownloadSpec { address: &address, integrity: Some(&integrity), size: None };
    let fetch = || cache.downloads().fetch(client(), &spec, &NoProgress);
    drop(fetch().unwrap());
    let again = fetch().unwrap();
    assert_eq!(again.sha256, SHA256);
    assert_eq!(fs::metadata(again.path()).unwrap().permissions().mode() & 0o777, 0o600);
    let content = io::read_to_string(again.file()).unwrap();
    assert_eq!(content.as_bytes(), BODY);
    again.discard();
    assert_eq!((server.requests().len(), cache.in_cache()), (1, 0));
    assert!(server.requests()[0].contains("accept-encoding: identity\r\n"));
}

#[test]
fn concurrent_downloads_use_a_file_each() {
    let cache = DownloadCache::new();
    let server = TestServer::with(vec![Reply::File(&FILE, "\"1\"", 5000); 2]);
    let (address, integrity) = (server.at("/archive"), hash(&FILE));
    let spec = DownloadSpec { address: &address, integrity: Some(&integrity), size: None };
    let fetch = || cache.downloads().fetch(client(), &spec, &NoProgress).unwrap();
    let (first, second) = (fetch(), fetch());
    let inside =
        |done: &Downloaded, folder: &str| done.path().starts_with(cache.folder.path().join(folder));
    assert!(inside(&first, "cache/downloads") && inside(&second, "staging"));
    for done in [first, second] {
        assert_eq!(fs::read(done.path()).unwrap(), FILE);
        done.discard();
    }
    assert_eq!((cache.in_cache(), cache.names("staging").len()), (0, 0));
}

#[test]
fn downloads_work_without_a_cache() {
    let check = |spoil: &dyn Fn(&Path)| {
        let (server, cache) = (TestServer::with(vec![ok(BODY)]), DownloadCache::new());
        let cache_folder = cache.folder.path().join("cache");
        fs::create_dir(&cache_folder).unwrap();
        spoil(&cache_folder.join("downloads"));
        let content = cache.fetch(&server.at("/archive"), BODY, None);
        assert_eq!(content.as_deref(), Ok(BODY));
        assert_eq!(cache.names("staging").len(), 0, "a file is left");
    };
    check(&|_| {});
    check(&|downloads| fs::write(downloads, "a file").unwrap());
    check(&|downloads| std::os::unix::fs::symlink("/nowhere/at/all", downloads).unwrap());
    check(&|downloads| {
        fs::create_dir(downloads).unwrap();
        fs::set_permissions(downloads, fs::Permissions::from_mode(0o777)).unwrap();
    });
}

#[test]
fn a_file_without_a_published_hash_is_not_cached() {
    let cache = DownloadCache::new();
    let server = TestServer::with(vec![
        ok(BODY),
        announced("9\r\nETag: \"1\"", b"a"),
        ok(b""),
        ok(b"<html>"),
    ]);
    let address = server.at("/archive");
    let spec = DownloadSpec { address: &address, integrity: None, size: None };
    let fetch = || cache.downloads().fetch(client(), &spec, &NoProgress);
    let done = fetch().unwrap();
    assert!(done.path().starts_with(cache.folder.path().join("staging")));
    assert_eq!((done.sha256.as_str(), done.size), (SHA256, 3));
    done.discard();
    for _ in 0..2 {
        assert!(matches!(fetch(), Err(FetchError::BadResponse(_))));
    }
    assert_eq!((cache.in_cache(), cache.names("staging").len()), (0, 0));
}

#[test]
fn old_partial_files_are_deleted() {
    let cache = DownloadCache::new();
    write_partial_file(&cache, &address("/x"), (b"abc", ""), "");
    let downloads = cache.folder.path().join("cache/downloads");
    for name in cache.names("cache/downloads") {
        let file = fs::File::options().append(true).open(downloads.join(name)).unwrap();
        file.set_modified(std::time::SystemTime::now() - Duration::from_secs(24 * 15 * 3_600))
            .unwrap();
    }
    let server = TestServer::with(vec![ok(BODY)]);
    cache.fetch(&server.at("/archive"), BODY, None).unwrap();
    assert_eq!(cache.in_cache(), 0);
}

#[test]
fn a_folder_works_as_a_mirror() {
    let cache = DownloadCache::new();
    let path = cache.folder.path().join("published");
    let address = &address(path.to_str().unwrap());
    fs::write(&path, BODY).unwrap();
    assert_eq!(cache.fetch(address, BODY, None).as_deref(), Ok(BODY));
    for other in ["abd", ""] {
        fs::write(&path, other).unwrap();
        let failed = cache.fetch(address, BODY, None).unwrap_err();
        assert_eq!(
            Error::from(failed).kind(),
            if other.is_empty() { ErrorKind::Network } else { ErrorKind::Integrity }
        );
        assert_eq!(cache.in_cache(), 0);
    }
}

#[test]
fn a_full_disk_is_reported_with_the_missing_bytes() {
    let error = io::Error::from(io::ErrorKind::StorageFull);
    let FetchError::Fatal(error) = write_error(Path::new("/tmp/x"), error, Some(54_000_000)) else {
        panic!("not fatal")
    };
    assert_eq!((error.kind(), error.what.as_str()), (ErrorKind::DiskFull, "can't write /tmp/x"));
    assert!(error.causes[1].starts_with("54000000 more bytes are needed, and "), "{error}");
}

#[test]
fn progress_is_reported_for_each_attempt() {
    let cache = DownloadCache::new();
    let server =
        TestServer::with(vec![announced("3\r\nETag: \"1\"", b"a"), part("bytes 1-2/3", "", b"bc")]);
    let (address, integrity) = (server.at("/archive"), hash(BODY));
    let noted = ProgressLog::default();
    let spec = DownloadSpec { address: &address, integrity: Some(&integrity), size: None };
    cache.downloads().fetch(client(), &spec, &noted).unwrap();
    assert_eq!(
        noted.0.into_inner(),
        "begin Some(3)\nadvance 0\nadvance 1\nend\nbegin Some(3)\nadvance 1\nadvance 2\nend\n"
    );
}
