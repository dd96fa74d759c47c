//! Zip files made by hand, byte for byte.

use std::os::unix::fs::PermissionsExt as _;

use flate2::write::DeflateEncoder;

use super::*;

/// An entry: its local header and content, the bytes after it, and its central record.
#[derive(Clone)]
pub(super) struct ZipEntry {
    pub(super) local: Vec<u8>,
    body: Vec<u8>,
    pub(super) behind: Vec<u8>,
    pub(super) central: Vec<u8>,
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap().to_le_bytes()
}

fn le_bytes_16(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).unwrap().to_le_bytes()
}

/// An entry of that mode, made on Unix; flagged as UTF-8.
pub(super) fn entry(name: &[u8], text: &[u8], mode: u32) -> ZipEntry {
    packed_entry(name, text, mode, 0)
}

pub(super) fn packed_entry(name: &[u8], text: &[u8], mode: u32, method: u8) -> ZipEntry {
    let body = if method == 8 { deflated(text) } else { text.to_vec() };
    // Flags, method, time and date: 2000-01-01 00:00:10.
    let shared = [&[0, 8, method, 0, 5, 0, 0x21, 0x28][..], &crc(text).to_le_bytes()].concat();
    let sizes = [length(&body), length(text)].concat();
    let local =
        [&b"PK\x03\x04\x14\0"[..], &shared, &sizes, &le_bytes_16(name), &[0, 0], name].concat();
    let attributes = (mode << 16).to_le_bytes();
    let central = [
        &b"PK\x01\x02\x14\x03\x14\0"[..],
        &shared,
        &sizes,
        &le_bytes_16(name),
        &[0; 8],
        &attributes,
        &[0; 4],
        name,
    ];
    ZipEntry { local, body, behind: Vec::new(), central: central.concat() }
}

pub(super) fn plain(name: &[u8], text: &[u8]) -> ZipEntry {
    entry(name, text, 0o100_644)
}

