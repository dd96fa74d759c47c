//! Archives made by hand, byte for byte: malicious ones change nothing outside, those that
//! are damaged are noticed, and ordinary ones pass.

mod formats;
mod hostile;
mod single_file;
mod zips;

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::entry::ArchiveEntries as _;
use super::*;

/// A header of the POSIX form with a right checksum.
fn header(name: &[u8], kind: u8, size: u64) -> [u8; 512] {
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name);
    header[100..108].copy_from_slice(b"0000644\0");
    header[108..116].copy_from_slice(b"0000000\0");
    header[116..124].copy_from_slice(b"0000000\0");
    header[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    header[136..148].copy_from_slice(b"00000001750\0");
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    with_checksum(header)
}

/// The header with its checksum made right.
fn with_checksum(mut header: [u8; 512]) -> [u8; 512] {
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// A header with some of its bytes changed from `offset` on.
fn with_bytes_at(mut header: [u8; 512], offset: usize, bytes: &[u8]) -> Vec<u8> {
    header[offset..offset + bytes.len()].copy_from_slice(bytes);
    with_checksum(header).to_vec()
}

fn padded_to_block(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn extension(kind: u8, text: &[u8]) -> Vec<u8> {
    padded_to_block([&header(b"extension", kind, text.len() as u64), text].concat())
}

fn file(name: &[u8], text: &[u8]) -> Vec<u8> {
    padded_to_block([&header(name, b'0', text.len() as u64), text].concat())
}

fn folder(name: &[u8]) -> Vec<u8> {
    header(name, b'5', 0).to_vec()
}

fn link(kind: u8, name: &[u8], target: &[u8]) -> Vec<u8> {
    with_bytes_at(header(name, kind, 0), 157, target)
}

fn symbolic(name: &[u8], target: &[u8]) -> Vec<u8> {
    link(b'2', name, target)
}

fn hard(name: &[u8], target: &[u8]) -> Vec<u8> {
    link(b'1', name, target)
}

fn pax(key: &str, value: &str) -> Vec<u8> {
    extension(b'x', &pax_record(key, value))
}

fn pax_record(key: &str, value: &str) -> Vec<u8> {
    let text = format!(" {key}={value}\n");
    let digits = (text.len() + 2).to_string().len();
    let length = text.len() + digits;
    format!("{length}{text}").into_bytes()
}

fn ended(entries: &[Vec<u8>]) -> Vec<u8> {
    [entries.concat(), vec![0; 1024]].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A folder with `destination` to unpack into and `outside`, which must not change.
struct Room {
    folder: TempDir,
    before: BTreeMap<PathBuf, String>,
}

impl Room {
    fn new() -> Self {
        let mut room = Self { folder: tempfile::tempdir().unwrap(), before: BTreeMap::new() };
        room.reset();
        room
    }

    /// Makes everything as it is in a new room.
    fn reset(&mut self) {
        for entry in fs::read_dir(self.folder.path()).unwrap() {
            crate::files::remove::remove_tree(&entry.unwrap().path()).unwrap();
        }
        let outside = PathBuf::from(self.outside_folder());
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("file"), "unchanged").unwrap();
        fs::set_permissions(&outside, fs::Permissions::from_mode(0o700)).unwrap();
        fs::set_permissions(outside.join("file"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::create_dir(self.destination()).unwrap();
        self.before = self.outside();
    }

    fn outside_folder(&self) -> String {
        self.folder.path().join("outside").to_str().unwrap().to_owned()
    }

    fn destination(&self) -> PathBuf {
        self.folder.path().join("destination")
    }

    /// All there is outside the destination: names, modes, link counts and contents.
    fn outside(&self) -> BTreeMap<PathBuf, String> {
        let mut seen = BTreeMap::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let metadata = fs::symlink_metadata(&path).unwrap();
                if path == self.destination() || path.ends_with("archive") {
                    continue;
                }
                let mut state = format!("{:o} {}", metadata.mode(), metadata.nlink());
                if metadata.is_dir() {
                    folders.push(path.clone());
                } else if metadata.is_symlink() {
                    state += &fs::read_link(&path).unwrap().to_string_lossy();
                } else {
                    state += &fs::read_to_string(&path).unwrap();
                }
                seen.insert(path, state);
            }
        }
        seen
    }

    fn unpack(&self, archive: &[u8], strip: usize) -> Result<Manifest> {
        self.unpack_shape(
            archive,
            &UnpackOptions { strip_components: strip, ..UnpackOptions::default() },
        )
    }

    fn unpack_shape(&self, archive: &[u8], shape: &UnpackOptions<'_>) -> Result<Manifest> {
        let path = self.folder.path().join("archive");
        fs::write(&path, archive).unwrap();
        let result = unpack(&path, &self.destination(), shape);
        assert_eq!(self.outside(), self.before, "something outside was touched");
        result
    }
}

/// Unpacks into a new room, where it must be refused for that reason.
fn refused(label: &str, archive: &[u8], strip: usize, why: &str) {
    let error = Room::new().unpack(archive, strip).expect_err(label);
    assert_eq!(error.kind(), ErrorKind::BadArchive, "{label}: {error}");
    assert!(error.to_string().contains(why), "{label}: {error}\nhas no\n{why}");
}

/// A case: what it is about, its entries, and why it is refused.
type Case = (&'static str, Vec<Vec<u8>>, &'static str);

/// Every case follows an ordinary file `a` and before the end, and is packed in every way.
fn check(cases: Vec<Case>) {
    for (label, entries, why) in cases {
        let archive = ended(&[vec![file(b"a", b"first")], entries].concat());
        for (packing, pack) in formats::ALL {
            refused(&format!("{label}, {packing}"), &pack(&archive), 0, why);
        }
    }
}

fn long_name(name: &[u8]) -> Vec<u8> {
    [extension(b'L', &[name, b"\0"].concat()), file(b"x", b"")].concat()
}

const TWICE: &str = "is in the archive twice";
const BELOW: &str = "has a folder that is a file or a link";

#[test]
fn escaping_entry_names_are_refused() {
    let deep = [b"d/".repeat(64), b"f".to_vec()].concat();
    let many = [b"d/".repeat(600), b"f".to_vec()].concat();
    check(vec![
        ("up", vec![file(b"../outside/new", b"")], "“..” in it"),
        ("up within", vec![file(b"b/../../outside/new", b"")], "“..” in it"),
        ("up and back", vec![file(b"b/../c", b"")], "“..” in it"),
        ("up at the end", vec![folder(b"b/..")], "“..” in it"),
        ("only up", vec![folder(b"..")], "“..” in it"),
        ("absolute", vec![file(b"/tmp/usher-new", b"")], "a name is absolute"),
        ("absolute root", vec![folder(b"/")], "a name is absolute"),
        ("no UTF-8", vec![file(b"b\xff", b"")], "not valid UTF-8"),
        ("two slashes", vec![file(b"b//c", b"")], "an empty component"),
        ("dot and absolute", vec![file(b".//b", b"")], "an empty component"),
        ("dot within", vec![file(b"b/./c", b"")], "“.” in it"),
        ("file called dot", vec![file(b".", b"")], "it should be in a folder"),
        ("no name", vec![file(b"", b"")], "a name is empty"),
        ("newline", vec![file(b"b\nc", b"")], "control characters"),
        ("escape", vec![file(b"b\x1b[31m", b"")], "control characters"),
        ("backslash", vec![file(b"b\\..\\c", b"")], "a backslash"),
        ("nul in a long name", vec![long_name(b"b\0c")], "control characters"),
        ("up in a long name", vec![long_name(b"../outside/new")], "“..” in it"),
        ("overlong name", vec![long_name(&many)], "a name is too long"),
        (
            "overlong component",
            vec![long_name(&[b'b'; 256])],
            "a component of its name is too long",
        ),
        ("too deep", vec![long_name(&deep)], "too deep"),
        ("up in pax", vec![pax("path", "../outside/new"), file(b"b", b"")], "“..” in it"),
        ("nul in pax", vec![pax("path", "b\0c"), file(b"b", b"")], "control characters"),
        ("empty in pax", vec![pax("path", ""), file(b"b", b"")], "a name is empty"),
        ("up in the prefix", vec![with_bytes_at(header(b"b", b'0', 0), 345, b"..")], "“..” in it"),
        (
            "absolute prefix",
            vec![with_bytes_at(header(b"b", b'0', 0), 345, b"/tmp")],
            "is absolute",
        ),
    ]);
}

#[test]
fn escaping_links_are_refused() {
    let out = "leads out of the archive";
    check(vec![
        ("link up", vec![symbolic(b"l", b"../outside/file")], out),
        ("link up from a folder", vec![symbolic(b"b/l", b"../../outside")], out),
        ("link to the parent", vec![symbolic(b"l", b"..")], out),
        ("absolute link", vec![symbolic(b"l", b"/etc/passwd")], "a name is absolute"),
        ("link to nothing", vec![symbolic(b"l", b"")], "a name is empty"),
        ("link to no UTF-8", vec![symbolic(b"l", b"\xff")], "not valid UTF-8"),
        ("link down and up", vec![symbolic(b"l", b"b/../../outside")], "“..” after a folder"),
        (
            "link over a link",
            vec![symbolic(b"b/c/s", b"../.."), symbolic(b"l", b"b/c/s/../outside")],
            "“..” after a folder",
        ),
        ("link in pax", vec![pax("linkpath", "/etc"), symbolic(b"l", b"a")], "is absolute"),
        ("long link", vec![extension(b'K', b"../outside\0"), symbolic(b"l", b"a")], out),
        ("below a link", vec![symbolic(b"l", b"."), file(b"l/new", b"")], BELOW),
        ("folder below a link", vec![symbolic(b"l", b"b"), folder(b"l/c")], BELOW),
        ("folder over a link", vec![symbolic(b"l", b"b"), folder(b"l")], BELOW),
        ("file over a link", vec![symbolic(b"l", b"a"), file(b"l", b"new")], TWICE),
        ("link over a file", vec![symbolic(b"a", b"b")], TWICE),
        ("link over a folder", vec![folder(b"b"), symbolic(b"b", b"a")], TWICE),
        ("link over a link", vec![symbolic(b"l", b"a"), symbolic(b"l", b"b")], TWICE),
        ("link below a link", vec![symbolic(b"l", b"."), symbolic(b"l/m", b"a")], BELOW),
        ("hard link up", vec![hard(b"h", b"../outside/file")], "“..” in it"),
        ("absolute hard link", vec![hard(b"h", b"/etc/passwd")], "a name is absolute"),
        ("hard link to later", vec![hard(b"h", b"z"), file(b"z", b"")], "not to an earlier file"),
        ("hard link to itself", vec![hard(b"h", b"h")], "not to an earlier file"),
        ("hard link to a folder", vec![folder(b"b"), hard(b"h", b"b")], "not to an earlier file"),
        ("hard link to the root", vec![hard(b"h", b"./")], "not to an earlier file"),
        (
            "hard link to a link",
            vec![symbolic(b"l", b"a"), hard(b"h", b"l")],
            "not to an earlier file",
        ),
        ("hard link over a file", vec![file(b"b", b""), hard(b"b", b"a")], TWICE),
        ("hard link below a link", vec![symbolic(b"l", b"."), hard(b"l/h", b"a")], BELOW),
        ("hard link and file", vec![hard(b"h", b"a"), file(b"h", b"new")], TWICE),
        ("hard link in pax", vec![pax("linkpath", "../outside/file"), hard(b"h", b"a")], "“..”"),
    ]);
}

#[test]
fn duplicate_and_conflicting_names_are_refused() {
    check(vec![
        ("file twice", vec![file(b"a", b"other")], TWICE),
        ("file twice, by a dot", vec![file(b"./a", b"other")], TWICE),
        ("below a file", vec![file(b"a/b", b"")], BELOW),
        ("folder over a file", vec![folder(b"a/")], BELOW),
        ("file over a folder", vec![folder(b"b"), file(b"b", b"")], TWICE),
        ("file over a folder made for another", vec![file(b"b/c", b""), file(b"b", b"")], TWICE),
    ]);
}

#[test]
fn special_files_are_refused() {
    let unusual = "is not a file, folder or link";
    check(vec![
        ("character device", vec![header(b"n", b'3', 0).to_vec()], unusual),
        ("block device", vec![header(b"n", b'4', 0).to_vec()], unusual),
        ("pipe", vec![header(b"n", b'6', 0).to_vec()], unusual),
        ("contiguous file", vec![header(b"n", b'7', 0).to_vec()], unusual),
        ("sparse file", vec![header(b"n", b'S', 0).to_vec()], unusual),
        ("multi-volume", vec![header(b"n", b'M', 0).to_vec()], unusual),
        ("volume label", vec![header(b"n", b'V', 0).to_vec()], unusual),
        ("unknown", vec![header(b"n", b'Z', 0).to_vec()], unusual),
        ("sparse by pax", vec![pax("GNU.sparse.major", "1"), file(b"b", b"")], "it is sparse"),
    ]);
}

#[test]
fn ambiguous_entries_are_refused() {
    let extension_wrong = "its extension is invalid";
    check(vec![
        (
            "folder with bytes",
            vec![padded_to_block([&header(b"b/", b'5', 1), &b"x"[..]].concat())],
            "has content",
        ),
        ("link with bytes", vec![with_bytes_at(header(b"l", b'2', 1), 157, b"a")], "has content"),
        ("file like a folder", vec![file(b"b/", b"x")], "its name ends in a slash"),
        ("link like a folder", vec![symbolic(b"l/", b"a")], "its name ends in a slash"),
        ("two sizes", vec![pax("size", "1024"), file(b"b", b"x")], "it has two sizes"),
        ("negative size", vec![with_bytes_at(header(b"b", b'0', 0), 124, &[0xff; 12])], "its size"),
        (
            "huge size",
            vec![with_bytes_at(header(b"b", b'0', 0), 124, b"\x80\0\0\x01\0\0\0\0\0\0\0\0")],
            "its size",
        ),
        (
            "size with a sign",
            vec![with_bytes_at(header(b"b", b'0', 0), 124, b"+0000000001")],
            "its size",
        ),
        ("no mode", vec![with_bytes_at(header(b"b", b'0', 0), 100, b"rw-r--r-")], "its mode"),
        ("two paxes", vec![pax("path", "b"), pax("mtime", "1"), file(b"c", b"")], "two extensions"),
        ("two long names", vec![extension(b'L', b"b\0"), long_name(b"c")], "two names"),
        ("pax and long name", vec![pax("path", "b"), long_name(b"c")], "two names"),
        (
            "two names in pax",
            vec![
                extension(b'x', &[pax_record("path", "b"), pax_record("path", "c")].concat()),
                file(b"d", b""),
            ],
            "two names",
        ),
        ("target of no link", vec![pax("linkpath", "b"), file(b"c", b"")], "but is not a link"),
        (
            "name for all",
            vec![extension(b'g', &pax_record("path", "b")), file(b"c", b"")],
            "a global extension",
        ),
        (
            "size for all",
            vec![extension(b'g', &pax_record("size", "1")), file(b"c", b"")],
            "a global extension",
        ),
        (
            "all within one",
            vec![pax("path", "b"), extension(b'g', &pax_record("comment", "x")), file(b"c", b"")],
            "wrong place",
        ),
        (
            "pax without length",
            vec![extension(b'x', b"path=b\n"), file(b"c", b"")],
            extension_wrong,
        ),
        ("pax too long", vec![extension(b'x', b"99 path=b\n"), file(b"c", b"")], extension_wrong),
        ("pax too short", vec![extension(b'x', b"3 path=b\n"), file(b"c", b"")], extension_wrong),
        ("pax of length 0", vec![extension(b'x', b"0 path=b\n"), file(b"c", b"")], extension_wrong),
        ("pax without key", vec![extension(b'x', b"5 xx\n"), file(b"c", b"")], extension_wrong),
        ("pax size no number", vec![pax("size", "-1"), file(b"c", b"")], "a number"),
        ("extension alone", vec![pax("path", "b")], "it ends in an extension"),
        ("overlong extension", vec![extension(b'x', &vec![b' '; (1 << 20) + 1])], "too long"),
        (
            "wrong checksum",
            vec![{
                let mut header = header(b"b", b'0', 0);
                header[0] = b'c';
                header.to_vec()
            }],
            "checksum",
        ),
    ]);
}

#[test]
fn data_after_the_end_is_refused() {
    check(vec![
        ("a lone block of zeros", vec![vec![0; 512], file(b"b", b"")], "follows its end"),
        ("a second archive", vec![ended(&[]), file(b"b", b"")], "follows its end"),
    ]);
}

#[test]
fn entries_outside_of_the_stripped_folder_are_refused() {
    let beside = "it should be in a folder";
    for (label, entries, strip, why) in [
        ("file", vec![file(b"top/a", b""), file(b"b", b"")], 1, beside),
        ("link", vec![symbolic(b"top", b"x")], 1, beside),
        ("file above", vec![file(b"x/y/a", b""), file(b"x/b", b"")], 2, beside),
        (
            "same name twice",
            vec![file(b"x/a", b""), file(b"y/a", b"")],
            1,
            "is in the archive twice",
        ),
        ("link to the stripped", vec![file(b"x/a", b""), symbolic(b"x/l", b"../x/a")], 1, "out of"),
        (
            "hard link to the stripped",
            vec![file(b"x/a", b""), hard(b"x/h", b"x")],
            1,
            "not to an earlier",
        ),
        ("nothing but the folder", vec![folder(b"top/")], 1, "it holds no file"),
    ] {
        refused(label, &gzip(&ended(&entries)), strip, why);
    }
}

#[test]
fn other_formats_are_named_in_the_error() {
    for (bytes, why) in [
        (&b""[..], "but is empty"),
        (b"PK\x03\x04", "its end is missing"),
        (b"PK\x05\x06", "its end is cut short"),
        (b"PK", "but is a damaged zip file"),
        (b"\xfd7zXZ\0", "it is damaged or cut short"),
        (b"\x28\xb5\x2f\xfd", "it is damaged or cut short"),
        (b"BZh", "it is damaged or cut short"),
        (b"7z\xbc\xaf\x27\x1c", "but is a 7z archive"),
        (b"<!DOCTYPE html>", "but is a web page"),
        (b"{\"error\": 404}", "but is JSON"),
        (b"\x1f", "but is something unknown"),
        (b"\x7fELF", "but is a program"),
        (&gzip(b"#!/bin/sh\n"), "but is a program"),
        (&gzip(b""), "its end is missing"),
        (&gzip(&[0; 1024]), "it holds no file"),
        (&gzip(b"no tar"), "it is damaged or cut short"),
    ] {
        refused(why, bytes, 0, why);
    }
}

/// An archive with all that an ordinary one has.
fn ordinary() -> Vec<u8> {
    ended(&[
        extension(b'g', &pax_record("comment", "0123456789abcdef")),
        folder(b"top/"),
        file(b"top/a", &[b'a'; 700]),
        extension(b'L', &[&b"top/"[..], &[b'n'; 200], b"\0"].concat()),
        file(b"top/nnn", b"x"),
        pax("path", "top/b/ä"),
        file(b"top/b/a", b"y"),
        symbolic(b"top/b/l", b"../a"),
        hard(b"top/h", b"top/a"),
    ])
}

#[test]
fn truncation_at_any_block_is_detected() {
    let archive = ordinary();
    let room = Room::new();
    assert!(room.unpack(&gzip(&archive), 1).is_ok());
    for length in (0..archive.len()).step_by(512) {
        refused(&format!("cut at {length}"), &gzip(&archive[..length]), 1, "");
    }
}

#[test]
fn a_cut_within_an_entry_names_it() {
    let text = pax_record("comment", &"x".repeat(600));
    let cut = |entry: Vec<u8>| gzip(&entry[..512 + 300]);
    refused("file", &cut(file(b"a", &[b'a'; 600])), 0, "“a”: it is cut short");
    refused("extension", &cut(extension(b'x', &text)), 0, "“extension”: it is cut short");
}

#[test]
fn a_cut_of_the_compressed_file_is_noticed_at_any_byte() {
    let packed = gzip(&ordinary());
    for length in 0..packed.len() {
        refused(&format!("cut at {length}"), &packed[..length], 1, "");
    }
}

#[test]
fn damage_and_trailing_data_are_noticed() {
    let packed = gzip(&ordinary());
    let damaged = "it is damaged or cut short";
    for distance in 1..=8 {
        let mut flipped = packed.clone();
        flipped[packed.len() - distance] ^= 1;
        refused(&format!("trailer, byte {distance} from its end"), &flipped, 1, damaged);
    }
    for junk in [&b"x"[..], b"\0", &[0; 512], b"<html>and a long tail of a web page</html>"] {
        refused("junk", &[&packed, junk].concat(), 1, damaged);
    }
    let second = gzip(&ended(&[file(b"top/late", b"")]));
    refused("a second one", &[packed, second].concat(), 1, "something follows its end");
}

#[test]
fn more_bytes_than_the_limit_are_refused() {
    for (length, most) in [(0, 64 << 20), (1 << 20, 264 << 20), (1 << 40, 8 << 30)] {
        assert_eq!(format::max_bytes(length), most, "{length}");
    }
    let room = Room::new();
    let archive = gzip(&ended(&[file(b"a", &[0; 1024])]));
    assert!(room.unpack(&archive, 0).is_ok());
    // Of 2560 bytes, the last is one too many.
    for (most, fits) in [(2560, true), (2559, false), (1024, false)] {
        let room = Room::new();
        let path = room.folder.path().join("archive");
        fs::write(&path, &archive).unwrap();
        let packed = OpenedArchive { max_bytes: most, ..OpenedArchive::open(&path).ok().unwrap() };
        let destination = room.destination();
        let tree = Destination::new(&destination, UnpackOptions::default()).ok().unwrap();
        let error = fill(packed, tree).err().map(|trouble| trouble.in_archive(&path).to_string());
        let expected = (!fits).then(|| format!("it holds more than {most} bytes"));
        assert_eq!(error.is_none(), fits);
        assert!(error.unwrap_or_default().ends_with(&expected.unwrap_or_default()));
    }
}

#[test]
fn more_entries_than_the_limit_are_refused() {
    let bytes = ended(&[file(b"last", b""), file(b"one-too-many", b"")]);
    let counted = pipe::pipe(&bytes[..], 1 << 20, |mut bytes| {
        let mut entries = Tarball::new(&mut bytes);
        entries.count = entry::MAX_ENTRIES - 1;
        assert!(entries.next()?.is_some());
        entries.next()
    });
    let error = counted.err().unwrap().in_archive(Path::new("/a.tar.gz"));
    assert_eq!(error.causes, ["it holds “one-too-many”: there are too many entries"]);
}

#[test]
fn a_nonempty_destination_is_refused() {
    let room = Room::new();
    fs::write(room.destination().join("mine"), "unchanged").unwrap();
    let error = room.unpack(&gzip(&ordinary()), 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CannotCreate);
    assert_eq!(fs::read_dir(room.destination()).unwrap().count(), 1);
}

/// The tree below `folder`, a line each: mode less the umask's bits, name, content.
fn listing(folder: &Path) -> String {
    let mut lines = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let mode = metadata.mode() & 0o7777;
            lines.push(if metadata.is_symlink() {
                format!("{name} -> {}\n", fs::read_link(&path).unwrap().display())
            } else if metadata.is_dir() {
                folders.push(path);
                format!("{name}/ {mode:o}\n")
            } else {
                let size = metadata.len();
                format!("{name} {mode:o} {size} bytes, {} seconds\n", metadata.mtime())
            });
        }
    }
    lines.sort();
    lines.concat()
}

