//! Getting what is missing of a file: asked for, written, hashed, and asked for again.
//!
//! It must not know where the file lies, nor who else may want it.

use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::FileExt as _;

use usher_shims::error::{Error, Exit};

use super::super::address::Place;
use super::super::client::{
    Answer, Client, Condition, ContentRange, Kind, Responder, Validator, Wanted, cant_fetch,
    is_web_page, other_content, too_long, unread, web_page,
};
use super::super::failure::{Failure, Setback};
use super::super::integrity::{Integrity, sha256};
use super::follower::Follower;
use super::partial::{Note, Partial};
use super::{Artifact, Downloaded, LARGEST, Progress, lacks_room, mismatched, missized, unwritten};

/// How much is read at once.
const PIECE: usize = 256 << 10;

/// No page that only says that something went wrong is longer.
const LONGEST_EXCUSE: u64 = 64 << 10;

/// What is said of a text that came in an archive's place.
const MESSAGE: &str = "the answer looks like a message, not like an archive";

/// A file on its way.
pub(super) struct Transfer<'a> {
    client: &'a Client,
    place: Place,
    integrity: Option<&'a Integrity>,
    /// How many bytes there are, where the source said so beforehand.
    announced: Option<u64>,
    progress: &'a dyn Progress,
    partial: Partial,
    limit: u64,
    note: Note,
    /// How many bytes the file has.
    length: u64,
    /// The most that it ever had in this run.
    most: u64,
    /// Whether anything was written to it.
    is_touched: bool,
    follower: Option<Follower>,
    ranges: Ranges,
    responder: Option<Responder>,
}

/// Whether the rest of something may be asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ranges {
    /// It may, and wasn't yet.
    Untried,
    /// What lies in the file was put together from several answers.
    Used,
    /// That went wrong; all must come at once.
    Given,
}

