//! Downloads a file: afterwards it is complete and has the published hash, or there is none.
//!
//! ```text
//! DownloadSpec ─▶ Partial: its file in the cache, locked (cache_entry.rs, partial.rs)
//!              ─▶ Transfer: fetches what is missing (transfer.rs), hashed as it arrives
//!                 (background_hasher.rs)
//!              ─▶ Downloaded
//! ```
//!
//! When the connection breaks or the process dies, the partial file stays in the cache. The next run
//! resumes it if the server can prove that the rest belongs to it. In the end the published hash is
//! compared, over all bytes. So a file that was published without a hash is never cached.
//!
//! It must not know what is in the file.

mod background_hasher;
mod cache_entry;
mod partial;
mod transfer;

use std::path::{Path, PathBuf};

use super::client::Client;
use super::fetch_error::FetchError;
use crate::files::integrity::Integrity;
use crate::files::write_access::WriteAccess;
use background_hasher::BackgroundHasher;
use cache_entry::lock_cache_entry;
pub use partial::Downloaded;
use partial::{Partial, read_error};
use transfer::Transfer;
pub use transfer::{DownloadSpec, NoProgress, Progress};

/// The folders for downloads.
#[derive(Debug, Clone)]
pub struct Downloads<'a> {
    cache: PathBuf,
    fallback: PathBuf,
    _access: &'a WriteAccess,
}

impl<'a> Downloads<'a> {
    /// Downloads that are cached in `downloads` below the folder `cache`. Where nothing can be cached
    /// (a read-only cache, a file system without locks, no published hash), they are in `fallback`,
    /// an existing folder that the caller deletes.
    pub fn new(access: &'a WriteAccess, cache: &Path, fallback: &Path) -> Self {
        let fallback = fallback.to_path_buf();
        Self { cache: cache.join("downloads"), fallback, _access: access }
    }

    /// Downloads a file, or what is missing of it.
    ///
    /// A file with another hash than was published is deleted, and is [`FetchError::Fatal`] with
    /// [`ErrorKind::Integrity`](usher_shims::error::ErrorKind::Integrity). After other errors a
    /// partial file stays for the next attempt, if it can be resumed.
    pub fn fetch(
        &self,
        client: &Client,
        spec: &DownloadSpec<'_>,
        progress: &dyn Progress,
    ) -> Result<Downloaded, FetchError> {
        let partial = match spec.integrity {
            Some(expected) => match lock_cache_entry(&self.cache, expected)? {
                Some(cached) => match verify_complete(&cached, expected)? {
                    Some(sha256) => return Downloaded::new(cached, sha256, spec.address.host()),
                    None => cached,
                },
                None => Partial::uncached(&self.fallback)?,
            },
            None => Partial::uncached(&self.fallback)?,
        };
        Transfer::new(client, spec, partial, progress).run()
    }
}

/// The SHA-256 of a cached file, if it is complete already.
fn verify_complete(cached: &Partial, expected: &Integrity) -> Result<Option<String>, FetchError> {
    let size = cached.length()?;
    let may_be_complete = cached.resume_info().is_none_or(|info| info.total == Some(size));
    if size == 0 || !may_be_complete {
        return Ok(None);
    }
    let hashed = BackgroundHasher::hash_all(cached.file(), Some(expected), size);
    let hasher = hashed.map_err(|error| read_error(cached, error))?;
    Ok(hasher.finish().ok())
}

#[cfg(test)]
mod tests;