/// Unpacks an archive that must be accepted, and compares the files. The expected modes are those
/// under the umask 022.
fn check_unpacked(entries: &[Vec<u8>], strip: usize, unpacked: (u64, u64), expected: &str) {
    let room = Room::new();
    let result = room.unpack(&gzip(&ended(entries)), strip).unwrap();
    assert_eq!((result.files() as u64, result.bytes()), unpacked);
    let probe = room.folder.path().join("probe");
    OpenOptions::new().write(true).create_new(true).mode(0o777).open(&probe).unwrap();
    let umask = !fs::metadata(probe).unwrap().mode() & 0o777;
    let expected: String = expected
        .lines()
        .map(|line| {
            let words = line.trim().split(' ').map(|word| match word {
                "644" | "755" => {
                    format!("{:o}", u32::from_str_radix(word, 8).unwrap() & !umask)
                }
                _ => word.to_owned(),
            });
            words.collect::<Vec<_>>().join(" ") + "\n"
        })
        .collect();
    assert_eq!(listing(&room.destination()), expected);
}

#[test]
fn modes_are_normalized() {
    let with_mode = |name: &[u8], mode: &[u8]| with_bytes_at(header(name, b'0', 0), 100, mode);
    check_unpacked(
        &[
            with_bytes_at(header(b"d/", b'5', 0), 100, b"0000000\0"),
            with_bytes_at(header(b"e/", b'5', 0), 100, b"0007777\0"),
            with_mode(b"d/none", b"0000000\0"),
            with_mode(b"open", b"0000666\0"),
            with_mode(b"others", b"0000011\0"),
            with_mode(b"program", b"0000700\0"),
            with_mode(b"setuid", b"0006755\0"),
            with_mode(b"sticky", b"0001777\0"),
        ],
        0,
        (6, 0),
        "d/ 755
         d/none 644 0 bytes, 1000 seconds
         e/ 755
         open 644 0 bytes, 1000 seconds
         others 644 0 bytes, 1000 seconds
         program 755 0 bytes, 1000 seconds
         setuid 755 0 bytes, 1000 seconds
         sticky 755 0 bytes, 1000 seconds",
    );
}

