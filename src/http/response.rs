//! Requests and responses: what a response's status and headers mean for the request.
//!
//! It must not know what the body is for.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::time::SystemTime;

use reqwest::header::{
    CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, LAST_MODIFIED,
};
use reqwest::{StatusCode, blocking};
use usher_shims::error::Escaped;

use super::address::{Location, cant_fetch, host_with_port};
use super::diagnose::{Endpoint, HINT_NETWORK};
use super::fetch_error::{AttemptError, FetchError};
use super::headers::{ContentRange, StrongTag, header_text};
use super::min_throughput::MinThroughputReader;
use super::retry_after::{describe_wait, retry_after};
use super::timeouts::Timeouts;

/// The headers of a request.
pub(super) struct HttpRequest<'a> {
    /// The `Accept` header.
    pub(super) accept: &'a str,
    /// The `Accept-Encoding` header: `gzip` or `identity`.
    pub(super) encoding: &'static str,
    pub(super) condition: RequestCondition<'a>,
}

/// Which part of a file is requested, and under which condition.
#[derive(Clone, Copy)]
pub(super) enum RequestCondition<'a> {
    /// All of it.
    Unconditional,
    /// What follows this many bytes, if the file still has this `ETag`; otherwise all of it.
    ResumeFrom(u64, &'a StrongTag),
    /// All of it, unless it is unmodified since the response that had this validator.
    IfModified(&'a str),
}

/// A response whose body wasn't read yet.
pub(super) struct Response {
    /// The body, as it is sent.
    pub(super) bytes: Box<dyn Read>,
    /// The body's length in bytes, if it was announced.
    pub(super) length: Option<u64>,
    pub(super) kind: BodyKind,
    /// The `ETag`, if it is a strong one.
    pub(super) validator: Option<StrongTag>,
    /// The validator of a later conditional request: `ETag`, or else `Last-Modified`.
    pub(super) tag: Option<String>,
    /// The server; `None` for a local file.
    pub(super) responder: Option<Responder>,
    /// Whether the body is compressed for the transfer.
    pub(super) is_gzipped: bool,
}

/// What a response's body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyKind {
    /// The whole file.
    Full,
    /// The requested rest of the file.
    Remainder(ContentRange),
    /// Unusable: another range than was requested, or none.
    BadRange,
    /// Empty: the file wasn't modified.
    NotModified,
}

/// The server of a response, its status and content type, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Responder {
    /// The host that sent it, after redirects.
    pub(super) host: String,
    status: StatusCode,
    content_type: String,
}

impl fmt::Display for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, status, content_type } = self;
        write!(f, "{} answered {status} with ", Escaped(host))?;
        match content_type.as_str() {
            "" => f.write_str("no content type"),
            content_type => Escaped(content_type).fmt(f),
        }
    }
}

impl Response {
    /// The response for a local file.
    pub(super) fn from_file(file: File, length: u64) -> Self {
        Self {
            bytes: Box::new(file),
            length: Some(length),
            kind: BodyKind::Full,
            validator: None,
            tag: None,
            responder: None,
            is_gzipped: false,
        }
    }

    /// A server's response.
    pub(super) fn from_server(
        response: blocking::Response,
        kind: BodyKind,
        timeouts: &Timeouts,
    ) -> Self {
        let headers = response.headers();
        let header = |name: &str| header_text(headers, name).map(str::to_owned);
        let is_gzipped = header(CONTENT_ENCODING.as_str())
            .is_some_and(|encoding| matches!(encoding.as_str(), "gzip" | "x-gzip"));
        Self {
            length: response.content_length(),
            kind,
            validator: StrongTag::of(headers),
            tag: header(ETAG.as_str()).or_else(|| header(LAST_MODIFIED.as_str())),
            responder: Some(Responder {
                host: host_with_port(response.url()),
                status: response.status(),
                content_type: header(CONTENT_TYPE.as_str()).unwrap_or_default(),
            }),
            is_gzipped,
            bytes: Box::new(MinThroughputReader::new(response, timeouts)),
        }
    }
}

/// What a response is for the request. An error if it is unusable.
pub(super) fn classify_response(
    location: &Location,
    condition: RequestCondition<'_>,
    endpoint: &Endpoint<'_>,
    response: &blocking::Response,
) -> Result<BodyKind, AttemptError> {
    match (response.status(), condition) {
        (StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION, _) => Ok(BodyKind::Full),
        (StatusCode::PARTIAL_CONTENT, RequestCondition::ResumeFrom(length, validator)) => {
            Ok(partial_body(response.headers(), length, validator))
        }
        (StatusCode::RANGE_NOT_SATISFIABLE, RequestCondition::ResumeFrom(..)) => {
            Ok(BodyKind::BadRange)
        }
        (StatusCode::NOT_MODIFIED, RequestCondition::IfModified(_)) => Ok(BodyKind::NotModified),
        (status, _) => Err(status_error(location, status, endpoint, response.headers())),
    }
}

/// Checks that a partial response is what follows the first `length` bytes of the file with the
/// `ETag` `validator`.
fn partial_body(headers: &HeaderMap, length: u64, validator: &StrongTag) -> BodyKind {
    let range = header_text(headers, CONTENT_RANGE.as_str()).and_then(ContentRange::parse);
    match range {
        Some(range) if range.is_rest_after(length) && validator.matches_partial(headers) => {
            BodyKind::Remainder(range)
        }
        Some(_) | None => BodyKind::BadRange,
    }
}

fn status_error(
    location: &Location,
    status: StatusCode,
    endpoint: &Endpoint<'_>,
    headers: &HeaderMap,
) -> AttemptError {
    let host = Escaped(&endpoint.host);
    let error = cant_fetch(location);
    if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        let proxy = Escaped(endpoint.proxy.as_deref().unwrap_or_default());
        let why = format!("the proxy {proxy} for {host} requires a user name and a password");
        return AttemptError::Permanent(FetchError::Unreachable(
            error.because(why).hint(HINT_NETWORK),
        ));
    }
    let error = error.because(format!("{host} answered {status}"));
    let now = SystemTime::now();
    let wait = retry_after(headers, now);
    let is_transient = status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || (status == StatusCode::FORBIDDEN && wait.is_some());
    let error = match wait {
        Some(wait) if is_transient => error.because(describe_wait(wait, now)),
        Some(_) | None => error,
    };
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            AttemptError::Permanent(FetchError::NotFound(error))
        }
        _ if is_transient => AttemptError::Transient(FetchError::Unreachable(error), wait),
        _ => AttemptError::Permanent(FetchError::BadResponse(error)),
    }
}

/// Whether these first bytes are those of a web page.
pub(super) fn is_web_page(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    [b"<!doctype html".as_slice(), b"<html"].iter().any(|opening| {
        bytes.get(..opening.len()).is_some_and(|start| start.eq_ignore_ascii_case(opening))
    })
}

/// The error of a web page in place of the requested file.
pub(super) fn web_page_error(location: &Location, responder: Option<&Responder>) -> FetchError {
    unexpected_content(
        location,
        responder,
        "the response looks like a web page (a captive portal or a proxy?)",
    )
}

/// The error of a response that can't be the requested file; `what` describes it.
pub(super) fn unexpected_content(
    location: &Location,
    responder: Option<&Responder>,
    what: &str,
) -> FetchError {
    let error = cant_fetch(location).because(what);
    FetchError::BadResponse(match responder {
        Some(responder) => error.because(responder.to_string()),
        None => error,
    })
}
