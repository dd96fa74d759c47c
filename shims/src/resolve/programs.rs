//! Where a toolchain has a program: in its own folder, or in the user's global packages.

use std::path::{Path, PathBuf};

use crate::call::Call;
use crate::error::Result;
use crate::index::Index;
use crate::store::{has_program, is_users, other_main_program};
use crate::tool::Tool;
use crate::toolchain::{Store, Toolchain};
use crate::version::Version;
use crate::world::World;

/// The programs of toolchains.
#[derive(Debug)]
pub(super) struct ToolchainPrograms<'a, W> {
    /// All input.
    pub(super) world: &'a W,
    /// The index.
    pub(super) index: &'a Index,
}

impl<W: World> ToolchainPrograms<'_, W> {
    /// Where a toolchain has a program: first in global packages that aren't among its own programs,
    /// then in the toolchain, last in the programs for all versions.
    pub(super) fn find(
        &self,
        call: &Call,
        toolchain: &Toolchain,
        name: &str,
    ) -> Result<Option<PathBuf>> {
        // A toolchain that was chosen holds its interpreter: that was looked at.
        let is_main = name == call.tool.main_program();
        if is_main && !is_users(&toolchain.store) {
            return Ok(Some(toolchain.program(name)));
        }
        if let Some(added) = self.find_global_package(call.tool, toolchain, name) {
            return Ok(Some(added));
        }
        if has_program(self.world, toolchain, name)? {
            return Ok(Some(toolchain.program(name)));
        }
        if is_users(&toolchain.store) && call.tool.main_programs().contains(&name) {
            return other_main_program(self.world, call.tool, toolchain);
        }
        let daemon = toolchain.daemon(name).filter(|path| self.world.is_program(path));
        Ok(daemon
            .or_else(|| self.find_earlier_package(call.tool, toolchain, name))
            .or_else(|| self.find_user_wide(call.tool, name)))
    }

    /// A program of the user's global packages for a version that is in usher's own store now, and
    /// was elsewhere when they were installed.
    fn find_earlier_package(
        &self,
        tool: &Tool,
        toolchain: &Toolchain,
        name: &str,
    ) -> Option<PathBuf> {
        let version = toolchain.version.as_ref().filter(|_| toolchain.store == Store::Own)?;
        self.in_folder(&self.index.packages_folder(tool, version).join("bin"), name)
    }

    /// The versions with a program in the user's global packages that aren't installed.
    pub(super) fn orphaned_versions(
        &self,
        tool: &Tool,
        name: &str,
        installed: &[Toolchain],
    ) -> Vec<Version> {
        let mut found = versions_with_packages(self.world, self.index, tool);
        found.retain(|version| {
            let folder = self.index.packages_folder(tool, version).join("bin");
            !installed.iter().any(|one| one.version.as_ref() == Some(version))
                && self.in_folder(&folder, name).is_some()
        });
        found
    }

    /// A program of the user's global packages for a toolchain outside usher's own store, or of
    /// those that are apart from the toolchain's own programs.
    pub(super) fn find_global_package(
        &self,
        tool: &Tool,
        toolchain: &Toolchain,
        name: &str,
    ) -> Option<PathBuf> {
        let users = self.index.global_packages_folder(tool, toolchain);
        let users = users.and_then(|folder| self.in_folder(&folder.join("bin"), name));
        users.or_else(|| {
            let is_shipped = tool.programs.contains(&name);
            let folder = self.index.package_programs(tool, toolchain).filter(|_| !is_shipped)?;
            self.in_folder(&folder, name)
        })
    }

    /// A program that the user installed for all versions of a tool.
    pub(super) fn find_user_wide(&self, tool: &Tool, name: &str) -> Option<PathBuf> {
        let is_shipped = tool.programs.contains(&name);
        let folder = Some(self.index.user_wide_programs(tool)).filter(|_| !is_shipped)?;
        self.in_folder(&folder, name)
    }

    fn in_folder(&self, folder: &Path, name: &str) -> Option<PathBuf> {
        let program = folder.join(name);
        self.world.is_program(&program).then_some(program)
    }
}

/// The versions of a tool for which the user has a folder of global packages, installed or not; in no
/// order.
pub fn versions_with_packages(world: &impl World, index: &Index, tool: &Tool) -> Vec<Version> {
    let mut found = Vec::new();
    let folder = index.folders.additions().join(tool.name);
    // What can't be listed has no program that could run.
    let _ = world.folders(&folder, &mut |name| {
        found.extend(name.to_str().and_then(Version::parse));
    });
    found
}
