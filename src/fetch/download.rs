//! A file fetched to disk, which is whole and what was published, or isn't there.
//!
//! ```text
//! artifact ─▶ Claim: its file in the cache, locked (claim.rs, partial.rs)
//!          ─▶ Transfer: what is missing of it (transfer.rs), hashed as it arrives (follower.rs)
//!          ─▶ Downloaded
//! ```
//!
//! What has come stays in the cache when the line breaks or the process dies, and the next run
//! takes it up where a server can prove that the rest belongs to it. The published hash decides
//! in the end, over all bytes; so what is published without one is never kept.
//!
//! It must not know what is in the file.

mod claim;
mod follower;
mod partial;
mod transfer;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;
use usher_shims::error::{Error, Exit};

use super::address::Place;
use super::client::Client;
use super::failure::{Failure, Setback};
use super::integrity::{Integrity, Mismatch};
use claim::{Claim, claim};
use follower::Follower;
use partial::Partial;
use transfer::Transfer;

/// No toolchain is larger: the largest today (a JDK) has an eighth of this.
const LARGEST: u64 = 4 << 30;

const HINT_LATER: &str = "try again later; if it stays so, ask whoever runs that server or proxy";

/// What to download.
pub struct Artifact<'a> {
    /// Where it lies: `http://`, `https://`, `file://` or an absolute path.
    pub address: &'a str,
    /// The hash it was published under; `None` where upstream publishes none.
    pub integrity: Option<&'a Integrity>,
    /// How many bytes the source says it has, where it says so: what has more or fewer isn't it.
    pub size: Option<u64>,
}

/// A complete file that has the wanted hash, if one is known.
///
/// It stays where it is until it is [discarded](Self::discard): whoever wants the same artifact
/// again needs no network. While this lives, the file is changed by nobody.
#[derive(Debug)]
pub struct Downloaded {
    /// The SHA-256 of the file, in lower-case hexadecimal digits.
    pub sha256: String,
    /// The length of the file in bytes.
    pub size: u64,
    partial: Partial,
}

impl Downloaded {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.partial.path()
    }

    /// The file that was verified, open for reading from its beginning.
    pub fn file(&self) -> &File {
        self.partial.file()
    }

    /// Deletes it: it was used and isn't needed again. Where somebody else uses it right now, it
    /// is left to them.
    pub fn discard(self) {
        self.partial.discard();
    }
}

/// Is told how a download goes on.
pub trait Progress {
    /// It begins, perhaps once more from the start; with the bytes of the whole, if that is known.
    /// What was there already is told by a first [`advance`](Self::advance).
    fn begin(&self, total: Option<u64>);
    /// So many more bytes have come.
    fn advance(&self, bytes: u64);
    /// It ended, well or not.
    fn end(&self);
}

/// Says nothing.
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}

/// Where downloads are kept.
#[derive(Debug, Clone)]
pub struct Downloads {
    cache: PathBuf,
    fallback: PathBuf,
}

impl Downloads {
    /// Downloads that are kept in `downloads` below the folder `cache`; and where nothing can be
    /// kept (a read-only cache, a file system without locks, no hash to prove it by), in
    /// `fallback`, a folder of the caller's own that exists.
    pub fn new(cache: &Path, fallback: &Path) -> Self {
        Self { cache: cache.join("downloads"), fallback: fallback.to_path_buf() }
    }

    /// Downloads an artifact, or what is missing of it.
    ///
    /// What isn't what was published is deleted ([`Failure::Fatal`] with [`Exit::Integrity`]). So
    /// is what can't be taken up again; the rest stays for the next try.
    pub fn fetch(
        &self,
        client: &Client,
        artifact: &Artifact<'_>,
        progress: &dyn Progress,
    ) -> Result<Downloaded, Failure> {
        let place = Place::parse(artifact.address)?;
        let claimed = match artifact.integrity {
            Some(wanted) => claim(&self.cache, wanted, client.patience(), progress)?,
            None => None,
        };
        let partial = match (claimed, artifact.integrity) {
            (Some(claimed), Some(wanted)) => match complete(claimed, wanted)? {
                Found::Complete(downloaded) => return Ok(downloaded),
                Found::Partial(partial) => partial,
                Found::Others => Partial::private(&self.fallback)?,
            },
            (_, _) => Partial::private(&self.fallback)?,
        };
        Transfer::new(client, (place, artifact), partial, progress).run()
    }
}

/// What lies in a file that was claimed.
enum Found {
    Complete(Downloaded),
    /// Ours, to be filled.
    Partial(Partial),
    /// Somebody else's, and nothing of use.
    Others,
}

/// Looks whether all of the artifact has come already, by its hash.
fn complete(claimed: Claim, wanted: &Integrity) -> Result<Found, Failure> {
    let (partial, is_ours) = match claimed {
        Claim::Ours(partial) => (partial, true),
        Claim::Shared(partial) => (partial, false),
    };
    let size = partial.length()?;
    let may_be = || !is_ours || partial.note().is_none_or(|note| note.total == Some(size));
    if size > 0 && may_be() {
        let hashed = Follower::whole(partial.file(), Some(wanted), size);
        let hasher = hashed.map_err(|error| unread(&partial, &error))?;
        if let Ok(sha256) = hasher.finish() {
            partial.share();
            return Ok(Found::Complete(Downloaded { sha256, size, partial }));
        }
    }
    Ok(if is_ours { Found::Partial(partial) } else { Found::Others })
}

fn unread(partial: &Partial, error: &io::Error) -> Failure {
    Failure::Fatal(Error::io("read", partial.path(), error))
}

/// A file can't be written, of which so many bytes are to come.
fn unwritten(path: &Path, error: &io::Error, missing: Option<u64>) -> Failure {
    let message = Error::io("write", path, error);
    let is_full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    let free = path.parent().and_then(|folder| statvfs(folder).ok());
    Failure::Fatal(match (is_full, missing, free) {
        (true, Some(missing), Some(disk)) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            message.because(format!("{missing} bytes are still to come, and {free} are free there"))
        }
        (_, _, _) => message,
    })
}

/// Whether so many bytes certainly can't be written there.
fn lacks_room(path: &Path, bytes: u64) -> bool {
    let disk = path.parent().and_then(|folder| statvfs(folder).ok());
    // Some file systems say nothing of their size. What only root may use counts, too: it is the
    // system that refuses in the end, and this only asks early.
    disk.is_some_and(|disk| disk.f_blocks > 0 && disk.f_bfree.saturating_mul(disk.f_frsize) < bytes)
}

/// It has another size than its source says.
fn missized(place: &Place, wanted: u64, seen: &str) -> Setback {
    let error = Error::new(Exit::Integrity, format!("{place} is not what was published"))
        .because(format!("published: {wanted} bytes"))
        .because(format!("received:  {seen}"))
        .hint(HINT_LATER);
    Setback::Final(Failure::Fatal(error))
}

fn mismatched(place: &Place, mismatch: &Mismatch) -> Setback {
    let Mismatch { wanted, seen } = mismatch;
    let error = Error::new(Exit::Integrity, format!("{place} is not what was published"))
        .because(format!("published: {wanted}"))
        .because(format!("received:  {seen}"))
        .hint(HINT_LATER);
    Setback::Final(Failure::Fatal(error))
}

#[cfg(test)]
mod tests;
