//! Zip files (wheels are such), as far as every reader reads them alike.
//!
//! A zip file says everything twice: in a directory at its end, and in front of each member.
//! Readers differ in which they believe, so here both must say the same, and the members and the
//! directory must lie one after the other from the first byte to the last with nothing between.
//! That is also why no library reads it: what must be compared is what they hide.
//!
//! `zip/directory.rs` reads the directory, `zip/bodies.rs` the members (in the other thread), this
//! file gives what both found. The format:
//! <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>.

mod bodies;
mod directory;
mod field;

use super::flow::Flow;
use super::member::{Content, Member, Members, Told};
use super::{Checked, Trouble, name};
pub(super) use bodies::Bodies;
use directory::Kind;
pub(super) use directory::{Directory, Record};

/// The members of a zip file, in the order in which they lie there.
pub(super) struct Zipped<'a> {
    flow: &'a mut Flow,
    records: std::vec::IntoIter<Record>,
    /// What is left of the last member.
    left: u64,
}

impl<'a> Zipped<'a> {
    pub(super) fn new(flow: &'a mut Flow, directory: Directory) -> Self {
        Self { flow, records: directory.records.into_iter(), left: 0 }
    }

    /// The target of a link, which is what it holds.
    fn target(&mut self, name: &[u8]) -> Checked<Vec<u8>> {
        let length = usize::try_from(self.left).unwrap_or(usize::MAX);
        if length > name::LONGEST {
            return Err(Trouble::Member(name.to_owned(), "its target is overlong".to_owned()));
        }
        let mut target = vec![0; length];
        let filled = self.flow.fill(&mut target)?;
        self.left = 0;
        target.truncate(filled);
        Ok(target)
    }
}

impl Members for Zipped<'_> {
    fn next(&mut self) -> Checked<Option<Member>> {
        self.flow.skip(self.left)?;
        let Some(record) = self.records.next() else { return Ok(None) };
        self.left = record.size;
        let modified = record.modified;
        let content = match record.kind {
            Kind::Folder => Content::Folder,
            Kind::Link => Content::Symlink(self.target(&record.name)?),
            Kind::File { executable } => {
                Content::File(Told { size: Some(record.size), executable, modified })
            }
        };
        Ok(Some(Member { name: record.name, content }))
    }

    fn peek(&mut self) -> Checked<&[u8]> {
        self.flow.peek(self.left)
    }

    fn piece(&mut self) -> Checked<&[u8]> {
        let piece = self.flow.piece(self.left)?;
        self.left -= piece.len() as u64;
        Ok(piece)
    }

    /// The checksum of the last member was compared when the end of the flow is seen.
    fn finish(&mut self) -> Checked<()> {
        self.flow.skip(self.left)?;
        match self.flow.piece(1)?.is_empty() {
            true => Ok(()),
            false => Err(Trouble::Archive("it holds more than its directory says".to_owned())),
        }
    }
}
