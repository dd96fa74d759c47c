//! Hostile tar files.

use super::*;

/// Entries, and what they are about.
type Entries = (String, Vec<Vec<u8>>);

/// All of them; each in one of the packings, in turn.
pub(super) fn all(outside: &str) -> Vec<Hostile> {
    let cases = [
        escaping_names(outside),
        escaping_links(outside),
        chains(),
        kinds(),
        conflicts(),
        characters(),
        sizes(),
        extensions(outside),
    ];
    let packed = cases.concat().into_iter().zip(ALL.into_iter().cycle());
    let packed = packed.map(|((label, entries), (packing, pack))| {
        let archive = ended(&[vec![file(b"a", b"first")], entries].concat());
        Hostile { label: format!("tar, {label}, {packing}"), bytes: pack(&archive) }
    });
    packed.chain(damaged()).collect()
}

/// A header of an entry whose target is `b`, for links, and which otherwise has no content.
fn of_kind(kind: u8, name: &[u8]) -> Vec<u8> {
    match kind {
        b'1' => hard(name, b"a"),
        b'2' => symbolic(name, b"a"),
        _ => header(name, kind, 0).to_vec(),
    }
}

const KINDS: [(u8, &str); 4] =
    [(b'0', "file"), (b'1', "hard link"), (b'2', "link"), (b'5', "folder")];

/// Every way to state a name, with every name that leads out, for every kind.
fn escaping_names(outside: &str) -> Vec<Entries> {
    let absolute = format!("{outside}/new");
    let names = [
        "../outside/new",
        "../outside/file",
        "../outside",
        "b/../../outside/new",
        "./../outside/new",
        "b/c/../../../outside/new",
        "b/./../../outside/new",
        "..",
        &absolute,
        &format!("/{outside}/new"),
        &format!("{outside}/file"),
    ];
    let mut cases = Vec::new();
    for name in names {
        for (kind, what) in KINDS {
            let last = of_kind(kind, b"b");
            let long = [name.as_bytes(), b"\0"].concat();
            let mut add = |way: &str, entries| {
                cases.push((format!("{what} “{name}” by {way}"), entries));
            };
            if name.len() <= 100 {
                add("its header", vec![of_kind(kind, name.as_bytes())]);
            }
            add("GNU", vec![extension(b'L', &long), last.clone()]);
            add("pax", vec![pax("path", name), last.clone()]);
            if let Some((folder, own)) =
                name.rsplit_once('/').filter(|(folder, _)| folder.len() < 155)
            {
                let own = of_kind(kind, own.as_bytes());
                let own: [u8; 512] = own.try_into().unwrap();
                add("its prefix", vec![with_bytes_at(own, 345, folder.as_bytes())]);
            }
        }
    }
    cases
}

/// Every link that leads out, stated in every way, and what may follow it.
fn escaping_links(outside: &str) -> Vec<Entries> {
    let targets = [
        "../outside",
        "../outside/file",
        outside,
        &format!("{outside}/file"),
        "b/../../outside",
        "..",
    ];
    let follow: [(&str, &[Vec<u8>]); 5] = [
        ("alone", &[]),
        ("file below", &[file(b"l/new", b"x")]),
        ("file through", &[file(b"l", b"x")]),
        ("folder through", &[folder(b"l/")]),
        ("hard link through", &[hard(b"h", b"l"), file(b"h", b"x")]),
    ];
    let mut cases = Vec::new();
    for target in targets {
        for (kind, what) in [(b'1', "hard link"), (b'2', "link")] {
            let long = [target.as_bytes(), b"\0"].concat();
            let of_gnu = vec![extension(b'K', &long), link(kind, b"l", b"a")];
            let of_pax = vec![pax("linkpath", target), link(kind, b"l", b"a")];
            let mut ways = vec![("GNU", of_gnu), ("pax", of_pax)];
            if target.len() <= 100 {
                ways.push(("its header", vec![link(kind, b"l", target.as_bytes())]));
            }
            for (way, opening) in ways {
                for (then, rest) in &follow {
                    let entries = [&opening[..], rest].concat();
                    cases.push((format!("{what} to “{target}” by {way}, {then}"), entries));
                }
            }
        }
    }
    cases
}

