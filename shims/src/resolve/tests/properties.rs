//! Properties of the whole resolver, over a world in memory.

use std::path::Path;

use proptest::prelude::Strategy;
use proptest::{collection, prop_assert, prop_assert_eq, proptest, sample};

use super::{Outcome, Resolver};
use crate::error::Result;
use crate::folders::Folders;
use crate::index::Index;
use crate::path::Shim;
use crate::request::{Request, RequestTrust};
use crate::tool::{TOOLS, Tool};
use crate::version::Version;
use crate::world::MemoryWorld;

const STORE: &str = "/u/toolchains/node";

/// A version as a folder's name.
fn version() -> impl Strategy<Value = String> {
    "[0-9]{1,2}\\.[0-9]{1,2}\\.[0-9]{1,2}(-rc\\.[0-9])?"
}

/// What people write.
fn request() -> impl Strategy<Value = String> {
    let ranges = sample::select(vec![">=10 <12", "^12.1", "~10.1", "lts/*", "latest", "8 || 14.x"]);
    proptest::prop_oneof![
        "v?[0-9]{1,2}(\\.[0-9x]{1,2}){0,2}",
        ranges.prop_map(ToOwned::to_owned),
        "\\PC{0,12}",
    ]
}

fn world(versions: &[String], request: &str) -> MemoryWorld {
    let world = MemoryWorld::at("/p/a/b")
        .file("/p/.nvmrc", request)
        .file("/usr/bin/node", "")
        .variable("PATH", "/u/shims:/usr/bin");
    versions
        .iter()
        .fold(world, |world, version| world.file(format!("{STORE}/{version}/bin/node"), ""))
}

fn resolve(world: &MemoryWorld) -> Result<Outcome> {
    let index =
        Index { folders: Folders { data: "/u".into(), ..Folders::default() }, ..Index::default() };
    let shim = Shim { folders: vec!["/u/shims".into()], binary: None };
    Resolver { world, index: &index, shim: &shim, unusable: None }.resolve("node", &[])
}

/// The version that is run from the store.
fn run(outcome: &Result<Outcome>) -> Option<Version> {
    let Ok(Outcome::Run(plan)) = outcome else { return None };
    plan.toolchain.as_ref()?.version.clone()
}

proptest! {
    #[test]
    fn the_newest_matching_version_is_selected(
        versions in collection::vec(version(), 0..12),
        text in request(),
    ) {
        let node = Tool::named(TOOLS, "node").unwrap();
        let outcome = resolve(&world(&versions, &text));
        let Some(chosen) = run(&outcome) else { return Ok(()) };
        prop_assert!(versions.iter().any(|version| *version == chosen.as_str()));
        // Several words are alternatives, first to last.
        if let Ok(request) = Request::parse(&text, node, RequestTrust::Project) {
            prop_assert!(request.matches(&chosen, node), "{chosen} for {text}");
            let better = versions.iter().filter_map(|version| Version::parse(version)).find(|version| {
                request.matches(version, node) && *version > chosen
            });
            prop_assert_eq!(better, None);
        }
    }

    #[test]
    fn selected_programs_are_in_a_store_or_on_path(
        versions in collection::vec(version(), 0..4),
        text in "\\PC*",
    ) {
        if let Ok(Outcome::Run(plan)) = resolve(&world(&versions, &text)) {
            let in_store = plan.program.starts_with(STORE);
            prop_assert!(in_store || plan.program == Path::new("/usr/bin/node"), "{:?}", plan.program);
            prop_assert!(!plan.program.components().any(|part| part.as_os_str() == ".."));
        }
    }

    #[test]
    fn selection_is_deterministic(
        versions in collection::vec(version(), 0..6),
        text in request(),
    ) {
        let mut others = versions.clone();
        others.reverse();
        let answer = |versions: &[String]| {
            let outcome = resolve(&world(versions, &text));
            outcome.map(|outcome| format!("{outcome:?}")).map_err(|error| error.to_string())
        };
        prop_assert_eq!(answer(&versions), answer(&others));
    }
}
