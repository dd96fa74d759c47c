//! Zip files (wheels are such), as far as every reader reads them alike.
//!
//! A zip file says everything twice: in a directory at its end, and in front of each member.
//! Readers differ in which they believe, so here both must say the same, and the members and the
//! directory must lie one after the other from the first byte to the last with nothing between.
//! That is also why no library reads it: what must be compared is what they hide.
//!
//! `zip/directory.rs` reads the directory, `zip/contents.rs` the members (in the other thread), this
//! file gives what both found. The format:
//! <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>.

mod contents;
mod directory;

use super::entry::{ArchiveEntries, ArchiveEntry, EntryKind, EntryMetadata};
use super::entry_name;
use super::error::{UnpackError, UnpackResult};
use super::pipe::PipeReader;
pub(super) use contents::ZipContents;
use directory::ZipEntryKind;
pub(super) use directory::{ZipDirectory, ZipRecord};

/// The members of a zip file, in the order in which they lie there.
pub(super) struct ZipFile<'a> {
    bytes: &'a mut PipeReader,
    records: std::vec::IntoIter<ZipRecord>,
    /// What is left of the last member.
    left: u64,
}

impl<'a> ZipFile<'a> {
    pub(super) fn new(bytes: &'a mut PipeReader, directory: ZipDirectory) -> Self {
        Self { bytes, records: directory.records.into_iter(), left: 0 }
    }

    /// The target of a link, which is what it holds.
    fn target(&mut self, name: &[u8]) -> UnpackResult<Vec<u8>> {
        let length = usize::try_from(self.left).unwrap_or(usize::MAX);
        if length > entry_name::LONGEST {
            return Err(UnpackError::Entry(name.to_owned(), "its target is overlong".to_owned()));
        }
        let mut target = vec![0; length];
        let filled = self.bytes.fill(&mut target)?;
        self.left = 0;
        target.truncate(filled);
        Ok(target)
    }
}

impl ArchiveEntries for ZipFile<'_> {
    fn next(&mut self) -> UnpackResult<Option<ArchiveEntry>> {
        self.bytes.skip(self.left)?;
        let Some(record) = self.records.next() else { return Ok(None) };
        self.left = record.size;
        let modified = record.modified;
        let content = match record.kind {
            ZipEntryKind::Folder => EntryKind::Folder,
            ZipEntryKind::Link => EntryKind::Symlink(self.target(&record.name)?),
            ZipEntryKind::File { executable } => {
                EntryKind::File(EntryMetadata { size: Some(record.size), executable, modified })
            }
        };
        Ok(Some(ArchiveEntry { name: record.name, content }))
    }

    fn peek_chunk(&mut self) -> UnpackResult<&[u8]> {
        self.bytes.peek_chunk(self.left)
    }

    fn next_chunk(&mut self) -> UnpackResult<&[u8]> {
        let piece = self.bytes.next_chunk(self.left)?;
        self.left -= piece.len() as u64;
        Ok(piece)
    }

    /// The checksum of the last member was compared when the end of the bytes is seen.
    fn finish(&mut self) -> UnpackResult<()> {
        self.bytes.skip(self.left)?;
        match self.bytes.next_chunk(1)?.is_empty() {
            true => Ok(()),
            false => Err(UnpackError::Archive("it holds more than its directory says".to_owned())),
        }
    }
}
