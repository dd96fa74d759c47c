//! A source's index, kept or asked for anew. It must not know what kind of source it is.

use std::time::Duration;

use usher_shims::error::{Error, Exit};

use super::kinds::Listing;
use super::{Entry, Finder};
use crate::fetch::Failure;
use crate::release::cache::FRESH;

/// The most bytes of an index.
pub(super) const LARGEST_INDEX: u64 = 256 << 20;

/// How old an index may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    /// A fresh one will do.
    Fresh,
    /// The source is to be asked.
    New,
}

/// What an index lists.
pub(super) struct Index {
    pub(super) entries: Vec<Entry>,
    /// Whether nothing newer can be had in this run.
    pub(super) is_new: bool,
}

impl Finder<'_> {
    /// An index, from the cache where that is fresh enough, and where its source can't be reached
    /// however old it is.
    pub(super) fn index(&self, listing: &Listing<'_>, age: Age) -> Result<Index, Failure> {
        let address = &listing.address;
        let cached = self.cache.get::<Vec<Entry>>(address);
        let offline = self.usher.settings.offline;
        match cached {
            Some(cached) if offline || (age == Age::Fresh && cached.age < FRESH) => {
                return Ok(Index { entries: cached.content, is_new: offline });
            }
            None if offline => {
                return Err(Failure::Unreachable(Error::new(
                    Exit::Network,
                    "usher is offline (the setting `offline`)",
                )));
            }
            Some(_) | None => {}
        }
        match (fetch(listing), cached) {
            (Ok(entries), _) => {
                self.cache.put(address, &entries);
                Ok(Index { entries, is_new: true })
            }
            (Err(Failure::Unreachable(error)), Some(cached)) => {
                let age = words(cached.age);
                self.usher.tell(&format!("{}; an index {age} old serves", error.what));
                Ok(Index { entries: cached.content, is_new: true })
            }
            (Err(failure), _) => Err(failure),
        }
    }
}

fn fetch(listing: &Listing<'_>) -> Result<Vec<Entry>, Failure> {
    let Listing { address, client, accept, read, .. } = listing;
    let text = client.get_accepting(address, LARGEST_INDEX, accept)?;
    read(&text).map_err(|complaint| {
        let what = format!("the index at {address} can't be understood");
        Failure::Refused(Error::new(Exit::Network, what).because(complaint))
    })
}

/// A time in words, in its largest unit.
fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
