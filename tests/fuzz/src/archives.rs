//! Archives: nothing outside of the destination ever changes, and the manifest lists exactly the
//! unpacked files.
//!
//! A fuzzer can't guess checksums, so they are corrected first, where possible. That way it reaches
//! the code behind them.

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

/// The content of an archive, by path.
pub type Contents = BTreeMap<String, Content>;

/// A file or link.
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    /// A file's bytes.
    File(Vec<u8>),
    /// A link's target.
    Link(String),
}

/// The limit of `archive/format.rs`: this many times the archive's size, plus this many bytes.
const MOST_TIMES: u64 = 200;
const GRANTED: u64 = 64 << 20;

/// A tar file: it unpacks to what the `tar` crate reads, or is refused.
pub fn tar(bytes: &[u8]) {
    let bytes = with_tar_checksums(bytes);
    let Some(contents) = unpack_twice(&bytes) else { return };
    // The tar crate ends a record at the first newline; POSIX ends it after its length.
    if !has_newline_in_a_value(&bytes) {
        assert_eq!(contents, as_the_tar_crate_reads(&bytes), "the tar crate's result differs");
    }
}

/// A zip file. Returns its content, if it isn't refused.
pub fn zip(bytes: &[u8]) -> Option<(Vec<u8>, Contents)> {
    if !bytes.starts_with(b"PK") {
        return None;
    }
    let bytes = with_zip_checksums(bytes);
    let contents = unpack_twice(&bytes)?;
    Some((bytes, contents))
}

/// Unpacks an archive without options. If that works, also with one of the options that definitions
/// have: only one, because unpacking is slow.
fn unpack_twice(bytes: &[u8]) -> Option<Contents> {
    let contents = unpack_and_check(bytes, &UnpackOptions::default())?;
    let first = contents.keys().next().map_or("", |path| path.split('/').next().unwrap_or(""));
    let options = match bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)) % 3 {
        0 => UnpackOptions { strip_components: 1, ..UnpackOptions::default() },
        1 => UnpackOptions { subdir: "a/b", program: "bin/a", ..UnpackOptions::default() },
        _ => UnpackOptions { reserved: first, ..UnpackOptions::default() },
    };
    let again = unpack_and_check(bytes, &options);
    let is_reserved_name_unpacked = !options.reserved.is_empty() && again.is_some();
    assert!(!is_reserved_name_unpacked, "a reserved name was unpacked");
    Some(contents)
}

/// Unpacks into a folder next to others, and checks all of them.
fn unpack_and_check(bytes: &[u8], options: &UnpackOptions<'_>) -> Option<Contents> {
    let surroundings = Surroundings::new();
    let archive = surroundings.0.path().join("archive");
    fs::write(&archive, bytes).expect("write the archive");
    let destination = surroundings.destination();
    let before = surroundings.outside();
    let result = unpack(&archive, &destination, options);
    assert_eq!(surroundings.outside(), before, "something outside of the destination changed");
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

/// A folder with a `destination` and with files that must not change.
struct Surroundings(TempDir);

impl Surroundings {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = TempDir::with_prefix_in("usher-fuzz-", folder).expect("create a folder");
        for below in ["destination", "outside", "outside/folder", "destination-2"] {
            fs::create_dir(folder.path().join(below)).expect("create a folder");
        }
        for below in ["file", "outside/file", "outside/folder/program"] {
            fs::write(folder.path().join(below), below).expect("write a file");
        }
        Self(folder)
    }

    fn destination(&self) -> PathBuf {
        self.0.path().join("destination")
    }

    /// Everything outside of the destination, with metadata and content. The destination itself is
    /// included without times and links, which change with its content.
    fn outside(&self) -> BTreeMap<PathBuf, (String, Vec<u8>)> {
        let mut seen = BTreeMap::new();
        let mut folders = vec![self.0.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("list a folder") {
                let path = entry.expect("an entry").path();
                let metadata = fs::symlink_metadata(&path).expect("read an entry's metadata");
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

/// Checks everything that was unpacked, even from an archive that was refused in the end.
fn assert_harmless(destination: &Path, packed: u64) {
    let own = destination.canonicalize().expect("the destination exists");
    let mut folders = vec![(destination.to_owned(), 0_usize)];
    let (mut links, mut names, mut bytes) = (BTreeMap::new(), BTreeMap::new(), 0);
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(folder).expect("list a folder") {
            let path = entry.expect("an entry").path();
            let metadata = fs::symlink_metadata(&path).expect("read an entry's metadata");
            let kind = metadata.file_type();
            if kind.is_symlink() {
                let target = fs::read_link(&path).expect("read a link");
                assert_stays_inside(&target, depth);
                if let Ok(real) = path.canonicalize() {
                    assert!(
                        real.starts_with(&own),
                        "{} leads out of the destination",
                        path.display()
                    );
                }
                continue;
            }
            let mode = metadata.permissions().mode() & 0o7777;
            assert!(
                kind.is_file() || kind.is_dir(),
                "{} is neither file, folder nor link",
                path.display()
            );
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
    assert_eq!(links, names, "a hard link leads out of the destination");
    assert!(bytes <= packed * MOST_TIMES + GRANTED, "{packed} bytes became {bytes}");
}

/// Checks the text of a link's target, even of a broken link.
fn assert_stays_inside(target: &Path, mut depth: usize) {
    use std::path::Component;
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir => {
                depth = depth
                    .checked_sub(1)
                    .unwrap_or_else(|| panic!("{} leads out of the destination", target.display()));
            }
            Component::RootDir | Component::Prefix(_) => panic!("{} is absolute", target.display()),
        }
    }
}

/// The content of the destination, which must equal the manifest.
fn contents(destination: &Path, manifest: &Manifest) -> Contents {
    let found = Manifest::read(destination).expect("read what was unpacked");
    assert_eq!(&found, manifest, "the manifest differs from the disk");
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

/// Reads the same archive with the `tar` crate, which must accept it, too.
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
        assert!(contents.insert(path, content).is_none(), "{name} exists twice");
    }
    assert!(!contents.keys().any(|path| folders.contains(path)), "a folder is also a file");
    contents
}

/// Corrects the checksum of each header of a tar file.
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

/// The offsets of a tar file's headers.
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

/// Whether an extended header has a record of more than one line.
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

/// Corrects the checksum of each member of a zip file that the directory leads to.
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

/// The right checksum of a directory record's member, and all offsets where it is stored.
fn checksum_of(bytes: &[u8], record: usize) -> Option<(u32, Vec<usize>)> {
    let local = number(bytes, record + 42, 4)?;
    let (flags, method) = (number(bytes, record + 8, 2)?, number(bytes, record + 10, 2)?);
    let start = local + 30 + number(bytes, local + 26, 2)? + number(bytes, local + 28, 2)?;
    let end = start + number(bytes, record + 20, 4)?;
    let packed = bytes.get(start..end)?;
    let mut sum = Crc::new();
    match method {
        8 => {
            let mut buffer = vec![0; 4 << 20];
            let mut inflate = Decompress::new(false);
            inflate.decompress(packed, &mut buffer, FlushDecompress::Finish).ok()?;
            sum.update(&buffer[..usize::try_from(inflate.total_out()).ok()?]);
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

/// A little-endian number.
fn number(bytes: &[u8], offset: usize, length: usize) -> Option<usize> {
    let end = offset.checked_add(length)?;
    let bytes = bytes.get(offset..end)?.iter().rev();
    Some(bytes.fold(0, |number, byte| (number << 8) | usize::from(*byte)))
}
