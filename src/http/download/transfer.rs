//! Getting what is missing of a file: asked for, written, hashed, and asked for again.
//!
//! It must not know where the file lies, nor who else may want it.

use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;

use usher_shims::error::{Error, ErrorKind};

use super::background_hasher::BackgroundHasher;
use super::partial::{Downloaded, Partial, ResumeInfo, lacks_room, unread, unwritten};
use crate::files::integrity::{Integrity, Mismatch, sha256};
use crate::http::address::{Location, cant_fetch};
use crate::http::client::{self, Client, too_long};
use crate::http::fetch_error::{AttemptError, FetchError};
use crate::http::headers::{ContentRange, StrongTag};
use crate::http::response::{
    BodyKind, HttpRequest, RequestCondition, Responder, Response, is_web_page, other_content,
    web_page,
};

/// No toolchain is larger: the largest today (a JDK) has an eighth of this.
const LARGEST: u64 = 4 << 30;

const HINT_LATER: &str = "try again later; if it stays so, ask whoever runs that server or proxy";

/// How much is read at once.
const PIECE: usize = 256 << 10;

/// No page that only says that something went wrong is longer.
const MAX_ERROR_PAGE: u64 = 64 << 10;

/// What is said of a text that came in an archive's place.
const MESSAGE: &str = "the answer looks like a message, not like an archive";

/// What to download.
pub struct DownloadSpec<'a> {
    /// Where it lies: `http://`, `https://`, `file://` or an absolute path.
    pub address: &'a str,
    /// The hash it was published under; `None` where upstream publishes none.
    pub integrity: Option<&'a Integrity>,
    /// How many bytes the source says it has, where it says so: what has more or fewer isn't it.
    pub size: Option<u64>,
}

/// Is told how a download goes on.
pub trait Progress {
    /// It begins, perhaps once more from the start; with the bytes of the whole, if that is known.
    /// What was there already is told by a first [`advance`](Self::advance).
    fn begin(&self, total: Option<u64>);
    /// So many more bytes have come.
    fn advance(&self, bytes: u64);
    /// It ended, well or not.
    fn end(&self);
}

/// Says nothing.
pub struct NoProgress;

impl Progress for NoProgress {
    fn begin(&self, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}

/// A file on its way.
pub(super) struct Transfer<'a> {
    client: &'a Client,
    location: Location,
    integrity: Option<&'a Integrity>,
    /// How many bytes there are, where the source said so beforehand.
    announced: Option<u64>,
    progress: &'a dyn Progress,
    partial: Partial,
    limit: u64,
    info: ResumeInfo,
    /// How many bytes the file has.
    length: u64,
    /// The most that it ever had in this run.
    most: u64,
    /// Whether anything was written to it.
    is_touched: bool,
    hasher: Option<BackgroundHasher>,
    ranges: RangeRequests,
    responder: Option<Responder>,
}

/// Whether the rest of something may be asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RangeRequests {
    /// It may, and wasn't yet.
    NotTried,
    /// What lies in the file was put together from several answers.
    Used,
    /// That went wrong; all must come at once.
    Disabled,
}

