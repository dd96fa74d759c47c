//! Fetches what is missing of a file: requests it, writes and hashes it, and retries.
//!
//! It must not know in which folder the file is, or which other processes use it.

use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;

use usher_shims::error::{Error, ErrorKind};

use super::background_hasher::BackgroundHasher;
use super::partial::{Downloaded, Partial, ResumeInfo, lacks_space, read_error, write_error};
use crate::files::integrity::{Integrity, Mismatch};
use crate::http::address::{Address, Location, cant_fetch};
use crate::http::client::{self, Client, too_long};
use crate::http::fetch_error::{AttemptError, FetchError};
use crate::http::headers::{ContentRange, StrongTag};
use crate::http::response::{
    BodyKind, HttpRequest, RequestCondition, Responder, Response, is_web_page, unexpected_content,
    web_page_error,
};

/// The largest download in bytes. The largest toolchain today (a JDK) has an eighth of this.
const MAX_DOWNLOAD: u64 = 4 << 30;

const HINT_LATER: &str =
    "try again later; if it persists, ask the operator of that server or proxy";

/// How many bytes are read at once.
const CHUNK_SIZE: usize = 256 << 10;

/// The largest response that can be an error page.
const MAX_ERROR_PAGE: u64 = 64 << 10;

const LOOKS_LIKE_MESSAGE: &str = "the response looks like a message, not like an archive";

/// What to download.
pub struct DownloadSpec<'a> {
    /// Where it is.
    pub address: &'a Address,
    /// The published hash; `None` where upstream publishes none.
    pub integrity: Option<&'a Integrity>,
    /// The published size in bytes. A file of another size is refused.
    pub size: Option<u64>,
}

/// Reports the progress of a download.
pub trait Progress {
    /// An attempt begins; `total` is the size of the whole file in bytes, if it is known. The bytes
    /// of earlier attempts are reported by a first [`advance`](Self::advance).
    fn begin(&self, total: Option<u64>);
    /// This many more bytes have arrived.
    fn advance(&self, bytes: u64);
    /// The attempt ended, successfully or not.
    fn end(&self);
}

/// Reports nothing.
pub struct NoProgress;

impl Progress for NoProgress {
    fn begin(&self, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}

/// A download in progress.
pub(super) struct Transfer<'a> {
    client: &'a Client,
    address: &'a Address,
    integrity: Option<&'a Integrity>,
    /// The published size in bytes.
    published_size: Option<u64>,
    progress: &'a dyn Progress,
    partial: Partial,
    limit: u64,
    info: ResumeInfo,
    /// How many bytes the file has.
    length: u64,
    /// The most bytes that it had in this run.
    max_length: u64,
    /// Whether this run has written to it.
    is_modified: bool,
    hasher: Option<BackgroundHasher>,
    ranges: RangeRequests,
    responder: Option<Responder>,
}

/// Whether only the rest of the file may be requested.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RangeRequests {
    /// It may; the file is from one response so far.
    NotTried,
    /// The file is joined from several responses.
    Used,
    /// No: it failed before. The whole file must come in one response.
    Disabled,
}

impl<'a> Transfer<'a> {
    pub(super) fn new(
        client: &'a Client,
        spec: &DownloadSpec<'a>,
        partial: Partial,
        progress: &'a dyn Progress,
    ) -> Self {
        Self {
            client,
            address: spec.address,
            integrity: spec.integrity,
            published_size: spec.size,
            progress,
            partial,
            limit: spec.size.map_or(MAX_DOWNLOAD, |size| size.min(MAX_DOWNLOAD)),
            info: ResumeInfo { address: spec.address.id(), validator: None, total: None },
            length: 0,
            max_length: 0,
            is_modified: false,
            hasher: None,
            ranges: RangeRequests::NotTried,
            responder: None,
        }
    }

