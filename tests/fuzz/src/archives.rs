//! Archives: whatever is in one, nothing outside the destination changes, and what is said to have
//! been unpacked is what lies there.
//!
//! A fuzzer can't guess checksums. So they are made right first, where that is possible: what
//! stands behind them is what is to be reached.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use flate2::{Crc, Decompress, FlushDecompress};
use tempfile::TempDir;
use usher::archive::{UnpackOptions, unpack};
use usher::files::manifest::{Manifest, ManifestEntry};
use usher_shims::error::ErrorKind;

use super::assert_printable;

/// What an archive holds: each file's bytes, each link's target, by path.
pub type Contents = BTreeMap<String, Content>;

/// What stands at a path that is no folder.
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    /// A file's bytes.
    File(Vec<u8>),
    /// A link's target.
    Link(String),
}

/// What `archive/format.rs` grants: so many times an archive's length, and so many bytes.
const MOST_TIMES: u64 = 200;
const GRANTED: u64 = 64 << 20;

/// A tar file: it is unpacked as the `tar` crate reads it, or refused.
pub fn tar(bytes: &[u8]) {
    let bytes = with_tar_checksums(bytes);
    let Some(contents) = unpack_everywhere(&bytes) else { return };
    // The tar crate ends a record at the first newline, others where its length says.
    if !has_newline_in_a_value(&bytes) {
        assert_eq!(contents, as_the_tar_crate_reads(&bytes), "the tar crate reads something else");
    }
}

/// A zip file; what it holds, if it isn't refused.
pub fn zip(bytes: &[u8]) -> Option<(Vec<u8>, Contents)> {
    if !bytes.starts_with(b"PK") {
        return None;
    }
    let bytes = with_zip_checksums(bytes);
    let contents = unpack_everywhere(&bytes)?;
    Some((bytes, contents))
}

/// Unpacks it as it is; if that can be done, also in one of the ways in which definitions let it be
/// unpacked: each costs much more than reading.
fn unpack_everywhere(bytes: &[u8]) -> Option<Contents> {
    let contents = unpack_in_a_room(bytes, &UnpackOptions::default())?;
    let first = contents.keys().next().map_or("", |path| path.split('/').next().unwrap_or(""));
    let options = match bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)) % 3 {
        0 => UnpackOptions { strip_components: 1, ..UnpackOptions::default() },
        1 => UnpackOptions { subdir: "a/b", program: "bin/a", ..UnpackOptions::default() },
        _ => UnpackOptions { reserved: first, ..UnpackOptions::default() },
    };
    let again = unpack_in_a_room(bytes, &options);
    let is_taken = !options.reserved.is_empty() && again.is_some();
    assert!(!is_taken, "a name is taken that is the caller's own");
    Some(contents)
}

/// Unpacks in a folder with neighbours, and looks at everything afterwards.
fn unpack_in_a_room(bytes: &[u8], options: &UnpackOptions<'_>) -> Option<Contents> {
    let room = Room::new();
    let archive = room.0.path().join("archive");
    fs::write(&archive, bytes).expect("write the archive");
    let destination = room.destination();
    let before = room.outside();
    let result = unpack(&archive, &destination, options);
    assert_eq!(room.outside(), before, "something outside was touched");
    assert_harmless(&destination, bytes.len() as u64);
    match result {
        Ok(manifest) => Some(contents(&destination, &manifest)),
        Err(error) => {
            assert_printable(&error.to_string());
            assert_eq!(error.kind(), ErrorKind::BadArchive, "{error}");
            None
        }
    }
}

/// A folder with a `destination` and what must stay as it is.
struct Room(TempDir);

impl Room {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = TempDir::with_prefix_in("usher-fuzz-", folder).expect("make a folder");
        for below in ["destination", "outside", "outside/folder", "destination-2"] {
            fs::create_dir(folder.path().join(below)).expect("make a folder");
        }
        for below in ["file", "outside/file", "outside/folder/program"] {
            fs::write(folder.path().join(below), below).expect("write a file");
        }
        Self(folder)
    }

    fn destination(&self) -> PathBuf {
        self.0.path().join("destination")
    }

    /// All there is outside the destination, with what can be told of it. The destination's own
    /// times and links change with what is in it.
    fn outside(&self) -> BTreeMap<PathBuf, (String, Vec<u8>)> {
        let mut seen = BTreeMap::new();
        let mut folders = vec![self.0.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("list a folder") {
                let path = entry.expect("an entry").path();
                let metadata = fs::symlink_metadata(&path).expect("look at an entry");
                let mut state = format!("{:o} {}", metadata.mode(), metadata.ino());
                let mut content = Vec::new();
                if path != self.destination() {
                    let _ = write!(state, " {} {:?}", metadata.nlink(), metadata.modified());
                    match metadata.is_file() {
                        true => content = fs::read(&path).expect("read a file"),
                        false => folders.push(path.clone()),
                    }
                }
                seen.insert(path, (state, content));
            }
        }
        seen
    }
}

