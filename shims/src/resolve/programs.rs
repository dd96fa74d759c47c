//! Where a toolchain has a program: in its own folder, or in what the account added beside it.

use std::path::{Path, PathBuf};

use crate::call::Call;
use crate::error::Result;
use crate::index::Index;
use crate::store::has_program;
use crate::tool::Tool;
use crate::toolchain::{Store, Toolchain};
use crate::world::World;

/// The programs of toolchains.
#[derive(Debug)]
pub(super) struct ToolchainPrograms<'a, W> {
    /// All input.
    pub(super) world: &'a W,
    /// Where usher lives.
    pub(super) index: &'a Index,
}

impl<W: World> ToolchainPrograms<'_, W> {
    /// Where a toolchain has a program; of somebody else's toolchain, what the account added first,
    /// and last what it added for all versions.
    pub(super) fn find(
        &self,
        call: &Call,
        toolchain: &Toolchain,
        name: &str,
    ) -> Result<Option<PathBuf>> {
        // A toolchain that was chosen holds its interpreter: that was looked at.
        let is_main = name == call.tool.main_program();
        if is_main && toolchain.store != Store::Folder {
            return Ok(Some(toolchain.program(name)));
        }
        if let Some(added) = self.added(call.tool, toolchain, name) {
            return Ok(Some(added));
        }
        match has_program(self.world, toolchain, name)? {
            true => Ok(Some(toolchain.program(name))),
            false => Ok(self.user_wide(call.tool, name)),
        }
    }

    /// What the account added beside a toolchain that is somebody else's.
    pub(super) fn added(&self, tool: &Tool, toolchain: &Toolchain, name: &str) -> Option<PathBuf> {
        let folder = self.index.global_packages_folder(tool, toolchain)?;
        self.in_folder(&folder.join("bin"), name)
    }

    /// What the account added for all versions of a tool.
    pub(super) fn user_wide(&self, tool: &Tool, name: &str) -> Option<PathBuf> {
        let is_shipped = tool.programs.contains(&name);
        let folder = Some(self.index.user_wide_programs(tool)).filter(|_| !is_shipped)?;
        self.in_folder(&folder, name)
    }

    fn in_folder(&self, folder: &Path, name: &str) -> Option<PathBuf> {
        let program = folder.join(name);
        let seen = self.world.metadata(&program).ok().flatten();
        seen.is_some_and(|seen| seen.is_program).then_some(program)
    }
}