#[test]
fn a_toolchain_with_links_is_unpacked() {
    check_unpacked(
        &[
            folder(b"node-v12/"),
            folder(b"node-v12/bin/"),
            with_bytes_at(header(b"node-v12/bin/node", b'0', 0), 100, b"0000755\0"),
            symbolic(b"node-v12/bin/npm", b"../lib/npm/cli.js"),
            symbolic(b"node-v12/bin/here", b"./node"),
            symbolic(b"node-v12/current", b"."),
            symbolic(b"node-v12/lib/npm/up", b"../.."),
            file(b"node-v12/lib/npm/cli.js", b"//"),
            hard(b"node-v12/copy", b"node-v12/lib/npm/cli.js"),
            folder(b"node-v12/bin"),
            symbolic(b"node-v12/dangling", b"nowhere"),
        ],
        1,
        // The hard link counts with its bytes, as a file of its own.
        (8, 4),
        "bin/ 755
         bin/here -> ./node
         bin/node 755 0 bytes, 1000 seconds
         bin/npm -> ../lib/npm/cli.js
         copy 644 2 bytes, 1000 seconds
         current -> .
         dangling -> nowhere
         lib/ 755
         lib/npm/ 755
         lib/npm/cli.js 644 2 bytes, 1000 seconds
         lib/npm/up -> ../..",
    );
}

