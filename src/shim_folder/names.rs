//! Which names have a shim: of each tool all programs, only the core ones, or none; the versioned
//! shims; and the programs of global packages.

use std::collections::BTreeSet;

use usher_shims::error::Result;
use usher_shims::name::Name;
use usher_shims::store::all_toolchains;
use usher_shims::tool::Tool;

use super::own_programs::OWN_NAMES;
use super::{requested, versioned};
use crate::config::settings::ShimPolicy;
use crate::registry::KnownTool;
use crate::session::active::is_systems;
use crate::session::{Session, own_text};

/// Which of a tool's programs have shims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ShimScope {
    /// None: nothing needs the tool.
    Nothing,
    /// The core programs: only the operating system has the tool.
    CorePrograms,
    /// All: it is installed or adopted, a default or a project's pin names it, or its runtime has
    /// shims.
    AllPrograms,
}

/// The names that need a shim. Tools in `named` have all their shims, whatever is installed.
pub(super) fn expected_names(
    session: &Session,
    named: &[&'static Tool],
) -> Result<BTreeSet<String>> {
    let requested = requested::read_entries(&session.folders)?;
    let is_named = |tool: &Tool| {
        named.iter().any(|named| named.name == tool.name) || requested.contains(tool.name)
    };
    let scope = |known: KnownTool<'_>| match is_named(known.tool) {
        true => Ok(ShimScope::AllPrograms),
        false => scope_by_itself(session, known),
    };
    let mut names = BTreeSet::new();
    for known in session.registry.all() {
        let runtime = known.tool.runtime.map(|runtime| session.registry.named(runtime));
        let of_runtime = runtime.transpose()?.map(scope).transpose()?;
        let has_runtime = of_runtime.is_some_and(|scope| scope != ShimScope::Nothing);
        match scope(known)? {
            ShimScope::Nothing if !has_runtime => {}
            ShimScope::CorePrograms if !has_runtime => {
                names.extend(known.core_programs().map(str::to_owned));
            }
            ShimScope::Nothing | ShimScope::CorePrograms | ShimScope::AllPrograms => {
                names.extend(known.tool.programs.iter().map(ToString::to_string));
            }
        }
        names.extend(versioned::of_installed(session, known)?);
        names.extend(versioned::names_for_known_releases(session, known));
    }
    names.extend(requested.iter().flat_map(|entry| names_of(session, entry)));
    names.extend(session.index.global_packages.iter().map(|package| package.program.to_string()));
    names.retain(|name| Name::parse(name).is_some() && !OWN_NAMES.contains(&name.as_str()));
    Ok(names)
}

/// Whether a tool has all its shims without a record that a project pins it.
pub fn is_permanent(session: &Session, known: KnownTool<'_>) -> Result<bool> {
    Ok(scope_by_itself(session, known)? == ShimScope::AllPrograms)
}

/// The scope by what is installed, the defaults and the settings.
fn scope_by_itself(session: &Session, known: KnownTool<'_>) -> Result<ShimScope> {
    if session.settings.shims == ShimPolicy::All || has_default(session, known.tool) {
        return Ok(ShimScope::AllPrograms);
    }
    let toolchains = all_toolchains(&session.world, &session.index, known.tool)?;
    Ok(match toolchains {
        Some(all) if all.is_empty() => ShimScope::Nothing,
        Some(all) if all.iter().all(|one| is_systems(&one.store)) => ShimScope::CorePrograms,
        // What changed since the scan removes no shim.
        Some(_) | None => ShimScope::AllPrograms,
    })
}

/// Whether the user's default or the machine's names a tool.
fn has_default(session: &Session, tool: &Tool) -> bool {
    let names = |line: &str| {
        let name = line.split_whitespace().next();
        name.is_some_and(|name| tool.all_names().any(|one| one == name))
    };
    let files = [session.folders.default_file(), session.folders.machine_default_file()];
    files.iter().any(|file| {
        let text = own_text(file).ok().flatten().unwrap_or_default();
        text.lines().any(names)
    })
}

/// The versioned shims of a recorded entry, `TOOL@REQUEST`.
pub fn names_of(session: &Session, entry: &str) -> Vec<String> {
    let known = entry.split_once('@').and_then(|(tool, word)| {
        let known = session.registry.all().find(|known| known.tool.name == tool)?;
        Some(versioned::names_for_suffix(known, word))
    });
    known.unwrap_or_default()
}
