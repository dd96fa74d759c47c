//! Folders that the user linked: builds of their own, each under a name.

use std::fs;
use std::path::Path;

use usher_shims::error::Result;
use usher_shims::folders::Folders;
use usher_shims::index::Link;
use usher_shims::name::Name;
use usher_shims::world::AnyWorld;

use super::folders::names_in_folder;
use super::scan::MachineScan;
use super::stores::unfit_for_all;
use crate::files::account::with_owners_rights;

/// The links of a home to versions of known tools, whether their folders are there or not.
pub(super) fn find_links(scan: &MachineScan<'_>) -> Result<Vec<Link>> {
    let is_known = |link: &Link| scan.registry.all().any(|known| known.tool.name == link.tool);
    let mut found = links_in(scan.folders)?;
    found.retain(|link| {
        is_known(link) && link_fault(scan.world, scan.folders, &link.root).is_none()
    });
    Ok(found)
}

/// The links in the machine's home that aren't used, each with the reason.
pub fn refused_links(world: &AnyWorld, folders: &Folders) -> Result<Vec<(Link, String)>> {
    let links = links_in(folders)?.into_iter();
    let refused = links.filter_map(|link| {
        let fault = link_fault(world, folders, &link.root)?;
        Some((link, fault))
    });
    Ok(refused.collect())
}

/// Why a folder isn't used for all accounts, where the home is the machine's: another account than root
/// could change it. A folder that isn't there has no fault.
pub fn link_fault(world: &AnyWorld, folders: &Folders, root: &Path) -> Option<String> {
    if !folders.is_system_wide || !root.exists() {
        return None;
    }
    unfit_for_all(world, root)
}

fn links_in(folders: &Folders) -> Result<Vec<Link>> {
    let folder = folders.links();
    let mut found = Vec::new();
    for tool in names_in_folder(&folder)? {
        let folder = folder.join(&tool);
        let link = |name: String| {
            let path = folder.join(&name);
            let root = with_owners_rights(&path, || fs::read_link(&path)).ok()?;
            let name = Name::parse(&name).filter(|_| root.is_absolute())?;
            Some(Link { tool: tool.clone(), name, root })
        };
        found.extend(names_in_folder(&folder)?.into_iter().filter_map(link));
    }
    Ok(found)
}
