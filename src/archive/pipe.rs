//! Decompresses an archive in another thread while this one uses the bytes.
//!
//! Two threads share a few buffers: one is filled while another is read. So an archive takes as
//! long as the slower of the two, in little memory. It must not know what the bytes mean.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use usher_shims::error::{Error, ErrorKind};

use super::error::{UnpackError, UnpackResult};

/// The size of a buffer. Inflating saves its window at the end of each, which took a tenth longer
/// with 256 KiB.
const BUFFER_SIZE: usize = 1 << 20;

/// How many buffers are shared.
const BUFFER_COUNT: usize = 8;

/// A filled buffer; an empty one marks the end.
type Filled = io::Result<Buffer>;

struct Buffer {
    bytes: Box<[u8]>,
    length: usize,
}

/// Reads the bytes that the other thread decompresses.
pub(super) struct PipeReader {
    filled: Receiver<Filled>,
    emptied: Sender<Buffer>,
    buffer: Option<Buffer>,
    /// How many bytes of the buffer were read.
    position: usize,
    ended: bool,
}

/// Reads `source` in a thread of its own while `consume` uses the bytes. More than `max_bytes` are
/// an error.
pub(super) fn pipe<T>(
    source: impl Read + Send,
    max_bytes: u64,
    consume: impl FnOnce(PipeReader) -> UnpackResult<T>,
) -> UnpackResult<T> {
    let (emptied, empty) = channel();
    let (sender, filled) = sync_channel(BUFFER_COUNT);
    for _ in 0..BUFFER_COUNT {
        let _ = emptied.send(Buffer { bytes: vec![0; BUFFER_SIZE].into_boxed_slice(), length: 0 });
    }
    let writer = PipeWriter { source, remaining: max_bytes, max_bytes, empty, filled: sender };
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("unpack".to_owned());
        let running = thread.spawn_scoped(scope, move || writer.run()).map_err(|error| {
            let error =
                Error::new(ErrorKind::Io, "can't start a thread").because(error.to_string());
            UnpackError::Unwritable(error)
        })?;
        let consumed =
            consume(PipeReader { filled, emptied, buffer: None, position: 0, ended: false });
        // A panic in that thread shows here as a stream that breaks off.
        let _ = running.join();
        consumed
    })
}

/// Fills buffers, in its own thread.
struct PipeWriter<R> {
    source: R,
    remaining: u64,
    max_bytes: u64,
    empty: Receiver<Buffer>,
    filled: SyncSender<Filled>,
}

impl<R: Read> PipeWriter<R> {
    /// Runs until the end of the source, the first error, or until the reader is dropped.
    fn run(mut self) {
        while let Ok(mut buffer) = self.empty.recv() {
            let filled = self.fill(&mut buffer.bytes);
            let is_last = !filled.as_ref().is_ok_and(|length| *length > 0);
            let filled = filled.map(|length| Buffer { length, ..buffer });
            if self.filled.send(filled).is_err() || is_last {
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
        let Some(remaining) = self.remaining.checked_sub(length as u64) else {
            let why = format!("it holds more than {} bytes", self.max_bytes);
            return Err(io::Error::other(why));
        };
        self.remaining = remaining;
        Ok(length)
    }
}

impl PipeReader {
    /// The next bytes: at most `max`, at least one. Empty at the end of the stream.
    pub(super) fn next_chunk(&mut self, max: u64) -> UnpackResult<&[u8]> {
        self.refill()?;
        let rest = self.buffer.as_ref().map_or(0, |buffer| buffer.length - self.position);
        let length = usize::try_from(max).unwrap_or(usize::MAX).min(rest);
        let start = self.position;
        self.position += length;
        Ok(self.buffer.as_ref().map_or(&[], |buffer| &buffer.bytes[start..start + length]))
    }

    /// What [`PipeReader::next_chunk`] returns next, without reading past it.
    pub(super) fn peek_chunk(&mut self, max: u64) -> UnpackResult<&[u8]> {
        let length = self.next_chunk(max)?.len();
        self.position -= length;
        let start = self.position;
        Ok(self.buffer.as_ref().map_or(&[], |buffer| &buffer.bytes[start..start + length]))
    }

    /// Fills `bytes` and returns their number; fewer at the end of the stream.
    pub(super) fn fill(&mut self, bytes: &mut [u8]) -> UnpackResult<usize> {
        let mut length = 0;
        while length < bytes.len() {
            let chunk = self.next_chunk((bytes.len() - length) as u64)?;
            if chunk.is_empty() {
                break;
            }
            bytes[length..length + chunk.len()].copy_from_slice(chunk);
            length += chunk.len();
        }
        Ok(length)
    }

    /// Skips `count` bytes; fewer at the end of the stream.
    pub(super) fn skip(&mut self, count: u64) -> UnpackResult<()> {
        let mut left = count;
        while left > 0 {
            let skipped = self.next_chunk(left)?.len() as u64;
            if skipped == 0 {
                break;
            }
            left -= skipped;
        }
        Ok(())
    }

    fn refill(&mut self) -> UnpackResult<()> {
        if self.ended || self.buffer.as_ref().is_some_and(|buffer| self.position < buffer.length) {
            return Ok(());
        }
        if let Some(buffer) = self.buffer.take() {
            let _ = self.emptied.send(buffer);
        }
        let broken = |_| io::Error::other("unpacking broke off");
        let buffer =
            self.filled.recv().map_err(broken).flatten().map_err(UnpackError::Unreadable)?;
        self.ended = buffer.length == 0;
        self.position = 0;
        self.buffer = Some(buffer);
        Ok(())
    }
}
