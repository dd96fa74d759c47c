//! Hashing files on all cores, each read once; no more than a few are open at a time.

use std::fs::File;
use std::io;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::files::integrity::sha256_of;

/// How much of a file is in memory.
const PIECE: usize = 128 << 10;

/// More threads than this help no disk.
const MOST_THREADS: usize = 8;

/// A file to hash.
#[derive(Debug)]
pub(super) struct Job {
    /// What it is called in the answer.
    pub(super) key: String,
    /// The open file.
    pub(super) file: File,
    /// The SHA-256 that it should have, in lower-case hexadecimal digits.
    pub(super) expected: String,
}

/// How a file differs from its checksum in the manifest.
#[derive(Debug)]
pub(super) enum Differs {
    /// It has another one.
    Content,
    /// It can't be read to its end.
    Unreadable(io::Error),
}

/// Hashes what `feed` sends, while it is still being sent; the answer is what differs, in no order. An
/// error if no thread can be started.
pub(super) fn hash<T>(
    feed: impl FnOnce(&SyncSender<Job>) -> T,
) -> io::Result<(T, Vec<(String, Differs)>)> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
    let (sender, receiver) = sync_channel(2 * threads);
    let (receiver, found) = (Mutex::new(receiver), Mutex::new(Vec::new()));
    let fed = thread::scope(|scope| {
        for number in 0..threads {
            let work = || hash_jobs(&receiver, &found);
            match thread::Builder::new().spawn_scoped(scope, work) {
                // Those that were started do the work.
                Err(_) if number > 0 => break,
                Err(error) => {
                    let why = format!("can't start a thread: {error}");
                    return Err(io::Error::new(error.kind(), why));
                }
                Ok(_) => {}
            }
        }
        let fed = feed(&sender);
        drop(sender);
        Ok(fed)
    })?;
    Ok((fed, found.into_inner().unwrap_or_else(PoisonError::into_inner)))
}

fn hash_jobs(jobs: &Mutex<Receiver<Job>>, found: &Mutex<Vec<(String, Differs)>>) {
    let mut piece = vec![0; PIECE];
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { key, file, expected }) = next else { return };
        let differs = match sha256_of(file, &mut piece) {
            Ok(seen) if seen == expected => continue,
            Ok(_) => Differs::Content,
            Err(error) => Differs::Unreadable(error),
        };
        found.lock().unwrap_or_else(PoisonError::into_inner).push((key, differs));
    }
}
