//! Which rows of an index are releases, and what there is to fetch for each. It reads no index and
//! asks nobody.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use usher_definition::{IndexSource, ReleaseRule, template};
use usher_shims::error::Escaped;
use usher_shims::version::Version;

use super::checksums;
use super::rows::Row;
use crate::releases::index_entry::{Hash, IndexEntry, IndexProblem, ListedArchive, Stated};
use crate::releases::version_range::holds_for;

/// Collects releases, row by row.
pub(super) struct ReleaseCollector<'a> {
    source: &'a IndexSource,
    base: &'a str,
    words: &'a BTreeMap<String, String>,
    best: BTreeMap<String, (Order, IndexEntry)>,
}

/// Of several entries for one version the greatest counts: the newest build, then what is taken
/// first, then what stands first in the lists of values that will do.
type Order = (u64, Reverse<usize>, Reverse<usize>);

impl<'a> ReleaseCollector<'a> {
    pub(super) fn new(
        source: &'a IndexSource,
        base: &'a str,
        words: &'a BTreeMap<String, String>,
    ) -> Self {
        Self { source, base, words, best: BTreeMap::new() }
    }

    /// Takes from a row what is a release: the first that fits takes it.
    pub(super) fn push_row(&mut self, row: &Row<'_>) -> Result<(), IndexProblem> {
        let mut rules = self.source.release.iter().enumerate();
        let taken = rules.find_map(|(place, take)| Some((place, take, self.version(take, row)?)));
        let Some((rule, take, (version, order))) = taken else { return Ok(()) };
        let order = (order.0, Reverse(rule), order.1);
        let name = version.as_str().to_owned();
        if self.best.get(&name).is_some_and(|(best, _)| *best >= order) {
            return Ok(());
        }
        let archive = self.archive((rule, take), &version, row)?;
        let lts = take.lts.as_ref().and_then(|field| row.string(field));
        self.best.insert(name, (order, IndexEntry { version, lts, archive, engines: None }));
        Ok(())
    }

    /// What was taken.
    pub(super) fn entries(self) -> Vec<IndexEntry> {
        self.best.into_values().map(|(_, entry)| entry).collect()
    }

    /// The version that a row stands for; `None` where it isn't meant.
    fn version(
        &self,
        take: &ReleaseRule,
        row: &Row<'_>,
    ) -> Option<(Version, (u64, Reverse<usize>))> {
        let rank = self.rank(take, row)?;
        let value = |hole: &str| self.value(hole, row);
        let text = template::fill(&take.from, &value).ok()?;
        let spelled = template::fill(&take.pattern, &|hole| match hole {
            "version" | "build" => Some(format!("{{{hole}}}")),
            other => value(other),
        });
        let (version, build) = template::split_by_pattern(&spelled.ok()?, &text)?;
        let version = template::fill(&take.version, &|hole| match hole {
            "version" => Some(Version::parse(version)?.as_str().to_owned()),
            other => value(other),
        });
        let version = Version::parse(&version.ok()?)?;
        let is_meant = holds_for(take.versions.as_deref(), &version);
        let build = build.and_then(|build| build.parse().ok()).unwrap_or(0);
        is_meant.then_some((version, (build, Reverse(rank))))
    }

    /// How far from the best a row's fields are; `None` where they aren't what is wanted.
    fn rank(&self, take: &ReleaseRule, row: &Row<'_>) -> Option<usize> {
        let mut rank = 0;
        for (field, wanted) in &take.filter {
            let texts = wanted.0.iter().map(|text| template::fill(text, &|word| self.word(word)));
            rank +=
                texts.into_iter().position(|text| text.is_ok_and(|text| row.is(field, &text)))?;
        }
        Some(rank)
    }

    fn archive(
        &self,
        (rule, take): (usize, &ReleaseRule),
        version: &Version,
        row: &Row<'_>,
    ) -> Result<ListedArchive, IndexProblem> {
        let address = |key: &str, text: &str| self.address((key, text), version, row);
        let sums = take.checksums.as_ref().map(|text| address("sums", text)).transpose()?;
        let in_file = |hash: Option<Hash>| hash.or(sums.map(Hash::ChecksumFile));
        Ok(ListedArchive {
            address: address("archive", &take.archive)?,
            hash: self.hash(take, version, row).map(in_file),
            size: self.size(take, version, row),
            rule,
        })
    }