/// Looks at all that was unpacked, even of an archive that was refused in the end.
fn assert_harmless(destination: &Path, packed: u64) {
    let own = destination.canonicalize().expect("the destination is there");
    let mut folders = vec![(destination.to_owned(), 0_usize)];
    let (mut links, mut names, mut bytes) = (BTreeMap::new(), BTreeMap::new(), 0);
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(folder).expect("list a folder") {
            let path = entry.expect("an entry").path();
            let metadata = fs::symlink_metadata(&path).expect("look at an entry");
            let kind = metadata.file_type();
            if kind.is_symlink() {
                let target = fs::read_link(&path).expect("read a link");
                assert_stays_inside(&target, depth);
                if let Ok(real) = path.canonicalize() {
                    assert!(real.starts_with(&own), "{} leads outside", path.display());
                }
                continue;
            }
            let mode = metadata.permissions().mode() & 0o7777;
            assert!(kind.is_file() || kind.is_dir(), "{} is a device or so", path.display());
            assert_eq!(mode & !0o755, 0, "{} has the mode {mode:o}", path.display());
            if kind.is_dir() {
                folders.push((path, depth + 1));
                continue;
            }
            if links.insert(metadata.ino(), metadata.nlink()).is_none() {
                bytes += metadata.len();
            }
            *names.entry(metadata.ino()).or_insert(0) += 1;
        }
    }
    assert_eq!(links, names, "a hard link leads outside");
    assert!(bytes <= packed * MOST_TIMES + GRANTED, "{packed} bytes became {bytes}");
}

/// Judges the text of a link's target, that of a link to nothing too.
fn assert_stays_inside(target: &Path, mut depth: usize) {
    use std::path::Component;
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir => {
                depth = depth
                    .checked_sub(1)
                    .unwrap_or_else(|| panic!("{} leads outside", target.display()));
            }
            Component::RootDir | Component::Prefix(_) => panic!("{} is absolute", target.display()),
        }
    }
}

/// What lies in the destination, which must be what the manifest says.
fn contents(destination: &Path, manifest: &Manifest) -> Contents {
    let found = Manifest::read(destination).expect("read what was unpacked");
    assert_eq!(&found, manifest, "the manifest says something else than the disk");
    let content = |(path, entry): (&String, &ManifestEntry)| {
        let content = match entry {
            ManifestEntry::File { .. } => {
                Content::File(fs::read(destination.join(path)).expect("read a file"))
            }
            ManifestEntry::Link { link } => Content::Link(link.clone()),
            ManifestEntry::Folder { .. } => return None,
        };
        Some((path.clone(), content))
    };
    manifest.0.iter().filter_map(content).collect()
}

/// The same archive by another reader, which must take it as well.
fn as_the_tar_crate_reads(bytes: &[u8]) -> Contents {
    let mut contents = Contents::new();
    let mut folders = BTreeSet::new();
    let mut archive = tar::Archive::new(bytes);
    for entry in archive.entries().expect("the tar crate reads it") {
        let mut entry = entry.expect("the tar crate reads a member");
        let name = String::from_utf8(entry.path_bytes().into_owned()).expect("a name is UTF-8");
        let path = name.strip_prefix("./").unwrap_or(&name);
        let path = path.strip_suffix('/').unwrap_or(path).to_owned();
        let target = entry
            .link_name_bytes()
            .map(|name| String::from_utf8(name.into_owned()).expect("a target is UTF-8"));
        let kind = entry.header().entry_type();
        let content = match target {
            Some(target) if kind.is_symlink() => Content::Link(target),
            Some(target) if kind.is_hard_link() => {
                let target = target.strip_prefix("./").unwrap_or(&target);
                match contents.get(target.strip_suffix('/').unwrap_or(target)) {
                    Some(Content::File(bytes)) => Content::File(bytes.clone()),
                    other => panic!("{path} is a hard link to {other:?}"),
                }
            }
            _ if kind.is_file() && !name.ends_with('/') => {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).expect("the tar crate reads a file");
                Content::File(bytes)
            }
            _ if kind.is_pax_global_extensions() => continue,
            _ => {
                folders.insert(path);
                continue;
            }
        };
        assert!(contents.insert(path, content).is_none(), "{name} is there twice");
    }
    assert!(!contents.keys().any(|path| folders.contains(path)), "a folder is a file");
    contents
}

