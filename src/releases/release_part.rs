//! Something to fetch and to unpack.

use std::path::PathBuf;

use crate::files::integrity::Integrity;

/// With whose client something is fetched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FetchClient {
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
pub struct ReleasePart {
    /// Where it lies; the next one is tried where one can't be reached.
    pub addresses: Vec<String>,
    /// The hash it was published under.
    pub integrity: Option<Integrity>,
    /// How many bytes it has, where the source says so.
    pub size: Option<u64>,
    /// With whose client it is fetched.
    pub client: FetchClient,
    /// Where it goes, from the toolchain's folder; empty for the folder itself.
    pub destination: PathBuf,
    /// How many leading folders of the archive's names are left out.
    pub strip_components: usize,
    /// The folder in what is then left that is meant; empty for all of it.
    pub subdir: PathBuf,
    /// What it becomes, from `into`, where it is no archive but the program itself; empty where it
    /// can't be one.
    pub program: String,
    /// Links to make: link → target.
    pub links: Vec<(String, String)>,
    /// Commands that are run in what was unpacked; `{root}` is the toolchain's folder to be.
    pub post_install: Vec<Vec<String>>,
    /// What it is called in messages: `npm 6.14.18`.
    pub title: String,
}
