//! What can be had: the releases of a tool, from which source, and what to fetch for one.

mod cache;
mod find;
mod index;
mod nothing;
mod npm;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use usher_shims::request::{Meaning, Request};
use usher_shims::tool::Tool;
use usher_shims::version::Version;

pub use find::{Finder, Freshness, Listed, Wanted, words};

pub(crate) use cache::is_ours as is_index;

use crate::fetch::Integrity;

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Artifact {
    pub(crate) address: String,
    /// As `Integrity` prints it; empty where upstream publishes no hash.
    pub(crate) integrity: String,
}

/// Something to fetch and to unpack.
#[derive(Debug, Clone)]
pub struct Part {
    /// Where it lies; the next one is tried where one can't be reached.
    pub addresses: Vec<String>,
    /// The hash it was published under.
    pub integrity: Option<Integrity>,
    /// Whether it comes from npm's registry, with what that takes to be reached.
    pub from_npm: bool,
    /// Where it goes, from the toolchain's folder; empty for the folder itself.
    pub into: PathBuf,
    /// How many leading folders of the archive's names are left out.
    pub strip: usize,
    /// Links to make: link → target.
    pub links: Vec<(String, String)>,
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
