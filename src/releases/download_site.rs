//! Download sites with an index of versions: its address, how it is parsed, what to fetch.

mod checksums;
mod collector;
mod rows;

use std::collections::BTreeMap;
use std::ffi::OsString;

use usher_definition::{IndexSource, Mirror, ReleaseRule, template};
use usher_shims::error::{Error, ErrorKind, Escaped};
use usher_shims::version::Version;

use super::index_entry::{Hash, IndexEntry, IndexProblem, ListedArchive};
use super::limits::MAX_PAGES;
use super::release::Release;
use super::release_part::ReleasePart;
use crate::files::integrity::Integrity;
use crate::http::{Address, FetchError, masked};
use collector::ReleaseCollector;

/// Fetches a small file.
type Fetch<'a> = dyn Fn(&Address) -> Result<Vec<u8>, FetchError> + 'a;

/// Looks up a variable of the environment.
pub(super) type Variable<'a> = dyn Fn(&str) -> Option<OsString> + Sync + 'a;

/// A download site, or the mirror that the user's variables name.
pub(super) struct DownloadSite<'a> {
    source: &'a IndexSource,
    /// Its folder, ready to be fetched from.
    base: Address,
    /// Whether a variable of the user's replaces the site.
    pub(super) is_mirror: bool,
    /// The same for templates, without a slash at its end; an address has no secrets in its text.
    base_text: String,
    words: &'a BTreeMap<String, String>,
    variable: &'a Variable<'a>,
}

impl<'a> DownloadSite<'a> {
    /// A site; `words` are its words for the platform.
    pub(super) fn new(
        source: &'a IndexSource,
        words: &'a BTreeMap<String, String>,
        variable: &'a Variable<'a>,
    ) -> Result<Self, FetchError> {
        let mirrored = first_set(variable, &source.mirror_variables);
        let is_mirror = mirrored.is_some();
        let base = match mirrored {
            Some((name, text)) => mirror(name, &text)?,
            None => Address::parse(&source.base)?.into_folder(),
        };
        let base_text = base.without_secrets().trim_end_matches('/').to_owned();
        Ok(Self { source, base, is_mirror, base_text, words, variable })
    }

    /// The address of the index, or of its first page.
    pub(super) fn address(&self) -> Result<Address, FetchError> {
        self.page(self.source.pages.unwrap_or_default())
    }

    fn page(&self, page: u32) -> Result<Address, FetchError> {
        self.base.below(&self.fill(&self.source.list.replace("{page}", &page.to_string()), None))
    }

    /// Parses the index; fetches further pages.
    pub(super) fn read(
        &self,
        text: &[u8],
        fetch: &Fetch<'_>,
    ) -> Result<Vec<IndexEntry>, IndexProblem> {
        let mut collector = ReleaseCollector::new(self.source, &self.base, self.words);
        if self.read_page(text, &mut collector)? == 0 {
            return Err("it has no entries".into());
        }
        let first = self.source.pages.unwrap_or_default();
        let further = self.source.pages.map_or(0, |_| MAX_PAGES);
        for page in (first + 1..).take(further) {
            let text = match self.page(page).and_then(|address| fetch(&address)) {
                Ok(text) => text,
                Err(FetchError::NotFound(_)) => break,
                Err(failure) => return Err(Error::from(failure).what.into()),
            };
            if self.read_page(&text, &mut collector)? == 0 {
                break;
            }
        }
        Ok(collector.entries())
    }

    /// Parses a page; returns the number of its rows.
    fn read_page(
        &self,
        text: &[u8],
        collector: &mut ReleaseCollector<'_>,
    ) -> Result<usize, IndexProblem> {
        let mut rows = 0;
        rows::for_each_row(text, self.source.format, &self.source.entries, &mut |row| {
            rows += 1;
            collector.push_row(row)
        })?;
        Ok(rows)
    }

    /// What to fetch for a release.
    pub(super) fn release_part(
        &self,
        release: &Release,
        fetch: &Fetch<'_>,
    ) -> Result<Option<ReleasePart>, FetchError> {
        let Some(archive) = &release.archive else { return Ok(None) };
        let Some(rule) = self.source.release.get(archive.rule) else { return Ok(None) };
        let version = Some(&release.version);
        Ok(Some(ReleasePart {
            addresses: self.addresses(&archive.address)?,
            integrity: self.integrity(rule, release, fetch)?,
            size: match &archive.size {
                Ok(size) => *size,
                Err(problem) => return Err(self.invalid_value("size", release, problem)),
            },
            strip_components: usize::from(rule.strip_components),
            subdir: self.fill(&rule.subdir, version).into(),
            destination: self.fill(&rule.destination, version).into(),
            program: self.fill(&rule.program, version),
            post_install: rule.after.clone(),
            ..ReleasePart::default()
        }))
    }

