//! A program that usher doesn't know: the nearest one that it knows, and a rescan only where that
//! helps.

use usher_shims::call::calls;
use usher_shims::error::{Error, ErrorKind};
use usher_shims::name::Name;
use usher_shims::store::{all_toolchains, has_program};
use usher_shims::toolchain::Store;

use crate::session::Session;
use crate::text::closest;

/// The error of `use VERB PROGRAM` with what to type next if the program is unknown; any other error as
/// it is.
pub(super) fn suggest_program(session: &Session, verb: &str, program: &str, error: Error) -> Error {
    let is_unknown = calls(&session.index, program, None).is_empty();
    if error.kind() != ErrorKind::NotFound || !is_unknown || is_installed(session, program) {
        return error;
    }
    let tools = || session.registry.all().map(|known| known.tool);
    let programs = tools().flat_map(|tool| tool.programs.iter().copied());
    if let Some(nearest) = closest(program, programs.chain(tools().map(|tool| tool.name))) {
        error.because(format!("nearest: {nearest}")).hint(format!("use {verb} {nearest}"))
    } else {
        let mut error = error;
        error.hint = None;
        error
    }
}

/// Whether an installed version has the program, so that a rescan would find it.
fn is_installed(session: &Session, program: &str) -> bool {
    // What is no name becomes no part of a path.
    let is_name = Name::parse(program).is_some();
    let has = |toolchain: &_| has_program(&session.world, toolchain, program).unwrap_or(false);
    is_name
        && session.registry.all().any(|known| {
            let installed = all_toolchains(&session.world, &session.index, known.tool);
            let installed = installed.ok().flatten().unwrap_or_default();
            // The system's folder has programs of everything.
            installed.iter().filter(|one| !matches!(one.store, Store::System(_))).any(has)
        })
}

#[cfg(test)]
mod tests {
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    #[test]
    fn the_nearest_program_is_suggested_and_a_rescan_where_it_helps() {
        let world = MemoryWorld::at("/p").file("/usher/toolchains/node/12.22.12/bin/cowsay", "");
        let session = session(world);
        let suggested = |program: &str| {
            let error = session.resolver().resolve(program, &[]).unwrap_err();
            suggest_program(&session, "which", program, error).to_string()
        };
        let nearest = "unknown program “nod”\n  nearest: node\n  hint: use which node";
        assert_eq!(suggested("nod"), nearest);
        assert_eq!(suggested("frobnicate"), "unknown program “frobnicate”");
        assert_eq!(suggested("cowsay"), "unknown program “cowsay”\n  hint: use reshim");
    }
}
