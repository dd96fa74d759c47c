//! A part of a release: a file to fetch and unpack.

use std::path::PathBuf;

use crate::files::integrity::Integrity;
use crate::http::Address;

/// Which client fetches a part. The registries have proxies, certificates and credentials of their own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FetchClient {
    /// The one for all other servers.
    #[default]
    Web,
    /// The one for npm's registry.
    Npm,
    /// The one for the `PyPI` index.
    Pypi,
}

/// A file to fetch and unpack.
#[derive(Debug, Clone, Default)]
pub struct ReleasePart {
    /// Its addresses; the next one is tried if one can't be reached.
    pub addresses: Vec<Address>,
    /// The published hash.
    pub integrity: Option<Integrity>,
    /// The published size in bytes.
    pub size: Option<u64>,
    /// Which client fetches it.
    pub client: FetchClient,
    /// The folder in the toolchain that it is unpacked into; empty for the toolchain's folder.
    pub destination: PathBuf,
    /// How many leading components are removed from the archive's names.
    pub strip_components: usize,
    /// The only folder of the archive that is unpacked; empty for all.
    pub subdir: PathBuf,
    /// The program's path in `destination`, if the file is the program itself and not an archive;
    /// empty where it must be an archive.
    pub program: String,
    /// Links to create: link and target.
    pub links: Vec<(String, String)>,
    /// Commands that are run after unpacking; `{root}` is the toolchain's final folder.
    pub post_install: Vec<Vec<String>>,
    /// Its name in messages: `npm 6.14.18`.
    pub title: String,
}
