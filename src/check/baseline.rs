//! The version that usher would run in a folder, which mentions are compared with.

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

use super::mention::MentionPlace;
use super::pins::relative_path;
use crate::inventory::os_in_folder::{OsInFolder, Visibility};
use crate::session::Session;

/// The version that mentions of a tool are compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// The version, if it is known.
    pub expected: Expected,
    /// The requests that it matches, the preferred one first.
    pub requests: Vec<Request>,
    /// Where the requests are written.
    pub requester: Requester,
    /// Whether that is a constraint: the active version is then one of several that satisfy it.
    pub is_constraint: bool,
}

/// The version to compare with.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// This version is active.
    Version(Version),
    /// No installed version matches: only the requests are known.
    NotInstalled,
    /// A program of unknown version runs.
    Unknown,
}

/// Where a request is written.
#[derive(Debug, Clone, PartialEq)]
pub enum Requester {
    /// A version file of the project.
    File(MentionPlace, Option<&'static str>),
    /// Outside of the project: a variable, a default, a folder above.
    Outside(Origin),
    /// Nothing pins the tool; this is the project's first mention of a version.
    Mention(MentionPlace, String),
}

/// The version that usher would run in a folder; `None` if the tool isn't pinned there.
pub(super) fn baseline_in(
    session: &Session,
    root: &Path,
    folder: &Path,
    tool: &'static Tool,
) -> Result<Option<Baseline>> {
    let world = OsInFolder { folder, visibility: Visibility::Everything };
    let resolver = Resolver { world: &world, index: &session.index, shim: &session.shim };
    let Some(call) = Call::for_main_program(tool) else { return Ok(None) };
    let (expected, pin) = match resolver.selector().select(&call)? {
        Selection::Toolchain(Toolchain { version: Some(version), .. }, pin) => {
            (Expected::Version(version), pin)
        }
        Selection::Toolchain(_, pin) => (Expected::Unknown, pin),
        Selection::System(Some(pin)) => (system_programs(session, tool)?, Some(pin)),
        Selection::Missing(missing) => (Expected::NotInstalled, Some(missing.pin)),
        Selection::System(None) | Selection::Stale => return Ok(None),
    };
    let Some(Pin { requests, origin }) = pin else { return Ok(None) };
    Ok(Some(Baseline {
        expected,
        requests,
        requester: requester(root, origin),
        is_constraint: false,
    }))
}

/// The version of the system's program, as the index recorded it.
fn system_programs(session: &Session, tool: &Tool) -> Result<Expected> {
    let Some(program) = next_on_path(&session.world, &session.shim, tool.main_program(), &[])
    else {
        return Ok(Expected::Unknown);
    };
    let seen = Os.metadata(&program).map_err(|error| Error::io("look at", &program, error))?;
    let fingerprint = seen.map(|seen| usher_shims::index::fingerprint(&seen));
    let known = session
        .index
        .system_programs
        .iter()
        .find(|known| Some(&known.fingerprint) == fingerprint.as_ref());
    Ok(known.map_or(Expected::Unknown, |known| Expected::Version(known.version.clone())))
}

fn requester(root: &Path, origin: Origin) -> Requester {
    match origin {
        Origin::File(place) if place.path.starts_with(root) => {
            let path = relative_path(root, &place.path);
            Requester::File(MentionPlace { path, line: place.line }, place.field)
        }
        origin => Requester::Outside(origin),
    }
}
