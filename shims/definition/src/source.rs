//! Where releases come from, as a tool's file in the registry describes it.

use serde::Deserialize;
use std::collections::BTreeMap;

/// One place where releases come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What it is called in messages and in the settings.
    pub name: String,
    /// An official site with an index of versions.
    pub index: Option<IndexSource>,
    /// Packages of the npm registry.
    pub npm: Option<NpmSource>,
}

/// What a [`Source`] is; exactly one of its fields is given.
#[derive(Debug, Clone, Copy)]
pub enum SourceKind<'a> {
    /// An official site with an index of versions.
    Index(&'a IndexSource),
    /// Packages of the npm registry.
    Npm(&'a NpmSource),
}

impl Source {
    /// What this source is.
    pub fn kind(&self) -> Option<SourceKind<'_>> {
        match (&self.index, &self.npm) {
            (Some(index), None) => Some(SourceKind::Index(index)),
            (None, Some(npm)) => Some(SourceKind::Npm(npm)),
            (Some(_), Some(_)) | (None, None) => None,
        }
    }

    pub(crate) fn fault(&self) -> Option<String> {
        let Some(kind) = self.kind() else {
            return Some(format!("source `{}`: give either `index` or `npm`", self.name));
        };
        let (SourceKind::Index(index), name) = (kind, &self.name) else { return None };
        match (&index.artifacts, &index.archive, &index.sums) {
            (Some(_), None, None) | (None, Some(_), Some(_)) => None,
            _ => Some(format!("source `{name}`: give `artifacts`, or `archive` with `sums`")),
        }
    }
}

/// An official site with an index of versions.
///
/// Templates know `{base}`, `{version}`, and `{platform}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexSource {
    /// The address that everything else starts with.
    pub base: String,
    /// Variables that users already set to put another address in its place.
    #[serde(default)]
    pub mirrors: Vec<String>,
    /// The address of the index.
    pub list: String,
    /// The index's form.
    pub form: Form,
    /// The field that holds the version.
    pub version: String,
    /// What follows the version in that field is the build; of a version's builds the last counts.
    pub build: Option<String>,
    /// The field that holds the code name of the long-term support line, or something that is no
    /// text.
    pub lts: Option<String>,
    /// The field that lists the platforms a version was made for.
    pub platforms: Option<String>,
    /// The platforms that there are.
    pub platform: BTreeMap<String, IndexPlatform>,
    /// The index itself lists the archives.
    pub artifacts: Option<Artifacts>,
    /// The address of the archive.
    pub archive: Option<String>,
    /// The address of a file with a line `SHA-256␠␠NAME` for each archive.
    pub sums: Option<String>,
    /// How many leading folders of the archive's names are left out.
    pub strip: u8,
    /// An address in the index that can be had elsewhere.
    pub mirror: Option<Mirror>,
}

/// The form of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// A JSON array of objects.
    Json,
    /// A JSON object a line.
    Ndjson,
}

/// How an official site spells a platform.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexPlatform {
    /// In addresses, or in the index's list of archives.
    pub token: String,
    /// In the index's list of platforms.
    pub listed: Option<String>,
}

/// An index that lists each version's archives.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifacts {
    /// The field that holds the list.
    pub at: String,
    /// In each: the field that holds the platform.
    pub platform: String,
    /// In each: the field that holds the variant.
    pub variant: String,
    /// The variants that will do, best first.
    pub variants: Vec<String>,
    /// In each: the field that holds the address.
    pub url: String,
    /// In each: the field that holds the SHA-256.
    pub sha256: String,
}

/// Other places for what an index's addresses name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mirror {
    /// What the addresses begin with.
    pub replaces: String,
    /// Variables that users already set to put another beginning in its place.
    #[serde(default)]
    pub variables: Vec<String>,
    /// Beginnings that are tried first.
    #[serde(default)]
    pub before: Vec<String>,
}

/// Packages of the npm registry that hold a tool's real binaries.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NpmSource {
    /// The package of each platform; that of `any` holds for those that aren't named.
    pub package: BTreeMap<String, String>,
    /// Only these of its versions.
    pub versions: Option<String>,
    /// Where it goes, from the toolchain's folder; empty for the folder itself.
    #[serde(default)]
    pub into: String,
    /// Links that are made to it: link → target, as it stands in the link.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
    /// Packages to put beside it.
    #[serde(default)]
    pub beside: Vec<Beside>,
}

impl NpmSource {
    /// The package for a platform.
    pub fn package_for(&self, platform: &str) -> Option<&str> {
        self.package.get(platform).or_else(|| self.package.get("any")).map(String::as_str)
    }
}

/// A package to put beside another one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    /// Its name: `npm`.
    pub package: String,
    /// The newest version is taken whose `engines` of this name admit the toolchain.
    pub engine: String,
    /// Which of the versions that state no such engine may be taken where none admits it.
    pub unstated: Option<String>,
    /// Only for toolchains of these versions.
    pub versions: Option<String>,
    /// Where it goes, from the toolchain's folder.
    pub into: String,
    /// Links that are made to it: link → target, as it stands in the link.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
}
