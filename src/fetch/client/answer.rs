//! What came back: whether it is an answer, to which question, and who gave it.
//!
//! It judges status and headers, and must not know what the body is for.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::time::SystemTime;

use reqwest::StatusCode;
use reqwest::blocking::Response;
use reqwest::header::{
    CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, LAST_MODIFIED,
};
use usher_shims::error::{Error, Escaped, Exit};

use super::super::access::Patience;
use super::super::address::{Place, host};
use super::super::failure::{Asked, Failure, HINT_NETWORK, Setback};
use super::pace::Paced;
use super::wait::{asked_for, in_words, text};
use super::{Condition, ContentRange, Validator, cant_fetch};

/// An answer that is still coming.
pub(in super::super) struct Answer {
    /// The bytes, as they were sent.
    pub(in super::super) bytes: Box<dyn Read>,
    /// How many bytes were announced.
    pub(in super::super) length: Option<u64>,
    /// What the bytes are.
    pub(in super::super) kind: Kind,
    /// What tells this state of the resource from others, byte for byte.
    pub(in super::super) validator: Option<Validator>,
    /// What to ask with whether it has changed: `ETag`, or else `Last-Modified`.
    pub(super) tag: Option<String>,
    /// Who gave it, if it wasn't a file.
    pub(in super::super) responder: Option<Responder>,
    /// Whether the bytes were packed for the transfer.
    pub(super) packed: bool,
}

/// What the bytes of an answer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Kind {
    /// All there is.
    Whole,
    /// A part, as far as can be told the one that was asked for.
    Rest(ContentRange),
    /// Nothing of use: no such part, or another one.
    NoRest,
    /// Nothing, for nothing has changed.
    Unchanged,
}

/// Who gave an answer, and how it was labelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Responder {
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

impl Answer {
    /// All of a file.
    pub(super) fn of_file(file: File, length: u64) -> Self {
        Self {
            bytes: Box::new(file),
            length: Some(length),
            kind: Kind::Whole,
            validator: None,
            tag: None,
            responder: None,
            packed: false,
        }
    }

    /// What a server said.
    pub(super) fn of_server(response: Response, kind: Kind, patience: &Patience) -> Self {
        let headers = response.headers();
        let header = |name: &str| text(headers, name).map(str::to_owned);
        let packed = header(CONTENT_ENCODING.as_str())
            .is_some_and(|encoding| matches!(encoding.as_str(), "gzip" | "x-gzip"));
        Self {
            length: response.content_length(),
            kind,
            validator: Validator::of(headers),
            tag: header(ETAG.as_str()).or_else(|| header(LAST_MODIFIED.as_str())),
            responder: Some(Responder {
                host: host(response.url()),
                status: response.status(),
                content_type: header(CONTENT_TYPE.as_str()).unwrap_or_default(),
            }),
            packed,
            bytes: Box::new(Paced::new(response, patience)),
        }
    }
}

/// Which answer a response is to a question, if it is one.
pub(super) fn judge(
    place: &Place,
    condition: Condition<'_>,
    asked: &Asked<'_>,
    response: &Response,
) -> Result<Kind, Setback> {
    match (response.status(), condition) {
        (StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION, _) => Ok(Kind::Whole),
        (StatusCode::PARTIAL_CONTENT, Condition::RestAfter(length, validator)) => {
            Ok(rest(response.headers(), length, validator))
        }
        (StatusCode::RANGE_NOT_SATISFIABLE, Condition::RestAfter(..)) => Ok(Kind::NoRest),
        (StatusCode::NOT_MODIFIED, Condition::IfChanged(_)) => Ok(Kind::Unchanged),
        (status, _) => Err(no_answer(place, status, asked, response.headers())),
    }
}

/// The part that follows the first `length` bytes of what `validator` came with, and no other.
fn rest(headers: &HeaderMap, length: u64, validator: &Validator) -> Kind {
    let range = text(headers, CONTENT_RANGE.as_str()).and_then(ContentRange::parse);
    match range {
        Some(range) if range.follows(length) && validator.admits(headers) => Kind::Rest(range),
        Some(_) | None => Kind::NoRest,
    }
}

fn no_answer(place: &Place, status: StatusCode, asked: &Asked<'_>, headers: &HeaderMap) -> Setback {
    let host = Escaped(&asked.host);
    let error = Error::new(Exit::Network, cant_fetch(place));
    if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        let proxy = Escaped(asked.proxy.as_deref().unwrap_or_default());
        let why = format!("the proxy {proxy} for {host} asks for a name and a password");
        return Setback::Final(Failure::Unreachable(error.because(why).hint(HINT_NETWORK)));
    }
    let error = error.because(format!("{host} answered {status}"));
    let now = SystemTime::now();
    let wait = asked_for(headers, now);
    let may_pass = status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || (status == StatusCode::FORBIDDEN && wait.is_some());
    let error = match wait {
        Some(wait) if may_pass => error.because(in_words(wait, now)),
        Some(_) | None => error,
    };
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Setback::Final(Failure::Absent(error)),
        _ if may_pass => Setback::Passing(Failure::Unreachable(error), wait),
        _ => Setback::Final(Failure::Refused(error)),
    }
}

/// Whether these first bytes are those of a web page.
pub(in super::super) fn is_web_page(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    [b"<!doctype html".as_slice(), b"<html"].iter().any(|opening| {
        bytes.get(..opening.len()).is_some_and(|start| start.eq_ignore_ascii_case(opening))
    })
}

/// A web page came where something else was expected.
pub(in super::super) fn web_page(place: &Place, responder: Option<&Responder>) -> Failure {
    other_content(
        place,
        responder,
        "the answer looks like a web page (a captive portal or a proxy?)",
    )
}

/// Something came that can't be what was asked for, and `what` it is.
pub(in super::super) fn other_content(
    place: &Place,
    responder: Option<&Responder>,
    what: &str,
) -> Failure {
    let error = Error::new(Exit::Network, cant_fetch(place)).because(what);
    Failure::Refused(match responder {
        Some(responder) => error.because(responder.to_string()),
        None => error,
    })
}
