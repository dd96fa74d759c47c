//! A site with an index of versions: how to read the index, which entries are releases, where the
//! archives are, and what they are verified against.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

use crate::{platform, template};

/// An official site with an index of versions.
///
/// Templates know `{base}`, the words of [`IndexSource::platform`], and where it makes sense
/// `{version}` and the fields of the index, `{.field}`.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct IndexSource {
    /// The address that everything else starts with. The user's own mirror (`source = { go =
    /// "https://…" }`) replaces it.
    pub base: String,
    /// Variables that users already set to replace it, strongest first.
    #[serde(default)]
    pub mirror_variables: Vec<String>,
    /// The address of the index: `{base}/index.json`.
    pub list: String,
    /// The number of the first page, if the index has pages; `{page}` in `list` is the page's
    /// number. Pages are read until one is missing or has no entries.
    pub pages: Option<u32>,
    /// The index's format; see [`IndexFormat`].
    pub format: IndexFormat,
    /// The path to the entries, names separated by dots, `*` for all items of a list or object:
    /// `*.files.*`. Without it, the document or line itself is the entry.
    #[serde(default)]
    pub entries: String,
    /// The platforms, and words for each that templates can use: `linux-x64 = { os = "linux", arch
    /// = "amd64" }`.
    pub platform: BTreeMap<String, BTreeMap<String, String>>,
    /// Which entries are releases: `[[source.index.release]]`; see [`ReleaseRule`].
    pub release: Vec<ReleaseRule>,
    /// Mirrors of the addresses in the index: `[source.index.mirror]`; see [`Mirror`].
    pub mirror: Option<Mirror>,
}

/// The format of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum IndexFormat {
    /// A JSON document.
    Json,
    /// A JSON document per line.
    Ndjson,
    /// Lines of fields, separated by commas; the first line has their names.
    Csv,
    /// Lines of words, separated by spaces.
    Words,
}

/// Which entries of an index are releases, and what to do with them.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReleaseRule {
    /// The text with the version: `{.tag_name}`, `temurin-{.version}`.
    pub from: String,
    /// The form of that text: `go{version}`. An entry of another form is not a release. In
    /// `{version}+{build}` the build is a number; the highest build of a version counts.
    #[serde(default = "plain")]
    pub pattern: String,
    /// The version, if it isn't `{version}`: `{version}t`.
    #[serde(default = "plain")]
    pub version: String,
    /// Only entries whose fields have these values: `filter = { os = "{os}", kind = "archive" }`. A
    /// list of values matches any of them, the preferred one first. `*` is anything, a leading `!`
    /// is "not", an empty text is a missing field or an empty list; a field that is a list must
    /// contain the value.
    #[serde(default)]
    pub filter: BTreeMap<String, OneOf>,
    /// Only these versions, an npm range: `>=2.0.1`.
    pub versions: Option<String>,
    /// The field with the code name of the LTS line; any other type means that it has none.
    pub lts: Option<String>,
    /// The address of the archive: `{base}/{.filename}`, `{.url}`.
    pub archive: String,
    /// Its hash in the index: `{.sha256}`. SHA-256 or SHA-512, hexadecimal, with a prefix `sha256:`
    /// or as SRI; weaker hashes are refused.
    pub hash: Option<String>,
    /// The address of a file with the hashes of archives, a line `HASH NAME` each, or with the hash
    /// of this archive alone.
    pub checksums: Option<String>,
    /// Its size in bytes in the index, a number or text: `{.size}`. An archive of another size is
    /// refused; a missing field is ignored.
    pub size: Option<String>,
    /// Why there are archives without a hash. One of `hash`, `checksums` and `unverified` is
    /// required. With `unverified` a missing hash isn't an error, and only an explicit `use install`
    /// or `use TOOL@REQUEST` downloads such a version.
    pub unverified: Option<String>,
    /// How many leading folders to remove from the archive's paths.
    #[serde(default)]
    pub strip_components: u8,
    /// The folder of the archive, after that, that is the toolchain: `Contents/Home`. The rest is
    /// discarded.
    #[serde(default)]
    pub subdir: String,
    /// Where to unpack it, relative to the version's folder: `bin`. By default that folder itself.
    #[serde(default)]
    pub destination: String,
    /// The path of the program, relative to that, if upstream publishes a single program instead of
    /// an archive, compressed with gzip, xz, zstd or bzip2 or not at all: `bin/deno`. It is made
    /// executable; `strip_components` and `subdir` don't apply.
    #[serde(default)]
    pub program: String,
    /// Commands to run after unpacking, for tools that must know their folder: each a list of a
    /// program in the version and its arguments. `{root}` is the folder that the version will have.
    #[serde(default)]
    pub after: Vec<Vec<String>>,
}

fn plain() -> String {
    "{version}".to_owned()
}

/// A text, or a list of alternatives, the preferred one first.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(from = "TextOrTexts")]
pub struct OneOf(pub Vec<String>);

#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "expected a text or a list of texts")]
enum TextOrTexts {
    Text(String),
    Texts(Vec<String>),
}

