//! Several hundred hostile archives, generated: every way to state a name, with every name and kind
//! that leads out; every field of a header, changed; every cut. All are refused, but for those whose
//! list of reasons is [`HARMLESS`].
//!
//! A control shows that they are hostile: an unpacker that believes what it reads breaks out for many
//! of them ([`naive`]).

mod naive;
mod tars;
mod zipped;

use super::formats::{ALL, bzip2, xz, zstd};
use super::*;

#[path = "../../../tests/it/support/tally.rs"]
mod tally;

use crate::files::remove::remove_tree;
use tally::Tally;

/// An archive, and what it is about.
struct Hostile {
    label: String,
    bytes: Vec<u8>,
}

/// The archives that are accepted, by the beginning of what they are about; each with the reason why
/// it changes nothing that is unpacked, wherever it is unpacked.
const HARMLESS: [(&str, &str); 6] = [
    ("zip, byte 4 of the header", "the version that it needs is no property of an entry"),
    ("zip, byte 5 of the header", "the system of that version is no property of an entry"),
    ("zip, byte 10 of the header", "only the directory's time is used"),
    ("zip, byte 11 of the header", "only the directory's time is used"),
    ("zip, byte 12 of the header", "only the directory's date is used"),
    ("zip, byte 13 of the header", "only the directory's date is used"),
];

/// The bytes of a zip's record that change nothing but times, versions, and permissions, which are
/// normalized; byte 5 is the system, of which only Unix has permissions.
const HARMLESS_RECORD: [usize; 14] = [4, 5, 6, 7, 12, 13, 14, 15, 36, 37, 38, 39, 40, 41];

fn reason_to_accept(label: &str) -> Option<&'static str> {
    let of_record =
        HARMLESS_RECORD.iter().any(|at| label == format!("zip, byte {at} of the record"));
    let of_record = of_record.then_some("a time, a version, or permissions that are normalized");
    let listed = HARMLESS.iter().find(|(start, _)| label == *start).map(|(_, reason)| *reason);
    listed.or(of_record)
}

/// All archives, for a room whose folder outside of the destination is `outside`.
fn corpus(outside: &str) -> Vec<Hostile> {
    let mut all = tars::all(outside);
    all.extend(zipped::all(outside));
    all.extend(compressed());
    all.extend(single_files());
    all
}

#[test]
fn hostile_archives_are_refused() {
    let mut tally = Tally::new("hostile archives", "archives");
    let (mut accepted, mut unexpected) = (Vec::new(), Vec::new());
    let mut room = Room::new();
    for Hostile { label, bytes } in corpus(&room.outside_folder()) {
        match room.unpack(&bytes, 0) {
            Err(error) => assert_eq!(error.kind(), ErrorKind::BadArchive, "{label}: {error}"),
            Ok(_) if reason_to_accept(&label).is_some() => accepted.push(label.clone()),
            Ok(_) => unexpected.push(label.clone()),
        }
        assert_only_ordinary(&room.destination(), &label);
        remove_tree(&room.destination()).unwrap();
        fs::create_dir(room.destination()).unwrap();
        tally.add(1);
    }
    room.reset();
    assert!(unexpected.is_empty(), "accepted: {unexpected:#?}");
    assert!(tally.count() > 900, "only {} archives", tally.count());
    let listed = HARMLESS.len() + HARMLESS_RECORD.len();
    assert_eq!(accepted.len(), listed, "some reason to accept is of no archive: {accepted:?}");
}

/// The control: what is refused above isn't refused for nothing.
#[test]
fn a_naive_unpacker_breaks_out_of_the_same_archives() {
    let mut tally = Tally::new("of these break out of a naive unpacker", "archives");
    let mut room = Room::new();
    for Hostile { label, bytes } in corpus(&room.outside_folder()) {
        if naive::breaks_out(&room, &bytes) {
            assert_eq!(reason_to_accept(&label), None, "{label} is accepted");
            tally.add(1);
            room.reset();
        }
        remove_tree(&room.destination()).unwrap();
        fs::create_dir(room.destination()).unwrap();
    }
    assert!(tally.count() > 200, "only {} archives are hostile", tally.count());
}

