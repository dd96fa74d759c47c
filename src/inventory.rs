//! What is already on this machine: other managers' stores, the system's interpreters, and the
//! programs that package managers added. The result is the shims' index.

mod additions;
mod folders;
pub mod inside;
mod probe;
mod stores;
mod system;

use std::path::{Path, PathBuf};

pub use additions::is_never_stood_for;
pub use system::LARGEST_SHIM;

use folders::Listed;
use usher_shims::error::Result;
use usher_shims::home::{Home, index_file};
use usher_shims::world::{World, read_optional};

use crate::config::folders::{Folders, MACHINE_DATA};
use crate::config::settings::Settings;
use crate::registry::Registry;

/// What is surveyed, and by what.
pub struct Survey<'a, W> {
    /// All input.
    pub world: &'a W,
    /// Where usher keeps what.
    pub folders: &'a Folders,
    /// What the user has set.
    pub settings: &'a Settings,
    /// All tools.
    pub registry: &'a Registry,
    /// What this process found out already.
    pub known: &'a Home,
    /// What is believed of other processes' surveys.
    pub memory: Memory,
}

/// What is believed of other processes' surveys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// What a program answered holds until its file changes, and so does that it gave no answer.
    Answers,
    /// Programs that don't count are asked again: what they lacked may have been installed.
    GoodAnswers,
}

impl<W: World> Survey<'_, W> {
    /// Surveys the machine.
    pub fn home(&self) -> Result<Home> {
        let (folders, settings) = (self.folders, self.settings);
        let before = self.before();
        let mut home = Home {
            data: folders.data.clone(),
            config: folders.config.clone(),
            cache: folders.cache.clone(),
            user_home: folders.user_home.clone(),
            machine_config: folders.machine_config.clone(),
            is_for_all: folders.is_for_all,
            stores: settings.stores.0.clone(),
            shared: self.shared(),
            tools: self.registry.tools().clone(),
            ignore_variables: settings.ignore_variables.clone(),
            ceiling: settings.ceiling.clone(),
            ..Home::default()
        };
        let mut listed = Listed::default();
        for tool in self.registry.all() {
            home.adopted.extend(self.adopted(tool, &before.adopted)?);
            home.read.extend(self.read(tool)?);
            let (system, refused) = self.system(tool, &before, &mut listed)?;
            home.system.extend(system);
            home.refused.extend(refused);
        }
        home.additions = self.additions(&home)?;
        Ok(home)
    }

    /// What the index said until now: no program is asked twice, and a store that a variable of
    /// another process named is not forgotten.
    fn before(&self) -> Home {
        let index = read_optional(self.world, &index_file(&self.folders.shims())).ok().flatten();
        let mut before = index.and_then(|index| Home::parse(&index)).unwrap_or_default();
        before.system.extend_from_slice(&self.known.system);
        let old = match self.memory {
            Memory::Answers => Vec::new(),
            Memory::GoodAnswers => std::mem::take(&mut before.refused),
        };
        let refused = self.known.refused.iter().filter(|program| !old.contains(program));
        before.refused.extend(refused.cloned());
        before
    }

    /// The machine's own store, under an account's.
    fn shared(&self) -> Vec<PathBuf> {
        let machine = Path::new(MACHINE_DATA);
        let index = index_file(&machine.join("shims"));
        let is_there = !self.folders.is_for_all
            && self.folders.data != machine
            && self.world.look(&index).ok().flatten().is_some();
        is_there.then(|| machine.join("toolchains")).into_iter().collect()
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.world.look(path).ok().flatten().is_some_and(|seen| seen.is_folder)
    }
}
