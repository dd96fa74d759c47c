//! Programs that come alone, folders that are picked out, and names that the caller keeps.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

const SHAPE: UnpackOptions<'_> =
    UnpackOptions { strip_components: 1, subdir: "no/such", program: "bin/tool", reserved: "" };

#[test]
fn a_single_program_gets_its_configured_name() {
    let universal = b"\xca\xfe\xba\xbe\0\0\0\x02";
    for program in [&b"\x7fELF and more"[..], b"#!/bin/sh\n", b"\xcf\xfa\xed\xfe", universal] {
        for (packing, pack) in formats::ALL {
            let room = Room::new();
            let listing = room.unpack_shape(&pack(program), &SHAPE).unwrap();
            let path = room.destination().join("bin/tool");
            assert_eq!(fs::read(&path).unwrap(), program, "{packing}");
            let mode = fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o700, 0o700, "{packing}");
            assert_eq!((listing.files(), listing.bytes()), (1, program.len() as u64), "{packing}");
        }
    }
}

#[test]
fn other_single_files_are_refused() {
    let class = b"\xca\xfe\xba\xbe\0\0\0\x41";
    for (bytes, why) in [
        (&b"just text"[..], "but is something unknown"),
        (class, "but is something unknown"),
        (&gzip(class), "it is damaged or cut short"),
        (&gzip(b""), "its end is missing"),
        (&ended(&[file(b"#!x", b"")]), "it is a program and a tar file"),
        (&gzip(b"\x7fELF")[..12], "it is damaged or cut short"),
    ] {
        let error = Room::new().unpack_shape(bytes, &SHAPE).unwrap_err();
        assert!(error.to_string().contains(why), "{error}\nhas no\n{why}");
    }
    for program in ["../tool", "/tool", "bin/../tool", "."] {
        let shape = UnpackOptions { program, ..UnpackOptions::default() };
        assert!(Room::new().unpack_shape(b"#!x", &shape).is_err(), "{program}");
    }
}

#[test]
fn an_archive_is_unpacked_even_if_a_program_is_allowed() {
    let room = Room::new();
    let shape = UnpackOptions { subdir: "", ..SHAPE };
    let listing = room.unpack_shape(&gzip(&ordinary()), &shape).unwrap();
    assert_eq!(listing.files(), 5);
}

#[test]
fn only_the_subdir_is_unpacked() {
    let archive = gzip(&ended(&[
        file(b"notes", b""),
        folder(b"top/"),
        file(b"top/notes", b""),
        folder(b"top/in/"),
        folder(b"top/in/side/"),
        file(b"top/in/side/a", b"1"),
        symbolic(b"top/in/side/l", b"../../../elsewhere"),
        folder(b"top/in/home/"),
        file(b"top/in/home/a", b"22"),
        symbolic(b"top/in/home/l", b"a"),
        hard(b"top/in/home/h", b"top/in/home/a"),
        file(b"top/in/homely", b"4444"),
    ]));
    let room = Room::new();
    let shape =
        UnpackOptions { strip_components: 1, subdir: "in/home", ..UnpackOptions::default() };
    let listing = room.unpack_shape(&archive, &shape).unwrap();
    assert_eq!(listing.0.keys().collect::<Vec<_>>(), ["a", "h", "l"]);
    let none = UnpackOptions { subdir: "elsewhere", ..shape };
    let error = Room::new().unpack_shape(&archive, &none).unwrap_err();
    assert!(error.to_string().contains("it holds no file"), "{error}");
}

#[test]
fn entries_of_the_subdir_stay_inside() {
    let shape = UnpackOptions { strip_components: 1, subdir: "home", ..UnpackOptions::default() };
    for (entries, why) in [
        (vec![file(b"top/home/a", b""), symbolic(b"top/home/l", b"../b")], "out of the archive"),
        (
            vec![file(b"top/b", b""), file(b"top/home/a", b""), hard(b"top/home/h", b"top/b")],
            "not to an earlier file",
        ),
        (vec![file(b"top/home/a", b""), file(b"x/../../y", b"")], "“..” in it"),
        (vec![file(b"top/home", b"")], "it should be in a folder"),
        (vec![file(b"top/home/a", b""), file(b"other/home/a", b"")], "is in the archive twice"),
    ] {
        let error = Room::new().unpack_shape(&gzip(&ended(&entries)), &shape).unwrap_err();
        assert!(error.to_string().contains(why), "{error}\nhas no\n{why}");
    }
}

#[test]
fn a_reserved_name_is_refused_at_the_top() {
    let shape =
        UnpackOptions { strip_components: 1, reserved: ".receipt", ..UnpackOptions::default() };
    let reserved = "its name is reserved";
    for (label, entries) in [
        ("file", vec![file(b"top/.receipt", b"")]),
        ("other case", vec![file(b"top/.RECEIPT", b"")]),
        ("link", vec![symbolic(b"top/.receipt", b"a")]),
        ("hard link", vec![hard(b"top/.receipt", b"top/a")]),
        ("folder", vec![folder(b"top/.receipt/")]),
        ("folder of another", vec![file(b"top/.receipt/a", b"")]),
    ] {
        let archive = ended(&[vec![file(b"top/a", b"")], entries].concat());
        let error = Room::new().unpack_shape(&gzip(&archive), &shape).expect_err(label);
        assert!(error.to_string().contains(reserved), "{label}: {error}");
    }
    let below = ended(&[file(b"top/a/.receipt", b"")]);
    assert!(Room::new().unpack_shape(&gzip(&below), &shape).is_ok());
}

/// A file system without case is stood in for by a name that is there already.
#[test]
fn names_that_the_file_system_does_not_distinguish_are_refused() {
    for entry in
        [file(b"B", b""), folder(b"B/"), file(b"B/c", b""), symbolic(b"B", b"a"), hard(b"B", b"a")]
    {
        let room = Room::new();
        let path = room.folder.path().join("archive");
        fs::write(&path, gzip(&ended(&[file(b"a", b""), entry]))).unwrap();
        let destination = room.destination();
        fs::write(destination.join("B"), "").unwrap();
        let tree = Destination::new(&destination, UnpackOptions::default()).ok().unwrap();
        let trouble = fill(OpenedArchive::open(&path).ok().unwrap(), tree).err().unwrap();
        let error = trouble.in_archive(&path).to_string();
        assert!(error.contains("are the same on this file system"), "{error}");
        assert_eq!(fs::read(destination.join("B")).unwrap(), b"");
    }
}
