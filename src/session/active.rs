//! Which version of a tool is active in the working directory, and what requests it.

use std::ops::ControlFlow;
use std::path::Path;

use usher_shims::call::Call;
use usher_shims::error::Result;
use usher_shims::pin::{Origin, Pin};
use usher_shims::request::Request;
use usher_shims::resolve::Selection;
use usher_shims::search::{Finding, search};
use usher_shims::tool::Tool;
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::version::Version;
use usher_shims::world::World as _;

use super::Session;
use crate::registry::KnownTool;

/// The operating system, as the manager of a toolchain: definitions call it so as well.
const SYSTEM: &str = "system";

/// The active version of a tool in a folder, and what requests it.
pub struct ActiveVersion<'a> {
    /// The tool.
    pub known: KnownTool<'a>,
    /// The active version; `None` if no installed version matches, or if it is unknown.
    pub version: Option<Version>,
    /// Whether there is an active version, known or not.
    pub is_installed: bool,
    /// The active toolchain, if usher knows its folder.
    pub toolchain: Option<Toolchain>,
    /// The request that selects the version; `None` if the tool isn't pinned.
    pub pin: Option<Pin>,
    /// Whether that request is a constraint, such as `engines`.
    pub is_constraint: bool,
}

impl<'a> ActiveVersion<'a> {
    /// Resolves a tool; fails where the deciding request can't be used.
    pub fn of(session: &Session, known: KnownTool<'a>) -> Result<Self> {
        let selection = active_selection(session, known)?;
        let is_installed = matches!(selection, Selection::Toolchain(..) | Selection::System(..));
        let (toolchain, version, pin) = match selection {
            Selection::Toolchain(toolchain, pin) => {
                let version = toolchain.version.clone();
                (Some(toolchain), version, pin)
            }
            Selection::Missing(missing) => (None, None, Some(missing.pin)),
            Selection::System(main, pin) => {
                (None, system_version(session, known.tool, &main)?, pin)
            }
            Selection::Nothing(pin) => (None, None, pin),
            Selection::Stale => (None, None, None),
        };
        let is_constraint = match &pin {
            Some(pin) => is_constraint(session, known, &pin.origin)?,
            None => false,
        };
        Ok(Self { known, version, is_installed, toolchain, pin, is_constraint })
    }

    /// The deciding request and its origin.
    pub fn requested(&self) -> Option<(&Request, &Origin)> {
        self.pin.as_ref().and_then(|pin| Some((pin.request()?, &pin.origin)))
    }

    /// Whether a version is newer than the active one; `false` for another flavour.
    pub fn is_newer(&self, other: &Version) -> bool {
        self.version
            .as_ref()
            .is_none_or(|version| version.flavour() == other.flavour() && other > version)
    }
}