    /// Fetches the file until it is complete, or until an error is permanent.
    pub(super) fn run(mut self) -> Result<Downloaded, FetchError> {
        match self.resume().and_then(|()| self.with_retries()) {
            Ok(sha256) => {
                let asked = self.address.host();
                let host = self.responder.map_or(asked, |responder| responder.host);
                Downloaded::new(self.partial, sha256, host)
            }
            Err(failure) => {
                self.hasher = None;
                if !self.is_resumable() {
                    self.partial.delete();
                }
                Err(failure)
            }
        }
    }

    /// Whether a later run can resume this download. An unmodified file may be another address's,
    /// and a run that fetches from there can resume it.
    fn is_resumable(&self) -> bool {
        let is_useful = match self.is_modified {
            true => self.resume_tag().is_some(),
            false => self.partial.length().is_ok_and(|length| length > 0),
        };
        is_useful && self.partial.is_cached()
    }

    /// Continues the file of an earlier run, if it is from the same address.
    fn resume(&mut self) -> Result<(), FetchError> {
        let Some(info) = self.partial.resume_info() else { return Ok(()) };
        let length = self.partial.length()?;
        if info.address == self.info.address && info.total.is_none_or(|total| length < total) {
            self.info = info;
            self.length = self.partial.seek_to_end()?;
            self.max_length = self.length;
        }
        Ok(())
    }

