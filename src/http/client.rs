//! Fetches from servers, and from folders that are used as mirrors.
//!
//! It knows addresses, credentials and timeouts; it must not know what the bytes mean or which
//! address belongs to which tool. It never writes a file.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::OnceLock;

use flate2::read::MultiGzDecoder;
use rustix::fs::OFlags;
use usher_shims::error::{Error, ErrorKind, Shown};

use super::address::{Address, LocalFile, Location, cant_fetch, host_with_port};
use super::diagnose::{Endpoint, connection_error};
use super::fetch_error::{AttemptError, FetchError};
use super::network_config::{HttpClient, NetworkConfig};
use super::redirects;
use super::response::{
    BodyKind, HttpRequest, RequestCondition, Response, is_web_page, web_page_error,
};
use super::retry::Retry;
use super::tls_errors::CertificateTrust;

/// Sends requests, with retries; one is used for all requests of a run of `use`.
pub struct Client {
    config: NetworkConfig,
    /// Created with the first request to a server: a mirror in a folder needs no certificates.
    web: OnceLock<HttpClient>,
}

/// The response to a request for something that may not have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conditional {
    /// It hasn't changed.
    NotModified,
    /// It has changed, or the server doesn't support the question.
    Modified {
        /// The whole content.
        bytes: Vec<u8>,
        /// The validator for the next request: an `ETag`, or else a `Last-Modified`.
        validator: Option<String>,
    },
}

impl Client {
    /// A client. Nothing is read or sent before the first request.
    pub fn new(config: NetworkConfig) -> Self {
        Self { config, web: OnceLock::new() }
    }

    /// Fetches what is at an address.
    ///
    /// More than `limit` bytes, or a web page, are [`FetchError::BadResponse`].
    pub fn get(&self, address: &Address, limit: u64) -> Result<Vec<u8>, FetchError> {
        self.get_accepting(address, limit, "*/*")
    }

    /// As [`get`](Self::get); `None` if there is nothing at that address.
    pub fn get_optional(
        &self,
        address: &Address,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        match self.get(address, limit) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(FetchError::NotFound(_)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// As [`get`](Self::get), with this `Accept` header. If it contains `text/html`, web pages are
    /// accepted.
    pub fn get_accepting(
        &self,
        address: &Address,
        limit: u64,
        accept: &str,
    ) -> Result<Vec<u8>, FetchError> {
        match self.get_if_modified(address, limit, accept, None)? {
            Conditional::Modified { bytes, .. } => Ok(bytes),
            // Can't happen: the request has no condition.
            Conditional::NotModified => Ok(Vec::new()),
        }
    }

    /// As [`get_accepting`](Self::get_accepting), if the content has changed since the response that
    /// had this `validator`.
    pub fn get_if_modified(
        &self,
        address: &Address,
        limit: u64,
        accept: &str,
        validator: Option<&str>,
    ) -> Result<Conditional, FetchError> {
        let location = address.location();
        let condition =
            validator.map_or(RequestCondition::Unconditional, RequestCondition::IfModified);
        let mut retry = self.retry();
        loop {
            let request = HttpRequest { accept, encoding: "gzip", condition };
            let response = self.open(location, &request);
            match response.and_then(|response| read(location, response, limit, accept)) {
                Ok(read) => return Ok(read),
                Err(error) => retry.wait_after(error)?,
            }
        }
    }

    /// Whether a request to an address has a user name, a password or a token in it. What comes back may
    /// be for that account alone.
    pub fn sends_secrets_to(&self, address: &Address) -> bool {
        let authorization = match address.location() {
            Location::Web(url) => self.config.credentials.authorization(url),
            Location::File(_) => None,
        };
        authorization.is_some() || address.has_secrets()
    }

    /// The retries of one request or download.
    pub(super) fn retry(&self) -> Retry<'_> {
        Retry::new(&self.config.timeouts)
    }

    /// Sends one request, without retries.
    pub(super) fn open(
        &self,
        location: &Location,
        request: &HttpRequest<'_>,
    ) -> Result<Response, AttemptError> {
        match location {
            Location::File(file) => {
                let allowed = self.config.check_source(location, None);
                allowed.and_then(|()| open_file(file)).map_err(AttemptError::Permanent)
            }
            Location::Web(url) => {
                let web = self.web().map_err(AttemptError::Permanent)?;
                redirects::send_following_redirects(&self.config, web, url, request)
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

/// Opens a file that the user named, or one of a mirror's folder, which no link leads out of.
fn open_file(LocalFile { path, mirror }: &LocalFile) -> Result<Response, FetchError> {
    let failed = |error: io::Error| {
        let failure = match error.kind() {
            io::ErrorKind::NotFound => FetchError::NotFound,
            _ => FetchError::Unreachable,
        };
        failure(Error::io("read", path, error))
    };
    let refused = |what: String| Err(FetchError::BadResponse(Error::new(ErrorKind::BadFile, what)));
    let mut real = path.clone();
    if let Some(mirror) = mirror {
        real = fs::canonicalize(path).map_err(failed)?;
        if !real.starts_with(fs::canonicalize(mirror).map_err(failed)?) {
            return refused(format!("{} is a link out of {}", Shown(path), Shown(mirror)));
        }
    }
    // A pipe isn't waited for, and what replaces the file in the meantime isn't followed.
    let no_link = if mirror.is_some() { OFlags::NOFOLLOW } else { OFlags::empty() };
    let flags = (OFlags::NONBLOCK | no_link).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(&real).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    if !found.is_file() {
        return refused(format!("{} is not a file", Shown(path)));
    }
    Ok(Response::from_file(file, found.len()))
}

/// The whole body of a response, decompressed, if it has no more than `limit` bytes.
fn read(
    location: &Location,
    response: Response,
    limit: u64,
    accept: &str,
) -> Result<Conditional, AttemptError> {
    if matches!(response.kind, BodyKind::NotModified) {
        return Ok(Conditional::NotModified);
    }
    let Response { bytes, is_gzipped, tag, responder, .. } = response;
    let mut reader: Box<dyn Read> =
        if is_gzipped { Box::new(MultiGzDecoder::new(bytes)) } else { bytes };
    let mut bytes = Vec::new();
    reader
        .by_ref()
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| read_error(location, error))?;
    if bytes.len() as u64 > limit {
        return Err(AttemptError::Permanent(too_long(location, limit)));
    }
    if !accept.contains("text/html") && is_web_page(&bytes) {
        return Err(AttemptError::Permanent(web_page_error(location, responder.as_ref())));
    }
    Ok(Conditional::Modified { bytes, validator: tag })
}

/// The error of reading a response's body.
pub(super) fn read_error(location: &Location, error: io::Error) -> AttemptError {
    match location {
        Location::File(file) => {
            AttemptError::Permanent(FetchError::Unreachable(Error::io("read", &file.path, error)))
        }
        Location::Web(url) => {
            // The connection was established, so neither proxy nor certificates are the cause.
            let endpoint = Endpoint {
                host: host_with_port(url),
                proxy: None,
                trust: CertificateTrust::System,
            };
            connection_error(cant_fetch(location), &endpoint, &error)
        }
    }
}

/// The error of a response that is longer than `limit` bytes.
pub(super) fn too_long(location: &Location, limit: u64) -> FetchError {
    FetchError::BadResponse(
        cant_fetch(location).because(format!("it is longer than {limit} bytes")),
    )
}