#[test]
fn a_package_without_folders_is_unpacked() {
    check_unpacked(
        &[
            file(b"package/package.json", b"{}"),
            file(b"package/bin/x", b"x"),
            file(b"other/y", b""),
        ],
        1,
        (3, 3),
        "bin/ 755
         bin/x 644 1 bytes, 1000 seconds
         package.json 644 2 bytes, 1000 seconds
         y 644 0 bytes, 1000 seconds",
    );
}

#[test]
fn unusual_but_valid_names_are_unpacked() {
    check_unpacked(
        &[
            folder(b"./"),
            folder(b"./b/"),
            file(b"./b/README", b""),
            file(b"b/readme", b""),
            file(b"b/...", b""),
            file(b"b/..c", b""),
            file("b/ä b".as_bytes(), b""),
            // The oldest form: no magic, a folder is a file with a slash.
            with_bytes_at(header(b"c/", 0, 0), 257, &[0; 8]),
            with_bytes_at(header(b"c/d", 0, 0), 257, &[0; 8]),
        ],
        0,
        (6, 0),
        "b/ 755
         b/... 644 0 bytes, 1000 seconds
         b/..c 644 0 bytes, 1000 seconds
         b/README 644 0 bytes, 1000 seconds
         b/readme 644 0 bytes, 1000 seconds
         b/ä b 644 0 bytes, 1000 seconds
         c/ 755
         c/d 644 0 bytes, 1000 seconds",
    );
}

