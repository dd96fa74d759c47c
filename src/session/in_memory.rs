//! A session over the in-memory world, for unit tests of decisions, tables and messages.

use std::path::Path;

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

/// Where a test's usher has its folders: `/usher/toolchains/node/12.22.12/bin/node`.
pub(crate) const HOME: &str = "/usher";

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
        registry: Registry::load().unwrap(),
        index,
        shim,
        reporter: Box::new(Silent),
        cache_report: std::sync::Once::new(),
    }
}

/// As [`session`], with one program on PATH, below the shims: the system's node 20.2.0.
pub(crate) fn session_with_system_node(world: MemoryWorld) -> Session {
    let world = world.file("/sys/bin/node", "").variable("PATH", "/usher/shims:/sys/bin");
    let seen = world.metadata("/sys/bin/node".as_ref()).unwrap().unwrap();
    let mut session = session(world);
    session.index.system_programs.push(SystemProgram {
        tool: "node".to_owned(),
        version: Version::parse("20.2.0").unwrap(),
        path: "/sys/bin/node".into(),
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