impl<'a> Transfer<'a> {
    pub(super) fn new(
        client: &'a Client,
        (location, spec): (Location, &DownloadSpec<'a>),
        partial: Partial,
        progress: &'a dyn Progress,
    ) -> Self {
        let address = sha256(spec.address.as_bytes());
        Self {
            client,
            location,
            integrity: spec.integrity,
            announced: spec.size,
            progress,
            partial,
            limit: spec.size.map_or(LARGEST, |size| size.min(LARGEST)),
            info: ResumeInfo { address, validator: None, total: None },
            length: 0,
            most: 0,
            is_touched: false,
            hasher: None,
            ranges: RangeRequests::NotTried,
            responder: None,
        }
    }

    /// Fetches until it is there or can't be had.
    pub(super) fn run(mut self) -> Result<Downloaded, FetchError> {
        match self.resume().and_then(|()| self.with_retries()) {
            Ok(sha256) => Downloaded::new(self.partial, sha256),
            Err(failure) => {
                self.hasher = None;
                if !self.is_worth_keeping() {
                    self.partial.discard();
                }
                Err(failure)
            }
        }
    }

    /// Whether another run may go on from here. What was left by one that asked elsewhere, and
    /// wasn't touched, may be of use to the next one that does.
    fn is_worth_keeping(&self) -> bool {
        let is_useful = match self.is_touched {
            true => self.resume_tag().is_some(),
            false => self.partial.length().is_ok_and(|length| length > 0),
        };
        is_useful && self.partial.is_kept()
    }

    /// Looks what an earlier run left, of the same address and with a proof of what it is.
    fn resume(&mut self) -> Result<(), FetchError> {
        let Some(info) = self.partial.resume_info() else { return Ok(()) };
        let length = self.partial.length()?;
        if info.address == self.info.address && info.total.is_none_or(|total| length < total) {
            self.info = info;
            self.length = self.partial.seek_to_end()?;
            self.most = self.length;
        }
        Ok(())
    }

    fn with_retries(&mut self) -> Result<String, FetchError> {
        let mut retry = self.client.retry();
        loop {
            let before = self.most;
            let error = match self.attempt() {
                Ok(sha256) => return Ok(sha256),
                Err(error) => error,
            };
            // Only what goes beyond all attempts before: else a server that always breaks off at the
            // same place would be asked for ever.
            retry.record_progress(self.most - before);
            retry.pause(match error {
                // It was there a moment ago: the line is down, or the server starts anew.
                AttemptError::Permanent(FetchError::Unreachable(error)) if self.is_touched => {
                    AttemptError::Transient(FetchError::Unreachable(error), None)
                }
                other => other,
            })?;
        }
    }

    fn attempt(&mut self) -> Result<String, AttemptError> {
        let response = self.ask()?;
        self.copy(response)?;
        let missing = self.info.total.filter(|total| *total != self.length);
        if let Some(total) = missing {
            let why = format!("only {} of {total} bytes came", self.length);
            let error = cant_fetch(&self.location).because(why);
            return Err(AttemptError::Transient(FetchError::Unreachable(error), None));
        }
        self.verify()
    }

    /// What the rest can be asked for with, if it can.
    fn resume_tag(&self) -> Option<&StrongTag> {
        let may_be = self.length > 0 && self.ranges != RangeRequests::Disabled;
        self.info.validator.as_ref().filter(|_| may_be)
    }

    /// Asks for the rest, or for all of it.
    fn ask(&mut self) -> Result<Response, AttemptError> {
        if let Some(validator) = self.resume_tag() {
            let response = self.open(RequestCondition::ResumeFrom(self.length, validator))?;
            match response.kind {
                BodyKind::Full => return Ok(response),
                BodyKind::Remainder(range) if self.fits(range, response.length) => {
                    self.info.total = Some(range.total);
                    self.ranges = RangeRequests::Used;
                    return Ok(response);
                }
                // What this server says of parts makes no sense.
                BodyKind::Remainder(_) | BodyKind::BadRange | BodyKind::NotModified => {
                    self.ranges = RangeRequests::Disabled
                }
            }
        }
        self.open(RequestCondition::Unconditional)
    }

    /// Whether a part is of a whole as long as it was, and as long as it says itself.
    fn fits(&self, range: ContentRange, length: Option<u64>) -> bool {
        [self.info.total, self.announced].iter().flatten().all(|total| *total == range.total)
            && length.is_none_or(|length| length == range.total - range.first)
    }

    fn open(&self, condition: RequestCondition<'_>) -> Result<Response, AttemptError> {
        let request = HttpRequest { accept: "*/*", encoding: "identity", condition };
        self.client.open(&self.location, &request)
    }

    /// Takes in an answer, as far as it comes.
    fn copy(&mut self, mut response: Response) -> Result<(), AttemptError> {
        if response.length.is_some_and(|length| length > LARGEST) {
            return Err(AttemptError::Permanent(too_long(&self.location, LARGEST)));
        }
        let mut buffer = vec![0; PIECE];
        // What lies in the file goes only when something better has come: a captive portal's
        // page is no reason to lose half a download.
        let mut count = self.read(&mut response, &mut buffer)?;
        self.responder = response.responder.take();
        if matches!(response.kind, BodyKind::Full) {
            if is_web_page(&buffer[..count]) {
                return Err(AttemptError::Permanent(web_page(
                    &self.location,
                    self.responder.as_ref(),
                )));
            }
            if count == 0 && self.length > 0 {
                return Err(self.empty());
            }
            self.check_announced(response.length, &buffer[..count])?;
            self.restart(&response)?;
            self.check_room()?;
        }
        self.progress.begin(self.info.total);
        self.progress.advance(self.length);
        let taken = loop {
            if count == 0 {
                break Ok(());
            }
            if let Err(error) = self.take(&buffer[..count]) {
                break Err(error);
            }
            count = match self.read(&mut response, &mut buffer) {
                Ok(count) => count,
                Err(error) => break Err(error),
            };
        };
        self.progress.end();
        taken
    }

    fn read(&self, response: &mut Response, buffer: &mut [u8]) -> Result<usize, AttemptError> {
        loop {
            match response.bytes.read(buffer) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(client::unread(&self.location, error)),
            }
        }
    }

