//! The whole resolver: whatever a project's files contain, what is run is in a store or on PATH, and
//! the same world gives the same answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_shims::folders::Folders;
use usher_shims::index::Index;
use usher_shims::path::Shim;
use usher_shims::resolve::{Outcome, Resolver};
use usher_shims::tool::TOOLS;
use usher_shims::world::MemoryWorld;

fuzz_target!(|input: (u8, u8, &[u8], &str)| {
    let (tool, file, content, variable) = input;
    let tool = &TOOLS[usize::from(tool) % TOOLS.len()];
    let file = &tool.files[usize::from(file) % tool.files.len()];
    let program = tool.main_program();
    let mut world = MemoryWorld::at("/project/a")
        .file(format!("/project/{}", file.name), content)
        .file(format!("/bin/{program}"), "")
        .variable("PATH", "/u/shims:/bin");
    for version in ["3.7.1", "12.22.12", "21.0.4+7"] {
        world = world.file(format!("/u/toolchains/{}/{version}/bin/{program}", tool.name), "");
    }
    if let Some(name) = tool.variables.first().filter(|_| !variable.starts_with("path:")) {
        world = world.variable(name, variable);
    }
    let index = Index { folders: Folders { data: "/u".into(), ..Folders::default() }, ..Index::default() };
    let shim = Shim { folders: vec!["/u/shims".into()], binary: None };
    let resolver = Resolver { world: &world, index: &index, shim: &shim };
    let outcome = resolver.resolve(program, &[]);
    let again = resolver.resolve(program, &[]);
    assert_eq!(format!("{outcome:?}"), format!("{again:?}"));
    if let Ok(Outcome::Run(plan)) = outcome {
        let store = format!("/u/toolchains/{}", tool.name);
        assert!(plan.program.starts_with(store) || plan.program.starts_with("/bin"));
        assert!(!plan.program.components().any(|part| part.as_os_str() == ".."));
    }
});