    /// The hash that a row has.
    fn hash(&self, take: &ReleaseRule, version: &Version, row: &Row<'_>) -> Stated<Hash> {
        let Some(hash) = &take.hash else { return Ok(None) };
        let filled = template::fill(hash, &|hole| self.value_for(hole, version, row));
        let text = filled.unwrap_or_default();
        let or_elsewhere = take.checksums.is_some() || take.unverified.is_some();
        match checksums::parse(&text) {
            Some(integrity) => Ok(Some(Hash::Known(integrity))),
            None if text.is_empty() && or_elsewhere => Ok(None),
            None if text.is_empty() => Err(format!("`{hash}` is missing").into()),
            None => {
                let kind = match text.rsplit(':').next().unwrap_or_default().len() {
                    32 => " (MD5 is too weak)",
                    40 => " (SHA-1 is too weak)",
                    _ => "",
                };
                let what = format!("`{hash}` is “{}”, which is not a SHA-256", Escaped(&text));
                Err(format!("{what} or SHA-512{kind}").into())
            }
        }
    }

    /// How many bytes a row says that the archive has.
    fn size(&self, take: &ReleaseRule, version: &Version, row: &Row<'_>) -> Stated<u64> {
        let Some(size) = &take.size else { return Ok(None) };
        let text = template::fill(size, &|hole| self.value_for(hole, version, row));
        let text = text.unwrap_or_default();
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            _ if text.is_empty() => Ok(None),
            Ok(bytes) if is_number => Ok(Some(bytes)),
            Ok(_) | Err(_) => {
                let text = Escaped(&text);
                Err(format!("`{size}` is “{text}”, which is not a number of bytes").into())
            }
        }
    }

    /// An address, unless what the index puts into it would lead elsewhere.
    fn address(
        &self,
        (key, text): (&str, &str),
        version: &Version,
        row: &Row<'_>,
    ) -> Result<String, IndexProblem> {
        let is_complete = text.starts_with("{.") && text.matches('{').count() == 1;
        let value = |hole: &str| self.value_for(hole, version, row);
        let filled = template::fill(text, &value)
            .map_err(|hole| format!("its entry for {version} has no `{hole}`, for `{key}`"))
            .map_err(IndexProblem::from)?;
        for hole in template::placeholders(text).unwrap_or_default() {
            let said = value(hole).unwrap_or_default();
            let is_harmless = match (hole.starts_with('.'), is_complete) {
                (false, _) => true,
                (true, true) => self.is_address(&filled),
                (true, false) => is_plain(&said),
            };
            if !is_harmless {
                let said = Escaped(&said);
                let what = format!("its entry for {version} has `{hole}` = “{said}”, for `{key}`");
                return Err(what.into());
            }
        }
        Ok(filled)
    }

    /// Whether an index may name this: something on the web, or beside an index that is no more
    /// far away.
    fn is_address(&self, text: &str) -> bool {
        let is_local = self.base.starts_with("file:") || self.base.starts_with('/');
        let is_known = text.starts_with("https://") || text.starts_with("http://");
        (is_known || (is_local && text.starts_with(self.base)))
            && !text.split('/').any(|part| part == "..")
            && !text.contains(|c: char| c.is_control() || c.is_whitespace())
    }

    fn value_for(&self, hole: &str, version: &Version, row: &Row<'_>) -> Option<String> {
        match hole {
            "version" => Some(version.as_str().to_owned()),
            other => self.value(other, row),
        }
    }

    fn value(&self, hole: &str, row: &Row<'_>) -> Option<String> {
        match hole.strip_prefix('.') {
            Some(field) => row.text(field),
            None => self.word(hole),
        }
    }

    fn word(&self, hole: &str) -> Option<String> {
        match hole {
            "base" => Some(self.base.to_owned()),
            word => self.words.get(word).cloned(),
        }
    }
}

/// Whether a text may become a part of an address without changing where it leads.
fn is_plain(text: &str) -> bool {
    !text.starts_with('/')
        && !text.contains(|c: char| c.is_control() || c.is_whitespace() || "\\?#".contains(c))
        && !text.split('/').any(|part| part == "..")
        && !text.contains("://")
}
