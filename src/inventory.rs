//! Scans the machine: other managers' stores, the system's interpreters, and the programs of global
//! packages. The result is the shims' index.

pub mod account_world;
pub mod accounts;
mod folder_setting;
mod folders;
mod links;
pub mod os_in_folder;
mod package_programs;
mod probe;
mod scan;
mod stores;
mod system;

use std::path::Path;

pub use folder_setting::{SetFolder, set_folder};
pub use folders::{expand_folder, names_in_folder};
pub use links::{link_fault, refused_links};
pub use package_programs::ADDED;
pub use scan::{MachineScan, ProbeReuse};
pub use stores::refused_stores;
pub use system::{MAX_SHIM_SIZE, host_folders, main_program_version, run_fault};

use folders::FolderListings;
use usher_shims::error::Result;
use usher_shims::folders::{Folders, shims_in};
use usher_shims::index::{Index, index_file};
use usher_shims::process::index_in;
use usher_shims::world::{AnyWorld, World as _, read_optional};

/// Scans the machine; returns the index that the shims read.
pub fn scan(scan: &MachineScan<'_>) -> Result<Index> {
    let before = previous_index(scan);
    let machine = machine_index(scan);
    let mut home = Index {
        folders: scan.folders.clone(),
        settings: scan.settings.clone(),
        shared_stores: machine.iter().map(|index| index.folders.toolchains()).collect(),
        tools: scan.registry.tools().clone(),
        links: links::find_links(scan)?,
        ..Index::default()
    };
    let mut listed = FolderListings::default();
    for tool in scan.registry.all() {
        home.adopted_stores.extend(stores::find_adopted_stores(
            scan,
            tool,
            &before.adopted_stores,
        )?);
        home.read_toolchains.extend(stores::read(scan, tool)?);
        let (system, refused) = system::find_system_versions(scan, tool, &before, &mut listed)?;
        home.system_programs.extend(system);
        home.rejected_programs.extend(refused);
    }
    let of_machine = machine.unwrap_or_default();
    for link in of_machine.links {
        home.add_link(link);
    }
    for store in of_machine.adopted_stores {
        if !home.adopted_stores.iter().any(|known| known.folder == store.folder) {
            home.adopted_stores.push(store);
        }
    }
    home.global_packages = package_programs::find_package_programs(scan, &home)?;
    Ok(home)
}

/// The previous index. With it no program is probed twice, and a store that only another process's
/// variables name is not lost.
fn previous_index(scan: &MachineScan<'_>) -> Index {
    let shims = scan.folders.shims();
    let text = read_optional(scan.world, &index_file(&shims)).ok().flatten();
    let index = text.and_then(|text| index_in(scan.world, &shims, &text.bytes, None));
    let mut before = index.unwrap_or_default();
    before.system_programs.extend_from_slice(&scan.known.system_programs);
    let old = match scan.probe_reuse {
        ProbeReuse::All => Vec::new(),
        ProbeReuse::SuccessesOnly => std::mem::take(&mut before.rejected_programs),
    };
    let refused = scan.known.rejected_programs.iter().filter(|program| !old.contains(program));
    before.rejected_programs.extend(refused.cloned());
    before
}

/// The machine's index, for an account, which uses the machine's store beside its own.
fn machine_index(scan: &MachineScan<'_>) -> Option<Index> {
    let machine = machine_of_account(scan.world, scan.folders, scan.machine)?;
    let shims = shims_in(machine);
    let text = read_optional(scan.world, &index_file(&shims)).ok().flatten();
    let index = text.and_then(|text| index_in(scan.world, &shims, &text.bytes, None));
    let mut index = index.unwrap_or_default();
    index.folders.data = machine.to_path_buf();
    Some(index)
}

/// The machine's data folder, if these folders are another home's and the machine's is in use.
pub fn machine_of_account<'m>(
    world: &AnyWorld,
    folders: &Folders,
    machine: &'m Path,
) -> Option<&'m Path> {
    let index = index_file(&shims_in(machine));
    let is_in_use = !folders.is_system_wide
        && folders.data != machine
        && world.metadata(&index).ok().flatten().is_some();
    is_in_use.then_some(machine)
}
