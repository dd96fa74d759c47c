//! Fetching the parts of a toolchain: by which HTTP client, and where downloads are cached.

use std::path::Path;

use usher_shims::error::{Error, ErrorKind, Result};

use crate::config::settings::Settings;
use crate::files::write_access::WriteAccess;
use crate::http::{Address, DownloadSpec, Downloaded, Downloads, FetchError, Progress};
use crate::releases::ReleasePart;
use crate::releases::network::Network;
use crate::session::Session;

/// Fetches parts.
#[derive(Clone, Copy)]
pub struct Fetcher<'a> {
    /// The right to write the cache.
    pub access: &'a WriteAccess,
    /// The settings: whether anything may be fetched.
    pub settings: &'a Settings,
    /// The HTTP clients.
    pub network: &'a Network<'a>,
    /// Where downloads are cached, for a retry.
    pub cache: &'a Path,
}

impl<'a> Fetcher<'a> {
    /// The session's.
    pub fn new(session: &'a Session, network: &'a Network<'a>, access: &'a WriteAccess) -> Self {
        Self { access, settings: &session.settings, network, cache: &session.folders.cache }
    }

    /// Fetches a part from the first address that can be reached; returns that address too. If the
    /// cache can't be written, the download is put into `fallback`.
    pub(crate) fn fetch(
        &self,
        (part, title): (&ReleasePart, &str),
        fallback: &Path,
        progress: &dyn Progress,
    ) -> Result<(Address, Downloaded)> {
        let downloads = Downloads::new(self.access, self.cache, fallback);
        let client = self.network.client_for(part.client)?;
        let mut last = None;
        for address in &part.addresses {
            let artifact =
                DownloadSpec { address, integrity: part.integrity.as_ref(), size: part.size };
            match downloads.fetch(client, &artifact, progress) {
                Ok(downloaded) => return Ok((address.clone(), downloaded)),
                Err(FetchError::Fatal(error)) => return Err(error),
                Err(failure) => last = Some(Error::from(failure)),
            }
        }
        Err(last
            .unwrap_or_else(|| Error::new(ErrorKind::Network, format!("{title} has no address"))))
    }
}