    fn location(&self) -> &'a Location {
        self.address.location()
    }

    fn with_retries(&mut self) -> Result<String, FetchError> {
        let mut retry = self.client.retry();
        loop {
            let before = self.max_length;
            let error = match self.attempt() {
                Ok(sha256) => return Ok(sha256),
                Err(error) => error,
            };
            // Only bytes beyond those of all earlier attempts are progress. Otherwise a server that
            // always breaks off at the same byte would be retried forever.
            retry.record_progress(self.max_length - before);
            retry.wait_after(match error {
                // It was reachable a moment ago: the network is down, or the server restarts.
                AttemptError::Permanent(FetchError::Unreachable(error)) if self.is_modified => {
                    AttemptError::Transient(FetchError::Unreachable(error), None)
                }
                other => other,
            })?;
        }
    }

    fn attempt(&mut self) -> Result<String, AttemptError> {
        let response = self.request()?;
        self.copy(response)?;
        let incomplete = self.info.total.filter(|total| *total != self.length);
        if let Some(total) = incomplete {
            let why = format!("only {} of {total} bytes arrived", self.length);
            let error = cant_fetch(self.location()).because(why);
            return Err(AttemptError::Transient(FetchError::Unreachable(error), None));
        }
        self.verify()
    }

    /// The `ETag` with which the rest can be requested; `None` where it can't be.
    fn resume_tag(&self) -> Option<&StrongTag> {
        let may_resume = self.length > 0 && self.ranges != RangeRequests::Disabled;
        self.info.validator.as_ref().filter(|_| may_resume)
    }

    /// Requests the rest of the file, or all of it.
    fn request(&mut self) -> Result<Response, AttemptError> {
        if let Some(validator) = self.resume_tag() {
            let response = self.open(RequestCondition::ResumeFrom(self.length, validator))?;
            match response.kind {
                BodyKind::Full => return Ok(response),
                BodyKind::Remainder(range) if self.matches_size(range, response.length) => {
                    self.info.total = Some(range.total);
                    self.ranges = RangeRequests::Used;
                    return Ok(response);
                }
                // The server's range is invalid.
                BodyKind::Remainder(_) | BodyKind::BadRange | BodyKind::NotModified => {
                    self.ranges = RangeRequests::Disabled;
                }
            }
        }
        self.open(RequestCondition::Unconditional)
    }

    /// Whether a range is of a file of the expected size, and of the response's own length.
    fn matches_size(&self, range: ContentRange, length: Option<u64>) -> bool {
        [self.info.total, self.published_size].iter().flatten().all(|total| *total == range.total)
            && length.is_none_or(|length| length == range.total - range.first)
    }

    fn open(&self, condition: RequestCondition<'_>) -> Result<Response, AttemptError> {
        let request = HttpRequest { accept: "*/*", encoding: "identity", condition };
        self.client.open(self.location(), &request)
    }

    /// Writes a response to the file, as far as it arrives.
    fn copy(&mut self, mut response: Response) -> Result<(), AttemptError> {
        if response.length.is_some_and(|length| length > MAX_DOWNLOAD) {
            return Err(AttemptError::Permanent(too_long(self.location(), MAX_DOWNLOAD)));
        }
        let mut buffer = vec![0; CHUNK_SIZE];
        // The file is truncated only after the response is checked: a captive portal's page must
        // not cost half a download.
        let mut count = self.read(&mut response, &mut buffer)?;
        self.responder = response.responder.take();
        if matches!(response.kind, BodyKind::Full) {
            if is_web_page(&buffer[..count]) {
                return Err(AttemptError::Permanent(web_page_error(
                    self.location(),
                    self.responder.as_ref(),
                )));
            }
            if count == 0 && self.length > 0 {
                return Err(self.empty_response());
            }
            self.check_published_size(response.length, &buffer[..count])?;
            self.restart(&response)?;
            self.check_space()?;
        }
        self.progress.begin(self.info.total);
        self.progress.advance(self.length);
        let copied = loop {
            if count == 0 {
                break Ok(());
            }
            if let Err(error) = self.append(&buffer[..count]) {
                break Err(error);
            }
            count = match self.read(&mut response, &mut buffer) {
                Ok(count) => count,
                Err(error) => break Err(error),
            };
        };
        self.progress.end();
        copied
    }

    fn read(&self, response: &mut Response, buffer: &mut [u8]) -> Result<usize, AttemptError> {
        loop {
            match response.bytes.read(buffer) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(client::read_error(self.location(), error)),
            }
        }
    }

    fn restart(&mut self, response: &Response) -> Result<(), AttemptError> {
        self.hasher = None;
        self.is_modified = true;
        self.length = 0;
        if self.ranges == RangeRequests::Used {
            self.ranges = RangeRequests::NotTried;
        }
        self.info.validator.clone_from(&response.validator);
        self.info.total = response.length.or(self.published_size);
        self.partial.restart(&self.info).map_err(AttemptError::Permanent)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), AttemptError> {
        let length = self.length + bytes.len() as u64;
        self.check_limit(length)?;
        self.is_modified = true;
        self.partial.write(bytes).map_err(|error| {
            let missing = self.info.total.map(|total| total.saturating_sub(self.length));
            AttemptError::Permanent(write_error(self.partial.path(), error, missing))
        })?;
        self.length = length;
        self.max_length = self.max_length.max(length);
        let hasher = self.hasher()?;
        hasher.advance_to(length);
        self.hasher = Some(hasher);
        self.progress.advance(bytes.len() as u64);
        Ok(())
    }

    fn check_limit(&mut self, length: u64) -> Result<(), AttemptError> {
        let limit = self.info.total.map_or(self.limit, |total| total.min(self.limit));
        if length <= limit && self.info.total.is_none_or(|total| total <= self.limit) {
            return Ok(());
        }
        self.length = 0;
        Err(match self.published_size {
            Some(published) if published == limit => {
                size_mismatch(self.location(), published, &format!("at least {length} bytes"))
            }
            Some(_) | None => AttemptError::Permanent(too_long(self.location(), limit)),
        })
    }

    /// Refuses a response of another size than was published, without fetching it all. A short text
    /// may be an error page.
    fn check_published_size(&self, length: Option<u64>, start: &[u8]) -> Result<(), AttemptError> {
        let (Some(published), Some(length)) = (self.published_size, length) else {
            return Ok(());
        };
        if published == length {
            return Ok(());
        }
        let may_be_error_page = self.responder.is_some() && length <= MAX_ERROR_PAGE;
        Err(match may_be_error_page && is_message(start) {
            _ if length == 0 => self.empty_response(),
            true => self.other_response(LOOKS_LIKE_MESSAGE),
            false => size_mismatch(self.location(), published, &format!("{length} bytes")),
        })
    }

    /// Checks the free disk space before the file is fetched.
    fn check_space(&self) -> Result<(), AttemptError> {
        let Some(total) = self.info.total else { return Ok(()) };
        if !lacks_space(self.partial.path(), total) {
            return Ok(());
        }
        let full = io::Error::from_raw_os_error(libc::ENOSPC);
        Err(AttemptError::Permanent(write_error(self.partial.path(), full, Some(total))))
    }

    /// The current hasher, or a new one.
    fn hasher(&mut self) -> Result<BackgroundHasher, AttemptError> {
        match self.hasher.take() {
            Some(hasher) => Ok(hasher),
            None => BackgroundHasher::start(self.partial.file(), self.integrity)
                .map_err(|error| self.hash_error(error)),
        }
    }

    /// Compares the hash with the published one; returns the SHA-256.
    fn verify(&mut self) -> Result<String, AttemptError> {
        let hasher = self.hasher()?;
        let hasher = hasher.finish().map_err(|error| self.hash_error(error))?;
        let mismatch = match hasher.finish() {
            Ok(_) if self.length == 0 && self.integrity.is_none() => {
                return Err(self.empty_response());
            }
            Ok(sha256) => {
                self.info.total = Some(self.length);
                self.partial.write_resume_info(&self.info).map_err(AttemptError::Permanent)?;
                return Ok(sha256);
            }
            Err(mismatch) => mismatch,
        };
        let was_joined = self.ranges == RangeRequests::Used;
        let error_page = self.classify_error_page()?;
        self.length = 0;
        if was_joined {
            // Either the file was damaged, or the server has another file under the same `ETag`.
            self.ranges = RangeRequests::Disabled;
            return self.attempt();
        }
        Err(error_page.unwrap_or_else(|| hash_mismatch(self.location(), &mismatch)))
    }

    /// The error for a response that is an error page, not a wrong file. After it the next source
    /// may be tried.
    fn classify_error_page(&self) -> Result<Option<AttemptError>, AttemptError> {
        if self.length == 0 {
            return Ok(Some(self.empty_response()));
        }
        if self.responder.is_none() || self.length > MAX_ERROR_PAGE {
            return Ok(None);
        }
        let mut start = [0; 64];
        let count =
            self.partial.file().read_at(&mut start, 0).map_err(|error| self.hash_error(error))?;
        Ok(is_message(&start[..count]).then(|| self.other_response(LOOKS_LIKE_MESSAGE)))
    }

    fn empty_response(&self) -> AttemptError {
        self.other_response("the response is empty")
    }

    fn other_response(&self, what: &str) -> AttemptError {
        AttemptError::Permanent(unexpected_content(self.location(), self.responder.as_ref(), what))
    }

    fn hash_error(&self, error: io::Error) -> AttemptError {
        AttemptError::Permanent(read_error(&self.partial, error))
    }
}

fn size_mismatch(location: &Location, published: u64, received: &str) -> AttemptError {
    not_as_published(location, &format!("{published} bytes"), received)
}

fn hash_mismatch(location: &Location, mismatch: &Mismatch) -> AttemptError {
    not_as_published(location, &mismatch.expected, &mismatch.actual)
}

fn not_as_published(location: &Location, published: &str, received: &str) -> AttemptError {
    let error = Error::new(ErrorKind::Integrity, format!("{location} is not what was published"))
        .because(format!("published: {published}"))
        .because(format!("received:  {received}"))
        .hint(HINT_LATER);
    AttemptError::Permanent(FetchError::Fatal(error))
}

/// Whether these first bytes are those of JSON, HTML or XML.
fn is_message(start: &[u8]) -> bool {
    matches!(start.trim_ascii_start().first(), Some(b'{' | b'[' | b'<'))
}
