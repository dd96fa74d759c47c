//! Which version of a tool is active here, and what requests it.

use std::ops::ControlFlow;
use std::path::Path;

use usher_shims::call::Call;
use usher_shims::error::Result;
use usher_shims::path::next_on_path;
use usher_shims::pin::{Origin, Pin};
use usher_shims::request::Request;
use usher_shims::resolve::Selection;
use usher_shims::search::{Finding, search};
use usher_shims::store::{Lookup, highest};
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::version::Version;
use usher_shims::world::World as _;

use super::Session;
use crate::registry::KnownTool;

/// The active version of a tool in a folder, and what requests it.
pub struct CurrentVersion<'a> {
    /// Which tool.
    pub known: KnownTool<'a>,
    /// The active version; `None` if no installed version matches, or if it is unknown.
    pub version: Option<Version>,
    /// The active toolchain, if usher knows its folder.
    pub toolchain: Option<Toolchain>,
    /// What decides, if anybody asks.
    pub pin: Option<Pin>,
    /// Whether what decides is a range that picks only where nothing pins.
    pub is_constraint: bool,
}

impl<'a> CurrentVersion<'a> {
    /// Finds out how a tool stands; an error where what decides can't be used.
    pub fn of(session: &Session, known: KnownTool<'a>) -> Result<Self> {
        let mut on_disk = None;
        let (version, pin) = match active_selection(session, known)? {
            Selection::Toolchain(toolchain, pin) => {
                (on_disk.insert(toolchain).version.clone(), pin)
            }
            Selection::Missing(missing) => (None, Some(missing.pin)),
            Selection::System(pin) => (without_usher(session, known, pin.is_none())?, pin),
            Selection::Stale => (None, None),
        };
        let is_constraint = match &pin {
            Some(pin) => is_constraint(session, known, &pin.origin)?,
            None => false,
        };
        Ok(Self { known, version, toolchain: on_disk, pin, is_constraint })
    }

    /// The request that decides, and who made it.
    pub fn asked(&self) -> Option<(&Request, &Origin)> {
        self.pin.as_ref().and_then(|pin| Some((pin.request()?, &pin.origin)))
    }

    /// Whether a version is newer than the active one; `false` for another flavour.
    pub fn is_new(&self, other: &Version) -> bool {
        self.version
            .as_ref()
            .is_none_or(|version| version.flavour() == other.flavour() && other > version)
    }
}

/// The version of what would run without usher; where that is nothing and nobody asks, of the
/// newest on disk.
fn without_usher(
    session: &Session,
    known: KnownTool<'_>,
    nobody_asks: bool,
) -> Result<Option<Version>> {
    let mut programs = known.tool.programs.iter();
    let program = programs.find_map(|name| next_on_path(&session.world, &session.shim, name, &[]));
    if let Some(program) = program {
        return Ok(system_version(session, &program));
    }
    let is_release = |version: &Version| nobody_asks && !version.is_prerelease();
    Ok(match highest(&session.world, &session.index, known.tool, is_release)? {
        Lookup::Toolchain(toolchain) => toolchain.version,
        Lookup::Nothing | Lookup::Stale => None,
    })
}

fn is_constraint(session: &Session, known: KnownTool<'_>, decides: &Origin) -> Result<bool> {
    let Some(call) = Call::of_interpreter(known.tool) else { return Ok(false) };
    let mut found = false;
    search(&session.world, &session.index, &call, &mut |finding| {
        found |= matches!(finding, Finding::Constraint(pin) if pin.origin == *decides);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// The active version of a tool.
pub fn active_selection(session: &Session, known: KnownTool<'_>) -> Result<Selection> {
    match Call::of_interpreter(known.tool) {
        Some(call) => session.resolver().selector().select(&call),
        None => Ok(Selection::System(None)),
    }
}

/// A toolchain's version, or the folder that names it.
pub fn version_label(toolchain: &Toolchain) -> String {
    match &toolchain.version {
        Some(version) => version.to_string(),
        None => toolchain.root.file_name().unwrap_or_default().to_string_lossy().into_owned(),
    }
}

/// Whose a toolchain is, in a word.
pub fn store_label(store: &Store) -> &str {
    match store {
        Store::Own => "usher",
        Store::Shared => "shared",
        Store::Adopted(manager) => manager,
        Store::System(_) => "system",
        Store::Folder => "folder",
    }
}

/// The version of what would run without usher, where it was asked before.
pub fn system_version(session: &Session, program: &Path) -> Option<Version> {
    let seen = session.world.metadata(program).ok().flatten()?;
    let fingerprint = usher_shims::index::fingerprint(&seen);
    session
        .index
        .system
        .iter()
        .find(|known| known.fingerprint == fingerprint)
        .map(|known| known.version.clone())
}
