//! Hostile zip files.

use super::super::zips::{
    ZipEntry, entry, length, link, ordinary, packed_entry, plain, with_end_record, zip,
};
use super::*;

pub(super) fn all(outside: &str) -> Vec<Hostile> {
    let mut all = Vec::new();
    let mut add = |label: String, bytes: Vec<u8>| {
        all.push(Hostile { label: format!("zip, {label}"), bytes });
    };
    for (label, entries) in [escaping(outside), kinds(), disagreeing()].concat() {
        add(label, zip(&[vec![plain(b"a", b"first")], entries].concat()));
    }
    for (label, bytes) in [bytes_of_headers(), around(), cuts()].concat() {
        add(label, bytes);
    }
    all
}

/// Names and links that lead out, and what may follow a link.
fn escaping(outside: &str) -> Vec<(String, Vec<ZipEntry>)> {
    let mut cases = Vec::new();
    let absolute = format!("{outside}/new");
    for name in [
        "../outside/new",
        "../outside/file",
        "b/../../outside/new",
        "./../outside/new",
        "b/c/../../../outside/new",
        "..",
        "../",
        &absolute,
        &format!("/{absolute}"),
        "b//c",
        "b/./c",
        ".",
        "",
        "b\\..\\c",
        "C:\\c",
        "b\nc",
    ] {
        let bytes = name.as_bytes();
        cases.push((format!("stored “{name}”"), vec![plain(bytes, b"x")]));
        cases.push((format!("packed “{name}”"), vec![packed_entry(bytes, b"x", 0o100_755, 8)]));
        cases.push((format!("link “{name}”"), vec![link(bytes, b"a")]));
        cases.push((format!("streamed “{name}”"), vec![plain(bytes, b"x").streamed(16)]));
        if !matches!(name, "." | "" | "../") {
            let folder = format!("{name}/");
            cases.push((
                format!("folder “{folder}”"),
                vec![entry(folder.as_bytes(), b"", 0o040_755)],
            ));
        }
    }
    for target in ["../outside", "../outside/file", outside, "b/../../outside", "..", ""] {
        let escape = || link(b"l", target.as_bytes());
        cases.push((format!("link to “{target}”"), vec![escape()]));
        cases.push((
            format!("file below a link to “{target}”"),
            vec![escape(), plain(b"l/new", b"x")],
        ));
        cases.push((
            format!("file through a link to “{target}”"),
            vec![escape(), plain(b"l", b"x")],
        ));
        let folder = entry(b"l/", b"", 0o040_755);
        cases.push((format!("folder through a link to “{target}”"), vec![escape(), folder]));
    }
    cases
}

/// Kinds of entries, and two entries of one name.
fn kinds() -> Vec<(String, Vec<ZipEntry>)> {
    let modes = [0o010_644, 0o020_644, 0o060_644, 0o140_644, 0o110_644, 0o050_644];
    let mut cases: Vec<_> =
        modes.map(|mode| (format!("mode {mode:o}"), vec![entry(b"b", b"", mode)])).to_vec();
    let one = || {
        [
            ("file", plain(b"b", b"x")),
            ("link", link(b"b", b"a")),
            ("folder", entry(b"b/", b"", 0o040_755)),
        ]
    };
    for (first, a) in one() {
        for (second, b) in one() {
            if (first, second) != ("folder", "folder") {
                cases.push((format!("{first} and {second} of one name"), vec![a.clone(), b]));
            }
        }
    }
    for method in (1..8).chain([9, 12, 14, 93, 95, 98, 99]) {
        cases.push((format!("method {method}"), vec![plain(b"b", b"x").both(8, &[method])]));
    }
    for (what, flags) in [
        ("encrypted", [1, 8]),
        ("encrypted strongly", [65, 8]),
        ("a patch", [32, 8]),
        ("a hidden directory", [0, 40]),
    ] {
        cases.push((what.to_owned(), vec![plain(b"b", b"x").both(6, &flags)]));
    }
    cases
}

/// What the directory and the header state differently: names, sizes, zip64 fields.
fn disagreeing() -> Vec<(String, Vec<ZipEntry>)> {
    let b = || packed_entry(b"b", &[b'x'; 100], 0o100_644, 8);
    let huge = |size: u8| [&b"\x01\0\x10\0"[..], &[size, 0, 0, 0, 0, 0, 0, 0].repeat(2)].concat();
    let mut cases = vec![
        ("a bomb".to_owned(), vec![packed_entry(b"b", &vec![0; 100 << 20], 0o100_644, 8)]),
        ("another name in front".to_owned(), vec![b().local(30, b"c")]),
        ("a link of DOS".to_owned(), vec![link(b"b", b"a").central(5, &[0])]),
        ("another disk".to_owned(), vec![b().central(34, &[1])]),
    ];
    for (offset, what) in [(20, "packed size"), (24, "size"), (42, "offset")] {
        cases.push((format!("zip64 for its {what}"), vec![b().central(offset, &[0xff; 4])]));
        cases.push((
            format!("zip64 for its {what}, with a field"),
            vec![b().central(offset, &[0xff; 4]).central_extra(&huge(100))],
        ));
    }
    for size in [0, 1, 99, 101] {
        cases.push((format!("size {size}"), vec![b().both(22, &[size])]));
        cases.push((format!("zip64 size {size} in front"), vec![b().local_extra(&huge(size))]));
        cases.push((format!("size {size}, streamed"), vec![b().streamed(16).central(24, &[size])]));
    }
    for count in [12, 16, 20, 24] {
        for index in 0..count {
            let mut entry = b().streamed(count);
            entry.behind[index] ^= 1;
            cases.push((format!("byte {index} of a descriptor of {count}"), vec![entry]));
        }
    }
    cases
}

