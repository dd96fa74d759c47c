//! Hashes a file while it is still being written.
//!
//! A thread of its own reads the written bytes back from the system's page cache. So neither the
//! network nor the disk waits for it, and the hashed bytes are those in the file. It must not know
//! what they are.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use crate::files::integrity::{Hasher, Integrity};

/// How many bytes are read at once.
const CHUNK_SIZE: usize = 256 << 10;

/// Hashes a growing file from its beginning.
pub(super) struct BackgroundHasher {
    lengths: Option<Sender<u64>>,
    thread: Option<JoinHandle<io::Result<Hasher>>>,
}

impl BackgroundHasher {
    /// Starts to hash `file`, which should have the hash `expected` when it is complete.
    pub(super) fn start(file: &File, expected: Option<&Integrity>) -> io::Result<Self> {
        let (file, hasher) = (file.try_clone()?, Hasher::new(expected));
        let (lengths, receiver) = channel();
        let hashing = thread::Builder::new().name("hash".to_owned());
        let thread = hashing.spawn(move || hash_as_written(&file, hasher, &receiver))?;
        Ok(Self { lengths: Some(lengths), thread: Some(thread) })
    }

    /// Hashes the first `length` bytes of a file that isn't being written.
    pub(super) fn hash_all(
        file: &File,
        expected: Option<&Integrity>,
        length: u64,
    ) -> io::Result<Hasher> {
        let hasher = Self::start(file, expected)?;
        hasher.advance_to(length);
        hasher.finish()
    }

    /// Hashes up to this length, which the file has reached.
    pub(super) fn advance_to(&self, length: u64) {
        if let Some(lengths) = &self.lengths {
            // A thread that has ended has an error, which `finish` returns.
            let _ = lengths.send(length);
        }
    }

    /// Waits until all bytes are hashed.
    pub(super) fn finish(mut self) -> io::Result<Hasher> {
        self.lengths = None;
        let thread = self.thread.take().ok_or_else(hasher_stopped_error)?;
        thread.join().unwrap_or_else(|_| Err(hasher_stopped_error()))
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

fn hasher_stopped_error() -> io::Error {
    io::Error::other("the thread that hashes it stopped")
}

fn hash_as_written(file: &File, mut hasher: Hasher, lengths: &Receiver<u64>) -> io::Result<Hasher> {
    let mut buffer = vec![0; CHUNK_SIZE];
    let mut done = 0;
    while let Ok(reached) = lengths.recv() {
        let length = lengths.try_iter().last().unwrap_or(reached);
        while done < length {
            let left = usize::try_from(length - done).unwrap_or(CHUNK_SIZE);
            let chunk = &mut buffer[..left.min(CHUNK_SIZE)];
            file.read_exact_at(chunk, done)?;
            hasher.update(chunk);
            done += chunk.len() as u64;
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
        let body: Vec<u8> = (0..=250).cycle().take(3 * CHUNK_SIZE + 7).collect();
        let hasher = BackgroundHasher::start(&file, None).unwrap();
        for (count, piece) in body.chunks(CHUNK_SIZE / 3).enumerate() {
            file.write_all(piece).unwrap();
            hasher.advance_to((count * (CHUNK_SIZE / 3) + piece.len()) as u64);
        }
        let mut all_at_once = Hasher::new(None);
        all_at_once.update(&body);
        assert_eq!(hasher.finish().unwrap().finish(), all_at_once.finish());
    }

    #[test]
    fn a_file_that_shrinks_meanwhile_is_an_error() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"abc").unwrap();
        assert!(BackgroundHasher::hash_all(&file, None, 4).is_err());
    }
}
