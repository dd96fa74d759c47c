//! Downloads from a server on loopback that lies, breaks off and floods.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use super::super::served::{Reply, Served, client, ok, reply};
use super::*;

const BODY: &[u8] = b"abc";
/// The SHA-256 of `abc`: FIPS 180-2, appendix B.1.
const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// Writes down what it is told.
#[derive(Default)]
struct Noted(RefCell<String>);

impl Progress for Noted {
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

/// Downloads what should be `abc`, at most 100 bytes of it; gives the file's content if there is
/// one.
fn fetched(address: &str) -> (Result<Downloaded, Failure>, Option<Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("archive");
    let integrity = Integrity::from_hex(SHA256);
    let result = Transfer {
        client: client(),
        place: Place::parse(address).unwrap(),
        integrity: integrity.as_ref(),
        progress: &Quiet,
        limit: 100,
    }
    .run(&into);
    (result, fs::read(into).ok())
}

fn arrives(replies: Vec<Reply>, requests: usize) {
    let served = Served::with(replies);
    let (result, content) = fetched(&served.at("/archive"));
    assert_eq!(result, Ok(Downloaded { sha256: SHA256.to_owned(), size: 3 }));
    assert_eq!(content.as_deref(), Some(BODY));
    assert_eq!(served.requests().len(), requests);
}

fn fails(replies: Vec<Reply>, exit: Exit, cause: &str) {
    let served = Served::with(replies);
    let (result, content) = fetched(&served.at("/archive"));
    assert_eq!(content, None, "{cause}: a file was left");
    let failure = result.unwrap_err();
    let fatal = matches!(failure, Failure::Fatal(_));
    assert_eq!(fatal, exit == Exit::Integrity, "{cause}");
    let error = Error::from(failure);
    assert_eq!(error.exit, exit);
    assert!(error.to_string().contains(cause), "{error}\nhas no\n{cause}");
}

fn announced(length: usize, body: &[u8]) -> Reply {
    reply("200 OK", &format!("Content-Length: {length}\r\n"), body)
}

#[test]
fn what_was_published_arrives() {
    arrives(vec![ok(BODY)], 1);
    arrives(vec![reply("200 OK", "", BODY)], 1);
    arrives(vec![reply("302 Found", "Location: /x\r\n", b""), ok(BODY)], 2);
    // Some servers call a .tar.gz encoded, though it is to be kept as it is.
    arrives(vec![reply("200 OK", "Content-Encoding: gzip\r\n", BODY)], 1);
}

#[test]
fn a_download_that_breaks_off_starts_again() {
    arrives(vec![Reply::HangUp, ok(BODY)], 2);
    arrives(vec![announced(9, b"xxxxx"), announced(9, b"y"), ok(BODY)], 3);
}

#[test]
fn what_is_not_as_published_leaves_no_file() {
    let cut = || announced(4, BODY);
    fails(vec![ok(b"abd")], Exit::Integrity, "is not what was published");
    fails(vec![ok(b"")], Exit::Integrity, "is not what was published");
    fails(vec![ok(b"abc\n")], Exit::Integrity, &format!("published: sha256:{SHA256}"));
    fails(vec![cut(), cut(), cut()], Exit::Network, "broke: ");
    fails(vec![ok(&[0; 101])], Exit::Network, "it is longer than 100 bytes");
    fails(vec![reply("200 OK", "", &[0; 101])], Exit::Network, "it is longer than 100 bytes");
    fails(vec![announced(101, b"")], Exit::Network, "it is longer than 100 bytes");
    fails(vec![ok(b"<!DOCTYPE html><title>Log in")], Exit::Network, "looks like a web page");
    fails(vec![reply("404 Not Found", "", b"")], Exit::Network, "answered 404 Not Found");
    fails(vec![], Exit::Network, "refused the connection");
}

#[test]
fn bytes_beyond_the_announced_ones_are_never_taken() {
    arrives(vec![announced(3, b"abcdef")], 1);
}

#[test]
fn a_folder_stands_in_for_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("published");
    fs::write(&path, BODY).unwrap();
    let (result, content) = fetched(path.to_str().unwrap());
    assert_eq!(result.unwrap().size, 3);
    assert_eq!(content.as_deref(), Some(BODY));
    fs::write(&path, "abd").unwrap();
    let (result, content) = fetched(path.to_str().unwrap());
    assert_eq!(Error::from(result.unwrap_err()).exit, Exit::Integrity);
    assert_eq!(content, None);
}

#[test]
fn the_file_is_new_and_the_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("archive");
    let served = Served::with(vec![ok(BODY)]);
    let address = served.at("/archive");
    let artifact = Artifact { address: &address, integrity: None };

    let done = download(client(), &artifact, &into, &Quiet).unwrap();
    assert_eq!(done, Downloaded { sha256: SHA256.to_owned(), size: 3 });
    assert_eq!(fs::metadata(&into).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(served.requests()[0].contains("accept-encoding: identity\r\n"));

    let again = download(client(), &artifact, &into, &Quiet).unwrap_err();
    assert_eq!(Error::from(again).exit, Exit::CannotCreate);
    assert_eq!(fs::read(&into).unwrap(), BODY, "a file that was there was touched");
}

#[test]
fn a_full_disk_is_told_apart() {
    let served = Served::with(vec![ok(BODY)]);
    let transfer = Transfer {
        client: client(),
        place: Place::parse(&served.at("/archive")).unwrap(),
        integrity: None,
        progress: &Quiet,
        limit: 100,
    };
    let full = Path::new("/dev/full");
    // `set_len` is not for devices, so this starts where the bytes are written.
    let mut body = transfer
        .client
        .open(&transfer.place, &Wanted { accept: "*/*", encoding: "identity" })
        .unwrap();
    let mut file = OpenOptions::new().write(true).open(full).unwrap();
    let copied = transfer.copy(&mut body, &mut |bytes| {
        file.write_all(bytes).map_err(|error| unwritten(full, &error))
    });
    let Err(Setback::Final(Failure::Fatal(error))) = copied else { panic!("not fatal") };
    assert_eq!(error.exit, Exit::Io);
    assert_eq!(error.what, "can't write /dev/full");
}

#[test]
fn progress_tells_each_try_from_its_start() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::with(vec![announced(4, b"x"), ok(BODY)]);
    let address = served.at("/archive");
    let noted = Noted::default();
    let artifact = Artifact { address: &address, integrity: None };
    download(client(), &artifact, &folder.path().join("archive"), &noted).unwrap();
    assert_eq!(
        noted.0.into_inner(),
        "begin Some(4)\nadvance 1\nend\nbegin Some(3)\nadvance 3\nend\n"
    );
}
