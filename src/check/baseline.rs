//! The version that usher would run in a folder, which mentions are compared with.

use std::path::Path;

use usher_shims::call::Call;
use usher_shims::error::Result;
use usher_shims::pin::{Origin, Pin};
use usher_shims::request::Request;
use usher_shims::resolve::Selection;
use usher_shims::tool::Tool;
use usher_shims::toolchain::Toolchain;
use usher_shims::version::Version;

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
    let resolver = session.resolver_in(&world);
    let Some(call) = Call::for_main_program(tool) else { return Ok(None) };
    let (expected, pin) = match resolver.selector().select(&call)? {
        Selection::Toolchain(Toolchain { version: Some(version), .. }, pin) => {
            (Expected::Version(version), pin)
        }
        Selection::Toolchain(_, pin) => (Expected::Unknown, pin),
        Selection::System(main, Some(pin)) => {
            let version = resolver.selector().system(tool).version(&main)?;
            (version.map_or(Expected::Unknown, Expected::Version), Some(pin))
        }
        Selection::Nothing(Some(pin)) => (Expected::Unknown, Some(pin)),
        Selection::Missing(missing) => (Expected::NotInstalled, Some(missing.pin)),
        Selection::System(_, None) | Selection::Nothing(None) | Selection::Stale => {
            return Ok(None);
        }
    };
    let Some(Pin { requests, origin }) = pin else { return Ok(None) };
    Ok(Some(Baseline {
        expected,
        requests,
        requester: requester(root, origin),
        is_constraint: false,
    }))
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
