//! The bytes of the current entry: read from the unpacked stream, never past the entry's end.

use super::error::UnpackResult;
use super::pipe::PipeReader;

/// Reads the current entry's bytes.
pub(super) struct EntryContent<'a> {
    bytes: &'a mut PipeReader,
    remaining: u64,
}

impl<'a> EntryContent<'a> {
    /// The content of no entry yet.
    pub(super) fn new(bytes: &'a mut PipeReader) -> Self {
        Self { bytes, remaining: 0 }
    }

    /// Starts an entry of `size` bytes at the current position. What is left of the one before must
    /// have been [skipped](Self::skip_rest).
    pub(super) fn start(&mut self, size: u64) {
        self.remaining = size;
    }

    /// How many bytes of the entry weren't read yet.
    pub(super) fn remaining(&self) -> u64 {
        self.remaining
    }

    /// The next bytes. Empty at the entry's end, and where the archive is cut short.
    pub(super) fn next_chunk(&mut self) -> UnpackResult<&[u8]> {
        let chunk = self.bytes.next_chunk(self.remaining)?;
        self.remaining -= chunk.len() as u64;
        Ok(chunk)
    }

    /// What [`next_chunk`](Self::next_chunk) returns next, without reading past it.
    pub(super) fn peek_chunk(&mut self) -> UnpackResult<&[u8]> {
        self.bytes.peek_chunk(self.remaining)
    }

    /// Reads all that is left of the entry; less where the archive is cut short.
    pub(super) fn read_rest(&mut self) -> UnpackResult<Vec<u8>> {
        let mut rest = Vec::new();
        loop {
            let chunk = self.next_chunk()?;
            if chunk.is_empty() {
                return Ok(rest);
            }
            rest.extend_from_slice(chunk);
        }
    }

    /// Skips what is left of the entry.
    pub(super) fn skip_rest(&mut self) -> UnpackResult<()> {
        self.bytes.skip(self.remaining)?;
        self.remaining = 0;
        Ok(())
    }

    /// The stream itself, for what is between entries.
    pub(super) fn stream(&mut self) -> &mut PipeReader {
        self.bytes
    }
}
