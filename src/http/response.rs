//! What is endpoint, and what came back: whether it is an answer, to which question, and who gave it.
//!
//! It judges status and headers, and must not know what the body is for.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::time::SystemTime;

use reqwest::header::{
    CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, LAST_MODIFIED,
};
use reqwest::{StatusCode, blocking};
use usher_shims::error::Escaped;

use super::address::{Location, cant_fetch, host};
use super::diagnose::{Endpoint, HINT_NETWORK};
use super::fetch_error::{AttemptError, FetchError};
use super::headers::{ContentRange, StrongTag, text};
use super::min_throughput::MinThroughput;
use super::retry_after::{in_words, retry_after};
use super::timeouts::Timeouts;

/// How to ask.
pub(super) struct HttpRequest<'a> {
    /// The kinds of answer that are understood, as the `Accept` header has it.
    pub(super) accept: &'a str,
    /// The transfer encodings that are understood: `gzip` or `identity`.
    pub(super) encoding: &'static str,
    /// Which part of it, or whether at all.
    pub(super) condition: RequestCondition<'a>,
}

/// Which part of something is wanted, or whether at all.
#[derive(Clone, Copy)]
pub(super) enum RequestCondition<'a> {
    /// The whole.
    Unconditional,
    /// What follows these first bytes, if it is still the same; else the whole.
    ResumeFrom(u64, &'a StrongTag),
    /// The whole, if it isn't what this was sent along with.
    IfModified(&'a str),
}

/// An answer that is still coming.
pub(super) struct Response {
    /// The bytes, as they were sent.
    pub(super) bytes: Box<dyn Read>,
    /// How many bytes were announced.
    pub(super) length: Option<u64>,
    /// What the bytes are.
    pub(super) kind: BodyKind,
    /// What tells this state of the resource from others, byte for byte.
    pub(super) validator: Option<StrongTag>,
    /// What to ask with whether it has changed: `ETag`, or else `Last-Modified`.
    pub(super) tag: Option<String>,
    /// Who gave it, if it wasn't a file.
    pub(super) responder: Option<Responder>,
    /// Whether the bytes were packed for the transfer.
    pub(super) packed: bool,
}

/// What the bytes of an answer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyKind {
    /// All there is.
    Full,
    /// A part, as far as can be told the one that was asked for.
    Remainder(ContentRange),
    /// Nothing of use: no such part, or another one.
    BadRange,
    /// Nothing, for nothing has changed.
    NotModified,
}

/// Who gave an answer, and how it was labelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Responder {
    host: String,
    status: StatusCode,
    content_type: String,
}

impl fmt::Display for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, status, content_type } = self;
        write!(f, "{} answered {status} with ", Escaped(host))?;
        match content_type.as_str() {
            "" => f.write_str("content of no type"),
            named => Escaped(named).fmt(f),
        }
    }
}

impl Response {
    /// All of a file.
    pub(super) fn of_file(file: File, length: u64) -> Self {
        Self {
            bytes: Box::new(file),
            length: Some(length),
            kind: BodyKind::Full,
            validator: None,
            tag: None,
            responder: None,
            packed: false,
        }
    }

    /// What a server said.
    pub(super) fn of_server(
        response: blocking::Response,
        kind: BodyKind,
        timeouts: &Timeouts,
    ) -> Self {
        let headers = response.headers();
        let header = |name: &str| text(headers, name).map(str::to_owned);
        let packed = header(CONTENT_ENCODING.as_str())
            .is_some_and(|encoding| matches!(encoding.as_str(), "gzip" | "x-gzip"));
        Self {
            length: response.content_length(),
            kind,
            validator: StrongTag::of(headers),
            tag: header(ETAG.as_str()).or_else(|| header(LAST_MODIFIED.as_str())),
            responder: Some(Responder {
                host: host(response.url()),
                status: response.status(),
                content_type: header(CONTENT_TYPE.as_str()).unwrap_or_default(),
            }),
            packed,
            bytes: Box::new(MinThroughput::new(response, timeouts)),
        }
    }
}

/// Which answer a response is to a question, if it is one.
pub(super) fn judge(
    location: &Location,
    condition: RequestCondition<'_>,
    endpoint: &Endpoint<'_>,
    response: &blocking::Response,
) -> Result<BodyKind, AttemptError> {
    match (response.status(), condition) {
        (StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION, _) => Ok(BodyKind::Full),
        (StatusCode::PARTIAL_CONTENT, RequestCondition::ResumeFrom(length, validator)) => {
            Ok(rest(response.headers(), length, validator))
        }
        (StatusCode::RANGE_NOT_SATISFIABLE, RequestCondition::ResumeFrom(..)) => {
            Ok(BodyKind::BadRange)
        }
        (StatusCode::NOT_MODIFIED, RequestCondition::IfModified(_)) => Ok(BodyKind::NotModified),
        (status, _) => Err(no_answer(location, status, endpoint, response.headers())),
    }
}

/// The part that follows the first `length` bytes of what `validator` came with, and no other.
fn rest(headers: &HeaderMap, length: u64, validator: &StrongTag) -> BodyKind {
    let range = text(headers, CONTENT_RANGE.as_str()).and_then(ContentRange::parse);
    match range {
        Some(range) if range.follows(length) && validator.admits(headers) => {
            BodyKind::Remainder(range)
        }
        Some(_) | None => BodyKind::BadRange,
    }
}

fn no_answer(
    location: &Location,
    status: StatusCode,
    endpoint: &Endpoint<'_>,
    headers: &HeaderMap,
) -> AttemptError {
    let host = Escaped(&endpoint.host);
    let error = cant_fetch(location);
    if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        let proxy = Escaped(endpoint.proxy.as_deref().unwrap_or_default());
        let why = format!("the proxy {proxy} for {host} asks for a name and a password");
        return AttemptError::Permanent(FetchError::Unreachable(
            error.because(why).hint(HINT_NETWORK),
        ));
    }
    let error = error.because(format!("{host} answered {status}"));
    let now = SystemTime::now();
    let wait = retry_after(headers, now);
    let may_pass = status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || (status == StatusCode::FORBIDDEN && wait.is_some());
    let error = match wait {
        Some(wait) if may_pass => error.because(in_words(wait, now)),
        Some(_) | None => error,
    };
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            AttemptError::Permanent(FetchError::NotFound(error))
        }
        _ if may_pass => AttemptError::Transient(FetchError::Unreachable(error), wait),
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

/// A web page came where something else was expected.
pub(super) fn web_page(location: &Location, responder: Option<&Responder>) -> FetchError {
    other_content(
        location,
        responder,
        "the answer looks like a web page (a captive portal or a proxy?)",
    )
}

/// Something came that can't be what was asked for, and `what` it is.
pub(super) fn other_content(
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
