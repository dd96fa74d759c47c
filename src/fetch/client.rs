//! Asking servers (and folders that stand in for one) for what they have.
//!
//! It knows addresses, credentials and how long to wait; it must not know what the bytes mean
//! or which address belongs to which tool. It never writes a file.
//!
//! `client/hops.rs` sends requests and follows redirects, `client/answer.rs` judges what came
//! back, `client/wait.rs` reads when to ask again, `client/pace.rs` measures whether it moves.

mod answer;
mod hops;
mod pace;
mod tries;
mod validator;
mod wait;

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::OnceLock;

use flate2::read::MultiGzDecoder;
use usher_shims::error::{Error, Escaped, Exit};

use super::access::{Access, Patience, Web};
use super::address::{Place, host};
use super::failure::{Asked, Authorities, Failure, Setback, broken};
pub(super) use answer::{Answer, Kind, Responder, is_web_page, other_content, web_page};
pub(super) use pace::TooSlow;
pub(super) use tries::Tries;
pub(super) use validator::{ContentRange, Validator};

/// Asks servers; made once and used for all that a run of `use` fetches.
pub struct Client {
    access: Access,
    /// Made when the first server is asked: a mirror in a folder needs no certificates.
    web: OnceLock<Web>,
}

/// How to ask.
pub(super) struct Wanted<'a> {
    /// The kinds of answer that are understood, as the `Accept` header has it.
    pub(super) accept: &'a str,
    /// The transfer encodings that are understood: `gzip` or `identity`.
    pub(super) encoding: &'static str,
    /// Which part of it, or whether at all.
    pub(super) condition: Condition<'a>,
}

/// Which part of something is wanted, or whether at all.
#[derive(Clone, Copy)]
pub(super) enum Condition<'a> {
    /// The whole.
    Always,
    /// What follows these first bytes, if it is still the same; else the whole.
    RestAfter(u64, &'a Validator),
    /// The whole, if it isn't what this was sent along with.
    IfChanged(&'a str),
}

/// What came of asking whether something has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Newer {
    /// It hasn't.
    Unchanged,
    /// It has, or the server can't tell.
    Changed {
        /// All of it.
        bytes: Vec<u8>,
        /// What to ask with next time: an `ETag`, or else a `Last-Modified`.
        validator: Option<String>,
    },
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
        match self.get_newer(address, limit, accept, None)? {
            Newer::Changed { bytes, .. } => Ok(bytes),
            // Nobody asked for this.
            Newer::Unchanged => Ok(Vec::new()),
        }
    }

    /// As [`get_accepting`](Self::get_accepting), unless it is still what `validator` came with.
    pub fn get_newer(
        &self,
        address: &str,
        limit: u64,
        accept: &str,
        validator: Option<&str>,
    ) -> Result<Newer, Failure> {
        let place = Place::parse(address)?;
        let condition = validator.map_or(Condition::Always, Condition::IfChanged);
        let mut tries = self.tries();
        loop {
            let wanted = Wanted { accept, encoding: "gzip", condition };
            let once =
                self.open(&place, &wanted).and_then(|answer| read(&place, answer, limit, accept));
            match once {
                Ok(newer) => return Ok(newer),
                Err(setback) => tries.pause(setback)?,
            }
        }
    }

    /// The tries of one undertaking.
    pub(super) fn tries(&self) -> Tries<'_> {
        Tries::new(&self.access.patience)
    }

    pub(super) fn patience(&self) -> &Patience {
        &self.access.patience
    }

    /// Asks once for what lies at `place`.
    pub(super) fn open(&self, place: &Place, wanted: &Wanted<'_>) -> Result<Answer, Setback> {
        match place {
            Place::File(path) => open_file(path).map_err(Setback::Final),
            Place::Web(url) => self.open_web(place, url, wanted),
        }
    }

    fn web(&self) -> Result<&Web, Failure> {
        if let Some(web) = self.web.get() {
            return Ok(web);
        }
        let built = self.access.build()?;
        Ok(self.web.get_or_init(|| built))
    }

    /// Whose signature under a certificate counts.
    fn authorities(&self) -> Authorities<'_> {
        match self.web.get() {
            _ if self.access.roots.are_named() => Authorities::Named(&self.access.roots),
            Some(web) if !web.knows_authorities => Authorities::Nobody,
            Some(_) | None => Authorities::Machine,
        }
    }
}

/// What is said first of all that fails here.
pub(super) fn cant_fetch(place: &Place) -> String {
    format!("can't fetch {place}")
}

fn open_file(path: &Path) -> Result<Answer, Failure> {
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
    Ok(Answer::of_file(file, length))
}

/// All of an answer, if that is no more than `limit` bytes.
fn read(place: &Place, answer: Answer, limit: u64, accept: &str) -> Result<Newer, Setback> {
    if matches!(answer.kind, Kind::Unchanged) {
        return Ok(Newer::Unchanged);
    }
    let Answer { bytes, packed, tag, responder, .. } = answer;
    let mut reader: Box<dyn Read> =
        if packed { Box::new(MultiGzDecoder::new(bytes)) } else { bytes };
    let mut bytes = Vec::new();
    reader
        .by_ref()
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| unread(place, &error))?;
    if bytes.len() as u64 > limit {
        return Err(Setback::Final(too_long(place, limit)));
    }
    if !accept.contains("text/html") && is_web_page(&bytes) {
        return Err(Setback::Final(web_page(place, responder.as_ref())));
    }
    Ok(Newer::Changed { bytes, validator: tag })
}

/// Reading broke off.
pub(super) fn unread(place: &Place, error: &io::Error) -> Setback {
    match place {
        Place::File(path) => Setback::Final(Failure::Unreachable(Error::io("read", path, error))),
        Place::Web(url) => {
            // It was let in already.
            let authorities = Authorities::Machine;
            broken(&cant_fetch(place), &Asked { host: host(url), proxy: None, authorities }, error)
        }
    }
}

/// More is coming than can be meant.
pub(super) fn too_long(place: &Place, limit: u64) -> Failure {
    let error = Error::new(Exit::Network, cant_fetch(place));
    Failure::Refused(error.because(format!("it is longer than {limit} bytes")))
}

#[cfg(test)]
mod tests;