    fn restart(&mut self, response: &Response) -> Result<(), AttemptError> {
        self.hasher = None;
        self.is_touched = true;
        self.length = 0;
        if self.ranges == RangeRequests::Used {
            self.ranges = RangeRequests::NotTried;
        }
        self.info.validator.clone_from(&response.validator);
        self.info.total = response.length.or(self.announced);
        self.partial.restart(&self.info).map_err(AttemptError::Permanent)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), AttemptError> {
        let length = self.length + bytes.len() as u64;
        self.check_limit(length)?;
        self.is_touched = true;
        self.partial.write(bytes).map_err(|error| {
            let missing = self.info.total.map(|total| total.saturating_sub(self.length));
            AttemptError::Permanent(unwritten(self.partial.path(), error, missing))
        })?;
        self.length = length;
        self.most = self.most.max(length);
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
        Err(match self.announced {
            Some(wanted) if wanted == limit => {
                size_mismatch(&self.location, wanted, &format!("at least {length} bytes"))
            }
            Some(_) | None => AttemptError::Permanent(too_long(&self.location, limit)),
        })
    }

    /// What is longer or shorter than the source said isn't what was published, and needn't be
    /// fetched to be sure of it; a short text may be an error page.
    fn check_announced(&self, length: Option<u64>, start: &[u8]) -> Result<(), AttemptError> {
        let (Some(wanted), Some(length)) = (self.announced, length) else { return Ok(()) };
        if wanted == length {
            return Ok(());
        }
        let may_be_error_page = self.responder.is_some() && length <= MAX_ERROR_PAGE;
        Err(match may_be_error_page && is_message(start) {
            _ if length == 0 => self.empty(),
            true => self.other(MESSAGE),
            false => size_mismatch(&self.location, wanted, &format!("{length} bytes")),
        })
    }

    /// Whether there is room for all that is to come: better before it is fetched than after.
    fn check_room(&self) -> Result<(), AttemptError> {
        let Some(total) = self.info.total else { return Ok(()) };
        if !lacks_room(self.partial.path(), total) {
            return Ok(());
        }
        let full = io::Error::from_raw_os_error(libc::ENOSPC);
        Err(AttemptError::Permanent(unwritten(self.partial.path(), full, Some(total))))
    }

    /// The one that hashes what has come.
    fn hasher(&mut self) -> Result<BackgroundHasher, AttemptError> {
        match self.hasher.take() {
            Some(hasher) => Ok(hasher),
            None => BackgroundHasher::of(self.partial.file(), self.integrity)
                .map_err(|error| self.unhashed(error)),
        }
    }

    /// The SHA-256 of what has come, if that is what was published.
    fn verify(&mut self) -> Result<String, AttemptError> {
        let hasher = self.hasher()?;
        let hasher = hasher.finish().map_err(|error| self.unhashed(error))?;
        let mismatch = match hasher.finish() {
            Ok(_) if self.length == 0 && self.integrity.is_none() => return Err(self.empty()),
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
            // Either what lay here was damaged, or the server joined two states of it.
            self.ranges = RangeRequests::Disabled;
            return self.attempt();
        }
        Err(error_page.unwrap_or_else(|| hash_mismatch(&self.location, &mismatch)))
    }

    /// What isn't the artifact may not be meant as one: then the next source may be asked.
    fn classify_error_page(&self) -> Result<Option<AttemptError>, AttemptError> {
        if self.length == 0 {
            return Ok(Some(self.empty()));
        }
        if self.responder.is_none() || self.length > MAX_ERROR_PAGE {
            return Ok(None);
        }
        let mut start = [0; 64];
        let count =
            self.partial.file().read_at(&mut start, 0).map_err(|error| self.unhashed(error))?;
        Ok(is_message(&start[..count]).then(|| self.other(MESSAGE)))
    }

    fn empty(&self) -> AttemptError {
        self.other("the answer is empty")
    }

    fn other(&self, what: &str) -> AttemptError {
        AttemptError::Permanent(other_content(&self.location, self.responder.as_ref(), what))
    }

    fn unhashed(&self, error: io::Error) -> AttemptError {
        AttemptError::Permanent(unread(&self.partial, error))
    }
}

/// It has another size than its source says.
fn size_mismatch(location: &Location, wanted: u64, seen: &str) -> AttemptError {
    let error = Error::new(ErrorKind::Integrity, format!("{location} is not what was published"))
        .because(format!("published: {wanted} bytes"))
        .because(format!("received:  {seen}"))
        .hint(HINT_LATER);
    AttemptError::Permanent(FetchError::Fatal(error))
}

fn hash_mismatch(location: &Location, mismatch: &Mismatch) -> AttemptError {
    let Mismatch { wanted, seen } = mismatch;
    let error = Error::new(ErrorKind::Integrity, format!("{location} is not what was published"))
        .because(format!("published: {wanted}"))
        .because(format!("received:  {seen}"))
        .hint(HINT_LATER);
    AttemptError::Permanent(FetchError::Fatal(error))
}

/// Whether what begins so is a text that says something, in JSON or on a page.
fn is_message(start: &[u8]) -> bool {
    matches!(start.trim_ascii_start().first(), Some(b'{' | b'[' | b'<'))
}
