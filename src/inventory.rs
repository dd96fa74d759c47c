//! What is already on this machine: other managers' stores, the system's interpreters, and the
//! programs that package managers added. The result is the shims' index.

pub mod folder_world;
mod folders;
mod package_programs;
mod probe;
mod stores;
mod survey;
mod system;

use std::path::{Path, PathBuf};

pub use folders::expand_folder;
pub use package_programs::is_reserved_name;
pub use survey::{ProbeCache, Survey};
pub use system::LARGEST_SHIM;

use folders::FolderListings;
use usher_shims::error::Result;
use usher_shims::folders::MACHINE_DATA;
use usher_shims::index::{Index, index_file};
use usher_shims::world::{World as _, read_optional};

/// Surveys the machine; the result is the index that the shims read.
pub fn survey(survey: &Survey<'_>) -> Result<Index> {
    let before = before(survey);
    let mut home = Index {
        folders: survey.folders.clone(),
        settings: survey.settings.clone(),
        shared: shared(survey),
        tools: survey.registry.tools().clone(),
        ..Index::default()
    };
    let mut listed = FolderListings::default();
    for tool in survey.registry.all() {
        home.adopted.extend(stores::adopted(survey, tool, &before.adopted)?);
        home.read.extend(stores::read(survey, tool)?);
        let (system, refused) = system::find(survey, tool, &before, &mut listed)?;
        home.system.extend(system);
        home.refused.extend(refused);
    }
    home.additions = package_programs::find(survey, &home)?;
    Ok(home)
}

/// What the index said until now: no program is asked twice, and a store that a variable of
/// another process named is not forgotten.
fn before(survey: &Survey<'_>) -> Index {
    let index = read_optional(survey.world, &index_file(&survey.folders.shims())).ok().flatten();
    let mut before = index.and_then(|index| Index::parse(&index)).unwrap_or_default();
    before.system.extend_from_slice(&survey.known.system);
    let old = match survey.memory {
        ProbeCache::All => Vec::new(),
        ProbeCache::SuccessesOnly => std::mem::take(&mut before.refused),
    };
    let refused = survey.known.refused.iter().filter(|program| !old.contains(program));
    before.refused.extend(refused.cloned());
    before
}

/// The machine's own store, under an account's.
fn shared(survey: &Survey<'_>) -> Vec<PathBuf> {
    let machine = Path::new(MACHINE_DATA);
    let index = index_file(&machine.join("shims"));
    let is_there = !survey.folders.is_system_wide
        && survey.folders.data != machine
        && survey.world.metadata(&index).ok().flatten().is_some();
    is_there.then(|| machine.join("toolchains")).into_iter().collect()
}
