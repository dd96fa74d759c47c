//! Decides which rows of an index are releases, and what to fetch for each. It parses no index and
//! sends nothing.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use usher_definition::{IndexSource, ReleaseRule, template};
use usher_shims::error::Escaped;
use usher_shims::version::Version;

use super::checksums;
use super::rows::Row;
use crate::http::{Address, masked};
use crate::releases::index_entry::{Hash, IndexEntry, IndexProblem, ListedArchive, Stated};
use crate::releases::version_range::applies_to;

/// Collects releases, row by row.
pub(super) struct ReleaseCollector<'a> {
    source: &'a IndexSource,
    base: &'a Address,
    base_text: String,
    words: &'a BTreeMap<String, String>,
    best: BTreeMap<String, (Order, IndexEntry)>,
}

/// Of several entries for one version the greatest is used: the newest build, then the first rule,
/// then the first accepted value.
type Order = (u64, Reverse<usize>, Reverse<usize>);

impl<'a> ReleaseCollector<'a> {
    pub(super) fn new(
        source: &'a IndexSource,
        base: &'a Address,
        words: &'a BTreeMap<String, String>,
    ) -> Self {
        let base_text = base.without_secrets().trim_end_matches('/').to_owned();
        Self { source, base, base_text, words, best: BTreeMap::new() }
    }

    /// Adds a row, if one of the rules matches it; the first rule that matches is used.
    pub(super) fn push_row(&mut self, row: &Row<'_>) -> Result<(), IndexProblem> {
        let mut rules = self.source.release.iter().enumerate();
        let matched = rules.find_map(|(index, rule)| Some((index, rule, self.version(rule, row)?)));
        let Some((rule_index, rule, (version, order))) = matched else { return Ok(()) };
        let order = (order.0, Reverse(rule_index), order.1);
        let name = version.as_str().to_owned();
        if self.best.get(&name).is_some_and(|(best, _)| *best >= order) {
            return Ok(());
        }
        let archive = self.archive((rule_index, rule), &version, row)?;
        let lts = rule.lts.as_ref().and_then(|field| row.string(field));
        self.best.insert(name, (order, IndexEntry { version, lts, archive, engines: None }));
        Ok(())
    }

    /// The collected releases.
    pub(super) fn entries(self) -> Vec<IndexEntry> {
        self.best.into_values().map(|(_, entry)| entry).collect()
    }

    /// The version of a row; `None` if the rule doesn't match.
    fn version(
        &self,
        rule: &ReleaseRule,
        row: &Row<'_>,
    ) -> Option<(Version, (u64, Reverse<usize>))> {
        let rank = self.rank(rule, row)?;
        let value = |placeholder: &str| self.value(placeholder, row);
        let text = template::fill(&rule.from, &value).ok()?;
        let spelled = template::fill(&rule.pattern, &|placeholder| match placeholder {
            "version" | "build" => Some(format!("{{{placeholder}}}")),
            other => value(other),
        });
        let (version, build) = template::split_by_pattern(&spelled.ok()?, &text)?;
        let version = template::fill(&rule.version, &|placeholder| match placeholder {
            "version" => Some(Version::parse(version)?.as_str().to_owned()),
            other => value(other),
        });
        let version = Version::parse(&version.ok()?)?;
        let applies = applies_to(rule.versions.as_deref(), &version);
        let build = build.and_then(|build| build.parse().ok()).unwrap_or(0);
        applies.then_some((version, (build, Reverse(rank))))
    }

    /// The sum of the positions of a row's fields in the lists of accepted values; `None` if a field
    /// has no accepted value.
    fn rank(&self, rule: &ReleaseRule, row: &Row<'_>) -> Option<usize> {
        let mut rank = 0;
        for (field, accepted) in &rule.filter {
            let texts = accepted
                .0
                .iter()
                .map(|text| template::fill(text, &|word| self.platform_word(word)));
            rank += texts
                .into_iter()
                .position(|text| text.is_ok_and(|text| row.field_matches(field, &text)))?;
        }
        Some(rank)
    }

