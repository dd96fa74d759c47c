//! Reads indexes: bytes from a source become entries, which are cached and revalidated. It must not
//! know what kind of source it is.

use usher_shims::error::{Error, ErrorKind};

use super::freshness::{CachePolicy, Freshness};
use super::index_cache::{CacheKey, CachedIndex, IndexCache};
use super::index_entry::{IndexEntry, IndexProblem};
use super::limits::FRESH;
use super::network::KeyedMutex;
use super::offline_errors;
use crate::config::settings::Settings;
use crate::files::write_access::ThreadAccess;
use crate::http::{Conditional, FetchError, redacted_url};
use crate::text::human_duration;

/// Gets an index, unless it is still what a validator came with.
type Get<'a> = dyn Fn(Option<&str>) -> Result<Conditional, FetchError> + 'a;

/// Understands an index, or complains in a few words.
type Parse<'a> = dyn Fn(&[u8]) -> Result<Vec<IndexEntry>, IndexProblem> + 'a;

/// An index: where it lies, how it is had from there, and how it is understood.
pub(super) struct IndexQuery<'a> {
    pub(super) address: String,
    /// How it is understood, as a text: what was understood otherwise is asked for again.
    pub(super) reading: String,
    pub(super) get: Box<Get<'a>>,
    pub(super) parse: Box<Parse<'a>>,
}

/// What an index lists.
#[derive(Debug)]
pub(super) struct FetchedIndex {
    pub(super) entries: Vec<IndexEntry>,
    pub(super) freshness: Freshness,
}

/// Reads indexes, of any source.
pub(super) struct IndexReader<'a> {
    pub(super) cache: IndexCache,
    /// As whom indexes are kept; without, none is.
    pub(super) writer: Option<ThreadAccess<'a>>,
    /// Held while an index is asked for: who wants it at the same time finds it cached.
    pub(super) fetch_locks: &'a KeyedMutex,
    /// Whether usher is offline, and who says so.
    pub(super) settings: &'a Settings,
    /// Tells the user something beside the answer.
    pub(super) note: Box<dyn Fn(&str) + Sync + 'a>,
}

impl IndexReader<'_> {
    /// An index: from the cache as far as the policy allows that, else from its source; where that
    /// can't be reached, from the cache however old it is.
    pub(super) fn read(
        &self,
        query: &IndexQuery<'_>,
        policy: CachePolicy,
    ) -> Result<FetchedIndex, FetchError> {
        let _asking = self.fetch_locks.lock(&query.address);
        let cached = self.cache.get::<Vec<IndexEntry>>(&query.key());
        let may_ask = policy != CachePolicy::CacheOnly && !self.settings.offline;
        let is_enough = |cached: &CachedIndex<Vec<IndexEntry>>| {
            !may_ask || (policy == CachePolicy::AllowFresh && cached.age < FRESH)
        };
        match cached {
            Some(cached) if is_enough(&cached) => {
                let freshness = Freshness::Cached(cached.age);
                Ok(FetchedIndex { entries: cached.content, freshness })
            }
            None if !may_ask => Err(offline_errors::not_cached(self.settings, &query.address)),
            cached => self.revalidate(query, cached),
        }
    }

    /// Asks the source for an index, if it isn't what is cached.
    fn revalidate(
        &self,
        query: &IndexQuery<'_>,
        cached: Option<CachedIndex<Vec<IndexEntry>>>,
    ) -> Result<FetchedIndex, FetchError> {
        let validator = cached.as_ref().and_then(|cached| cached.validator.as_deref());
        match ((query.get)(validator), cached) {
            (Ok(Conditional::Modified { bytes, validator }), _) => {
                let entries = query.entries(&bytes)?;
                if let Some(writer) = self.writer {
                    writer.with(|access| {
                        self.cache.put(access, &query.key(), (&entries, validator));
                    });
                }
                Ok(FetchedIndex { entries, freshness: Freshness::New })
            }
            (Ok(Conditional::NotModified), cached) => {
                if let Some(writer) = self.writer {
                    writer.with(|access| self.cache.renew(access, &query.key()));
                }
                let entries = cached.map_or_else(Vec::new, |cached| cached.content);
                Ok(FetchedIndex { entries, freshness: Freshness::New })
            }
            (Err(FetchError::Unreachable(error)), Some(cached)) => {
                let age = human_duration(cached.age);
                (self.note)(&format!("{}; an index {age} old serves", error.what));
                let freshness = Freshness::StaleFallback(cached.age);
                Ok(FetchedIndex { entries: cached.content, freshness })
            }
            (Err(failure), _) => Err(failure),
        }
    }
}

impl IndexQuery<'_> {
    fn key(&self) -> CacheKey<'_> {
        CacheKey { address: &self.address, reading: &self.reading }
    }

    fn entries(&self, bytes: &[u8]) -> Result<Vec<IndexEntry>, FetchError> {
        (self.parse)(bytes).map_err(|complaint| {
            let address = redacted_url(&self.address);
            let what = format!("the index at {address} can't be understood");
            let error = Error::new(ErrorKind::Network, what);
            FetchError::BadResponse(error.because(complaint.to_string()))
        })
    }
}

#[cfg(test)]
mod tests;