impl From<TextOrTexts> for OneOf {
    fn from(written: TextOrTexts) -> Self {
        match written {
            TextOrTexts::Text(text) => Self(vec![text]),
            TextOrTexts::Texts(texts) => Self(texts),
        }
    }
}

/// Mirrors of the addresses in an index.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Mirror {
    /// The beginning of the archives' addresses.
    pub replaces: String,
    /// Variables that users already set to replace it.
    #[serde(default)]
    pub variables: Vec<String>,
    /// Addresses to try first, if none of these variables is set.
    #[serde(default)]
    pub before: Vec<String>,
}

/// Which placeholders a template may have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PlaceholderScope {
    /// The platform.
    Platform,
    /// The entry as well.
    Entry,
    /// The version as well.
    Version,
    /// The platform and the version.
    Layout,
}

impl IndexSource {
    /// The words for a platform; `None` where there is nothing for it.
    pub fn words_for(&self, machine: &str) -> Option<&BTreeMap<String, String>> {
        platform::entry_for(&self.platform, machine)
    }

    pub(crate) fn fault(&self) -> Option<String> {
        if let Some(fault) = self.platform.keys().find_map(|key| platform::fault(key)) {
            return Some(fault);
        }
        if self.release.is_empty() {
            return Some("it takes nothing: `[[source.index.release]]` is missing".to_owned());
        }
        if self.pages.is_some() != self.list.contains("{page}") {
            return Some("`pages` goes with `{page}` in `list`".to_owned());
        }
        self.hole_fault("list", &self.list.replace("{page}", ""), PlaceholderScope::Platform)
            .or_else(|| self.release.iter().find_map(|take| self.take_fault(take)))
    }

    fn take_fault(&self, take: &ReleaseRule) -> Option<String> {
        if let Some(fault) = template::pattern_fault(&take.pattern) {
            return Some(format!("`pattern`: {fault}"));
        }
        if take.hash.is_none() && take.checksums.is_none() && take.unverified.is_none() {
            let why = "give `hash` or `checksums`, or say in `unverified` why there is none";
            return Some(why.to_owned());
        }
        let only = take.filter.values().flat_map(|one| &one.0);
        let texts = [
            ("from", &take.from, PlaceholderScope::Entry),
            ("archive", &take.archive, PlaceholderScope::Version),
        ];
        let hashes = [("hash", &take.hash), ("checksums", &take.checksums), ("size", &take.size)];
        let hashes = hashes.into_iter().filter_map(|(key, text)| Some((key, text.as_ref()?)));
        let layout = [
            ("subdir", &take.subdir),
            ("destination", &take.destination),
            ("program", &take.program),
        ];
        texts
            .into_iter()
            .chain(only.map(|text| ("filter", text, PlaceholderScope::Platform)))
            .chain(hashes.map(|(key, text)| (key, text, PlaceholderScope::Version)))
            .chain(layout.map(|(key, text)| (key, text, PlaceholderScope::Layout)))
            .find_map(|(key, text, knows)| self.hole_fault(key, text, knows))
            .or_else(|| take.layout_fault())
    }

    /// A placeholder without a value on at least one platform.
    fn hole_fault(&self, key: &str, text: &str, knows: PlaceholderScope) -> Option<String> {
        let placeholders = match template::placeholders(text) {
            Ok(placeholders) => placeholders,
            Err(fault) => return Some(format!("`{key}`: {fault}")),
        };
        let is_known = |hole: &str| match hole {
            "base" => knows != PlaceholderScope::Layout,
            "version" => matches!(knows, PlaceholderScope::Version | PlaceholderScope::Layout),
            field if field.starts_with('.') => {
                matches!(knows, PlaceholderScope::Entry | PlaceholderScope::Version)
            }
            word => self.platform.values().all(|words| words.contains_key(word)),
        };
        let unknown = placeholders.into_iter().find(|hole| !is_known(hole))?;
        Some(format!("`{key}`: nothing fills `{{{unknown}}}` on every platform"))
    }

    /// All words of the platforms.
    pub fn words(&self) -> BTreeSet<&str> {
        self.platform.values().flat_map(BTreeMap::keys).map(String::as_str).collect()
    }
}

impl ReleaseRule {
    fn layout_fault(&self) -> Option<String> {
        let leads_out = |path: &&String| {
            path.starts_with('/') || path.split('/').any(|part| matches!(part, ".." | "."))
        };
        let paths = [
            ("subdir", &self.subdir),
            ("destination", &self.destination),
            ("program", &self.program),
        ];
        if let Some((key, path)) = paths.into_iter().find(|(_, path)| leads_out(path)) {
            return Some(format!("`{key}`: `{path}` leads out of the toolchain"));
        }
        if self.program.ends_with('/') {
            return Some(format!("`program`: `{}` isn't a program's name", self.program));
        }
        let is_wrong = |command: &&Vec<String>| command.first().is_none_or(|name| leads_out(&name));
        let command = self.after.iter().find(is_wrong)?;
        Some(format!("`after`: {command:?} isn't a program of the toolchain"))
    }
}