    fn archive(
        &self,
        (rule_index, rule): (usize, &ReleaseRule),
        version: &Version,
        row: &Row<'_>,
    ) -> Result<ListedArchive, IndexProblem> {
        let address = |key: &str, text: &str| self.address((key, text), version, row);
        let sums = rule.checksums.as_ref().map(|text| address("checksums", text)).transpose()?;
        let in_file = |hash: Option<Hash>| hash.or(sums.map(Hash::ChecksumFile));
        Ok(ListedArchive {
            address: address("archive", &rule.archive)?,
            hash: self.hash(rule, version, row).map(in_file),
            size: self.size(rule, version, row),
            rule: rule_index,
        })
    }

    /// The hash in a row.
    fn hash(&self, rule: &ReleaseRule, version: &Version, row: &Row<'_>) -> Stated<Hash> {
        let Some(hash) = &rule.hash else { return Ok(None) };
        let filled = template::fill(hash, &|placeholder| self.value_for(placeholder, version, row));
        let text = filled.unwrap_or_default();
        let or_elsewhere = rule.checksums.is_some() || rule.unverified.is_some();
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

    /// The archive's size in a row, in bytes.
    fn size(&self, rule: &ReleaseRule, version: &Version, row: &Row<'_>) -> Stated<u64> {
        let Some(size) = &rule.size else { return Ok(None) };
        let text = template::fill(size, &|placeholder| self.value_for(placeholder, version, row));
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

    /// An address, unless a value from the index would change the host or the folder.
    fn address(
        &self,
        (key, text): (&str, &str),
        version: &Version,
        row: &Row<'_>,
    ) -> Result<Address, IndexProblem> {
        let is_whole = text.starts_with("{.") && text.matches('{').count() == 1;
        let value = |placeholder: &str| self.value_for(placeholder, version, row);
        let filled = template::fill(text, &value)
            .map_err(|placeholder| {
                format!("its entry for {version} has no `{placeholder}`, for `{key}`")
            })
            .map_err(IndexProblem::from)?;
        for placeholder in template::placeholders(text).unwrap_or_default() {
            let value = value(placeholder).unwrap_or_default();
            let is_harmless = match (placeholder.starts_with('.'), is_whole) {
                (false, _) => true,
                (true, true) => {
                    is_whole_address(&filled, self.base) && self.base.join(&filled).is_ok()
                }
                (true, false) => is_plain(&value),
            };
            if !is_harmless {
                let value = masked(&value);
                let value = Escaped(&value);
                let what =
                    format!("its entry for {version} has `{placeholder}` = “{value}”, for `{key}`");
                return Err(what.into());
            }
        }
        self.base.join(&filled).map_err(|why| {
            let filled = masked(&filled);
            format!("its entry for {version} has {}, for `{key}`: {why}", Escaped(&filled)).into()
        })
    }

    fn value_for(&self, placeholder: &str, version: &Version, row: &Row<'_>) -> Option<String> {
        match placeholder {
            "version" => Some(version.as_str().to_owned()),
            other => self.value(other, row),
        }
    }

    fn value(&self, placeholder: &str, row: &Row<'_>) -> Option<String> {
        match placeholder.strip_prefix('.') {
            Some(field) => row.text(field),
            None => self.platform_word(placeholder),
        }
    }

    fn platform_word(&self, placeholder: &str) -> Option<String> {
        match placeholder {
            "base" => Some(self.base_text.clone()),
            word => self.words.get(word).cloned(),
        }
    }
}

/// Whether a value is an address by itself, in the form that a definition expects.
fn is_whole_address(text: &str, base: &Address) -> bool {
    let is_file = || base.is_file() && (text.starts_with("file://") || text.starts_with('/'));
    (text.starts_with("https://") || text.starts_with("http://") || is_file())
        && !text.split('/').any(|part| part == "..")
        && !text.contains(|c: char| c.is_control() || c.is_whitespace())
}

/// Whether a text can become part of an address without changing the host or the folder.
fn is_plain(text: &str) -> bool {
    !text.starts_with('/')
        && !text.contains(|c: char| c.is_control() || c.is_whitespace() || "\\?#".contains(c))
        && !text.split('/').any(|part| part == "..")
        && !text.contains("://")
}
