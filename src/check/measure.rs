//! What usher would run in a folder, as far as a mention can be compared with it.

use std::path::Path;

use usher_shims::call::Call;
use usher_shims::error::{Error, Result};
use usher_shims::path::next_on_path;
use usher_shims::pin::{Origin, Pin};
use usher_shims::request::Request;
use usher_shims::resolve::{Resolver, Selection};
use usher_shims::tool::Tool;
use usher_shims::toolchain::Toolchain;
use usher_shims::version::Version;
use usher_shims::world::{Os, World as _};

use super::mention::Place;
use super::pins::relative;
use crate::inventory::folder_world::{FolderWorld, Visibility};
use crate::session::Session;

/// What mentions of a tool are compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// What there is of it.
    pub what: What,
    /// The requests that it comes from, the one that is wanted most first.
    pub requests: Vec<Request>,
    /// Who asks.
    pub asker: Asker,
    /// Whether that is a mere constraint: then what runs is one of several that will do.
    pub is_constraint: bool,
}

/// What there is to compare with.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// This version runs.
    Version(Version),
    /// Nothing on disk fits: only what was asked for is known.
    ToolRequest,
    /// Something runs of which nobody knows the version.
    Unknown,
}

/// Who asks for it.
#[derive(Debug, Clone, PartialEq)]
pub enum Asker {
    /// A version file of the project.
    File(Place, Option<&'static str>),
    /// Somebody outside: a variable, a default, a folder above.
    Outside(Origin),
    /// Nobody: this mention is the first of all.
    Mention(Place, String),
}

/// What usher would run in a folder; `None` where nobody asks.
pub(super) fn active_selection(
    session: &Session,
    (root, folder): (&Path, &Path),
    tool: &'static Tool,
) -> Result<Option<Measure>> {
    let world = FolderWorld { folder, visibility: Visibility::Everything };
    let resolver = Resolver { world: &world, index: &session.index, shim: &session.shim };
    let Some(call) = Call::for_main_program(tool) else { return Ok(None) };
    let (what, pin) = match resolver.selector().select(&call)? {
        Selection::Toolchain(Toolchain { version: Some(version), .. }, pin) => {
            (What::Version(version), pin)
        }
        Selection::Toolchain(_, pin) => (What::Unknown, pin),
        Selection::System(Some(pin)) => (system(session, tool)?, Some(pin)),
        Selection::Missing(missing) => (What::ToolRequest, Some(missing.pin)),
        Selection::System(None) | Selection::Stale => return Ok(None),
    };
    let Some(Pin { requests, origin }) = pin else { return Ok(None) };
    Ok(Some(Measure { what, requests, asker: asker(root, origin), is_constraint: false }))
}

/// The version of what would have run without usher, where somebody asked it before.
fn system(session: &Session, tool: &Tool) -> Result<What> {
    let Some(program) = next_on_path(&session.world, &session.shim, tool.main_program(), &[])
    else {
        return Ok(What::Unknown);
    };
    let seen = Os.metadata(&program).map_err(|error| Error::io("look at", &program, error))?;
    let fingerprint = seen.map(|seen| usher_shims::index::fingerprint(&seen));
    let known = session
        .index
        .system_programs
        .iter()
        .find(|known| Some(&known.fingerprint) == fingerprint.as_ref());
    Ok(known.map_or(What::Unknown, |known| What::Version(known.version.clone())))
}

fn asker(root: &Path, origin: Origin) -> Asker {
    match origin {
        Origin::File(place) if place.path.starts_with(root) => {
            let path = relative(root, &place.path);
            Asker::File(Place { path, line: place.line }, place.field)
        }
        origin => Asker::Outside(origin),
    }
}
