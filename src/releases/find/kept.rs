//! A source's index, kept or asked for anew. It must not know what kind of source it is.

use std::time::Duration;

use usher_shims::error::{Error, ErrorKind};

use super::kinds::Listing;
use super::{Entry, Finder};
use crate::http::{Conditional, Failure, redacted_url};
use crate::releases::cache::{Cached, FRESH};

/// The most bytes of an index that is read piece by piece.
pub(super) const LARGEST_INDEX: u64 = 128 << 20;

/// The most bytes of one that is understood as a whole, and takes many times its size then; the
/// largest today has a sixth of this.
pub(super) const LARGEST_DOCUMENT: u64 = 32 << 20;

/// How old an index may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    /// A fresh one will do.
    Fresh,
    /// The source is to be asked.
    New,
}

/// How old what an index lists is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Its source was asked just now.
    New,
    /// It was kept for so long.
    Kept(Duration),
    /// It was kept for so long, and serves because its source can't be reached, which was told.
    InPlace(Duration),
}

/// What an index lists.
pub(super) struct Index {
    pub(super) entries: Vec<Entry>,
    pub(super) freshness: Freshness,
}

impl Freshness {
    /// How long ago the source said so.
    pub fn age(self) -> Duration {
        match self {
            Self::New => Duration::ZERO,
            Self::Kept(age) | Self::InPlace(age) => age,
        }
    }
}

impl Finder<'_> {
    /// An index, from the cache where that is fresh enough, and where its source can't be reached
    /// however old it is.
    pub(super) fn index(&self, listing: &Listing<'_>, age: Age) -> Result<Index, Failure> {
        let _turn = self.network.lock_address(&listing.address);
        let cached = self.cache.get::<Vec<Entry>>(&listing.key());
        let offline = self.usher.settings.offline;
        match cached {
            Some(cached) if offline || (age == Age::Fresh && cached.age < FRESH) => {
                Ok(Index { freshness: Freshness::Kept(cached.age), entries: cached.content })
            }
            None if offline => Err(self.not_kept(listing)),
            cached => self.ask_anew(listing, cached),
        }
    }

    fn ask_anew(
        &self,
        listing: &Listing<'_>,
        cached: Option<Cached<Vec<Entry>>>,
    ) -> Result<Index, Failure> {
        let validator = cached.as_ref().and_then(|cached| cached.validator.as_deref());
        match (fetch(listing, validator), cached) {
            (Ok(Some((entries, validator))), _) => {
                self.cache.put(&listing.key(), &entries, validator);
                Ok(Index { entries, freshness: Freshness::New })
            }
            (Ok(None), cached) => {
                self.cache.renew(&listing.key());
                let entries = cached.map_or_else(Vec::new, |cached| cached.content);
                Ok(Index { entries, freshness: Freshness::New })
            }
            (Err(Failure::Unreachable(error)), Some(cached)) => {
                let age = words(cached.age);
                self.usher.tell(&format!("{}; an index {age} old serves", error.what));
                let freshness = Freshness::InPlace(cached.age);
                Ok(Index { entries: cached.content, freshness })
            }
            (Err(failure), _) => Err(failure),
        }
    }
}

/// What an index lists, and what its source calls that.
type Listed = (Vec<Entry>, Option<String>);

/// What an index lists now, and what its source calls that; `None` where that is what it was when
/// it was called so.
fn fetch(listing: &Listing<'_>, validator: Option<&str>) -> Result<Option<Listed>, Failure> {
    let Listing { address, client, accept, read, most, .. } = listing;
    let newer = client.get_newer(address, *most, accept, validator)?;
    let Conditional::Modified { bytes, validator } = newer else { return Ok(None) };
    let entries = read(&bytes).map_err(|complaint| {
        let what = format!("the index at {} can't be understood", redacted_url(address));
        Failure::Refused(Error::new(ErrorKind::Network, what).because(complaint))
    })?;
    Ok(Some((entries, validator)))
}

/// A time in words, in its largest unit.
pub fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => "less than a minute".to_owned(),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
