//! Reads indexes: fetches them from a source, parses them into entries, and caches those. It must not
//! know what kind of source it is.

use usher_shims::error::{Error, ErrorKind};

use super::freshness::{CachePolicy, Freshness};
use super::index_cache::{CacheKey, CachedIndex, IndexCache};
use super::index_entry::{IndexEntry, IndexProblem};
use super::limits::MAX_FRESH_AGE;
use super::network::KeyedMutex;
use super::offline_errors;
use crate::config::settings::Settings;
use crate::files::write_access::ThreadAccess;
use crate::http::{Address, Conditional, FetchError};
use crate::text::{human_duration, human_size};

/// Fetches an index, unless it is unmodified since the response that had this validator.
type Get<'a> = dyn Fn(Option<&str>) -> Result<Conditional, FetchError> + 'a;

/// Parses an index.
type Parse<'a> = dyn Fn(&[u8]) -> Result<Vec<IndexEntry>, IndexProblem> + 'a;

/// An index: its address, how to fetch it, and how to parse it.
pub(super) struct IndexQuery<'a> {
    pub(super) address: Address,
    /// Identifies the parser and its parameters. An index that was parsed in another way is fetched
    /// again.
    pub(super) parser_id: String,
    /// Whether it is fetched with credentials.
    pub(super) is_private: bool,
    pub(super) get: Box<Get<'a>>,
    pub(super) parse: Box<Parse<'a>>,
}

/// The entries of an index.
#[derive(Debug)]
pub(super) struct FetchedIndex {
    pub(super) entries: Vec<IndexEntry>,
    pub(super) freshness: Freshness,
}

/// Reads indexes, of any source.
pub(super) struct ReleaseIndexReader<'a> {
    pub(super) cache: IndexCache,
    /// The right to write to the cache; without it nothing is cached.
    pub(super) writer: Option<ThreadAccess<'a>>,
    /// Held while an index is fetched: another thread that needs it then finds it cached.
    pub(super) fetch_locks: &'a KeyedMutex,
    /// Whether usher is offline, and the origin of that setting.
    pub(super) settings: &'a Settings,
    /// Prints a warning.
    pub(super) warn: Box<dyn Fn(&str) + Sync + 'a>,
    /// Tells what is read, where that is wanted.
    pub(super) detail: Box<dyn Fn(&str) + Sync + 'a>,
}

impl ReleaseIndexReader<'_> {
    /// Reads an index: from the cache if the policy allows that, otherwise from its source. If that
    /// can't be reached, from the cache, however old that is.
    pub(super) fn read(
        &self,
        query: &IndexQuery<'_>,
        policy: CachePolicy,
    ) -> Result<FetchedIndex, FetchError> {
        let _asking = self.fetch_locks.lock(&query.address.id());
        if let Some(writer) = self.writer {
            writer.with(|access| self.cache.remove_older_formats(access));
        }
        let cached = self.cache.get::<Vec<IndexEntry>>(&query.key());
        let may_fetch = policy != CachePolicy::CacheOnly && !self.settings.offline;
        let is_enough = |cached: &CachedIndex<Vec<IndexEntry>>| {
            !may_fetch || (policy == CachePolicy::AllowFresh && cached.age < MAX_FRESH_AGE)
        };
        match cached {
            Some(cached) if is_enough(&cached) => {
                let age = human_duration(cached.age);
                (self.detail)(&format!("index {}: cached, {age} old", query.address));
                let freshness = Freshness::Cached(cached.age);
                Ok(FetchedIndex { entries: cached.content, freshness })
            }
            None if !may_fetch => Err(offline_errors::not_cached(self.settings, &query.address)),
            cached => self.revalidate(query, cached),
        }
    }

    /// Fetches an index from its source, unless the cached one is still the same.
    fn revalidate(
        &self,
        query: &IndexQuery<'_>,
        cached: Option<CachedIndex<Vec<IndexEntry>>>,
    ) -> Result<FetchedIndex, FetchError> {
        let validator = cached.as_ref().and_then(|cached| cached.validator.as_deref());
        match ((query.get)(validator), cached) {
            (Ok(Conditional::Modified { bytes, validator }), _) => {
                (self.detail)(&format!("index {}: fetched, {}", query.address, size(&bytes)));
                let entries = query.entries(&bytes)?;
                // What is cached has no secrets, so an index whose addresses need some isn't cached.
                let has_secrets = entries.iter().any(|entry| entry.archive.has_secrets());
                if let Some(writer) = self.writer.filter(|_| !has_secrets) {
                    writer.with(|access| {
                        self.cache.put(access, &query.key(), &entries, validator);
                    });
                }
                Ok(FetchedIndex { entries, freshness: Freshness::New })
            }
            (Ok(Conditional::NotModified), cached) => {
                (self.detail)(&format!("index {}: unchanged", query.address));
                if let (Some(writer), Some(cached)) = (self.writer, &cached) {
                    writer.with(|access| self.cache.mark_fresh(access, &query.key(), cached));
                }
                let entries = cached.map_or_else(Vec::new, |cached| cached.content);
                Ok(FetchedIndex { entries, freshness: Freshness::New })
            }
            (Err(FetchError::Unreachable(error)), Some(cached)) => {
                let age = human_duration(cached.age);
                (self.warn)(&format!("{}; using an index that is {age} old", error.what));
                let freshness = Freshness::StaleFallback(cached.age);
                Ok(FetchedIndex { entries: cached.content, freshness })
            }
            (Err(failure), _) => Err(failure),
        }
    }
}

fn size(bytes: &[u8]) -> String {
    human_size(bytes.len() as u64)
}

impl IndexQuery<'_> {
    fn key(&self) -> CacheKey<'_> {
        let Self { address, parser_id, is_private, .. } = self;
        CacheKey { address, parser_id, is_private: *is_private }
    }

    fn entries(&self, bytes: &[u8]) -> Result<Vec<IndexEntry>, FetchError> {
        (self.parse)(bytes).map_err(|problem| {
            let what = format!("the index at {} is invalid", self.address);
            let error = Error::new(ErrorKind::Network, what);
            FetchError::BadResponse(error.because(problem.to_string()))
        })
    }
}

#[cfg(test)]
mod tests;