#[test]
fn extension_headers_apply_to_the_next_entry() {
    let long = "n".repeat(200);
    let deep = "d/".repeat(63) + "f";
    let room = Room::new();
    let archive = ended(&[
        extension(b'g', &pax_record("comment", "0123456789abcdef")),
        extension(b'L', format!("{long}\0").as_bytes()),
        file(b"nnn", b"1"),
        extension(
            b'x',
            &[pax_record("path", &deep), pax_record("size", "2"), pax_record("mtime", "1.5")]
                .concat(),
        ),
        file(b"ddd", b"22"),
        extension(b'K', format!("{long}\0").as_bytes()),
        extension(b'L', b"by-gnu\0"),
        symbolic(b"x", b"y"),
        extension(
            b'x',
            &[
                pax_record("path", "by-pax"),
                pax_record("linkpath", &long),
                pax_record("x", "a\nb=c"),
            ]
            .concat(),
        ),
        symbolic(b"x", b"y"),
        vec![0; 10_240],
    ]);
    let unpacked = room.unpack(&gzip(&archive), 0).unwrap();
    assert_eq!((unpacked.files(), unpacked.bytes()), (4, 3));
    let destination = room.destination();
    assert_eq!(fs::read_to_string(destination.join(&long)).unwrap(), "1");
    assert_eq!(fs::read_to_string(destination.join(&deep)).unwrap(), "22");
    assert_eq!(fs::read_link(destination.join("by-gnu")).unwrap(), Path::new(&long));
    assert_eq!(fs::read_link(destination.join("by-pax")).unwrap(), Path::new(&long));
}

#[test]
fn concatenated_gzip_files_are_one() {
    let archive = ordinary();
    let (first, second) = archive.split_at(1000);
    let room = Room::new();
    let unpacked = room.unpack(&[gzip(first), gzip(second)].concat(), 1).unwrap();
    assert_eq!(unpacked.files(), 5);
}

#[test]
fn a_full_disk_is_not_an_archive_error() {
    let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let bytes = ended(&[super::tests::file(b"a", b"abc")]);
    let copied = pipe::pipe(&bytes[..], 1 << 20, |mut bytes| {
        let mut entries = Tarball::new(&mut bytes);
        entries.next()?;
        destination::copy(entries.content(), &file.into(), |errno| {
            UnpackError::Unwritable(Error::io("write", Path::new("/x/full"), errno.into()))
        })
    });
    let error = copied.err().unwrap().in_archive(Path::new("/x/a.tar.gz"));
    assert_eq!((error.kind(), error.what.as_str()), (ErrorKind::DiskFull, "can't write /x/full"));
}
