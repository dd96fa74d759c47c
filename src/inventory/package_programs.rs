//! The programs of global packages: those that package managers added to toolchains, or to folders
//! beside toolchains that the account can't write to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use usher_shims::error::Result;
use usher_shims::index::{GlobalPackage, Index};
use usher_shims::name::Name;
use usher_shims::store::all_toolchains;
use usher_shims::toolchain::Store;
use usher_shims::world::World as _;

use super::folders::names_in_folder;
use super::scan::MachineScan;

/// Names that never get a shim for a global package: they are usher's own.
const RESERVED: [&str; 3] = ["use", "usher", "shim"];

/// Whether a global package's program of this name never gets a shim.
pub fn is_reserved_name(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// The programs in toolchains that their tools don't ship.
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
                Store::System(_) => Vec::new(),
                Store::Own | Store::Shared | Store::Adopted(_) | Store::Folder => {
                    programs(scan, &toolchain.programs())?
                }
            };
            let packages = home.global_packages_folder(known.tool, &toolchain);
            let packages =
                packages.map(|folder| programs(scan, &folder.join("bin"))).transpose()?;
            if let Some(folder) = home.package_programs(known.tool, &toolchain) {
                all_names.extend(programs(scan, &folder)?);
            }
            all_names.extend(own);
            all_names.extend(packages.unwrap_or_default());
        }
        for name in all_names {
            if !known.tool.programs.contains(&name.as_str()) {
                found.entry(name).or_default().push(known.tool.name.to_owned());
            }
        }
    }
    found.retain(|name, _| !is_reserved_name(name.as_str()));
    Ok(found.into_iter().map(|(program, tools)| GlobalPackage { program, tools }).collect())
}

/// The programs in a folder.
fn programs(scan: &MachineScan<'_>, folder: &Path) -> Result<Vec<Name>> {
    let names = names_in_folder(folder)?.into_iter().filter_map(|name| Name::parse(&name));
    let is_program = |name: &Name| {
        let seen = scan.world.metadata(&folder.join(name.as_str())).ok().flatten();
        seen.is_some_and(|seen| seen.is_program)
    };
    Ok(names.filter(is_program).collect())
}
