//! The kinds of sources: where each one's index lies, how it is read, what is fetched of it. The
//! only file that tells kinds apart; it asks nobody.

use usher_definition::{Form, IndexSource, PypiSource, Source, SourceKind};

use super::kept::{LARGEST_DOCUMENT, LARGEST_INDEX};
use super::{Entry, Finder};
use crate::files::integrity::sha256;
use crate::http::{Client, Failure};
use crate::releases::cache::Key;
use crate::releases::index::Site;
use crate::releases::{Part, Release, npm, pypi};

/// Understands an index, or complains in a few words.
type Reader<'a> = dyn Fn(&[u8]) -> Result<Vec<Entry>, String> + 'a;

/// An index: where it lies, who may ask for it, and how it is read.
pub(super) struct Listing<'a> {
    pub(super) address: String,
    pub(super) client: &'a Client,
    /// The kinds of answer that are understood, as the `Accept` header has it.
    pub(super) accept: &'static str,
    pub(super) read: Box<Reader<'a>>,
    /// The most bytes that it may have.
    pub(super) most: u64,
    /// How it is read, as a text: what was read otherwise is asked for anew.
    pub(super) reading: String,
    /// Only these of the versions that it lists are the source's: a range as npm writes it.
    pub(super) versions: Option<&'a str>,
}

impl Listing<'_> {
    /// Which of the kept indexes it is.
    pub(super) fn key(&self) -> Key<'_> {
        Key { address: &self.address, reading: &self.reading }
    }
}

impl Finder<'_> {
    /// A source's index; `None` where it has nothing for this platform.
    pub(super) fn listing<'b>(
        &'b self,
        source: &'b Source,
    ) -> Result<Option<Listing<'b>>, Failure> {
        match source.kind() {
            Some(SourceKind::Index(index)) => Ok(self.site_listing(index)),
            Some(SourceKind::Npm(packages)) => {
                let Some(package) = packages.package_for(&self.platform) else { return Ok(None) };
                let versions = packages.versions.as_deref();
                Ok(Some(Listing { versions, ..self.npm_listing(package)? }))
            }
            Some(SourceKind::Pypi(project)) => self.pypi_listing(project).map(Some),
            None => Ok(None),
        }
    }

    /// What to fetch from a source for one of its releases.
    pub(super) fn parts_of(
        &self,
        source: &Source,
        release: &Release,
    ) -> Result<Vec<Part>, Failure> {
        match source.kind() {
            Some(SourceKind::Index(index)) => self.index_parts(index, release),
            Some(SourceKind::Npm(packages)) => self.npm_parts(packages, release),
            Some(SourceKind::Pypi(project)) => {
                Ok(pypi::part(project, release).into_iter().collect())
            }
            None => Ok(Vec::new()),
        }
    }

    fn site_listing<'b>(&'b self, index: &'b IndexSource) -> Option<Listing<'b>> {
        let site = Site::new(&self.usher.world, index, &self.platform)?;
        let client = self.network.client();
        let most = match index.form {
            Form::Json => LARGEST_DOCUMENT,
            Form::Ndjson | Form::Csv | Form::Words => LARGEST_INDEX,
        };
        let fetch = move |address: &str| client.get(address, most);
        Some(Listing {
            address: site.address(),
            client,
            accept: "*/*",
            most,
            read: Box::new(move |text| site.read(text, &fetch)),
            reading: reading(&format!("{index:?} for {}", self.platform)),
            versions: None,
        })
    }

    /// The document of a package of npm's registry.
    pub(super) fn npm_listing(&self, package: &str) -> Result<Listing<'_>, Failure> {
        let npm = self.network.npm().map_err(Failure::Unreachable)?;
        Ok(Listing {
            address: npm::address(&npm.registry, package),
            client: &npm.client,
            accept: "*/*",
            most: LARGEST_INDEX,
            read: Box::new(npm::read),
            reading: reading("packument"),
            versions: None,
        })
    }

    /// The files of a project of the `PyPI` index.
    fn pypi_listing<'b>(&'b self, project: &'b PypiSource) -> Result<Listing<'b>, Failure> {
        let index = self.network.pypi().map_err(Failure::Unreachable)?;
        let address = pypi::address(&index.address, &project.project);
        let page = address.clone();
        Ok(Listing {
            address,
            client: &index.client,
            accept: pypi::ACCEPT,
            most: LARGEST_INDEX,
            read: Box::new(move |text| pypi::read(text, (project, &self.platform, &page))),
            reading: reading(&format!("{project:?} for {}", self.platform)),
            versions: None,
        })
    }
}

/// How an index is read follows from the source's definition and from this program.
fn reading(definition: &str) -> String {
    format!("{} {}", env!("CARGO_PKG_VERSION"), sha256(definition.as_bytes()))
}
