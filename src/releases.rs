//! What can be had: the releases of a tool, from which source, and what to fetch for one.

mod cache;
pub mod cache_folder;
mod find;
mod index;
pub mod network;
mod nothing;
mod npm;
pub mod platform;
mod pypi;
pub mod runtime;
pub mod updates;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use usher_shims::request::{Meaning, Request};
use usher_shims::tool::Tool;
use usher_shims::version::Version;

pub use find::{Finder, Freshness, Listed, Wanted, newest, would_be_fetched};

pub(crate) use cache::is_ours as is_index;

use crate::files::integrity::Integrity;

/// A version that can be had for this platform, from a source.
#[derive(Debug, Clone)]
pub struct Release {
    /// Which version.
    pub version: Version,
    /// The code name of its long-term support line, where the source says it.
    pub lts: Option<String>,
    /// The source's name.
    pub source: String,
    /// Where its archive lies, where the source's index says it.
    pub(crate) artifact: Option<Artifact>,
}

/// An archive that an index names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Artifact {
    pub(crate) address: String,
    /// As `Integrity` prints it; empty where the index has no hash.
    pub(crate) integrity: String,
    /// What is wrong with the hash that the index has.
    #[serde(default)]
    pub(crate) complaint: String,
    /// Where a file with its hash lies; empty where there is none.
    #[serde(default)]
    pub(crate) sums: String,
    /// How many bytes it has, as the index says it; empty where it doesn't.
    #[serde(default)]
    pub(crate) size: String,
    /// Which of the things that are taken from the index it is.
    #[serde(default)]
    pub(crate) take: usize,
}

/// With whose client something is fetched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Via {
    /// As anything on the web.
    #[default]
    Web,
    /// As npm's registry is reached.
    Npm,
    /// As the `PyPI` index is reached.
    Pypi,
}

/// Something to fetch and to unpack.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// Where it lies; the next one is tried where one can't be reached.
    pub addresses: Vec<String>,
    /// The hash it was published under.
    pub integrity: Option<Integrity>,
    /// How many bytes it has, where the source says so.
    pub size: Option<u64>,
    /// With whose client it is fetched.
    pub via: Via,
    /// Where it goes, from the toolchain's folder; empty for the folder itself.
    pub into: PathBuf,
    /// How many leading folders of the archive's names are left out.
    pub strip: usize,
    /// The folder in what is then left that is meant; empty for all of it.
    pub inside: PathBuf,
    /// What it becomes, from `into`, where it is no archive but the program itself; empty where it
    /// can't be one.
    pub program: String,
    /// Links to make: link → target.
    pub links: Vec<(String, String)>,
    /// Commands that are run in what was unpacked; `{root}` is the toolchain's folder to be.
    pub after: Vec<Vec<String>>,
    /// What it is called in messages: `npm 6.14.18`.
    pub title: String,
}

impl Release {
    /// Whether it is one that was asked for; its source knows best which line it belongs to.
    pub fn answers(&self, request: &Request, tool: &Tool) -> bool {
        let by_source = match (request.meaning(), &self.lts) {
            (Meaning::Lts, Some(_)) => true,
            (Meaning::LtsNamed(name), Some(line)) => name.as_str().eq_ignore_ascii_case(line),
            _ => false,
        };
        by_source || request.matches(&self.version, tool)
    }
}
