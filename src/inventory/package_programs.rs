//! The programs of global packages: those that package managers added to toolchains, or to folders
//! beside toolchains that the account can't write to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use usher_shims::error::Result;
use usher_shims::index::{GlobalPackage, Index};
use usher_shims::name::Name;
use usher_shims::resolve::versions_with_packages;
use usher_shims::store::all_toolchains;
use usher_shims::toolchain::Store;
use usher_shims::world::World as _;

use super::folders::names_in_folder;
use super::scan::MachineScan;

/// The folder, in an account's folder for an adopted toolchain, of links to the programs that calls of
/// the shims added to that toolchain. What else is in it is the other manager's.
pub const ADDED: &str = "added";

/// The programs in usher's own and shared toolchains that the registry doesn't list, and those that the
/// account added to other toolchains by calls of the shims, whether these are installed or not.
pub(super) fn find_package_programs(
    scan: &MachineScan<'_>,
    home: &Index,
) -> Result<Vec<GlobalPackage>> {
    let mut found: BTreeMap<Name, Vec<String>> = BTreeMap::new();
    for known in scan.registry.all() {
        let for_all = home.user_wide_programs(known.tool);
        let mut all_names: BTreeSet<Name> = programs(scan, &for_all)?.into_iter().collect();
        for toolchain in all_toolchains(scan.world, home, known.tool)?.unwrap_or_default() {
            let own = match toolchain.store {
                Store::System(_) | Store::Adopted(_) | Store::Linked(_) => None,
                Store::Own | Store::Shared | Store::Folder => Some(toolchain.programs()),
            };
            let beside = home.package_programs(known.tool, &toolchain);
            for folder in own.into_iter().chain(beside) {
                all_names.extend(programs(scan, &folder)?);
            }
        }
        // Also those of versions that are no longer installed: their shims say so.
        let versions = versions_with_packages(scan.world, home, known.tool);
        let of_versions = versions.iter().map(|version| home.packages_folder(known.tool, version));
        let links = home.links.iter().filter(|link| link.tool == known.tool.name);
        let of_links = links.map(|link| home.packages_folder_of_link(known.tool, &link.name));
        for folder in of_versions.chain(of_links) {
            for folder in [folder.join("bin"), folder.join(ADDED)] {
                all_names.extend(programs(scan, &folder)?);
            }
        }
        for name in all_names {
            if !known.tool.programs.contains(&name.as_str()) {
                found.entry(name).or_default().push(known.tool.name.to_owned());
            }
        }
    }
    found.retain(|name, _| scan.registry.allows_shim(name.as_str()));
    Ok(found.into_iter().map(|(program, tools)| GlobalPackage { program, tools }).collect())
}

/// The programs in a folder.
fn programs(scan: &MachineScan<'_>, folder: &Path) -> Result<Vec<Name>> {
    let names = names_in_folder(folder)?.into_iter().filter_map(|name| Name::parse(&name));
    let is_program = |name: &Name| scan.world.is_program(&folder.join(name.as_str()));
    Ok(names.filter(is_program).collect())
}
