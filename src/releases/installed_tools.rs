//! The installed versions on which the choice of a release depends.

use usher_shims::error::Result;
use usher_shims::resolve::{Resolver, Runtime};
use usher_shims::store::all_toolchains;
use usher_shims::tool::Tool;
use usher_shims::version::Version;
use usher_shims::world::World;

/// What is installed on this machine.
pub(super) trait InstalledTools: Sync {
    /// A tool's runtime, if its releases are built for versions of one.
    fn runtime(&self, tool: &Tool) -> Result<Option<Runtime>>;

    /// A tool's installed versions, highest first, each once; none if they can't be listed.
    fn installed(&self, tool: &Tool) -> Vec<Version>;
}

impl<W: World + Sync> InstalledTools for Resolver<'_, W> {
    fn runtime(&self, tool: &Tool) -> Result<Option<Runtime>> {
        self.selector().runtime(tool)
    }

    fn installed(&self, tool: &Tool) -> Vec<Version> {
        let found = all_toolchains(self.world, self.index, tool).ok().flatten().unwrap_or_default();
        let mut versions: Vec<Version> =
            found.into_iter().filter_map(|toolchain| toolchain.version).collect();
        versions.dedup();
        versions
    }
}
