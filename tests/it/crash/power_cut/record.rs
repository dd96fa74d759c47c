//! What a command changed and synced, in order, as the tracer recorded it (`tracer.c`).

use crate::support::Sandbox;

/// A change below the sandbox, or a sync. Paths are relative to the sandbox and have no links in
/// their folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// A new folder, with its permission bits.
    MakeFolder(String, u32),
    /// A new, empty file, with its permission bits.
    Create(String, u32),
    /// Bytes at this offset of a file.
    Write(String, usize, Vec<u8>),
    /// A file's new size.
    Resize(String, usize),
    /// A name that is moved, and may replace another.
    Rename(String, String),
    /// Two names that are exchanged.
    Exchange(String, String),
    /// A second name of a file.
    HardLink(String, String),
    /// A new symbolic link, with its target.
    Symlink(String, String),
    /// A name of a file or a link that is removed.
    Unlink(String),
    /// An empty folder that is removed.
    RemoveFolder(String),
    /// New permission bits.
    SetMode(String, u32),
    /// `fsync` or `fdatasync` of a file or folder.
    Sync(String),
    /// `syncfs` or `sync`.
    SyncAll,
    /// The command has exited. Its children may go on.
    End,
}

/// The events of a recorded command.
pub(super) fn read(sandbox: &Sandbox) -> Vec<Event> {
    let bytes = std::fs::read(sandbox.root().join("report")).expect("read the record");
    let mut rest = bytes.as_slice();
    let mut events = Vec::new();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = std::str::from_utf8(&rest[..end]).expect("a record in UTF-8");
        rest = &rest[end + 1..];
        let fields: Vec<&str> = line.split('\t').collect();
        events.push(match fields.as_slice() {
            ["write", path, offset, length] => {
                let (bytes, after) = rest.split_at(number(length));
                rest = after;
                Event::Write((*path).to_owned(), number(offset), bytes.to_vec())
            }
            fields => event(fields),
        });
    }
    events
}

fn event(fields: &[&str]) -> Event {
    let own = |text: &&str| (*text).to_owned();
    match fields {
        ["mkdir", path, mode] => Event::MakeFolder(own(path), bits(mode)),
        ["create", path, mode] => Event::Create(own(path), bits(mode)),
        ["size", path, size] => Event::Resize(own(path), number(size)),
        ["rename", from, to] => Event::Rename(own(from), own(to)),
        ["exchange", one, other] => Event::Exchange(own(one), own(other)),
        ["link", from, to] => Event::HardLink(own(from), own(to)),
        ["symlink", path, target] => Event::Symlink(own(path), own(target)),
        ["unlink", path] => Event::Unlink(own(path)),
        ["rmdir", path] => Event::RemoveFolder(own(path)),
        ["mode", path, mode] => Event::SetMode(own(path), bits(mode)),
        ["sync", path] => Event::Sync(own(path)),
        ["syncfs"] => Event::SyncAll,
        ["end"] => Event::End,
        other => panic!("the model can't replay this: {other:?}"),
    }
}

fn number(text: &str) -> usize {
    text.parse().expect("a number in the record")
}

fn bits(text: &str) -> u32 {
    u32::from_str_radix(text, 8).expect("permission bits in the record")
}
