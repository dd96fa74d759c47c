//! A site with an index of versions: how the index is read, what of it counts, where the archives
//! lie, and what they are checked against.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

use crate::{platform, template};

/// An official site with an index of versions.
///
/// Templates know `{base}`, the words of [`IndexSource::platform`], and where it makes sense
/// `{version}` and the fields of the index, `{.field}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexSource {
    /// The address that everything else starts with. A person's own mirror (`source = { go =
    /// "https://…" }`) takes its place.
    pub base: String,
    /// Variables that users already set to put another address in its place, strongest first.
    #[serde(default)]
    pub mirror_variables: Vec<String>,
    /// The address of the index: `{base}/index.json`.
    pub list: String,
    /// The number of the first page, where the index has pages; `{page}` in `list` counts them.
    /// They are read until one is missing or has no entries.
    pub pages: Option<u32>,
    /// The index's form; see [`IndexFormat`].
    pub format: IndexFormat,
    /// The way to the entries, names separated by dots, `*` standing for all of a list or object:
    /// `*.files.*`. Without it, the document or line itself is the entry.
    #[serde(default)]
    pub entries: String,
    /// The platforms that there are, and the words that each is spelled with, under any names:
    /// `linux-x64 = { os = "linux", arch = "amd64" }`.
    pub platform: BTreeMap<String, BTreeMap<String, String>>,
    /// What is taken from the index: `[[source.index.release]]`; see [`ReleaseRule`].
    pub release: Vec<ReleaseRule>,
    /// Other places for addresses that the index names: `[source.index.mirror]`; see [`Mirror`].
    pub mirror: Option<Mirror>,
}

/// The form of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IndexFormat {
    /// A JSON document.
    Json,
    /// A JSON document a line.
    Ndjson,
    /// Lines of fields with commas between them; the first line names them.
    Csv,
    /// Lines of words with blanks between them.
    Words,
}

/// What is taken from an index: which entries are releases, and what to do with them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRule {
    /// What the version stands in: `{.tag_name}`, `temurin-{.version}`.
    pub from: String,
    /// How it stands there: `go{version}`; what is spelled otherwise is no release. In
    /// `{version}+{build}`, the build is a number; of a version's builds the last counts.
    #[serde(default = "plain")]
    pub pattern: String,
    /// The version that is made of it, where it isn't that: `{version}t`.
    #[serde(default = "plain")]
    pub version: String,
    /// Only entries whose fields have these values: `filter = { os = "{os}", kind = "archive" }`. Of
    /// a list of values any will do, the best first. `*` stands for anything, a `!` in front for
    /// everything else, an empty text for nothing or an empty list; a field that is a list must
    /// hold the value.
    #[serde(default)]
    pub filter: BTreeMap<String, OneOf>,
    /// Only these versions, as npm writes ranges: `>=2.0.1`.
    pub versions: Option<String>,
    /// The field that holds the code name of the LTS line, or something that is no text.
    pub lts: Option<String>,
    /// The address of the archive: `{base}/{.filename}`, `{.url}`.
    pub archive: String,
    /// Its hash, as the index has it: `{.sha256}`. SHA-256 or SHA-512, in hexadecimal digits, with
    /// `sha256:` in front or as SRI; weaker ones are refused.
    pub hash: Option<String>,
    /// The address of a file with the hashes of archives, a line `HASH NAME` each, or with that of
    /// this one alone.
    pub checksums: Option<String>,
    /// How many bytes it has, as the index has it, as a number or as text: `{.size}`. An archive
    /// with more or fewer is refused; where the field isn't there, nothing is expected.
    pub size: Option<String>,
    /// Why there are archives without a hash. One of `hash`, `checksums` and `unverified` must be given;
    /// with `unverified`, a hash that isn't there is no error, and only a person may fetch such a
    /// version.
    pub unverified: Option<String>,
    /// How many leading folders of the archive's names are left out.
    #[serde(default)]
    pub strip_components: u8,
    /// The folder in what is then left that is the toolchain: `Contents/Index`. The rest is thrown
    /// away.
    #[serde(default)]
    pub subdir: String,
    /// Where it goes, from the version's folder: `bin`; unless said, that folder itself.
    #[serde(default)]
    pub destination: String,
    /// What it becomes, from there, where upstream publishes the program alone and no archive,
    /// packed by gzip, xz, zstd, bzip2 or not at all: `bin/deno`. It is made executable; `strip_components`
    /// and `subdir` don't concern it.
    #[serde(default)]
    pub program: String,
    /// Commands that are run in what was unpacked, each a list of a program in it and its
    /// arguments; `{root}` is the folder that the version will have. For what has to know where it
    /// lies.
    #[serde(default)]
    pub after: Vec<Vec<String>>,
}

fn plain() -> String {
    "{version}".to_owned()
}

/// A text, or several of which one will do, the best first.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "TextOrTexts")]
pub struct OneOf(pub Vec<String>);

#[derive(Deserialize)]
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

/// Other places for what an index's addresses name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mirror {
    /// What the addresses of archives begin with.
    pub replaces: String,
    /// Variables that users already set to put another beginning in its place.
    #[serde(default)]
    pub variables: Vec<String>,
    /// Beginnings that are tried first, where none of these is set.
    #[serde(default)]
    pub before: Vec<String>,
}

/// What a template may speak of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Knows {
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
        self.hole_fault("list", &self.list.replace("{page}", ""), Knows::Platform)
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
        let texts =
            [("from", &take.from, Knows::Entry), ("archive", &take.archive, Knows::Version)];
        let hashes = [("hash", &take.hash), ("checksums", &take.checksums), ("size", &take.size)];
        let hashes = hashes.into_iter().filter_map(|(key, text)| Some((key, text.as_ref()?)));
        let layout = [
            ("subdir", &take.subdir),
            ("destination", &take.destination),
            ("program", &take.program),
        ];
        texts
            .into_iter()
            .chain(only.map(|text| ("filter", text, Knows::Platform)))
            .chain(hashes.map(|(key, text)| (key, text, Knows::Version)))
            .chain(layout.map(|(key, text)| (key, text, Knows::Layout)))
            .find_map(|(key, text, knows)| self.hole_fault(key, text, knows))
            .or_else(|| take.layout_fault())
    }

    /// A hole that nothing fills, on some platform at least.
    fn hole_fault(&self, key: &str, text: &str, knows: Knows) -> Option<String> {
        let placeholders = match template::placeholders(text) {
            Ok(placeholders) => placeholders,
            Err(fault) => return Some(format!("`{key}`: {fault}")),
        };
        let is_known = |hole: &str| match hole {
            "base" => knows != Knows::Layout,
            "version" => matches!(knows, Knows::Version | Knows::Layout),
            field if field.starts_with('.') => matches!(knows, Knows::Entry | Knows::Version),
            word => self.platform.values().all(|words| words.contains_key(word)),
        };
        let unknown = placeholders.into_iter().find(|hole| !is_known(hole))?;
        Some(format!("`{key}`: nothing fills `{{{unknown}}}` on every platform"))
    }

    /// All words that platforms are spelled with.
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
            return Some(format!("`program`: `{}` is no program's name", self.program));
        }
        let is_wrong = |command: &&Vec<String>| command.first().is_none_or(|name| leads_out(&name));
        let command = self.after.iter().find(is_wrong)?;
        Some(format!("`after`: {command:?} is no program of the toolchain"))
    }
}