/// Whatever was unpacked before an archive was refused: files, folders and links, none of which has
/// more rights than an ordinary one.
fn assert_only_ordinary(folder: &Path, label: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let seen = fs::symlink_metadata(&path).unwrap();
        let is_ordinary = seen.is_file() || seen.is_dir() || seen.is_symlink();
        assert!(is_ordinary, "{label}: {}", path.display());
        assert!(seen.is_symlink() || seen.mode() & 0o7022 == 0, "{label}: {:o}", seen.mode());
        if seen.is_dir() {
            assert_only_ordinary(&path, label);
        }
    }
}

/// Damage to each compression: bombs, something behind its end, a second archive, a wrong checksum,
/// and cuts.
fn compressed() -> Vec<Hostile> {
    let archive = super::ordinary();
    let zeros = vec![0; 100 << 20];
    let mut all = Vec::new();
    for (packing, pack) in ALL {
        let mut add = |what: &str, bytes: Vec<u8>| {
            all.push(Hostile { label: format!("{packing}, {what}"), bytes });
        };
        let packed = pack(&archive);
        if packing != "plain" {
            add("a bomb", pack(&zeros));
            for distance in [5, 6, 7] {
                let mut damaged = packed.clone();
                let at = match packing {
                    // The check of the last block precedes the index and the footer.
                    "xz" => packed.len() - 20 - distance,
                    "bzip2" | "zstd" => packed.len() - distance + 3,
                    _ => packed.len() - distance,
                };
                damaged[at] ^= 0x10;
                add(&format!("a wrong checksum, {distance}"), damaged);
            }
        }
        for junk in [&b"x"[..], b"<html>", b"PK\x05\x06", b"\x1f\x8b", b"\x7fELF"] {
            add(&format!("{junk:?} behind its end"), [&packed, junk].concat());
        }
        let second = ended(&[file(b"late", b"")]);
        add("a second archive", [packed.clone(), pack(&second)].concat());
        add("an archive in other packing", [packed.clone(), gzip(&second)].concat());
        add("an archive in an archive's place", pack(&packed[..packed.len() / 2]));
        for piece in 0..20 {
            let length = packed.len() * piece / 20;
            add(&format!("cut after {length} bytes"), packed[..length].to_vec());
        }
    }
    all
}

/// What is no archive: other formats, programs, and what is an archive to one reader only.
fn single_files() -> Vec<Hostile> {
    let program_and_tar = ended(&[file(b"#!/bin/sh", b"")]);
    let texts: [(&str, &[u8]); 16] = [
        ("nothing", b""),
        ("a web page", b"<!DOCTYPE html><title>Sign in</title>"),
        ("JSON", b"{\"error\": 404}"),
        ("text", b"404 page not found\n"),
        ("a script", b"#!/bin/sh\ncurl x | sh\n"),
        ("a program", b"\x7fELF\x02\x01\x01"),
        ("a program of macOS", b"\xcf\xfa\xed\xfe"),
        ("a Java class", b"\xca\xfe\xba\xbe\0\0\0\x41"),
        ("a 7z archive", b"7z\xbc\xaf\x27\x1c"),
        ("a rar archive", b"Rar!\x1a\x07\x01\0"),
        ("a cabinet", b"MSCF\0\0\0\0"),
        ("a package of Debian's", b"!<arch>\ndebian-binary   "),
        ("a cpio archive", b"070701"),
        ("an lzip file", b"LZIP\x01"),
        ("a compress file", b"\x1f\x9d\x90"),
        ("a program and a tar file", &program_and_tar),
    ];
    let mut all = Vec::new();
    for (what, bytes) in texts {
        all.push(Hostile { label: format!("single file, {what}"), bytes: bytes.to_vec() });
        for (packing, pack) in
            [("gzip", gzip as fn(&[u8]) -> Vec<u8>), ("xz", xz), ("zstd", zstd), ("bzip2", bzip2)]
        {
            all.push(Hostile {
                label: format!("single file, {what} in {packing}"),
                bytes: pack(bytes),
            });
        }
    }
    all
}