/// Every byte of an entry's header and of its record, changed in that place only.
fn bytes_of_headers() -> Vec<(String, Vec<u8>)> {
    let text = &[b'x'; 100][..];
    let before = plain(b"a", b"first");
    let mut cases = Vec::new();
    for at in 0..31 {
        let mut changed = packed_entry(b"b", text, 0o100_644, 8);
        changed.local[at] ^= 0x01;
        cases.push((format!("byte {at} of the header"), zip(&[before.clone(), changed])));
    }
    for at in 0..47 {
        let mut changed =
            packed_entry(b"b", text, 0o100_644, 8).central(42, &length(&before.front()));
        changed.central[at] ^= 0x01;
        cases.push((format!("byte {at} of the record"), zip(&[before.clone(), changed])));
    }
    let whole = zip(&[before]);
    for at in whole.len() - 22..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x01;
        cases.push((format!("byte {} of the end", 22 + at - whole.len()), bytes));
    }
    cases
}

/// What is before, between and behind: other readers look elsewhere for the directory.
fn around() -> Vec<(String, Vec<u8>)> {
    let (a, b) = (plain(b"a", b"first"), plain(b"b", b"text"));
    let whole = zip(&[a.clone(), b.clone()]);
    let other = zip(&[plain(b"../outside/new", b"x")]);
    let mut cases = Vec::new();
    for (what, prefix) in [
        ("a script", &b"#!/bin/sh\nexit\n"[..]),
        ("a program", b"\x7fELF"),
        ("text", b"x"),
        ("an image", b"\x89PNG"),
        ("a web page", b"<html>"),
        ("a tar file", &ended(&[file(b"a", b"")])),
        ("a zip file", &other),
    ] {
        cases.push((format!("{what} in front"), [prefix, &whole].concat()));
        cases.push((format!("{what} behind"), [&whole, prefix].concat()));
        let central = b.clone().central(42, &length(&[&a.front(), prefix].concat())).central;
        let between = [&a.front()[..], prefix, &b.front()].concat();
        let directory = [a.central.clone(), central].concat();
        cases.push((format!("{what} between entries"), with_end_record(&between, &directory, 2)));
        let front = [&a.front()[..], prefix].concat();
        cases
            .push((format!("{what} before the directory"), with_end_record(&front, &a.central, 1)));
        let mut commented = whole.clone();
        let end = commented.len() - 2;
        if prefix.windows(4).any(|four| four == b"PK\x05\x06") {
            commented.splice(end.., u16::try_from(prefix.len()).unwrap().to_le_bytes());
            commented.extend_from_slice(prefix);
            cases.push((format!("{what} as the comment"), commented));
        }
    }
    let over = b.clone().central(42, &[1, 0, 0, 0]);
    cases.push(("entries over each other".to_owned(), zip(&[a.clone(), over])));
    let twice = with_end_record(&a.front(), &a.central.repeat(2), 2);
    cases.push(("one entry twice".to_owned(), twice));
    // The same bytes a hundred times: a bomb without a large file.
    let kernel = packed_entry(b"b", &vec![0; 1 << 20], 0o100_644, 8);
    let records: Vec<u8> = (0..100_u8)
        .flat_map(|number| {
            let mut record = kernel.clone().central(42, &[0; 4]).central;
            record[46] = b'0' + number;
            record
        })
        .collect();
    cases.push(("overlapping entries".to_owned(), with_end_record(&kernel.front(), &records, 100)));
    for count in [0, 1, 3, 255] {
        let mut bytes = whole.clone();
        let at = bytes.len() - 22 + 8;
        (bytes[at], bytes[at + 2]) = (count, count);
        cases.push((format!("a count of {count}"), bytes));
    }
    cases
}

fn cuts() -> Vec<(String, Vec<u8>)> {
    let archive = ordinary();
    let lengths = (0..archive.len()).step_by(7);
    lengths
        .map(|length| (format!("cut after {length} bytes"), archive[..length].to_vec()))
        .collect()
}
