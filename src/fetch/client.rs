//! Asking servers (and folders that stand in for one) for what they have.
//!
//! It knows addresses, credentials and how long to wait; it must not know what the bytes mean
//! or which address belongs to which tool. It never writes a file.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use reqwest::blocking::{self, RequestBuilder, Response};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, RETRY_AFTER};
use reqwest::{StatusCode, Url};
use usher_shims::error::{Error, Escaped, Exit};

use super::access::{Access, authorization};
use super::address::{Place, host};
use super::failure::{Failure, Setback, broken};

pub use conditional::{Fetched, Kept, Validator};

mod conditional;

/// The longest time that a server may tell us to wait (`Retry-After`).
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Asks servers; made once and used for all that a run of `use` fetches.
pub struct Client {
    access: Access,
    /// Made when the first server is asked: a mirror in a folder needs no certificates.
    web: OnceLock<blocking::Client>,
}

/// How to ask.
pub(super) struct Wanted<'a> {
    /// The kinds of answer that are understood, as the `Accept` header has it.
    pub(super) accept: &'a str,
    /// The transfer encodings that are understood: `gzip` or `identity`.
    pub(super) encoding: &'static str,
}

/// An answer that is still coming.
pub(super) struct Body {
    /// The bytes, as they were sent.
    pub(super) bytes: Box<dyn Read>,
    /// How many bytes were announced.
    pub(super) length: Option<u64>,
    /// Whether the bytes were packed for the transfer.
    packed: bool,
}

impl Client {
    /// A client; nothing is read or asked before the first request.
    pub fn new(access: Access) -> Self {
        Self { access, web: OnceLock::new() }
    }

    /// What lies at `address` (`http://`, `https://`, `file://` or an absolute path), if it is
    /// no longer than `limit` bytes and no web page.
    pub fn get(&self, address: &str, limit: u64) -> Result<Vec<u8>, Failure> {
        self.get_accepting(address, limit, "*/*")
    }

    /// As [`get`](Self::get), where its absence is an answer.
    pub fn get_optional(&self, address: &str, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
        match self.get(address, limit) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Failure::Absent(_)) => Ok(None),
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
    ) -> Result<Vec<u8>, Failure> {
        let place = Place::parse(address)?;
        let bytes = self.tries(|| {
            let body = self.open(&place, &Wanted { accept, encoding: "gzip" })?;
            whole(&place, body, limit)
        })?;
        if !accept.contains("text/html") && is_web_page(&bytes) {
            return Err(web_page(&place));
        }
        Ok(bytes)
    }

    /// Tries until it succeeds, until a setback is final, or until patience ends.
    pub(super) fn tries<T>(
        &self,
        mut once: impl FnMut() -> Result<T, Setback>,
    ) -> Result<T, Failure> {
        let mut pauses = self.access.patience.pauses.iter();
        loop {
            let (failure, wait) = match once() {
                Ok(value) => return Ok(value),
                Err(Setback::Final(failure)) => return Err(failure),
                Err(Setback::Passing(failure, wait)) => (failure, wait),
            };
            let Some(pause) = pauses.next() else { return Err(failure) };
            let wait = wait.unwrap_or(*pause);
            if wait > LONGEST_WAIT {
                return Err(failure);
            }
            std::thread::sleep(wait);
        }
    }

    /// Asks once for what lies at `place`.
    pub(super) fn open(&self, place: &Place, wanted: &Wanted<'_>) -> Result<Body, Setback> {
        match place {
            Place::File(path) => open_file(path).map_err(Setback::Final),
            Place::Web(url) => self.open_web(place, url, wanted),
        }
    }

    fn open_web(&self, place: &Place, url: &Url, wanted: &Wanted<'_>) -> Result<Body, Setback> {
        let response = send(place, url, self.request(url, wanted)?)?;
        answered(place, &response)?;
        Ok(body(response))
    }

    fn request(&self, url: &Url, wanted: &Wanted<'_>) -> Result<RequestBuilder, Setback> {
        let web = self.web().map_err(Setback::Final)?;
        let request = web
            .get(url.clone())
            .header(ACCEPT, wanted.accept)
            .header(ACCEPT_ENCODING, wanted.encoding);
        Ok(match authorization(&self.access.credentials, url) {
            Some(authorization) => request.header(AUTHORIZATION, authorization),
            None => request,
        })
    }

    fn web(&self) -> Result<&blocking::Client, Failure> {
        if let Some(web) = self.web.get() {
            return Ok(web);
        }
        let built = self.access.build()?;
        Ok(self.web.get_or_init(|| built))
    }
}

