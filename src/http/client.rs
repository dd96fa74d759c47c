//! Asking servers (and folders that stand in for one) for what they have.
//!
//! It knows addresses, credentials and how long to wait; it must not know what the bytes mean
//! or which address belongs to which tool. It never writes a file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::OnceLock;

use flate2::read::MultiGzDecoder;
use usher_shims::error::{Error, ErrorKind, Shown};

use super::address::{Location, cant_fetch, host};
use super::diagnose::{Endpoint, broken};
use super::fetch_error::{AttemptError, FetchError};
use super::network_config::{HttpClient, NetworkConfig};
use super::redirects;
use super::response::{BodyKind, HttpRequest, RequestCondition, Response, is_web_page, web_page};
use super::retry::Retry;
use super::tls_errors::CertificateTrust;

/// Asks servers; made once and used for all that a run of `use` fetches.
pub struct Client {
    config: NetworkConfig,
    /// Made when the first server is asked: a mirror in a folder needs no certificates.
    web: OnceLock<HttpClient>,
}

/// What came of asking whether something has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conditional {
    /// It hasn't.
    NotModified,
    /// It has, or the server can't tell.
    Modified {
        /// All of it.
        bytes: Vec<u8>,
        /// What to ask with next time: an `ETag`, or else a `Last-Modified`.
        validator: Option<String>,
    },
}

impl Client {
    /// A client; nothing is read or asked before the first request.
    pub fn new(config: NetworkConfig) -> Self {
        Self { config, web: OnceLock::new() }
    }

    /// What lies at `address` (`http://`, `https://`, `file://` or an absolute path), if it is
    /// no longer than `limit` bytes and no web page.
    pub fn get(&self, address: &str, limit: u64) -> Result<Vec<u8>, FetchError> {
        self.get_accepting(address, limit, "*/*")
    }

    /// As [`get`](Self::get), where its absence is an answer.
    pub fn get_optional(&self, address: &str, limit: u64) -> Result<Option<Vec<u8>>, FetchError> {
        match self.get(address, limit) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(FetchError::NotFound(_)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// As [`get`](Self::get), naming the kinds of answer that are understood in the form of an
    /// `Accept` header; where `text/html` is among them, a web page is an answer like others.
    pub fn get_accepting(
        &self,
        address: &str,
        limit: u64,
        accept: &str,
    ) -> Result<Vec<u8>, FetchError> {
        match self.get_if_modified(address, limit, accept, None)? {
            Conditional::Modified { bytes, .. } => Ok(bytes),
            // Nobody asked for this.
            Conditional::NotModified => Ok(Vec::new()),
        }
    }

    /// As [`get_accepting`](Self::get_accepting), unless it is still what `validator` came with.
    pub fn get_if_modified(
        &self,
        address: &str,
        limit: u64,
        accept: &str,
        validator: Option<&str>,
    ) -> Result<Conditional, FetchError> {
        let location = Location::parse(address)?;
        let condition =
            validator.map_or(RequestCondition::Unconditional, RequestCondition::IfModified);
        let mut retry = self.retry();
        loop {
            let request = HttpRequest { accept, encoding: "gzip", condition };
            let response = self.open(&location, &request);
            match response.and_then(|response| read(&location, response, limit, accept)) {
                Ok(read) => return Ok(read),
                Err(error) => retry.pause(error)?,
            }
        }
    }

    /// The attempts of one undertaking.
    pub(super) fn retry(&self) -> Retry<'_> {
        Retry::new(&self.config.timeouts)
    }

    /// Asks once for what lies there.
    pub(super) fn open(
        &self,
        location: &Location,
        request: &HttpRequest<'_>,
    ) -> Result<Response, AttemptError> {
        match location {
            Location::File(path) => open_file(path).map_err(AttemptError::Permanent),
            Location::Web(url) => {
                let web = self.web().map_err(AttemptError::Permanent)?;
                redirects::open(&self.config, web, (location, url), request)
            }
        }
    }

    fn web(&self) -> Result<&HttpClient, FetchError> {
        if let Some(web) = self.web.get() {
            return Ok(web);
        }
        let built = self.config.build()?;
        Ok(self.web.get_or_init(|| built))
    }
}

fn open_file(path: &Path) -> Result<Response, FetchError> {
    let failed = |error: io::Error| {
        let failure = match error.kind() {
            io::ErrorKind::NotFound => FetchError::NotFound,
            _ => FetchError::Unreachable,
        };
        failure(Error::io("read", path, error))
    };
    // Asked before it is opened: opening a pipe would wait for its other end.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        let what = format!("{} is no file", Shown(path));
        return Err(FetchError::BadResponse(Error::new(ErrorKind::BadFile, what)));
    }
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    Ok(Response::of_file(file, length))
}

/// All of an answer, if that is no more than `limit` bytes.
fn read(
    location: &Location,
    response: Response,
    limit: u64,
    accept: &str,
) -> Result<Conditional, AttemptError> {
    if matches!(response.kind, BodyKind::NotModified) {
        return Ok(Conditional::NotModified);
    }
    let Response { bytes, packed, tag, responder, .. } = response;
    let mut reader: Box<dyn Read> =
        if packed { Box::new(MultiGzDecoder::new(bytes)) } else { bytes };
    let mut bytes = Vec::new();
    reader
        .by_ref()
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| unread(location, error))?;
    if bytes.len() as u64 > limit {
        return Err(AttemptError::Permanent(too_long(location, limit)));
    }
    if !accept.contains("text/html") && is_web_page(&bytes) {
        return Err(AttemptError::Permanent(web_page(location, responder.as_ref())));
    }
    Ok(Conditional::Modified { bytes, validator: tag })
}

/// Reading broke off.
pub(super) fn unread(location: &Location, error: io::Error) -> AttemptError {
    match location {
        Location::File(path) => {
            AttemptError::Permanent(FetchError::Unreachable(Error::io("read", path, error)))
        }
        Location::Web(url) => {
            // It was let in already.
            let endpoint =
                Endpoint { host: host(url), proxy: None, trust: CertificateTrust::SystemRoots };
            broken(cant_fetch(location), &endpoint, &error)
        }
    }
}

/// More is coming than can be meant.
pub(super) fn too_long(location: &Location, limit: u64) -> FetchError {
    FetchError::BadResponse(
        cant_fetch(location).because(format!("it is longer than {limit} bytes")),
    )
}
