//! What a survey looks at, and what it believes.

use std::path::Path;

use usher_shims::folders::Folders;
use usher_shims::index::Index;
use usher_shims::settings::SharedSettings;
use usher_shims::world::{AnyWorld, World as _};

use crate::registry::Registry;

/// What is surveyed, and by what.
pub struct MachineScan<'a> {
    /// All input.
    pub world: &'a AnyWorld,
    /// Where usher keeps what.
    pub folders: &'a Folders,
    /// What the settings' files say, which is what the index is to hold.
    pub settings: &'a SharedSettings,
    /// All tools.
    pub registry: &'a Registry,
    /// What this process found out already.
    pub known: &'a Index,
    /// What is believed of other processes' surveys.
    pub probe_cache: ProbeCache,
}

/// What is believed of other processes' surveys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeCache {
    /// What a program answered holds until its file changes, and so does that it gave no answer.
    All,
    /// Programs that don't count are asked again: what they lacked may have been installed.
    SuccessesOnly,
}

impl MachineScan<'_> {
    /// Whether a path leads to a folder; what can't be looked at is none.
    pub(super) fn is_folder(&self, path: &Path) -> bool {
        self.world.metadata(path).ok().flatten().is_some_and(|seen| seen.is_folder)
    }
}