    /// The published hash of an archive; `None` if upstream publishes none, which the definition must
    /// state.
    fn integrity(
        &self,
        rule: &ReleaseRule,
        release: &Release,
        fetch: &Fetch<'_>,
    ) -> Result<Option<Integrity>, FetchError> {
        let Some(archive) = &release.archive else { return Ok(None) };
        match &archive.hash {
            Err(problem) => Err(self.invalid_value("hash", release, problem)),
            Ok(Some(Hash::Known(integrity))) => Ok(Some(*integrity)),
            Ok(Some(Hash::ChecksumFile(sums))) => integrity_in(sums, rule, archive, fetch),
            Ok(None) if rule.unverified.is_some() => Ok(None),
            Ok(None) => {
                let error = unusable_release_error("hash", release);
                Err(FetchError::Fatal(error.because(format!("{} has none", self.shown()))))
            }
        }
    }

    /// The address of the index for messages, with the query that the definition has.
    fn shown(&self) -> String {
        let page = self.source.pages.unwrap_or_default();
        let filled = self.fill(&self.source.list.replace("{page}", &page.to_string()), None);
        if filled.contains('@') { masked(&filled) } else { filled }
    }

    /// The error of an invalid value in the index.
    fn invalid_value(&self, what: &str, release: &Release, problem: &IndexProblem) -> FetchError {
        let because = format!("in {}: {problem}", self.shown());
        FetchError::Fatal(unusable_release_error(what, release).because(because))
    }

    /// The addresses to try for an address of the site: those of mirrors, if there are any.
    fn addresses(&self, address: &Address) -> Result<Vec<Address>, FetchError> {
        let whole = address.without_secrets();
        let Some((replacement, rest)) = self.replaced(&whole) else {
            return Ok(vec![address.clone()]);
        };
        if let Some((name, text)) = first_set(self.variable, &replacement.variables) {
            return Ok(vec![mirror(name, &text)?.below(rest)?]);
        }
        let starts = replacement.before.iter().chain([&replacement.replaces]);
        starts.map(|start| Address::parse(start)?.into_folder().below(rest)).collect()
    }

    /// The mirror that replaces an address, and the rest of the address.
    fn replaced<'t>(&self, whole: &'t str) -> Option<(&'a Mirror, &'t str)> {
        let mirror = self.source.mirror.as_ref()?;
        Some((mirror, whole.strip_prefix(&mirror.replaces)?.trim_start_matches('/')))
    }

    /// Where an archive is fetched from, if a variable of the user's names a mirror for it.
    pub(super) fn mirror_of(&self, address: &Address) -> Option<Address> {
        let whole = address.without_secrets();
        let replaced = self.replaced(&whole);
        let is_set = replaced
            .is_some_and(|(mirror, _)| first_set(self.variable, &mirror.variables).is_some());
        (self.is_mirror || is_set).then(|| self.addresses(address).ok()?.pop()).flatten()
    }

    /// Fills a template. [`usher_definition`] has checked that each placeholder has a value.
    fn fill(&self, text: &str, version: Option<&Version>) -> String {
        let value = |placeholder: &str| match placeholder {
            "base" => Some(self.base_text.clone()),
            "version" => version.map(|version| version.as_str().to_owned()),
            word => self.words.get(word).cloned(),
        };
        template::fill(text, &value).unwrap_or_default()
    }
}

/// The first of these variables that is set and not empty, with its value.
fn first_set<'n>(variable: &Variable<'_>, names: &'n [String]) -> Option<(&'n str, String)> {
    names.iter().find_map(|name| {
        let value = variable(name)?.into_string().ok().filter(|value| !value.is_empty())?;
        Some((name.as_str(), value))
    })
}

/// The folder of a mirror that a variable names.
fn mirror(name: &str, text: &str) -> Result<Address, FetchError> {
    let address = match text.starts_with('/') {
        true => Address::parse(text).ok(),
        false => Address::configured(text),
    };
    address.map(Address::into_folder).ok_or_else(|| {
        let what = format!("{name} must be {}, or an absolute path", Address::FORM);
        FetchError::BadResponse(Error::new(ErrorKind::BadSetting, what))
    })
}

/// The hash of an archive in a checksum file.
fn integrity_in(
    sums: &Address,
    rule: &ReleaseRule,
    archive: &ListedArchive,
    fetch: &Fetch<'_>,
) -> Result<Option<Integrity>, FetchError> {
    let text = match fetch(sums) {
        Err(FetchError::NotFound(_)) if rule.unverified.is_some() => return Ok(None),
        fetched => fetched?,
    };
    let name = archive.address.file_name();
    match checksums::find(&String::from_utf8_lossy(&text), &name) {
        Some(integrity) => Ok(Some(integrity)),
        None if rule.unverified.is_some() => Ok(None),
        None => {
            let what = format!("{sums} has no checksum for {}", Escaped(&name));
            Err(FetchError::Fatal(Error::new(ErrorKind::Integrity, what)))
        }
    }
}

fn unusable_release_error(what: &str, release: &Release) -> Error {
    let Release { source, version, .. } = release;
    Error::new(ErrorKind::Integrity, format!("{source} {version} has no usable {what}"))
}

#[cfg(test)]
mod tests;