/// A tar file with the checksum of each header made right.
pub fn with_tar_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for start in tar_headers(&bytes) {
        let header = &mut bytes[start..start + 512];
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    bytes
}

/// Where the headers of a tar file begin.
fn tar_headers(bytes: &[u8]) -> Vec<usize> {
    let (mut starts, mut start) = (Vec::new(), 0);
    while let Some(header) = bytes.get(start..start + 512) {
        if header.iter().all(|byte| *byte == 0) {
            break;
        }
        starts.push(start);
        let Some(size) = tar_size(header) else { break };
        start += 512 + size.min(bytes.len()).next_multiple_of(512);
    }
    starts
}

fn tar_size(header: &[u8]) -> Option<usize> {
    let digits = str::from_utf8(&header[124..136]).ok()?;
    usize::from_str_radix(digits.trim_matches([' ', '\0']), 8).ok()
}

/// Whether an extension has a record of more than one line.
fn has_newline_in_a_value(bytes: &[u8]) -> bool {
    tar_headers(bytes).into_iter().any(|start| {
        let header = &bytes[start..start + 512];
        let end = tar_size(header).and_then(|size| (start + 512).checked_add(size));
        let mut text = end.and_then(|end| bytes.get(start + 512..end)).unwrap_or_default();
        if !matches!(header[156], b'x' | b'g') {
            return false;
        }
        while let Some(space) = text.iter().position(|byte| *byte == b' ') {
            let length = str::from_utf8(&text[..space]).ok().and_then(|digits| digits.parse().ok());
            let Some((record, rest)) = length.and_then(|length| text.split_at_checked(length))
            else {
                break;
            };
            if record.iter().filter(|byte| **byte == b'\n').count() > 1 || record.is_empty() {
                return true;
            }
            text = rest;
        }
        false
    })
}

/// A zip file with the checksum of each member made right, where the directory leads to it.
pub fn with_zip_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let find = |bytes: &[u8], mark: &[u8]| bytes.windows(mark.len()).rposition(|w| w == mark);
    let mut record = find(&bytes, b"PK\x05\x06")
        .and_then(|end| number(&bytes, end + 16, 4))
        .unwrap_or(usize::MAX);
    for _ in 0..64 {
        if bytes.get(record..).is_none_or(|rest| !rest.starts_with(b"PK\x01\x02")) {
            break;
        }
        if let Some((sum, places)) = checksum_of(&bytes, record) {
            for place in places {
                if let Some(four) = bytes.get_mut(place..place + 4) {
                    four.copy_from_slice(&sum.to_le_bytes());
                }
            }
        }
        let lengths: Option<usize> =
            [28, 30, 32].into_iter().map(|at| number(&bytes, record + at, 2)).sum();
        let Some(lengths) = lengths else { break };
        record += 46 + lengths;
    }
    bytes
}

/// The right checksum of the member of a record, and all places where it stands.
fn checksum_of(bytes: &[u8], record: usize) -> Option<(u32, Vec<usize>)> {
    let local = number(bytes, record + 42, 4)?;
    let (flags, method) = (number(bytes, record + 8, 2)?, number(bytes, record + 10, 2)?);
    let start = local + 30 + number(bytes, local + 26, 2)? + number(bytes, local + 28, 2)?;
    let end = start + number(bytes, record + 20, 4)?;
    let packed = bytes.get(start..end)?;
    let mut sum = Crc::new();
    match method {
        8 => {
            let mut room = vec![0; 4 << 20];
            let mut inflate = Decompress::new(false);
            inflate.decompress(packed, &mut room, FlushDecompress::Finish).ok()?;
            sum.update(&room[..usize::try_from(inflate.total_out()).ok()?]);
        }
        _ => sum.update(packed),
    }
    let is_behind = flags & 8 != 0;
    let is_marked = bytes.get(end..).is_some_and(|rest| rest.starts_with(b"PK\x07\x08"));
    let other = match (is_behind, is_marked) {
        (false, _) => local + 14,
        (true, true) => end + 4,
        (true, false) => end,
    };
    Some((sum.sum(), vec![record + 16, other]))
}

/// A number of a few bytes, the smallest first.
fn number(bytes: &[u8], offset: usize, length: usize) -> Option<usize> {
    let end = offset.checked_add(length)?;
    let bytes = bytes.get(offset..end)?.iter().rev();
    Some(bytes.fold(0, |number, byte| (number << 8) | usize::from(*byte)))
}
