//! The entries of an archive, whatever its format: a name, and a file, folder or link.
//!
//! It must not know where entries come from or where they are written.

use super::entry_content::EntryContent;
use super::error::UnpackResult;
use super::pipe::PipeReader;

/// The most entries of an archive, extensions included.
pub(super) const MAX_ENTRIES: usize = 200_000;

/// An entry: its name as written in the archive, and what it is.
#[derive(Debug)]
pub(super) struct ArchiveEntry {
    pub(super) name: Vec<u8>,
    pub(super) kind: EntryKind,
}

/// What an entry is. Devices, pipes, sparse files and the like are refused while they are parsed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    Folder,
    File(EntryMetadata),
    /// With its target.
    Symlink(Vec<u8>),
    /// With the name of another entry.
    HardLink(Vec<u8>),
}

/// The metadata of a file in an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EntryMetadata {
    /// In bytes; `None` if only its end shows it.
    pub(super) size: Option<u64>,
    /// The owner's execute bit; `None` if only the content shows it.
    pub(super) executable: Option<bool>,
    /// When it was last modified, in seconds since 1970.
    pub(super) modified: Option<u32>,
}

/// The entries of an archive in their order.
pub(super) trait ArchiveEntries<'a> {
    /// The next entry; `None` at the end.
    fn next(&mut self) -> UnpackResult<Option<ArchiveEntry>>;

    /// The content of the last entry that [`next`](Self::next) returned.
    fn content(&mut self) -> &mut EntryContent<'a>;

    /// Reads what follows the last entry, and refuses what must not be there.
    fn finish(&mut self) -> UnpackResult<()>;
}

/// A program without an archive around it: the only entry.
pub(super) struct SingleFile<'a> {
    content: EntryContent<'a>,
    name: Option<&'a str>,
}

impl<'a> SingleFile<'a> {
    /// A program that is unpacked as `name`.
    pub(super) fn new(bytes: &'a mut PipeReader, name: &'a str) -> Self {
        Self { content: EntryContent::new(bytes), name: Some(name) }
    }
}

impl<'a> ArchiveEntries<'a> for SingleFile<'a> {
    fn next(&mut self) -> UnpackResult<Option<ArchiveEntry>> {
        let Some(name) = self.name.take() else { return Ok(None) };
        self.content.start(u64::MAX);
        let metadata = EntryMetadata { size: None, executable: Some(true), modified: None };
        Ok(Some(ArchiveEntry { name: name.as_bytes().to_owned(), kind: EntryKind::File(metadata) }))
    }

    fn content(&mut self) -> &mut EntryContent<'a> {
        &mut self.content
    }

    fn finish(&mut self) -> UnpackResult<()> {
        Ok(())
    }
}
