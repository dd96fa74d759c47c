//! A file fetched to disk, which is whole and what was published, or isn't there.
//!
//! ```text
//! artifact ─▶ Partial: its file in the cache, locked (cache_entry.rs, partial.rs)
//!          ─▶ Transfer: what is missing of it (transfer.rs), hashed as it arrives
//!             (background_hasher.rs)
//!          ─▶ Downloaded
//! ```
//!
//! What has come stays in the cache when the line breaks or the process dies, and the next run
//! takes it up where a server can prove that the rest belongs to it. The published hash decides
//! in the end, over all bytes; so what is published without one is never kept.
//!
//! It must not know what is in the file.

mod background_hasher;
mod cache_entry;
mod partial;
mod transfer;

use std::path::{Path, PathBuf};

use super::address::Location;
use super::client::Client;
use super::fetch_error::FetchError;
use crate::files::integrity::Integrity;
use crate::files::write_access::WriteAccess;
use background_hasher::BackgroundHasher;
use cache_entry::claim;
pub use partial::Downloaded;
use partial::{Partial, unread};
use transfer::Transfer;
pub use transfer::{DownloadSpec, NoProgress, Progress};

/// Where downloads are kept.
#[derive(Debug, Clone)]
pub struct Downloads<'a> {
    cache: PathBuf,
    fallback: PathBuf,
    _access: &'a WriteAccess,
}

impl<'a> Downloads<'a> {
    /// Downloads that are kept in `downloads` below the folder `cache`; and where nothing can be
    /// kept (a read-only cache, a file system without locks, no hash to prove it by), in
    /// `fallback`, a folder of the caller's own that exists.
    pub fn new(access: &'a WriteAccess, cache: &Path, fallback: &Path) -> Self {
        let fallback = fallback.to_path_buf();
        Self { cache: cache.join("downloads"), fallback, _access: access }
    }

    /// Downloads an artifact, or what is missing of it.
    ///
    /// What isn't what was published is deleted ([`FetchError::Fatal`] with [`usher_shims::error::ErrorKind::Integrity`]). So
    /// is what can't be taken up again; the rest stays for the next try.
    pub fn fetch(
        &self,
        client: &Client,
        spec: &DownloadSpec<'_>,
        progress: &dyn Progress,
    ) -> Result<Downloaded, FetchError> {
        let location = Location::parse(spec.address)?;
        let partial = match spec.integrity {
            Some(wanted) => match claim(&self.cache, wanted)? {
                Some(kept) => match complete(&kept, wanted)? {
                    Some(sha256) => return Downloaded::new(kept, sha256),
                    None => kept,
                },
                None => Partial::private(&self.fallback)?,
            },
            None => Partial::private(&self.fallback)?,
        };
        Transfer::new(client, (location, spec), partial, progress).run()
    }
}

/// The SHA-256 of what lies there, if that is all of the artifact already.
fn complete(kept: &Partial, wanted: &Integrity) -> Result<Option<String>, FetchError> {
    let size = kept.length()?;
    let may_be = kept.resume_info().is_none_or(|info| info.total == Some(size));
    if size == 0 || !may_be {
        return Ok(None);
    }
    let hashed = BackgroundHasher::whole(kept.file(), Some(wanted), size);
    let hasher = hashed.map_err(|error| unread(kept, error))?;
    Ok(hasher.finish().ok())
}

#[cfg(test)]
mod tests;