fn send(place: &Place, url: &Url, request: RequestBuilder) -> Result<Response, Setback> {
    request.send().map_err(|error| {
        let asked = error.url().map_or_else(|| host(url), host);
        broken(&cant_fetch(place), &asked, &error)
    })
}

/// What an answer brings.
fn body(response: Response) -> Body {
    let packed = response
        .headers()
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| matches!(encoding.as_bytes(), b"gzip" | b"x-gzip"));
    Body { length: response.content_length(), packed, bytes: Box::new(response) }
}

/// What is said first of all that fails here.
pub(super) fn cant_fetch(place: &Place) -> String {
    format!("can't fetch {place}")
}

/// Whether the status is that of an answer.
fn answered(place: &Place, response: &Response) -> Result<(), Setback> {
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let said = format!("{} answered {status}", Escaped(&host(response.url())));
    let error = Error::new(Exit::Network, cant_fetch(place)).because(said);
    Err(match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Setback::Final(Failure::Absent(error)),
        _ if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            let wait = retry_after(response);
            let error = match wait {
                Some(wait) => {
                    error.because(format!("it asks to wait for {} seconds", wait.as_secs()))
                }
                None => error,
            };
            Setback::Passing(Failure::Unreachable(error), wait)
        }
        _ => Setback::Final(Failure::Refused(error)),
    })
}

/// How long the server asks to wait; where it names a date, our own pauses do.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

fn open_file(path: &Path) -> Result<Body, Failure> {
    let failed = |error: io::Error| {
        let message = Error::io("read", path, &error);
        match error.kind() {
            ErrorKind::NotFound => Failure::Absent(message),
            _ => Failure::Unreachable(message),
        }
    };
    // Asked before it is opened: opening a pipe would wait for its other end.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        let what = format!("{} is no file", Escaped(&path.to_string_lossy()));
        return Err(Failure::Refused(Error::new(Exit::Data, what)));
    }
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    Ok(Body { bytes: Box::new(file), length: Some(length), packed: false })
}

/// Reads all of `body`, if that is no more than `limit` bytes.
fn whole(place: &Place, body: Body, limit: u64) -> Result<Vec<u8>, Setback> {
    let mut reader: Box<dyn Read> =
        if body.packed { Box::new(MultiGzDecoder::new(body.bytes)) } else { body.bytes };
    let mut bytes = Vec::new();
    reader
        .by_ref()
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| unread(place, &error))?;
    if bytes.len() as u64 > limit {
        return Err(Setback::Final(too_long(place, limit)));
    }
    Ok(bytes)
}

/// Reading broke off.
pub(super) fn unread(place: &Place, error: &io::Error) -> Setback {
    match place {
        Place::File(path) => Setback::Final(Failure::Unreachable(Error::io("read", path, error))),
        Place::Web(url) => broken(&cant_fetch(place), &host(url), error),
    }
}

/// More is coming than can be meant.
pub(super) fn too_long(place: &Place, limit: u64) -> Failure {
    let error = Error::new(Exit::Network, cant_fetch(place));
    Failure::Refused(error.because(format!("it is longer than {limit} bytes")))
}

/// Whether these first bytes are those of a web page.
pub(super) fn is_web_page(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    [b"<!doctype html".as_slice(), b"<html"].iter().any(|opening| {
        bytes.get(..opening.len()).is_some_and(|start| start.eq_ignore_ascii_case(opening))
    })
}

/// A web page came where something else was expected.
pub(super) fn web_page(place: &Place) -> Failure {
    let error = Error::new(Exit::Network, cant_fetch(place))
        .because("the answer looks like a web page (a captive portal or a proxy?)");
    Failure::Refused(error)
}

#[cfg(test)]
mod tests;