impl<'a> Transfer<'a> {
    pub(super) fn new(
        client: &'a Client,
        (place, artifact): (Place, &Artifact<'a>),
        partial: Partial,
        progress: &'a dyn Progress,
    ) -> Self {
        let address = sha256(artifact.address.as_bytes());
        Self {
            client,
            place,
            integrity: artifact.integrity,
            announced: artifact.size,
            progress,
            partial,
            limit: artifact.size.map_or(LARGEST, |size| size.min(LARGEST)),
            note: Note { address, validator: None, total: None },
            length: 0,
            most: 0,
            is_touched: false,
            follower: None,
            ranges: Ranges::Untried,
            responder: None,
        }
    }

    /// Fetches until it is there or can't be had.
    pub(super) fn run(mut self) -> Result<Downloaded, Failure> {
        match self.take_up().and_then(|()| self.try_on()) {
            Ok(sha256) => {
                self.partial.share();
                Ok(Downloaded { sha256, size: self.length, partial: self.partial })
            }
            Err(failure) => {
                self.follower = None;
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
            true => self.known().is_some(),
            false => self.partial.length().is_ok_and(|length| length > 0),
        };
        is_useful && self.partial.is_kept()
    }

    /// Looks what an earlier run left, of the same address and with a proof of what it is.
    fn take_up(&mut self) -> Result<(), Failure> {
        let Some(note) = self.partial.note() else { return Ok(()) };
        let length = self.partial.length()?;
        if note.address == self.note.address && note.total.is_none_or(|total| length < total) {
            self.note = note;
            self.length = self.partial.go_on()?;
            self.most = self.length;
        }
        Ok(())
    }

    fn try_on(&mut self) -> Result<String, Failure> {
        let mut tries = self.client.tries();
        loop {
            let before = self.most;
            let setback = match self.once() {
                Ok(sha256) => return Ok(sha256),
                Err(setback) => setback,
            };
            // Only what goes beyond all tries before: else a server that always breaks off at the
            // same place would be asked for ever.
            tries.came(self.most - before);
            tries.pause(match setback {
                // It was there a moment ago: the line is down, or the server starts anew.
                Setback::Final(Failure::Unreachable(error)) if self.is_touched => {
                    Setback::Passing(Failure::Unreachable(error), None)
                }
                other => other,
            })?;
        }
    }

    fn once(&mut self) -> Result<String, Setback> {
        let answer = self.ask()?;
        self.copy(answer)?;
        let missing = self.note.total.filter(|total| *total != self.length);
        if let Some(total) = missing {
            let why = format!("only {} of {total} bytes came", self.length);
            let error = Error::new(Exit::Network, cant_fetch(&self.place)).because(why);
            return Err(Setback::Passing(Failure::Unreachable(error), None));
        }
        self.verify()
    }

    /// What the rest can be asked for with, if it can.
    fn known(&self) -> Option<&Validator> {
        let may_be = self.length > 0 && self.ranges != Ranges::Given;
        self.note.validator.as_ref().filter(|_| may_be)
    }

    /// Asks for the rest, or for all of it.
    fn ask(&mut self) -> Result<Answer, Setback> {
        if let Some(validator) = self.known() {
            let answer = self.open(Condition::RestAfter(self.length, validator))?;
            match answer.kind {
                Kind::Whole => return Ok(answer),
                Kind::Rest(range) if self.fits(range, answer.length) => {
                    self.note.total = Some(range.total);
                    self.ranges = Ranges::Used;
                    return Ok(answer);
                }
                // What this server says of parts makes no sense.
                Kind::Rest(_) | Kind::NoRest | Kind::Unchanged => self.ranges = Ranges::Given,
            }
        }
        self.open(Condition::Always)
    }

    /// Whether a part is of a whole as long as it was, and as long as it says itself.
    fn fits(&self, range: ContentRange, length: Option<u64>) -> bool {
        [self.note.total, self.announced].iter().flatten().all(|total| *total == range.total)
            && length.is_none_or(|length| length == range.total - range.first)
    }

    fn open(&self, condition: Condition<'_>) -> Result<Answer, Setback> {
        let wanted = Wanted { accept: "*/*", encoding: "identity", condition };
        self.client.open(&self.place, &wanted)
    }

    /// Takes in an answer, as far as it comes.
    fn copy(&mut self, mut answer: Answer) -> Result<(), Setback> {
        if answer.length.is_some_and(|length| length > LARGEST) {
            return Err(Setback::Final(too_long(&self.place, LARGEST)));
        }
        let mut buffer = vec![0; PIECE];
        // What lies in the file goes only when something better has come: a captive portal's
        // page is no reason to lose half a download.
        let mut count = self.read(&mut answer, &mut buffer)?;
        self.responder = answer.responder.take();
        if matches!(answer.kind, Kind::Whole) {
            if is_web_page(&buffer[..count]) {
                return Err(Setback::Final(web_page(&self.place, self.responder.as_ref())));
            }
            if count == 0 && self.length > 0 {
                return Err(self.empty());
            }
            self.as_announced(answer.length, &buffer[..count])?;
            self.start_anew(&answer)?;
            self.room()?;
        }
        self.progress.begin(self.note.total);
        self.progress.advance(self.length);
        let taken = loop {
            if count == 0 {
                break Ok(());
            }
            if let Err(setback) = self.take(&buffer[..count]) {
                break Err(setback);
            }
            count = match self.read(&mut answer, &mut buffer) {
                Ok(count) => count,
                Err(setback) => break Err(setback),
            };
        };
        self.progress.end();
        taken
    }

    fn read(&self, answer: &mut Answer, buffer: &mut [u8]) -> Result<usize, Setback> {
        loop {
            match answer.bytes.read(buffer) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(unread(&self.place, &error)),
            }
        }
    }

    fn start_anew(&mut self, answer: &Answer) -> Result<(), Setback> {
        self.follower = None;
        self.is_touched = true;
        self.length = 0;
        if self.ranges == Ranges::Used {
            self.ranges = Ranges::Untried;
        }
        self.note.validator.clone_from(&answer.validator);
        self.note.total = answer.length.or(self.announced);
        self.partial.restart(&self.note).map_err(Setback::Final)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Setback> {
        let length = self.length + bytes.len() as u64;
        self.within_limit(length)?;
        self.is_touched = true;
        self.partial.write(bytes).map_err(|error| {
            let missing = self.note.total.map(|total| total.saturating_sub(self.length));
            Setback::Final(unwritten(self.partial.path(), &error, missing))
        })?;
        self.length = length;
        self.most = self.most.max(length);
        let follower = self.follower()?;
        follower.reach(length);
        self.follower = Some(follower);
        self.progress.advance(bytes.len() as u64);
        Ok(())
    }

    fn within_limit(&mut self, length: u64) -> Result<(), Setback> {
        let limit = self.note.total.map_or(self.limit, |total| total.min(self.limit));
        if length <= limit && self.note.total.is_none_or(|total| total <= self.limit) {
            return Ok(());
        }
        self.length = 0;
        Err(match self.announced {
            Some(wanted) if wanted == limit => {
                missized(&self.place, wanted, &format!("at least {length} bytes"))
            }
            Some(_) | None => Setback::Final(too_long(&self.place, limit)),
        })
    }

    /// What is longer or shorter than the source said isn't what was published, and needn't be
    /// fetched to be sure of it; a short text may be an excuse.
    fn as_announced(&self, length: Option<u64>, start: &[u8]) -> Result<(), Setback> {
        let (Some(wanted), Some(length)) = (self.announced, length) else { return Ok(()) };
        if wanted == length {
            return Ok(());
        }
        let may_be_excuse = self.responder.is_some() && length <= LONGEST_EXCUSE;
        Err(match may_be_excuse && is_message(start) {
            _ if length == 0 => self.empty(),
            true => self.other(MESSAGE),
            false => missized(&self.place, wanted, &format!("{length} bytes")),
        })
    }

    /// Whether there is room for all that is to come: better before it is fetched than after.
    fn room(&self) -> Result<(), Setback> {
        let Some(total) = self.note.total else { return Ok(()) };
        if !lacks_room(self.partial.path(), total) {
            return Ok(());
        }
        let full = std::io::Error::from_raw_os_error(libc::ENOSPC);
        Err(Setback::Final(unwritten(self.partial.path(), &full, Some(total))))
    }

    /// The one that hashes what has come.
    fn follower(&mut self) -> Result<Follower, Setback> {
        match self.follower.take() {
            Some(follower) => Ok(follower),
            None => Follower::of(self.partial.file(), self.integrity)
                .map_err(|error| self.unhashed(&error)),
        }
    }

    /// The SHA-256 of what has come, if that is what was published.
    fn verify(&mut self) -> Result<String, Setback> {
        let follower = self.follower()?;
        let hasher = follower.finish().map_err(|error| self.unhashed(&error))?;
        let mismatch = match hasher.finish() {
            Ok(_) if self.length == 0 && self.integrity.is_none() => return Err(self.empty()),
            Ok(sha256) => {
                self.note.total = Some(self.length);
                self.partial.write_note(&self.note).map_err(Setback::Final)?;
                return Ok(sha256);
            }
            Err(mismatch) => mismatch,
        };
        let was_joined = self.ranges == Ranges::Used;
        let excuse = self.excuse()?;
        self.length = 0;
        if was_joined {
            // Either what lay here was damaged, or the server joined two states of it.
            self.ranges = Ranges::Given;
            return self.once();
        }
        Err(excuse.unwrap_or_else(|| mismatched(&self.place, &mismatch)))
    }

    /// What isn't the artifact may not be meant as one: then the next source may be asked.
    fn excuse(&self) -> Result<Option<Setback>, Setback> {
        if self.length == 0 {
            return Ok(Some(self.empty()));
        }
        if self.responder.is_none() || self.length > LONGEST_EXCUSE {
            return Ok(None);
        }
        let mut start = [0; 64];
        let count =
            self.partial.file().read_at(&mut start, 0).map_err(|error| self.unhashed(&error))?;
        Ok(is_message(&start[..count]).then(|| self.other(MESSAGE)))
    }

    fn empty(&self) -> Setback {
        self.other("the answer is empty")
    }

    fn other(&self, what: &str) -> Setback {
        Setback::Final(other_content(&self.place, self.responder.as_ref(), what))
    }

    fn unhashed(&self, error: &std::io::Error) -> Setback {
        Setback::Final(super::unread(&self.partial, error))
    }
}

/// Whether what begins so is a text that says something, in JSON or on a page.
fn is_message(start: &[u8]) -> bool {
    matches!(start.trim_ascii_start().first(), Some(b'{' | b'[' | b'<'))
}
