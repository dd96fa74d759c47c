//! How faults of the shims are told: by `use doctor`, which finds them, and by `use reshim`, which has
//! mended them.

use std::collections::BTreeMap;

use usher_shims::tool::Tool;

use crate::session::Session;
use crate::shim_folder::FaultyProgram;
use crate::shim_folder::fault::Fault;
use crate::text::some_names;

/// A fault, and the shims that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShimFault {
    /// The programs that are empty, or other than they must be in another way.
    pub what: String,
    /// Whether they work in spite of it.
    pub is_harmless: bool,
    /// What to do for the program itself, where the shims had rights that no program inherits.
    pub for_program: Option<String>,
}

/// The faults among these shims, each with its names.
pub(super) fn shim_faults(session: &Session, shims: &[FaultyProgram]) -> Vec<ShimFault> {
    let mut by_fault: BTreeMap<&Fault, Vec<&str>> = BTreeMap::new();
    for FaultyProgram { name, fault } in shims {
        by_fault.entry(fault).or_default().push(name);
    }
    let told = by_fault.into_iter().map(|(fault, names)| ShimFault {
        what: format!("programs of usher that {fault}: {}", some_names(&names)),
        is_harmless: fault.is_harmless(),
        for_program: for_program(session, fault, &names),
    });
    told.collect()
}

impl ShimFault {
    /// What `use reshim` reports of a fault that it mended.
    pub(super) fn report(&self) -> String {
        let Self { what, for_program, .. } = self;
        let hint = for_program.as_ref().map(|hint| format!("\n  hint: {hint}"));
        format!("mended {what}{}", hint.unwrap_or_default())
    }
}

/// The command that gives a program what the shims had: they pass no rights on, and are deaf to all
/// variables where they have some.
fn for_program(session: &Session, fault: &Fault, names: &[&str]) -> Option<String> {
    let command = match fault {
        Fault::Capabilities => "setcap CAPABILITIES",
        Fault::SetId(_) => "chmod u+s",
        Fault::Missing
        | Fault::Empty
        | Fault::Incomplete
        | Fault::Overwritten
        | Fault::Link
        | Fault::NotExecutable(_)
        | Fault::OtherMode(_)
        | Fault::OtherBuild(_) => return None,
    };
    let tools = || session.registry.all().map(|known| known.tool);
    let has_own = |name: &str| session.folders.toolchains().join(name).is_dir();
    let mains = tools().filter(|tool| has_own(tool.name)).chain(tools());
    let mut mains = mains.map(Tool::main_program);
    let program = mains.find(|main| names.contains(main));
    Some(format!("{command} \"$(use which {})\"", program.or(names.first().copied())?))
}