/// Whether the request of this origin only limits the versions.
pub fn is_constraint(session: &Session, known: KnownTool<'_>, origin: &Origin) -> Result<bool> {
    let Some(call) = Call::for_main_program(known.tool) else { return Ok(false) };
    let mut found = false;
    search(&session.world, &session.index, &call, &mut |finding| {
        found |= matches!(finding, Finding::Constraint(pin) if pin.origin.is_same_place(origin));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// The nearest constraint on a tool's version, whatever is pinned.
pub fn constraint(session: &Session, known: KnownTool<'_>) -> Result<Option<Pin>> {
    let Some(call) = Call::for_main_program(known.tool) else { return Ok(None) };
    let mut nearest = None;
    search(&session.world, &session.index, &call, &mut |finding| match finding {
        Finding::Constraint(pin) => {
            nearest = Some(pin);
            ControlFlow::Break(())
        }
        Finding::Pin(_) | Finding::Default(_) | Finding::Broken(..) | Finding::Skipped(_) => {
            ControlFlow::Continue(())
        }
    })?;
    Ok(nearest)
}

/// Whether a request is a default that only the machine's administrator changes and upgrades: the
/// machine's, or one for this account or its groups.
pub fn is_the_administrators(session: &Session, origin: &Origin) -> bool {
    let (Origin::Account(location) | Origin::Group(location) | Origin::Machine(location)) = origin
    else {
        return false;
    };
    !session.folders.is_system_wide && !session.world.is_writable(&location.path)
}

/// The nearest pin in the project's files, whatever is stronger; `None` if there is none, or if the
/// search fails.
pub fn pin_of_files(session: &Session, known: KnownTool<'_>) -> Option<Pin> {
    let call = Call::for_main_program(known.tool)?;
    let mut pin = None;
    let searched = search(&session.world, &session.index, &call, &mut |finding| match finding {
        Finding::Pin(one) if matches!(one.origin, Origin::File(_)) => {
            pin = Some(one);
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    searched.ok().and(pin)
}

/// The active version of a tool: the one that all its programs run.
pub fn active_selection(session: &Session, known: KnownTool<'_>) -> Result<Selection> {
    match Call::for_main_program(known.tool) {
        Some(call) => session.resolver().selector().select(&call),
        None => Ok(Selection::Nothing(None)),
    }
}

/// A toolchain's version, or the name of its link or folder.
pub fn version_label(toolchain: &Toolchain) -> String {
    let folder = || toolchain.root.file_name().unwrap_or_default().to_string_lossy().into_owned();
    toolchain.name().map_or_else(folder, str::to_owned)
}

/// Whether a toolchain is the operating system's.
pub fn is_systems(store: &Store) -> bool {
    store_label(store) == SYSTEM
}

/// The store of a toolchain, in one word.
pub fn store_label(store: &Store) -> &str {
    match store {
        Store::Own => "usher",
        Store::Shared => "shared",
        Store::Adopted(manager) => manager,
        Store::Linked(_) => "linked",
        Store::System(_) => SYSTEM,
        Store::Folder => "folder",
    }
}

/// Whose a toolchain of a shared store is, in a message.
pub fn shared_owner(session: &Session, root: &Path) -> &'static str {
    match root.starts_with(&session.machine) {
        true => "the machine's",
        false => "a shared store's",
    }
}

/// The version of a system's main program, if it is known.
pub fn system_version(
    session: &Session,
    tool: &'static Tool,
    main: &Path,
) -> Result<Option<Version>> {
    session.resolver().selector().system(tool).version(main)
}

/// Whether a toolchain is the active one. The system's version may be one that usher found as well.
pub fn is_active(
    session: &Session,
    tool: &Tool,
    toolchain: &Toolchain,
    active: &Selection,
) -> bool {
    match active {
        Selection::Toolchain(active, _) => {
            active.root == toolchain.root && active.version == toolchain.version
        }
        Selection::System(main, _) => {
            let program = toolchain.program(tool.main_program());
            let physical = |path: &Path| session.world.physical(path).ok();
            // Of a version that usher knows, the main program may be another one: python3 for python.
            let is_inside = !matches!(toolchain.store, Store::System(_))
                && physical(&toolchain.root)
                    .is_some_and(|root| physical(main).is_some_and(|main| main.starts_with(root)));
            is_inside || session.world.is_same(&program, main)
        }
        Selection::Nothing(_) | Selection::Missing(_) | Selection::Stale => false,
    }
}

#[cfg(test)]
mod tests {
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    /// The active version of node, the request and its kind: `12.22.12 12 pin`.
    fn check(world: MemoryWorld, expected: &str) {
        let session = session(
            world
                .file("/usher/toolchains/node/10.24.1/bin/node", "")
                .file("/usher/toolchains/node/12.22.12/bin/node", ""),
        );
        let node = session.registry.named("node").unwrap();
        let current = ActiveVersion::of(&session, node).unwrap();
        let version = current.version.as_ref().map_or("-", Version::as_str);
        let request = current.requested().map_or("-", |(request, _)| request.as_str());
        let kind = if current.is_constraint { "constraint" } else { "pin" };
        assert_eq!(format!("{version} {request} {kind}"), expected);
    }

    #[test]
    fn the_current_version_of_a_tool() {
        let world = || MemoryWorld::at("/p");
        check(world().file("/p/.nvmrc", "10"), "10.24.1 10 pin");
        check(world().file("/p/.nvmrc", "13"), "- 13 pin");
        let engines = r#"{"engines":{"node":">=11"}}"#;
        check(world().file("/p/package.json", engines), "12.22.12 >=11 constraint");
        check(world(), "12.22.12 - pin");
        let path = world().file("/sys/bin/node", "").variable("PATH", "/usher/shims:/sys/bin");
        check(path, "- - pin");
    }

    #[test]
    fn a_version_on_path_is_active_by_any_of_its_main_programs() {
        let root = "/usher/toolchains/python/3.8.10";
        let world = MemoryWorld::at("/p")
            .file(format!("{root}/bin/python"), "")
            .file(format!("{root}/bin/python3"), "")
            .variable("PATH", format!("/usher/shims:{root}/bin"));
        let session = session(world);
        let python = session.registry.named("python").unwrap();
        let active = active_selection(&session, python).unwrap();
        let all = usher_shims::store::all_toolchains(&session.world, &session.index, python.tool);
        let toolchain = &all.unwrap().unwrap()[0];
        assert!(is_active(&session, python.tool, toolchain, &active));
    }

    #[test]
    fn newer_is_newer_within_a_flavour() {
        let session = session(
            MemoryWorld::at("/p")
                .file("/p/.python-version", "3.12.1")
                .file("/usher/toolchains/python/3.12.1/bin/python", ""),
        );
        let python = session.registry.named("python").unwrap();
        let current = ActiveVersion::of(&session, python).unwrap();
        let is_newer = |text| current.is_newer(&Version::parse(text).unwrap());
        assert_eq!(
            ["3.12.2", "3.12.1", "3.11.9", "pypy3.13.0"].map(is_newer),
            [true, false, false, false]
        );
    }
}
