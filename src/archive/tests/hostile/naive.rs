//! An unpacker that believes what it reads, for the control. It joins names to its folder, and follows
//! links, as the first version of each unpacker did. Only where it would leave the test's own folder it
//! writes nothing.

use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, PathBuf};

use flate2::read::DeflateDecoder;
use std::ffi::OsStr;

use super::*;

/// Whether something outside of the destination was changed, or would have been.
pub(super) fn breaks_out(room: &Room, archive: &[u8]) -> bool {
    let unpacked = match archive.starts_with(b"PK") {
        true => unpack_zip(room, archive).is_some(),
        false => unpack_tar(room, archive).is_some(),
    };
    unpacked || room.outside() != room.before
}

/// `Some` at the first entry that would leave the room.
fn unpack_tar(room: &Room, archive: &[u8]) -> Option<()> {
    let reader =
        super::super::super::decompress(archive, std::io::Cursor::new(archive.to_vec())).ok()?;
    let mut archive = tar::Archive::new(reader.take(16 << 20));
    for entry in archive.entries().ok()? {
        let Ok(mut entry) = entry else { return None };
        let name = entry.path_bytes().into_owned();
        let target = entry.link_name_bytes().map(std::borrow::Cow::into_owned).unwrap_or_default();
        let mut content = Vec::new();
        let _ = entry.read_to_end(&mut content);
        let kind = match entry.header().entry_type() {
            tar::EntryType::Directory => Kind::Folder,
            tar::EntryType::Symlink => Kind::Symlink(target),
            tar::EntryType::Link => Kind::HardLink(target),
            _ if name.ends_with(b"/") => Kind::Folder,
            _ => Kind::File(content),
        };
        if !write(room, &name, &kind) {
            return Some(());
        }
    }
    None
}

/// The same for a zip file, by its directory.
fn unpack_zip(room: &Room, archive: &[u8]) -> Option<()> {
    let number = |at: usize, length: usize| {
        let bytes = archive.get(at..at + length)?;
        Some(bytes.iter().rev().fold(0, |number, byte| (number << 8) | usize::from(*byte)))
    };
    let end = archive.windows(4).rposition(|four| four == b"PK\x05\x06")?;
    let mut record = number(end + 16, 4)?;
    while archive.get(record..record + 4) == Some(b"PK\x01\x02") {
        let name = archive.get(record + 46..record + 46 + number(record + 28, 2)?)?;
        let header = number(record + 42, 4)?;
        let start = header + 30 + number(header + 26, 2)? + number(header + 28, 2)?;
        let packed = archive.get(start..start.checked_add(number(record + 20, 4)?)?)?;
        let mut content = packed.to_vec();
        if number(record + 10, 2)? == 8 {
            content.clear();
            let _ = DeflateDecoder::new(packed).take(16 << 20).read_to_end(&mut content);
        }
        let kind = match number(record + 38, 4)? >> 28 {
            0o12 => Kind::Symlink(content),
            _ if name.ends_with(b"/") => Kind::Folder,
            _ => Kind::File(content),
        };
        if !write(room, name, &kind) {
            return Some(());
        }
        record += 46 + number(record + 28, 2)? + number(record + 30, 2)? + number(record + 32, 2)?;
    }
    None
}

enum Kind {
    File(Vec<u8>),
    Folder,
    Symlink(Vec<u8>),
    HardLink(Vec<u8>),
}

/// Writes an entry, whatever comes of it. Returns whether that was within the room.
fn write(room: &Room, name: &[u8], kind: &Kind) -> bool {
    let path = room.destination().join(OsStr::from_bytes(name));
    if !is_within(room, &path) {
        return false;
    }
    if let Some(parent) = path.parent() {
        let _ = fs::create_dir_all(parent);
    }
    match kind {
        Kind::File(content) => drop(fs::write(&path, content)),
        Kind::Folder => {
            let _ = fs::create_dir_all(&path);
            let _ = fs::set_permissions(&path, fs::Permissions::from_mode(0o755));
        }
        Kind::Symlink(target) => {
            let _ = std::os::unix::fs::symlink(OsStr::from_bytes(target), &path);
        }
        Kind::HardLink(target) => {
            let target = room.destination().join(OsStr::from_bytes(target));
            if !is_within(room, &target) {
                return false;
            }
            let _ = fs::hard_link(target, &path);
        }
    }
    true
}

/// Whether a path leads to somewhere in the room, through all links; a loop doesn't.
fn is_within(room: &Room, path: &Path) -> bool {
    let mut pending: Vec<PathBuf> = vec![path.to_path_buf()];
    let mut resolved = PathBuf::new();
    let mut steps = 0;
    while let Some(path) = pending.pop() {
        let mut components = path.components();
        let Some(first) = components.next() else { continue };
        let rest = components.as_path().to_path_buf();
        pending.push(rest);
        match first {
            Component::RootDir => resolved = PathBuf::from("/"),
            Component::ParentDir => drop(resolved.pop()),
            Component::CurDir | Component::Prefix(_) => {}
            Component::Normal(name) => {
                resolved.push(name);
                if let Ok(target) = fs::read_link(&resolved) {
                    resolved.pop();
                    pending.push(target);
                }
            }
        }
        steps += 1;
        if steps > 4_000 {
            return false;
        }
        pending.retain(|path| !path.as_os_str().is_empty());
    }
    resolved.starts_with(room.folder.path().canonicalize().unwrap())
}
