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

use super::entry::{Entries, Entry, EntryKind, EntryMetadata};
use super::error::{Result, UnpackError};
use super::name;
use super::pipe::PipeReader;
pub(super) use contents::ZipContents;
use directory::Kind;
pub(super) use directory::{Directory, Record};

/// The members of a zip file, in the order in which they lie there.
pub(super) struct Zipped<'a> {
    bytes: &'a mut PipeReader,
    records: std::vec::IntoIter<Record>,
    /// What is left of the last member.
    left: u64,
}

impl<'a> Zipped<'a> {
    pub(super) fn new(bytes: &'a mut PipeReader, directory: Directory) -> Self {
        Self { bytes, records: directory.records.into_iter(), left: 0 }
    }

    /// The target of a link, which is what it holds.
    fn target(&mut self, name: &[u8]) -> Result<Vec<u8>> {
        let length = usize::try_from(self.left).unwrap_or(usize::MAX);
        if length > name::LONGEST {
            return Err(UnpackError::Entry(name.to_owned(), "its target is overlong".to_owned()));
        }
        let mut target = vec![0; length];
        let filled = self.bytes.fill(&mut target)?;
        self.left = 0;
        target.truncate(filled);
        Ok(target)
    }
}

impl Entries for Zipped<'_> {
    fn next(&mut self) -> Result<Option<Entry>> {
        self.bytes.skip(self.left)?;
        let Some(record) = self.records.next() else { return Ok(None) };
        self.left = record.size;
        let modified = record.modified;
        let content = match record.kind {
            Kind::Folder => EntryKind::Folder,
            Kind::Link => EntryKind::Symlink(self.target(&record.name)?),
            Kind::File { executable } => {
                EntryKind::File(EntryMetadata { size: Some(record.size), executable, modified })
            }
        };
        Ok(Some(Entry { name: record.name, content }))
    }

    fn peek_chunk(&mut self) -> Result<&[u8]> {
        self.bytes.peek_chunk(self.left)
    }

    fn next_chunk(&mut self) -> Result<&[u8]> {
        let piece = self.bytes.next_chunk(self.left)?;
        self.left -= piece.len() as u64;
        Ok(piece)
    }

    /// The checksum of the last member was compared when the end of the bytes is seen.
    fn finish(&mut self) -> Result<()> {
        self.bytes.skip(self.left)?;
        match self.bytes.next_chunk(1)?.is_empty() {
            true => Ok(()),
            false => Err(UnpackError::Archive("it holds more than its directory says".to_owned())),
        }
    }
}
