//! A session over the in-memory world, for unit tests of decisions, tables and messages.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use usher_shims::exec::ProcessArgs;
use usher_shims::folders::Folders;
use usher_shims::index::{Index, SystemProgram, fingerprint};
use usher_shims::path::Shim;
use usher_shims::version::Version;
use usher_shims::world::{MemoryWorld, World as _};

use super::Session;
use super::reporter::Silent;
use crate::config::settings::Settings;
use crate::registry::Registry;
use crate::session::policy::MachinePolicy;

/// Where a test's usher has its folders: `/usher/toolchains/node/12.22.12/bin/node`.
pub(crate) const HOME: &str = "/usher";

/// 1 January 2000, when no release line of a tool had ended.
const YEAR_2000: u64 = 946_684_800;

/// A session in this world, whose home is [`HOME`]; nothing of the real machine shows in it.
pub(crate) fn session(world: MemoryWorld) -> Session {
    let folders = Folders::under(Path::new(HOME), Some("/home/u".into()));
    let shim = Shim { folders: vec![folders.shims()], binary: Some(folders.shim_binary()) };
    let index = Index { folders: folders.clone(), ..Index::default() };
    Session {
        world: Box::new(world),
        given: ProcessArgs { arguments: Vec::new(), environment: Vec::new() },
        folders,
        machine: "/machine".into(),
        program: "/usher/shims/use".into(),
        settings: Settings::default(),
        policy: MachinePolicy::default(),
        registry: Registry::load().unwrap(),
        index,
        shim,
        reporter: Box::new(Silent),
        now: UNIX_EPOCH + Duration::from_secs(YEAR_2000),
        cache_report: std::sync::Once::new(),
    }
}

/// As [`session`], with one program on PATH, below the shims: the system's of a tool.
pub(crate) fn session_with_system(world: MemoryWorld, tool: &str, version: &str) -> Session {
    let path = Path::new("/sys/bin").join(tool);
    let world =
        world.file(path.to_str().unwrap_or_default(), "").variable("PATH", "/usher/shims:/sys/bin");
    let seen = world.metadata(&path).unwrap().unwrap();
    let mut session = session(world);
    session.index.system_programs.push(SystemProgram {
        tool: tool.to_owned(),
        version: Version::parse(version).unwrap(),
        path,
        suffix: String::new(),
        fingerprint: fingerprint(&seen),
    });
    session
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::active::{active_selection, version_label};
    use usher_shims::resolve::Selection;

    #[test]
    fn a_session_in_memory_resolves_versions() {
        let world = MemoryWorld::at("/p")
            .file("/p/.nvmrc", "12")
            .file("/usher/toolchains/node/12.22.12/bin/node", "");
        let session = session(world);
        let node = session.registry.named("node").unwrap();
        let Selection::Toolchain(toolchain, _) = active_selection(&session, node).unwrap() else {
            panic!("node 12 is installed");
        };
        assert_eq!(version_label(&toolchain), "12.22.12");
    }
}