/// Links that lead out only together, in several orders, and through folders that are links.
fn chains() -> Vec<Entries> {
    let link = |name: &str, target: &str| symbolic(name.as_bytes(), target.as_bytes());
    let steps: [(&str, Vec<Vec<u8>>); 9] = [
        (
            "a link below a link",
            vec![link("x", "."), link("x/y", ".."), file(b"y/outside/new", b"")],
        ),
        (
            "down, and up from there",
            vec![link("b/c/s", ".."), link("l", "b/c/s/../../outside"), file(b"l/new", b"")],
        ),
        (
            "up through a link",
            vec![link("s", "b/c"), folder(b"b/c/"), link("l", "s/../../outside")],
        ),
        ("two links", vec![link("x", "y/.."), link("y", "."), file(b"x/outside/new", b"")]),
        (
            "the later first",
            vec![link("y", "x/../../outside"), link("x", "b"), file(b"y/new", b"")],
        ),
        (
            "a folder becomes a link",
            vec![folder(b"b/"), link("b", "../outside"), file(b"b/new", b"")],
        ),
        (
            "a file becomes a link",
            vec![file(b"b", b""), link("b", "../outside/file"), file(b"b", b"x")],
        ),
        ("a link of another case", vec![link("L", "../outside"), file(b"l/new", b"")]),
        ("a loop", vec![link("x", "y"), link("y", "x"), file(b"x/new", b"")]),
    ];
    let mut cases = Vec::new();
    for (what, entries) in steps {
        let long = "d".repeat(200);
        let nested =
            entries.iter().cloned().chain([file(format!("{}/x", &long[..60]).as_bytes(), b"")]);
        cases.push((format!("chain, {what}, and more"), nested.collect()));
        cases.push((format!("chain, {what}"), entries));
    }
    cases
}

/// Every kind that isn't a file, a folder or a link; as one with and without content.
fn kinds() -> Vec<Entries> {
    let letters = (b'3'..=b'9').chain(b'A'..=b'Z').chain(b'a'..=b'z');
    let known = b"5KLgx";
    let unusual = letters.filter(|kind| !known.contains(kind)).map(char::from);
    unusual
        .map(|kind| (format!("kind “{kind}”"), vec![header(b"n", kind as u8, 0).to_vec()]))
        .collect()
}

/// Two entries of one name, of every two kinds, spelled alike or not.
fn conflicts() -> Vec<Entries> {
    let mut cases = Vec::new();
    for (first, one) in KINDS {
        for (second, other) in KINDS {
            for spelled in ["b", "./b", "b/"] {
                // A folder may come twice; the oldest form is a file whose name ends in a slash.
                let is_folder = second == b'5' || (second == b'0' && spelled == "b/");
                if first == b'5' && is_folder {
                    continue;
                }
                let entries = vec![of_kind(first, b"b"), of_kind(second, spelled.as_bytes())];
                cases.push((format!("{one} “b” and {other} “{spelled}”"), entries));
            }
        }
        let below = vec![of_kind(first, b"b"), file(b"b/c", b"")];
        if first != b'5' {
            cases.push((format!("a file below a {one}"), below));
        }
    }
    cases
}

/// Names with a character that no toolchain has; components that name nothing; names that are too
/// long or too deep.
fn characters() -> Vec<Entries> {
    let controls = (1..32).chain([127, b'\\', 0xff, 0xc0]);
    let mut cases: Vec<Entries> = controls
        .map(|byte| (format!("character {byte}"), vec![file(&[b'b', byte, b'c'], b"")]))
        .collect();
    let nul = b"b\0../../outside/new\0";
    cases.push(("a NUL in a name".to_owned(), vec![extension(b'L', nul), file(b"b", b"")]));
    for name in ["b//c", "b/./c", ".", "", ".//b", "b/..", "/", "//", "b\\..\\c", "C:\\c"] {
        cases.push((format!("name “{name}”"), vec![file(name.as_bytes(), b"")]));
    }
    for (what, name) in [
        ("a long component", vec![b'b'; 256]),
        ("a long name", b"d/".repeat(600)),
        ("a deep name", [b"d/".repeat(64), b"f".to_vec()].concat()),
    ] {
        cases.push((
            what.to_owned(),
            vec![extension(b'L', &[&name[..], b"\0"].concat()), file(b"b", b"")],
        ));
    }
    cases
}

