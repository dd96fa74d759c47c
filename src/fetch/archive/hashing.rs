//! The SHA-256 of each file of an archive, while the file is written.
//!
//! Where files are small, writing them takes longer than unpacking them: a thread of its own does
//! the hashing, on the processor that the unpacking leaves. It must not know which files they are.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use sha2::{Digest as _, Sha256};
use usher_shims::error::{Error, Exit};

use super::flow::Piece;
use super::{Checked, Trouble};
use crate::fetch::listing::hex;

/// A piece of a file, or its end.
type Step = Option<Piece>;

/// How many bytes are given over at once, at least: waking a thread for each of many small files
/// would take longer than hashing them. Small beside what a flow has in its buffers.
const BATCH: usize = 256 << 10;

/// Hashes files, one after the other.
pub(super) struct Hashing {
    batches: Sender<Vec<Step>>,
    thread: JoinHandle<Vec<String>>,
    /// What is to be given over next, and its bytes.
    batch: Vec<Step>,
    length: usize,
    /// How many files have ended.
    count: usize,
}

impl Hashing {
    pub(super) fn start() -> Checked<Self> {
        let (batches, receiver) = channel();
        let hashing = thread::Builder::new().name("hash".to_owned());
        let thread = hashing.spawn(move || hashes(&receiver)).map_err(|error| {
            let error = Error::new(Exit::Io, "can't start a thread").because(error.to_string());
            Trouble::Unwritable(error)
        })?;
        Ok(Self { batches, thread, batch: Vec::new(), length: 0, count: 0 })
    }

    /// The next bytes of a file.
    pub(super) fn update(&mut self, piece: Piece) {
        self.length += piece.len();
        self.batch.push(Some(piece));
        if self.length >= BATCH {
            self.give();
        }
    }

    /// The end of a file; which of all hashes will be its own is the answer.
    pub(super) fn end(&mut self) -> usize {
        self.batch.push(None);
        self.count += 1;
        self.count - 1
    }

    fn give(&mut self) {
        self.length = 0;
        // That nobody takes them any more shows at the end.
        let _ = self.batches.send(std::mem::take(&mut self.batch));
    }

    /// The hashes of all files that ended, in lower-case hexadecimal digits.
    pub(super) fn finish(mut self) -> Checked<Vec<String>> {
        self.give();
        drop(self.batches);
        let hashes = self.thread.join().unwrap_or_default();
        match hashes.len() == self.count {
            true => Ok(hashes),
            false => Err(Trouble::Unreadable(io::Error::other("hashing broke off"))),
        }
    }
}

fn hashes(batches: &Receiver<Vec<Step>>) -> Vec<String> {
    let (mut hashes, mut hasher) = (Vec::new(), Sha256::new());
    for step in batches.iter().flatten() {
        match step {
            Some(piece) => hasher.update(&*piece),
            None => hashes.push(hex(&hasher.finalize_reset())),
        }
    }
    hashes
}
