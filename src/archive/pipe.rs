//! The unpacked bytes of an archive, which another thread makes while this one uses them.
//!
//! Two threads and a few buffers that go round: one is filled while another is emptied, so an
//! archive takes as long as the slower of both, in little memory. It must not know what the bytes
//! mean.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use usher_shims::error::{Error, ErrorKind};

use super::error::{UnpackError, UnpackResult};

/// How large a buffer is: inflating stops at the end of each, and puts its window by, which takes a
/// tenth longer with 256 KiB than with this.
const SIZE: usize = 1 << 20;

/// How many buffers go round.
const COUNT: usize = 8;

/// A filled buffer; an empty one is the end.
type Filled = io::Result<Buffer>;

struct Buffer {
    bytes: Box<[u8]>,
    length: usize,
}

/// Bytes that come from another thread, to be taken from the front.
pub(super) struct PipeReader {
    filled: Receiver<Filled>,
    emptied: Sender<Buffer>,
    buffer: Option<Buffer>,
    taken: usize,
    ended: bool,
}

/// Unpacks `source` in a thread of its own while `consume` uses what comes, at most `most` bytes.
pub(super) fn pipe<T>(
    source: impl Read + Send,
    most: u64,
    consume: impl FnOnce(PipeReader) -> UnpackResult<T>,
) -> UnpackResult<T> {
    let (emptied, empty) = channel();
    let (sender, filled) = sync_channel(COUNT);
    for _ in 0..COUNT {
        let _ = emptied.send(Buffer { bytes: vec![0; SIZE].into_boxed_slice(), length: 0 });
    }
    let pump = PipeWriter { source, left: most, most, empty, filled: sender };
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("unpack".to_owned());
        let pumping = thread.spawn_scoped(scope, move || pump.run()).map_err(|error| {
            let error =
                Error::new(ErrorKind::Io, "can't start a thread").because(error.to_string());
            UnpackError::Unwritable(error)
        })?;
        let consumed =
            consume(PipeReader { filled, emptied, buffer: None, taken: 0, ended: false });
        // A panic over there shows here as a pipe that breaks off.
        let _ = pumping.join();
        consumed
    })
}

/// The side that unpacks.
struct PipeWriter<R> {
    source: R,
    left: u64,
    most: u64,
    empty: Receiver<Buffer>,
    filled: SyncSender<Filled>,
}

impl<R: Read> PipeWriter<R> {
    /// Ends at the end, at the first error, or when nobody takes what is sent any more.
    fn run(mut self) {
        while let Ok(mut buffer) = self.empty.recv() {
            let filled = self.fill(&mut buffer.bytes);
            let goes_on = filled.as_ref().is_ok_and(|length| *length > 0);
            let filled = filled.map(|length| Buffer { length, ..buffer });
            if self.filled.send(filled).is_err() || !goes_on {
                return;
            }
        }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut length = 0;
        while length < bytes.len() {
            match self.source.read(&mut bytes[length..]) {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        match self.left.checked_sub(length as u64) {
            Some(left) => self.left = left,
            None => {
                return Err(io::Error::other(format!("it holds more than {} bytes", self.most)));
            }
        }
        Ok(length)
    }
}

impl PipeReader {
    /// The next bytes, at most `most` and at least one; none at the end. They are taken with it.
    pub(super) fn next_chunk(&mut self, most: u64) -> UnpackResult<&[u8]> {
        self.refill()?;
        let rest = self.buffer.as_ref().map_or(0, |buffer| buffer.length - self.taken);
        let length = usize::try_from(most).unwrap_or(usize::MAX).min(rest);
        let start = self.taken;
        self.taken += length;
        Ok(self.buffer.as_ref().map_or(&[], |buffer| &buffer.bytes[start..start + length]))
    }

    /// What [`PipeReader::next_chunk`] would give, left where it is.
    pub(super) fn peek_chunk(&mut self, most: u64) -> UnpackResult<&[u8]> {
        let length = self.next_chunk(most)?.len();
        self.taken -= length;
        let start = self.taken;
        Ok(self.buffer.as_ref().map_or(&[], |buffer| &buffer.bytes[start..start + length]))
    }

    /// Fills `bytes`, or what can be of it before the end; says how much.
    pub(super) fn fill(&mut self, bytes: &mut [u8]) -> UnpackResult<usize> {
        let mut length = 0;
        while length < bytes.len() {
            let piece = self.next_chunk((bytes.len() - length) as u64)?;
            if piece.is_empty() {
                break;
            }
            bytes[length..length + piece.len()].copy_from_slice(piece);
            length += piece.len();
        }
        Ok(length)
    }

    /// Passes over so many bytes; fewer at the end. Says how many.
    pub(super) fn skip(&mut self, count: u64) -> UnpackResult<u64> {
        let mut left = count;
        while left > 0 {
            let piece = self.next_chunk(left)?.len() as u64;
            if piece == 0 {
                break;
            }
            left -= piece;
        }
        Ok(count - left)
    }

    fn refill(&mut self) -> UnpackResult<()> {
        if self.ended || self.buffer.as_ref().is_some_and(|buffer| self.taken < buffer.length) {
            return Ok(());
        }
        if let Some(buffer) = self.buffer.take() {
            let _ = self.emptied.send(buffer);
        }
        let broken = |_| io::Error::other("unpacking broke off");
        let buffer =
            self.filled.recv().map_err(broken).flatten().map_err(UnpackError::Unreadable)?;
        self.ended = buffer.length == 0;
        self.taken = 0;
        self.buffer = Some(buffer);
        Ok(())
    }
}
