//! Official sites with an index of versions: where it lies, what it says, what to fetch.

mod rows;
mod sums;
mod taken;

use std::collections::BTreeMap;

use usher_definition::{IndexSource, Mirror, Take, template};
use usher_shims::error::{Error, ErrorKind, Escaped};
use usher_shims::version::Version;
use usher_shims::world::World;

use super::find::Entry;
use super::{Artifact, Part, Release};
use crate::files::integrity::Integrity;
use crate::http::Failure;
use taken::Taken;

/// Why an index can't be understood, in a few words.
pub(super) type Complaint = String;

/// The most pages that are read after the first one.
const MOST_PAGES: usize = 40;

/// Fetches a small file.
type Fetch<'a> = dyn Fn(&str) -> Result<Vec<u8>, Failure> + 'a;

/// A site, as the user's variables have it.
pub(super) struct Site<'a> {
    source: &'a IndexSource,
    base: String,
    words: &'a BTreeMap<String, String>,
}

impl<'a> Site<'a> {
    /// `None` where the site has nothing for this platform.
    pub(super) fn new(world: &impl World, source: &'a IndexSource, platform: &str) -> Option<Self> {
        let words = source.words_for(platform)?;
        let base = first_set(world, &source.mirrors).unwrap_or_else(|| source.base.clone());
        Some(Self { source, base: base.trim_end_matches('/').to_owned(), words })
    }

    /// Where the index lies, or its first page.
    pub(super) fn address(&self) -> String {
        self.page(self.source.pages.unwrap_or_default())
    }

    fn page(&self, page: u32) -> String {
        self.fill(&self.source.list.replace("{page}", &page.to_string()), None)
    }

    /// Understands the index, of which further pages are fetched.
    pub(super) fn read(&self, text: &[u8], fetch: &Fetch<'_>) -> Result<Vec<Entry>, Complaint> {
        let mut taken = Taken::new(self.source, &self.base, self.words);
        if self.read_page(text, &mut taken)? == 0 {
            return Err("it has no entries".to_owned());
        }
        let first = self.source.pages.unwrap_or_default();
        let further = self.source.pages.map_or(0, |_| MOST_PAGES);
        for page in (first + 1..).take(further) {
            let address = self.page(page);
            let text = match fetch(&address) {
                Ok(text) => text,
                Err(Failure::Absent(_)) => break,
                Err(failure) => return Err(format!("{}: {address}", Error::from(failure).what)),
            };
            if self.read_page(&text, &mut taken)? == 0 {
                break;
            }
        }
        Ok(taken.entries())
    }

    /// How many entries a page has.
    fn read_page(&self, text: &[u8], taken: &mut Taken<'_>) -> Result<usize, Complaint> {
        let mut rows = 0;
        rows::for_each(text, (self.source.form, &self.source.each), &mut |row| {
            rows += 1;
            taken.see(row)
        })?;
        Ok(rows)
    }

    /// What to fetch for a release.
    pub(super) fn part(
        &self,
        world: &impl World,
        release: &Release,
        fetch: &Fetch<'_>,
    ) -> Result<Option<Part>, Failure> {
        let Some(artifact) = &release.artifact else { return Ok(None) };
        let Some(take) = self.source.take.get(artifact.take) else { return Ok(None) };
        let version = Some(&release.version);
        Ok(Some(Part {
            addresses: self.addresses(world, &artifact.address),
            integrity: self.integrity(take, artifact, (release, fetch))?,
            size: self.size(take, artifact, release)?,
            strip: usize::from(take.strip),
            inside: self.fill(&take.inside, version).into(),
            into: self.fill(&take.into, version).into(),
            program: self.fill(&take.program, version),
            after: take.after.clone(),
            ..Part::default()
        }))
    }

    /// How many bytes an archive has; `None` where the index doesn't say it.
    fn size(
        &self,
        take: &Take,
        artifact: &Artifact,
        release: &Release,
    ) -> Result<Option<u64>, Failure> {
        let text = artifact.size.as_str();
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            _ if text.is_empty() => Ok(None),
            Ok(size) if is_number => Ok(Some(size)),
            Ok(_) | Err(_) => {
                let (index, key) = (self.address(), take.size.as_deref().unwrap_or_default());
                let what =
                    format!("{} {} has no size that can be used", release.source, release.version);
                let why = format!("`{key}` is “{}”, which is no number of bytes", Escaped(text));
                let error = Error::new(ErrorKind::Integrity, what);
                Err(Failure::Fatal(error.because(format!("in {index}: {why}"))))
            }
        }
    }

    /// The hash to check an archive against; `None` where there is none, and the definition says
    /// why.
    fn integrity(
        &self,
        take: &Take,
        artifact: &Artifact,
        (release, fetch): (&Release, &Fetch<'_>),
    ) -> Result<Option<Integrity>, Failure> {
        let lacks = |what: String| {
            let of = format!("{} {} has no hash that can be used", release.source, release.version);
            Failure::Fatal(Error::new(ErrorKind::Integrity, of).because(what))
        };
        if !artifact.complaint.is_empty() {
            let index = self.address();
            return Err(lacks(format!("in {index}: {}", artifact.complaint)));
        }
        if let Some(integrity) = Integrity::from_text(&artifact.integrity) {
            return Ok(Some(integrity));
        }
        if artifact.sums.is_empty() {
            return match &take.unhashed {
                Some(_) => Ok(None),
                None => Err(lacks(format!("{} says none", self.address()))),
            };
        }
        let text = match fetch(&artifact.sums) {
            Err(Failure::Absent(_)) if take.unhashed.is_some() => return Ok(None),
            fetched => fetched?,
        };
        let name = artifact.address.rsplit('/').next().unwrap_or_default();
        match sums::find(&String::from_utf8_lossy(&text), name) {
            Some(integrity) => Ok(Some(integrity)),
            None if take.unhashed.is_some() => Ok(None),
            None => {
                let what = format!("{} has no checksum for {name}", artifact.sums);
                Err(Failure::Fatal(Error::new(ErrorKind::Integrity, what)))
            }
        }
    }

    /// The addresses to try for one of the site's.
    fn addresses(&self, world: &impl World, address: &str) -> Vec<String> {
        let Some(mirror) = &self.source.mirror else { return vec![address.to_owned()] };
        let Some(rest) = address.strip_prefix(&mirror.replaces) else {
            return vec![address.to_owned()];
        };
        let starts = match first_set(world, &mirror.variables) {
            Some(set) => vec![set],
            None => before(mirror),
        };
        starts.iter().map(|start| format!("{}{rest}", start.trim_end_matches('/'))).collect()
    }

    /// A template that knows the platform and the version; [`usher_definition`] has seen to it that
    /// each hole is filled.
    fn fill(&self, text: &str, version: Option<&Version>) -> String {
        let value = |hole: &str| match hole {
            "base" => Some(self.base.clone()),
            "version" => version.map(|version| version.as_str().to_owned()),
            word => self.words.get(word).cloned(),
        };
        template::fill(text, &value).unwrap_or_default()
    }
}

fn before(mirror: &Mirror) -> Vec<String> {
    mirror.before.iter().chain([&mirror.replaces]).cloned().collect()
}

fn first_set(world: &impl World, variables: &[String]) -> Option<String> {
    let set =
        |name: &String| world.variable(name)?.into_string().ok().filter(|value| !value.is_empty());
    variables.iter().find_map(set)
}

#[cfg(test)]
mod tests;