impl ZipEntry {
    /// With other bytes before the entry.
    pub(super) fn local(mut self, offset: usize, bytes: &[u8]) -> Self {
        self.local[offset..offset + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// With other bytes in its record.
    pub(super) fn central(mut self, offset: usize, bytes: &[u8]) -> Self {
        self.central[offset..offset + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// With other bytes in both headers; in the central record the offset is two bytes higher.
    pub(super) fn both(self, offset: usize, bytes: &[u8]) -> Self {
        self.local(offset, bytes).central(offset + 2, bytes)
    }

    fn body(mut self, bytes: &[u8]) -> Self {
        self.body = bytes.to_vec();
        self
    }

    /// With its sizes after it, in a data descriptor of `count` bytes, and none before it.
    pub(super) fn streamed(mut self, count: usize) -> Self {
        let (sum, sizes) = (self.central[16..20].to_vec(), self.central[20..28].to_vec());
        let sizes: Vec<u8> = match count {
            12 | 16 => sizes,
            _ => sizes.chunks(4).flat_map(|size| [size, &[0; 4]].concat()).collect(),
        };
        let opening: &[u8] = if count.is_multiple_of(8) { b"PK\x07\x08" } else { b"" };
        self.behind = [opening, &sum, &sizes].concat();
        assert_eq!(self.behind.len(), count);
        self.both(6, &[8, 8]).local(14, &[0; 12])
    }

    pub(super) fn local_extra(mut self, extra: &[u8]) -> Self {
        self.local.extend_from_slice(extra);
        self.local(28, &le_bytes_16(extra))
    }

    pub(super) fn central_extra(mut self, extra: &[u8]) -> Self {
        self.central.extend_from_slice(extra);
        self.central(30, &le_bytes_16(extra))
    }

    fn comment(mut self, comment: &[u8]) -> Self {
        self.central.extend_from_slice(comment);
        self.central(32, &le_bytes_16(comment))
    }

    pub(super) fn front(&self) -> Vec<u8> {
        [&self.local[..], &self.body, &self.behind].concat()
    }
}

/// A file of these entries and records; every record gets its offset, unless it has one.
pub(super) fn zip(entries: &[ZipEntry]) -> Vec<u8> {
    let (mut front, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let mut central = entry.central.clone();
        if central[42..46] == [0; 4] {
            central[42..46].copy_from_slice(&length(&front));
        }
        front.extend(entry.front());
        directory.extend(central);
    }
    with_end_record(&front, &directory, entries.len())
}

/// A file of entries, a directory and an end.
pub(super) fn with_end_record(front: &[u8], directory: &[u8], count: usize) -> Vec<u8> {
    let count = u16::try_from(count).unwrap().to_le_bytes();
    let end = [&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &length(directory), &length(front)];
    [front, directory, &end.concat(), &[0, 0]].concat()
}

fn patched(mut bytes: Vec<u8>, from_end: usize, new: &[u8]) -> Vec<u8> {
    let start = bytes.len() - from_end;
    bytes[start..start + new.len()].copy_from_slice(new);
    bytes
}

/// Every case follows an ordinary file `a`.
fn check(cases: Vec<(&str, Vec<ZipEntry>, &str)>) {
    for (label, entries, why) in cases {
        let archive = zip(&[vec![plain(b"a", b"first")], entries].concat());
        refused(label, &archive, 0, why);
    }
}

const DISAGREE: &str = "the header of “b” differ";
const BETWEEN: &str = "something is between its entries";
const DAMAGED: &str = "it is damaged or cut short";
const HUGE: &str = "it is a zip64 file";

pub(super) fn link(name: &[u8], target: &[u8]) -> ZipEntry {
    entry(name, target, 0o120_777)
}

#[test]
fn escaping_zip_names_and_links_are_refused() {
    check(vec![
        ("up", vec![plain(b"../outside/new", b"")], "“..” in it"),
        ("up within", vec![plain(b"b/../../outside/new", b"")], "“..” in it"),
        ("folder up", vec![entry(b"../", b"", 0o040_755)], "“..” in it"),
        ("absolute", vec![plain(b"/tmp/usher-new", b"")], "a name is absolute"),
        ("backslash", vec![plain(b"b\\..\\c", b"")], "a backslash"),
        ("drive", vec![plain(b"C:\\c", b"")], "a backslash"),
        ("empty", vec![plain(b"", b"")], "a name is empty"),
        ("dot", vec![plain(b".", b"")], "it should be in a folder"),
        ("newline", vec![plain(b"b\nc", b"")], "control characters"),
        ("nul", vec![plain(b"b\0c", b"")], "control characters"),
        ("no UTF-8", vec![plain(b"b\xff", b"")], "not valid UTF-8"),
        ("overlong", vec![plain(&[b'b'; 256], b"")], "a component of its name is too long"),
        ("deep", vec![plain(&[b"d/".repeat(64), b"f".to_vec()].concat(), b"")], "too deep"),
        ("link up", vec![link(b"l", b"../outside/file")], "out of the archive"),
        ("absolute link", vec![link(b"l", b"/etc/passwd")], "a name is absolute"),
        ("link to nothing", vec![link(b"l", b"")], "a name is empty"),
        ("link down and up", vec![link(b"l", b"b/../../outside")], "“..” after a folder"),
        ("overlong link", vec![link(b"l", &[b'x'; 1025])], "its target is too long"),
        ("below a link", vec![link(b"l", b"."), plain(b"l/new", b"")], BELOW),
        ("folder over a link", vec![link(b"l", b"."), entry(b"l/", b"", 0o040_755)], BELOW),
        ("file over a link", vec![link(b"l", b"a"), plain(b"l", b"new")], TWICE),
        ("link over a file", vec![link(b"a", b"b")], TWICE),
        ("link over a link", vec![link(b"l", b"a"), link(b"l", b"b")], TWICE),
        ("file twice", vec![plain(b"a", b"other")], TWICE),
        ("file twice, by a dot", vec![plain(b"./a", b"other")], TWICE),
        ("below a file", vec![plain(b"a/b", b"")], BELOW),
    ]);
}

#[test]
fn unusual_entries_are_refused() {
    let unusual = "is not a file, folder or link";
    let folder = "by its name or by its attributes";
    check(vec![
        ("pipe", vec![entry(b"b", b"", 0o010_644)], unusual),
        ("link of DOS", vec![link(b"b", b"a").central(5, &[0])], "a link to some readers"),
        ("character device", vec![entry(b"b", b"", 0o020_644)], unusual),
        ("block device", vec![entry(b"b", b"", 0o060_644)], unusual),
        ("socket", vec![entry(b"b", b"", 0o140_644)], unusual),
        ("link like a folder", vec![entry(b"l/", b"a", 0o120_777)], unusual),
        ("file like a folder", vec![entry(b"b/", b"", 0o100_644)], folder),
        ("folder like a file", vec![entry(b"b", b"", 0o040_755)], folder),
        ("folder of DOS like a file", vec![plain(b"b", b"").central(38, &[16, 0, 0, 0])], folder),
        ("folder with bytes", vec![entry(b"b/", b"x", 0o040_755)], "a folder in it has content"),
        ("encrypted", vec![plain(b"b", b"").both(6, &[1, 8])], "encrypted"),
        ("encrypted strongly", vec![plain(b"b", b"").both(6, &[65, 8])], "encrypted"),
        ("hidden directory", vec![plain(b"b", b"").both(6, &[0, 40])], "encrypted"),
        ("patch", vec![plain(b"b", b"").both(6, &[32, 8])], "or a patch"),
        ("bzip2", vec![plain(b"b", b"").both(8, &[12])], "unsupported compression method"),
        ("lzma", vec![plain(b"b", b"").both(8, &[14])], "unsupported compression method"),
        ("zstd", vec![plain(b"b", b"").both(8, &[93])], "unsupported compression method"),
        ("on another disk", vec![plain(b"b", b"").central(34, &[1])], "one part of several"),
    ]);
}

#[test]
fn headers_must_match_the_directory() {
    let text = b"text";
    let b = || plain(b"b", text);
    let name = |name: &[u8]| {
        [&b"\x75\x70"[..], &le_bytes_16(&[&[0; 5], name].concat()), &[1, 0, 0, 0, 0], name].concat()
    };
    let sizes = |size: u8| [&b"\x01\0\x10\0"[..], &[size, 0, 0, 0, 0, 0, 0, 0].repeat(2)].concat();
    check(vec![
        ("name", vec![b().local(30, b"c")], DISAGREE),
        ("name in the record", vec![b().central(46, b"c")], "the header of “c” differ"),
        ("method", vec![b().local(8, &[8])], DISAGREE),
        ("flags", vec![b().local(6, &[0, 0])], DISAGREE),
        ("streamed in one place", vec![b().local(6, &[8, 8])], DISAGREE),
        ("sum", vec![b().local(14, &[1, 2, 3, 4])], DISAGREE),
        ("no sum", vec![b().local(14, &[0; 4])], DISAGREE),
        ("packed size", vec![b().local(18, &[3])], DISAGREE),
        ("size", vec![b().local(22, &[3])], DISAGREE),
        ("no sizes", vec![b().local(18, &[0; 8])], DISAGREE),
        ("opening", vec![b().local(0, b"PK\x01\x02")], DISAGREE),
        ("huge without sizes", vec![b().local(18, &[0xff; 8])], DISAGREE),
        ("huge of another size", vec![b().local(18, &[0xff; 8]).local_extra(&sizes(5))], DISAGREE),
        ("huge beside the sizes", vec![b().local_extra(&sizes(5))], DISAGREE),
        ("huge, but zero", vec![b().local_extra(&sizes(0))], DISAGREE),
        ("huge cut", vec![b().local(18, &[0xff; 8]).local_extra(&sizes(4)[..16])], DISAGREE),
        ("another name in front", vec![b().local_extra(&name(b"c"))], DISAGREE),
        ("another name in the record", vec![b().central_extra(&name(b"c"))], "two names"),
        (
            "extra part too long",
            vec![b().central_extra(b"\x01\0\x09\0")],
            "extra fields of an entry are invalid",
        ),
        (
            "extra part too short",
            vec![b().central_extra(b"\x01\0\x09")],
            "extra fields of an entry are invalid",
        ),
        ("extra part in front", vec![b().local_extra(b"\x01\0\x09\0")], DISAGREE),
        ("two sizes", vec![b().both(18, &[4, 0, 0, 0, 5])], "has two sizes"),
        ("huge packed", vec![b().central(20, &[0xff; 4])], HUGE),
        ("huge size", vec![b().central(24, &[0xff; 4])], HUGE),
        ("huge offset", vec![b().central(42, &[0xff; 4])], HUGE),
        ("unknown alphabet", vec![plain("ä".as_bytes(), b"").both(6, &[0, 0])], "unknown encoding"),
    ]);
}

#[test]
fn sizes_and_checksums_are_verified() {
    let text = &[b'x'; 100];
    let (b, d) = (|| plain(b"b", text), || packed_entry(b"b", text, 0o100_644, 8));
    let packed = deflated(text);
    let more = deflated(&[b'x'; 101]);
    let wrong = "the size or the checksum of an entry is wrong";
    let longer = |packed: &[u8]| d().both(18, &length(packed)).body(packed);
    check(vec![
        ("another text", vec![b().body(&[b'y'; 100])], wrong),
        ("another sum", vec![b().both(14, &[1, 2, 3, 4])], wrong),
        ("another sum, deflated", vec![d().both(14, &[1, 2, 3, 4])], wrong),
        ("smaller than stated", vec![d().both(22, &[101])], wrong),
        ("larger than stated", vec![d().both(22, &[99])], "larger than its directory states"),
        ("larger packed", vec![longer(&more)], "larger than its directory states"),
        ("bytes behind the packed", vec![longer(&[&packed[..], b"x"].concat())], wrong),
        ("cut packed", vec![longer(&packed[..packed.len() - 1])], DAMAGED),
        ("nothing packed", vec![longer(b"")], DAMAGED),
        ("no deflate", vec![d().body(&vec![0xff; packed.len()])], DAMAGED),
        ("streamed, no sum", vec![b().streamed(16).local(14, &[9])], DISAGREE),
    ]);
    for count in [12, 16, 20, 24] {
        for index in 0..count {
            let mut b = d().streamed(count);
            b.behind[index] ^= 1;
            check(vec![("behind", vec![b], BETWEEN)]);
        }
    }
}

#[test]
fn entries_and_directory_fill_the_file() {
    let a = plain(b"a", b"first");
    let b = plain(b"b", b"text");
    let whole = zip(&[a.clone(), b.clone()]);
    let front = [a.front(), b.front()].concat();
    let offset = length(&a.front());
    let directory = [a.central.clone(), b.clone().central(42, &offset).central].concat();
    assert_eq!(with_end_record(&front, &directory, 2), whole);
    let with = |bytes: &[u8]| [&front[..], bytes].concat();
    let commented = |comment: &[u8]| {
        patched([&whole[..], comment].concat(), 2 + comment.len(), &le_bytes_16(comment))
    };
    let inside = b.clone().comment(&with_end_record(b"", b"", 0));
    let over = b.clone().central(42, &[1, 0, 0, 0]);
    for (label, archive, why) in [
        ("prefix", [b"#", &whole[..]].concat(), "should be an archive"),
        ("prefix, shifted", shifted_entry(&a, b"PK\x03\x04"), "before its first entry"),
        ("suffix", [&whole[..], b"x"].concat(), "something follows its end"),
        ("second", [&whole[..], &whole].concat(), "isn't directly before its end"),
        ("between entries and directory", with_end_record(&with(b"x"), &directory, 2), BETWEEN),
        ("an entry left out", with_end_record(&front, &a.central, 1), BETWEEN),
        ("an entry behind", with_end_record(&with(&b.front()), &directory, 2), BETWEEN),
        ("count", with_end_record(&front, &directory, 3), "another number of entries"),
        ("one count", patched(whole.clone(), 14, &[1]), "one part of several"),
        ("disk", patched(whole.clone(), 18, &[1]), "one part of several"),
        ("directory elsewhere", patched(whole.clone(), 6, &[1]), "isn't directly before its end"),
        ("directory shorter", patched(whole.clone(), 10, &[1]), "isn't directly before its end"),
        ("huge count", patched(whole.clone(), 14, &[0xff; 4]), HUGE),
        ("huge directory", patched(whole.clone(), 10, &[0xff; 4]), HUGE),
        ("huge offset", patched(whole.clone(), 6, &[0xff; 4]), HUGE),
        (
            "directory without records",
            with_end_record(&front, b"junk", 0),
            "its directory is damaged",
        ),
        (
            "end in a comment",
            commented(&with_end_record(b"", b"", 0)),
            "isn't directly before its end",
        ),
        ("end in a record", zip(&[a.clone(), inside]), "it has two ends"),
        (
            "same entry twice",
            with_end_record(&front, &[&directory[..], &a.central].concat(), 3),
            BETWEEN,
        ),
        ("entries over each other", zip(&[a.clone(), over]), BETWEEN),
        ("nothing", with_end_record(b"", b"", 0), "it holds no file"),
        ("only a folder", zip(&[entry(b"b/", b"", 0o040_755)]), "it holds no file"),
    ] {
        refused(label, &archive, 0, why);
    }
    assert!(Room::new().unpack(&commented(b"a comment"), 0).is_ok());
}

/// An entry after other bytes, at the offset that its record states.
fn shifted_entry(entry: &ZipEntry, prefix: &[u8]) -> Vec<u8> {
    let central = entry.clone().central(42, &length(prefix)).central;
    with_end_record(&[prefix, &entry.front()].concat(), &central, 1)
}

pub(super) fn ordinary() -> Vec<u8> {
    zip(&[
        entry(b"top/", b"", 0o040_755),
        packed_entry(b"top/a", &[b'a'; 700], 0o100_755, 8),
        plain(b"top/b/c", b"y").streamed(16),
        link(b"top/b/l", b"../a"),
    ])
}

#[test]
fn zip_truncation_at_any_byte_is_detected() {
    let archive = ordinary();
    assert!(Room::new().unpack(&archive, 1).is_ok());
    for length in 0..archive.len() {
        refused(&format!("cut at {length}"), &archive[..length], 1, "");
    }
}

#[test]
fn an_ordinary_zip_is_unpacked() {
    let utf8 = [&b"\x75\x70\x07\0\x01\0\0\0\0"[..], "ä".as_bytes()].concat();
    let huge = [&b"\x01\0\x10\0"[..], &[4, 0, 0, 0, 0, 0, 0, 0].repeat(2)].concat();
    let time = b"\x55\x54\x05\0\x01\xe8\x03\0\0";
    let dos = |entry: ZipEntry| entry.central(5, &[0]).central(38, &[0; 4]);
    let archive = zip(&[
        entry(b"top/", b"", 0o040_700),
        packed_entry(b"top/setuid", &[b'a'; 700], 0o106_755, 8).central_extra(time),
        packed_entry(b"top/empty", b"", 0o100_000, 8),
        plain(b"top/s12", b"text").streamed(12),
        packed_entry(b"top/s16", b"text", 0o100_666, 8).streamed(16),
        packed_entry(b"top/s20", b"text", 0o100_666, 8).streamed(20),
        packed_entry(b"top/s24", b"text", 0o100_666, 8).streamed(24),
        plain("ä".as_bytes(), b"").central_extra(&utf8).local_extra(&utf8),
        plain(b"top/room", b"text").local_extra(&huge),
        plain(b"top/huge", b"text").local(18, &[0xff; 8]).local_extra(&huge),
        dos(plain(b"top/script", b"#!/bin/sh\n")),
        dos(plain(b"top/text", b"text")),
        dos(plain(b"top/d/", b"")).central(38, &[16]),
        plain(b"top/noted", b"").comment(b"a comment"),
        link(b"top/link", b"setuid"),
        // 2107, the last year of a DOS date.
        plain(b"top/late", b"text").central(12, &[0xff; 4]),
    ]);
    let room = Room::new();
    let shape = UnpackOptions { subdir: "top", ..UnpackOptions::default() };
    let listing = room.unpack_shape(&archive, &shape).unwrap();
    let mode = |name: &str| {
        fs::metadata(room.destination().join(name)).unwrap().permissions().mode() & 0o7700
    };
    for (name, expected) in
        [("setuid", 0o700), ("empty", 0o600), ("script", 0o700), ("text", 0o600), ("d", 0o700)]
    {
        assert_eq!(mode(name), expected, "{name}");
    }
    let time = |name: &str| fs::metadata(room.destination().join(name)).unwrap().mtime();
    assert_eq!((time("setuid"), time("text")), (1000, 946_684_810));
    assert_eq!(fs::read_link(room.destination().join("link")).unwrap(), Path::new("setuid"));
    assert_eq!(listing.files(), 13);
}

/// A script, a program or a tar file to one reader, and a zip file to another.
#[test]
fn a_zip_file_that_is_something_else_too_is_refused() {
    let archive = zip(&[plain(b"a", b"1")]);
    let shape = UnpackOptions { program: "tool", ..UnpackOptions::default() };
    for (opening, why) in [
        (&b"#!/bin/sh\nexit\n"[..], "it is both a script and an archive"),
        (b"\x7fELF and more", "it is both a program and an archive"),
    ] {
        let both = [opening, &archive].concat();
        // Its offsets may count from the beginning of the file or of the archive.
        let shifted = shifted_entry(&plain(b"a", b"1"), opening);
        let commented = [&both[..both.len() - 2], b"\x03\0abc"].concat();
        for bytes in [&both, &shifted, &commented] {
            for (packing, pack) in formats::ALL {
                let error = Room::new().unpack_shape(&pack(bytes), &shape).unwrap_err();
                assert!(error.to_string().contains(why), "{packing}: {error}");
            }
        }
        // A program that only contains the signature is one.
        let named = [opening, b"PK\x05\x06", &[0; 40]].concat();
        Room::new().unpack_shape(&named, &shape).unwrap();
    }
    let mut opening = plain(&[b'n'; 300], b"1");
    opening.local = {
        let mut local = opening.local;
        local[257..262].copy_from_slice(b"ustar");
        local
    };
    let error = Room::new().unpack_shape(&zip(&[opening]), &shape).unwrap_err();
    assert!(error.to_string().contains("it is both a zip file and a tar file"), "{error}");
}

#[test]
fn a_zip_bomb_is_refused() {
    let bomb = packed_entry(b"b", &vec![0; 100 << 20], 0o100_644, 8);
    refused("bomb", &zip(&[bomb]), 0, "it holds more than");
}
