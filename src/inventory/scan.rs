//! The input of a scan.

use std::path::Path;

use usher_shims::folders::Folders;
use usher_shims::index::Index;
use usher_shims::settings::SharedSettings;
use usher_shims::world::{AnyWorld, World as _};

use crate::config::settings::ToolFolders;
use crate::registry::Registry;

/// The input of a scan.
pub struct MachineScan<'a> {
    /// The operating system.
    pub world: &'a AnyWorld,
    /// usher's folders.
    pub folders: &'a Folders,
    /// The machine's data folder, whether there is one or not.
    pub machine: &'a Path,
    /// The settings for the shims, which the index contains.
    pub settings: &'a SharedSettings,
    /// Folders of versions that were built on this machine.
    pub toolchains: &'a ToolFolders,
    /// All tools.
    pub registry: &'a Registry,
    /// What earlier scans of this process found.
    pub known: &'a Index,
    /// Which probe results of earlier scans are reused.
    pub probe_reuse: ProbeReuse,
}

/// Which probe results of other processes' scans are reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeReuse {
    /// All, until the program's file changes.
    All,
    /// Only the successes. Failed programs are probed again: what they lacked may be installed now.
    SuccessesOnly,
}

impl MachineScan<'_> {
    /// Whether a path is a folder, or a link to one; `false` if that can't be read.
    pub(super) fn is_folder(&self, path: &Path) -> bool {
        self.world.metadata(path).ok().flatten().is_some_and(|seen| seen.is_folder)
    }
}
