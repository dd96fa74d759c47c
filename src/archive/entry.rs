//! What stands in an archive, of whichever form: a name, and what it is the name of.
//!
//! It must not know where members come from or go.

use super::error::UnpackResult;
use super::pipe::PipeReader;

/// The most members of an archive, extensions included.
pub(super) const MOST: usize = 200_000;

/// A member: its name as written, and what it is.
#[derive(Debug)]
pub(super) struct ArchiveEntry {
    pub(super) name: Vec<u8>,
    pub(super) content: EntryKind,
}

/// What a member is. Devices, pipes, sparse files and the like have no value here.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    Folder,
    File(EntryMetadata),
    /// With its target.
    Symlink(Vec<u8>),
    /// With the name of another member.
    HardLink(Vec<u8>),
}

/// What an archive says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EntryMetadata {
    /// In bytes; `None` if only its end tells.
    pub(super) size: Option<u64>,
    /// Its owner's execute bit; `None` if only what it holds tells.
    pub(super) executable: Option<bool>,
    /// When it was changed last, in seconds since 1970.
    pub(super) modified: Option<u32>,
}

/// The members of an archive in their order.
pub(super) trait ArchiveEntries {
    /// The next member, `None` at the end.
    fn next(&mut self) -> UnpackResult<Option<ArchiveEntry>>;

    /// What [`ArchiveEntries::next_chunk`] gives next.
    fn peek_chunk(&mut self) -> UnpackResult<&[u8]>;

    /// The next bytes of the member that was last given; none at its end, or where the archive is
    /// cut short.
    fn next_chunk(&mut self) -> UnpackResult<&[u8]>;

    /// Reads what comes after the last member, and refuses what shouldn't.
    fn finish(&mut self) -> UnpackResult<()>;
}

/// A program that comes alone, without an archive around it: the one entry.
pub(super) struct SingleFile<'a> {
    bytes: &'a mut PipeReader,
    name: Option<&'a str>,
}

impl<'a> SingleFile<'a> {
    pub(super) fn new(bytes: &'a mut PipeReader, name: &'a str) -> Self {
        Self { bytes, name: Some(name) }
    }
}

impl ArchiveEntries for SingleFile<'_> {
    fn next(&mut self) -> UnpackResult<Option<ArchiveEntry>> {
        Ok(self.name.take().map(|name| ArchiveEntry {
            name: name.as_bytes().to_owned(),
            content: EntryKind::File(EntryMetadata {
                size: None,
                executable: Some(true),
                modified: None,
            }),
        }))
    }

    fn peek_chunk(&mut self) -> UnpackResult<&[u8]> {
        self.bytes.peek_chunk(u64::MAX)
    }

    fn next_chunk(&mut self) -> UnpackResult<&[u8]> {
        self.bytes.next_chunk(u64::MAX)
    }

    fn finish(&mut self) -> UnpackResult<()> {
        Ok(())
    }
}
