//! Hashing a file while it is still being written.
//!
//! A thread of its own reads what has been written back from the system's memory, so that neither
//! the network nor the disk waits for it, and the bytes that are hashed are those that the file
//! has. It must not know what they are.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use crate::files::integrity::{Hasher, Integrity};

/// How much is read at once.
const PIECE: usize = 256 << 10;

/// Hashes a file from its beginning, as far as it is told that the file goes.
pub(super) struct BackgroundHasher {
    lengths: Option<Sender<u64>>,
    thread: Option<JoinHandle<io::Result<Hasher>>>,
}

impl BackgroundHasher {
    /// Hashes the beginning of `file`, for what should have the hash `wanted` in the end.
    pub(super) fn of(file: &File, wanted: Option<&Integrity>) -> io::Result<Self> {
        let (file, hasher) = (file.try_clone()?, Hasher::new(wanted));
        let (lengths, receiver) = channel();
        let hashing = thread::Builder::new().name("hash".to_owned());
        let thread = hashing.spawn(move || follow(&file, hasher, &receiver))?;
        Ok(Self { lengths: Some(lengths), thread: Some(thread) })
    }

    /// The hash of the first `length` bytes of a file that nobody writes.
    pub(super) fn whole(
        file: &File,
        wanted: Option<&Integrity>,
        length: u64,
    ) -> io::Result<Hasher> {
        let hasher = Self::of(file, wanted)?;
        hasher.advance_to(length);
        hasher.finish()
    }

    /// The file now has this length.
    pub(super) fn advance_to(&self, length: u64) {
        if let Some(lengths) = &self.lengths {
            // Who doesn't listen any more has an error to tell at the end.
            let _ = lengths.send(length);
        }
    }

    /// The hash of all that was reached.
    pub(super) fn finish(mut self) -> io::Result<Hasher> {
        self.lengths = None;
        let thread = self.thread.take().ok_or_else(stopped)?;
        thread.join().unwrap_or_else(|_| Err(stopped()))
    }
}

impl Drop for BackgroundHasher {
    /// The thread holds the file, and with it the file's lock.
    fn drop(&mut self) {
        self.lengths = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn stopped() -> io::Error {
    io::Error::other("the thread that hashes it stopped")
}

fn follow(file: &File, mut hasher: Hasher, lengths: &Receiver<u64>) -> io::Result<Hasher> {
    let mut buffer = vec![0; PIECE];
    let mut done = 0;
    while let Ok(told) = lengths.recv() {
        let length = lengths.try_iter().last().unwrap_or(told);
        while done < length {
            let wanted = usize::try_from(length - done).map_or(PIECE, |left| left.min(PIECE));
            file.read_exact_at(&mut buffer[..wanted], done)?;
            hasher.update(&buffer[..wanted]);
            done += wanted as u64;
        }
    }
    Ok(hasher)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_file_is_hashed_as_it_grows() {
        let mut file = tempfile::tempfile().unwrap();
        let body: Vec<u8> = (0..=250).cycle().take(3 * PIECE + 7).collect();
        let hasher = BackgroundHasher::of(&file, None).unwrap();
        for (count, piece) in body.chunks(PIECE / 3).enumerate() {
            file.write_all(piece).unwrap();
            hasher.advance_to((count * (PIECE / 3) + piece.len()) as u64);
        }
        let mut all_at_once = Hasher::new(None);
        all_at_once.update(&body);
        assert_eq!(hasher.finish().unwrap().finish(), all_at_once.finish());
    }

    #[test]
    fn a_file_that_shrinks_meanwhile_is_an_error() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"abc").unwrap();
        assert!(BackgroundHasher::whole(&file, None, 4).is_err());
    }
}