/// Sizes that readers understand differently, or that nothing has.
fn sizes() -> Vec<Entries> {
    let fields: [(&str, &[u8; 12]); 12] = [
        ("negative", &[0xff; 12]),
        ("negative, small", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        ("huge", b"\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        ("of 2^64", b"\x80\0\0\x01\0\0\0\0\0\0\0\0"),
        ("of 2^63", b"\x80\0\0\0\x80\0\0\0\0\0\0\0"),
        ("of 8 GiB", b"77777777777\0"),
        ("with a sign", b"+0000000001\0"),
        ("with a minus", b"-0000000001\0"),
        ("in decimal", b"00000000009\0"),
        ("in hexadecimal", b"0x000000010\0"),
        ("with letters", b"0000000001k\0"),
        ("of 1 TiB", b"\x80\0\0\0\0\0\x01\0\0\0\0\0"),
    ];
    let mut cases = Vec::new();
    for (what, field) in fields {
        for (kind, of) in [(b'0', "a file"), (b'L', "a long name"), (b'x', "a pax header")] {
            cases.push((
                format!("size of {of} {what}"),
                vec![with_bytes_at(header(b"b", kind, 0), 124, field)],
            ));
        }
    }
    for size in
        ["0", "1", "1024", "-1", "1x", "18446744073709551616", "99999999999999999999999", ""]
    {
        cases.push((format!("pax size “{size}”"), vec![pax("size", size), file(b"b", b"four")]));
    }
    for kind in *b"125" {
        let with_content = [&header(b"b", kind, 3)[..], b"abc"].concat();
        cases.push((
            format!("content of kind {}", char::from(kind)),
            vec![padded_to_block(with_content)],
        ));
    }
    cases
}

/// Extensions that disagree, or that no reader understands alike.
fn extensions(outside: &str) -> Vec<Entries> {
    let after = || file(b"b", b"");
    let twice = |key: &str, values: [&str; 2]| {
        extension(b'x', &values.map(|value| pax_record(key, value)).concat())
    };
    let escape = format!("{outside}/new");
    let mut cases = vec![
        ("two names in pax", vec![twice("path", ["b", "../outside/new"]), after()]),
        ("two sizes in pax", vec![twice("size", ["0", "512"]), after()]),
        ("two pax headers", vec![pax("path", "c"), pax("path", &escape), after()]),
        ("two long names", vec![extension(b'L', b"c\0"), extension(b'L', b"d\0"), after()]),
        ("pax and GNU", vec![pax("path", "c"), extension(b'L', b"../outside/new\0"), after()]),
        ("GNU and pax", vec![extension(b'L', b"c\0"), pax("path", "../outside/new"), after()]),
        ("a global name", vec![extension(b'g', &pax_record("path", &escape)), after()]),
        ("a global target", vec![extension(b'g', &pax_record("linkpath", &escape)), after()]),
        ("a global size", vec![extension(b'g', &pax_record("size", "1")), after()]),
        ("a global header after a name", vec![pax("path", "c"), extension(b'g', b""), after()]),
        ("a target of a file", vec![pax("linkpath", &escape), after()]),
        ("nothing behind an extension", vec![pax("path", "c")]),
        (
            "an extension of an extension",
            vec![pax("size", "512"), extension(b'L', b"c\0"), after()],
        ),
        ("too long an extension", vec![extension(b'x', &vec![b' '; (1 << 20) + 1])]),
    ];
    for key in ["GNU.sparse.major", "GNU.sparse.map", "GNU.sparse.name", "GNU.sparse.realsize"] {
        cases.push(("sparse", vec![pax(key, "1"), after()]));
        cases.push(("sparse for all", vec![extension(b'g', &pax_record(key, "1")), after()]));
    }
    let records: [&[u8]; 11] = [
        b"path=b\n",
        b"99 path=b\n",
        b"3 path=b\n",
        b"0 path=b\n",
        b"5 xx\n",
        b"-9 path=b\n",
        b"9 path=b",
        b" 9 path=b\n",
        b"+9 path=b\n",
        b"9\tpath=b\n",
        b"18446744073709551625 path=b\n",
    ];
    let records =
        records.map(|record| ("a pax record that is none", vec![extension(b'x', record), after()]));
    let numbered = cases.into_iter().chain(records).enumerate();
    numbered.map(|(number, (what, entries))| (format!("{what}, {number}"), entries)).collect()
}

/// Every eighth byte of a header changed, without correcting the checksum; and cuts at each block and
/// within it.
fn damaged() -> Vec<Hostile> {
    let archive = super::super::ordinary();
    let mut all = Vec::new();
    for at in (0..512).step_by(8) {
        let mut bytes = archive.clone();
        let second = 1024 + at;
        bytes[second] ^= 0x04;
        all.push(Hostile { label: format!("tar, byte {at} of a header"), bytes: gzip(&bytes) });
    }
    for length in (0..archive.len()).step_by(256) {
        for (packing, pack) in ALL {
            let bytes = pack(&archive[..length]);
            all.push(Hostile { label: format!("tar, cut after {length} bytes, {packing}"), bytes });
        }
    }
    for (what, rest) in [("a lone block of zeros", vec![0; 512]), ("an end", vec![0; 1024])] {
        let entries = [file(b"a", b""), rest, file(b"b", b"")];
        all.push(Hostile { label: format!("tar, {what} within"), bytes: ended(&entries) });
    }
    all
}
