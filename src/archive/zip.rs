//! Zip files, and so Python wheels. Refuses those that readers understand differently.
//!
//! A zip file states everything twice: in a directory at its end, and in a header before each entry.
//! Readers differ in which of the two they use. So here both must agree, and the entries and the
//! directory must fill the file without gaps. That is also why no library reads it: libraries hide
//! what must be compared.
//!
//! `zip/directory.rs` reads the directory, `zip/contents.rs` the entries (in the other thread), and
//! this file joins what both found. The format:
//! <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>.

mod contents;
mod directory;

use super::entry::{ArchiveEntries, ArchiveEntry, EntryKind, EntryMetadata};
use super::entry_content::EntryContent;
use super::entry_name;
use super::error::{UnpackError, UnpackResult};
use super::pipe::PipeReader;
pub(super) use contents::ZipContents;
use directory::ZipEntryKind;
pub(super) use directory::{ZipDirectory, ZipRecord, ends_as_zip};

/// The entries of a zip file, in the order of their content.
pub(super) struct ZipFile<'a> {
    content: EntryContent<'a>,
    records: std::vec::IntoIter<ZipRecord>,
}

impl<'a> ZipFile<'a> {
    pub(super) fn new(bytes: &'a mut PipeReader, directory: ZipDirectory) -> Self {
        Self { content: EntryContent::new(bytes), records: directory.records.into_iter() }
    }

    /// The target of a link, which is its content.
    fn target(&mut self, name: &[u8]) -> UnpackResult<Vec<u8>> {
        if self.content.remaining() > entry_name::MAX_NAME_LENGTH as u64 {
            return Err(UnpackError::Entry(name.to_owned(), "its target is too long".to_owned()));
        }
        self.content.read_rest()
    }
}

impl<'a> ArchiveEntries<'a> for ZipFile<'a> {
    fn next(&mut self) -> UnpackResult<Option<ArchiveEntry>> {
        self.content.skip_rest()?;
        let Some(record) = self.records.next() else { return Ok(None) };
        self.content.start(record.size);
        let modified = record.modified;
        let kind = match record.kind {
            ZipEntryKind::Folder => EntryKind::Folder,
            ZipEntryKind::Link => EntryKind::Symlink(self.target(&record.name)?),
            ZipEntryKind::File { executable } => {
                EntryKind::File(EntryMetadata { size: Some(record.size), executable, modified })
            }
        };
        Ok(Some(ArchiveEntry { name: record.name, kind }))
    }

    fn content(&mut self) -> &mut EntryContent<'a> {
        &mut self.content
    }

    /// Reads to the end of the stream, which verifies the last entry's checksum.
    fn finish(&mut self) -> UnpackResult<()> {
        self.content.skip_rest()?;
        match self.content.stream().next_chunk(1)?.is_empty() {
            true => Ok(()),
            false => Err(UnpackError::Archive("it holds more than its directory lists".to_owned())),
        }
    }
}
