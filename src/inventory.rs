//! What is already on this machine: other managers' stores, the system's interpreters, and the
//! programs that package managers added. The result is the shims' index.

mod additions;
mod folders;
pub mod inside;
mod probe;
mod stores;
mod survey;
mod system;

use std::path::{Path, PathBuf};

pub use additions::is_never_stood_for;
pub use folders::expand_folder;
pub use survey::{ProbeCache, Survey};
pub use system::LARGEST_SHIM;

use folders::Listed;
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
        shared_stores: shared(survey),
        tools: survey.registry.tools().clone(),
        ..Index::default()
    };
    let mut listed = Listed::default();
    for tool in survey.registry.all() {
        home.adopted_stores.extend(stores::adopted(survey, tool, &before.adopted_stores)?);
        home.read_toolchains.extend(stores::read(survey, tool)?);
        let (system, refused) = system::find(survey, tool, &before, &mut listed)?;
        home.system_programs.extend(system);
        home.rejected_programs.extend(refused);
    }
    home.global_packages = additions::find(survey, &home)?;
    Ok(home)
}

/// What the index said until now: no program is asked twice, and a store that a variable of
/// another process named is not forgotten.
fn before(survey: &Survey<'_>) -> Index {
    let index = read_optional(survey.world, &index_file(&survey.folders.shims())).ok().flatten();
    let mut before = index.and_then(|index| Index::parse(&index)).unwrap_or_default();
    before.system_programs.extend_from_slice(&survey.known.system_programs);
    let old = match survey.memory {
        ProbeCache::All => Vec::new(),
        ProbeCache::SuccessesOnly => std::mem::take(&mut before.rejected_programs),
    };
    let refused = survey.known.rejected_programs.iter().filter(|program| !old.contains(program));
    before.rejected_programs.extend(refused.cloned());
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
