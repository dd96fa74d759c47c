//! Which installed version of a tool a path is in: what is in one version is never used by another.

use std::path::{Path, PathBuf};

use crate::folders::LINKS;
use crate::index::Index;
use crate::tool::Tool;
use crate::toolchain::{Store, Toolchain};
use crate::world::World;

/// The folder of the installed version of a tool that a path is in, in any store that the index
/// knows. A path in the user's global packages of a version is in that version.
///
/// Names are compared first; only a path with links in it is looked up on disk.
pub fn version_folder(
    world: &impl World,
    index: &Index,
    tool: &Tool,
    path: &Path,
) -> Option<PathBuf> {
    let stores = stores(index, tool);
    let find = |stores: &[PathBuf], path: &Path| {
        let in_store = stores.iter().find_map(|store| child_above(store, path));
        in_store.or_else(|| {
            let read = index.read_toolchains.iter().filter(|one| one.tool == tool.name);
            let linked = index.links.iter().filter(|one| one.tool == tool.name);
            let mut roots = read.map(|one| &one.root).chain(linked.map(|one| &one.root));
            roots.find(|root| path.starts_with(root)).cloned()
        })
    };
    find(&stores, path).or_else(|| {
        let path = world.physical(path).ok()?;
        find(&stores, &path).or_else(|| {
            let physical: Vec<PathBuf> =
                stores.iter().filter_map(|store| world.physical(store).ok()).collect();
            find(&physical, &path)
        })
    })
}

/// The folders whose folders are versions of a tool, or the global packages of one.
fn stores(index: &Index, tool: &Tool) -> Vec<PathBuf> {
    let own = [index.folders.toolchains(), index.folders.additions()];
    let listed = index.stores().iter().map(|store| store.join("toolchains"));
    let shared = index.shared_stores.iter().cloned();
    let ours = own.into_iter().chain(listed).chain(shared).map(|store| store.join(tool.name));
    let adopted = index.adopted_stores.iter().filter(|store| store.tool == tool.name);
    ours.chain(adopted.map(|store| store.folder.clone())).collect()
}

/// The folder directly in `store` that a path is in, or that it is. `bin` holds the programs for all
/// versions, `links` a folder for each link.
fn child_above(store: &Path, path: &Path) -> Option<PathBuf> {
    let mut names = path.strip_prefix(store).ok()?.components();
    let folder = store.join(names.next()?);
    match folder.file_name()?.to_str() {
        Some("bin") => None,
        Some(LINKS) => Some(folder.join(names.next()?)),
        Some(_) | None => Some(folder),
    }
}

/// The version of a tool that runs, by its folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunningVersion(Vec<PathBuf>);

impl RunningVersion {
    /// An installed version: its folder, and the user's folder of its global packages. Of a system
    /// version, the folder above its programs.
    pub fn of_toolchain(index: &Index, tool: &Tool, toolchain: &Toolchain) -> Self {
        let folder = match toolchain.store {
            Store::System(_) => toolchain.root.parent().unwrap_or(&toolchain.root),
            Store::Own | Store::Shared | Store::Adopted(_) | Store::Linked(_) | Store::Folder => {
                &toolchain.root
            }
        };
        let packages = index.global_packages_folder(tool, toolchain);
        Self([folder.to_path_buf()].into_iter().chain(packages).collect())
    }

    /// The version of a program on PATH: the folder above its own, with links and without.
    pub fn of_program(world: &impl World, program: &Path) -> Self {
        let physical = world.physical(program).ok();
        let programs = [Some(program), physical.as_deref()].into_iter().flatten();
        Self(programs.filter_map(folder_above).collect())
    }

    /// Whether a path is in another version than this one, as far as the index knows.
    pub fn excludes(&self, world: &impl World, index: &Index, tool: &Tool, path: &Path) -> bool {
        let mut system = index.system_programs.iter().filter(|one| one.tool == tool.name);
        let is_systems = |folder: &PathBuf| folder == path && !self.0.contains(folder);
        // A program or the folder above its own; what is below that is everybody's.
        let is_its_program = |program: &Path| program == path && !self.contains(program);
        system.any(|one| {
            is_its_program(&one.path)
                || folder_above(&one.path).is_some_and(|folder| is_systems(&folder))
        }) || version_folder(world, index, tool, path)
            .is_some_and(|folder| !self.is_in(world, &folder))
    }

    /// Whether a path is in one of its folders.
    pub fn contains(&self, path: &Path) -> bool {
        self.0.iter().any(|folder| path.starts_with(folder))
    }

    fn is_in(&self, world: &impl World, folder: &Path) -> bool {
        let is_in = |own: &Path, folder: &Path| own.starts_with(folder);
        let physical = |path: &Path| world.physical(path).ok();
        self.0.iter().any(|own| is_in(own, folder))
            || physical(folder).is_some_and(|folder| {
                self.0.iter().filter_map(|own| physical(own)).any(|own| is_in(&own, &folder))
            })
    }
}

/// The folder above the one of a program.
fn folder_above(program: &Path) -> Option<PathBuf> {
    program.parent()?.parent().map(Path::to_path_buf)
}
