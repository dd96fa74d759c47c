//! The unpacked bytes of an archive, which another thread makes while this one uses them.
//!
//! Two threads and a few buffers that go round: one is filled while another is emptied, so an
//! archive takes as long as the slower of both, in little memory. What is taken may be kept for a
//! while, and given to a third thread: a buffer is emptied when the last piece of it is dropped. It
//! must not know what the bytes mean.

use std::io::{self, Read};
use std::ops::{Deref, Range};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use usher_shims::error::{Error, Exit};

use super::{Checked, Trouble};

/// How large a buffer is: inflating stops at the end of each, and puts its window by, which takes a
/// tenth longer with 256 KiB than with this.
const SIZE: usize = 1 << 20;

/// How many buffers go round.
const COUNT: usize = 8;

/// The bytes of a buffer, and how many of them are filled; none are the end.
type Filled = io::Result<(Box<[u8]>, usize)>;

/// A filled buffer, which goes back to be filled again.
struct Buffer {
    bytes: Box<[u8]>,
    emptied: Sender<Box<[u8]>>,
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // Where nothing is filled any more, it goes.
        let _ = self.emptied.send(std::mem::take(&mut self.bytes));
    }
}

/// Some of the unpacked bytes. Whoever keeps all of them stops the flow.
#[derive(Clone)]
pub(super) struct Piece {
    buffer: Arc<Buffer>,
    range: Range<usize>,
}

impl Deref for Piece {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.buffer.bytes[self.range.clone()]
    }
}

/// Bytes that come from another thread, to be taken from the front.
pub(super) struct Flow {
    filled: Receiver<Filled>,
    emptied: Sender<Box<[u8]>>,
    /// What is left of the buffer that came last; `None` before the first and at the end.
    rest: Option<Piece>,
    ended: bool,
}

/// Unpacks `source` in a thread of its own while `consume` uses what comes, at most `most` bytes.
pub(super) fn flow<T>(
    source: impl Read + Send,
    most: u64,
    consume: impl FnOnce(Flow) -> Checked<T>,
) -> Checked<T> {
    let (emptied, empty) = channel();
    let (sender, filled) = sync_channel(COUNT);
    for _ in 0..COUNT {
        let _ = emptied.send(vec![0; SIZE].into_boxed_slice());
    }
    let pump = Pump { source, left: most, most, empty, filled: sender };
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("unpack".to_owned());
        let pumping = thread.spawn_scoped(scope, move || pump.run()).map_err(|error| {
            let error = Error::new(Exit::Io, "can't start a thread").because(error.to_string());
            Trouble::Unwritable(error)
        })?;
        let consumed = consume(Flow { filled, emptied, rest: None, ended: false });
        // A panic over there shows here as a flow that breaks off.
        let _ = pumping.join();
        consumed
    })
}

/// The side that unpacks.
struct Pump<R> {
    source: R,
    left: u64,
    most: u64,
    empty: Receiver<Box<[u8]>>,
    filled: SyncSender<Filled>,
}

impl<R: Read> Pump<R> {
    /// Ends at the end, at the first error, or when nobody takes what is sent any more.
    fn run(mut self) {
        while let Ok(mut bytes) = self.empty.recv() {
            let filled = self.fill(&mut bytes);
            let goes_on = filled.as_ref().is_ok_and(|length| *length > 0);
            let filled = filled.map(|length| (bytes, length));
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

impl Flow {
    /// The next bytes, at most `most` and at least one; none at the end. They are taken with it.
    pub(super) fn piece(&mut self, most: u64) -> Checked<Option<Piece>> {
        if most == 0 {
            return Ok(None);
        }
        self.refill()?;
        let Some(rest) = &mut self.rest else { return Ok(None) };
        let length = usize::try_from(most).unwrap_or(usize::MAX).min(rest.len());
        let end = rest.range.start + length;
        let range = rest.range.start..end;
        rest.range.start = end;
        Ok(Some(Piece { buffer: Arc::clone(&rest.buffer), range }))
    }

    /// What [`Flow::piece`] would give, left where it is.
    pub(super) fn peek(&mut self, most: u64) -> Checked<&[u8]> {
        if most > 0 {
            self.refill()?;
        }
        let rest = self.rest.as_deref().unwrap_or_default();
        let length = usize::try_from(most).unwrap_or(usize::MAX).min(rest.len());
        Ok(&rest[..length])
    }

    /// Fills `bytes`, or what can be of it before the end; says how much.
    pub(super) fn fill(&mut self, bytes: &mut [u8]) -> Checked<usize> {
        let mut length = 0;
        while length < bytes.len() {
            let Some(piece) = self.piece((bytes.len() - length) as u64)? else { break };
            bytes[length..length + piece.len()].copy_from_slice(&piece);
            length += piece.len();
        }
        Ok(length)
    }

    /// Passes over so many bytes; fewer at the end. Says how many.
    pub(super) fn skip(&mut self, count: u64) -> Checked<u64> {
        let mut left = count;
        while left > 0 {
            let Some(piece) = self.piece(left)? else { break };
            left -= piece.len() as u64;
        }
        Ok(count - left)
    }

    /// Sees that there is a rest, unless all was taken.
    fn refill(&mut self) -> Checked<()> {
        if self.ended || self.rest.as_ref().is_some_and(|rest| !rest.is_empty()) {
            return Ok(());
        }
        self.rest = None;
        let broken = |_| io::Error::other("unpacking broke off");
        let filled = self.filled.recv().map_err(broken).flatten();
        let (bytes, length) = filled.map_err(Trouble::Unreadable)?;
        self.ended = length == 0;
        if !self.ended {
            let buffer = Arc::new(Buffer { bytes, emptied: self.emptied.clone() });
            self.rest = Some(Piece { buffer, range: 0..length });
        }
        Ok(())
    }
}
