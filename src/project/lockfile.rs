//! The project's lockfiles: which requests each is for, and its text.
//!
//! A lockfile lies in the folder of the version files that it is for, so that a project of several folders
//! can have several.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use usher_shims::call::Call;
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::lock::{LOCKFILE, LockError, LockedRequest, Lockfile};
use usher_shims::pin::{FileLocation, Origin, Pin};
use usher_shims::request::RequestKind;
use usher_shims::search::{Finding, search};
use usher_shims::world::World as _;

use super::repository;
use super::write::project_file;
use crate::files::confined::ConfinedFile;
use crate::registry::KnownTool;
use crate::session::Session;

/// A request of a project's file that can be locked.
#[derive(Debug, Clone)]
pub struct LockableRequest<'a> {
    /// The tool.
    pub known: KnownTool<'a>,
    /// The request, as its file has it.
    pub pin: Pin,
    /// The folder of its lockfile.
    pub folder: PathBuf,
    /// The version file, from that folder.
    pub file: String,
}

/// What decides a tool's version here, where that is a request in a project's file: its pin, else the
/// nearest constraint. Variables and the user's defaults are not the project's.
pub fn lockable<'a>(
    session: &Session,
    known: KnownTool<'a>,
) -> Result<Option<LockableRequest<'a>>> {
    let Some(call) = Call::for_main_program(known.tool) else { return Ok(None) };
    let mut findings = Vec::new();
    search(&session.world, &session.index, &call, &mut |finding| {
        findings.push(finding);
        ControlFlow::Continue(())
    })?;
    lockable_of(known, &findings)
}

/// The same of what a search found.
pub(super) fn lockable_of<'a>(
    known: KnownTool<'a>,
    findings: &[Finding],
) -> Result<Option<LockableRequest<'a>>> {
    let (mut pin, mut constraint) = (None, None);
    for finding in findings {
        match finding {
            Finding::Pin(found) if matches!(found.origin, Origin::File(_)) => {
                pin = Some(found);
                break;
            }
            Finding::Broken(error, _) => return Err(error.clone()),
            Finding::Constraint(found) => {
                constraint.get_or_insert(found);
            }
            Finding::Default(_) => break,
            Finding::Pin(_) | Finding::Skipped(_) => {}
        }
    }
    let constraint = constraint.filter(|_| known.tool.runtime.is_none());
    let Some(pin) = pin.or(constraint) else { return Ok(None) };
    // What an open request of a tool without a source means, nobody can say.
    let has_source = !known.definition.source.is_empty();
    let is_lockable = |pin: &Pin| {
        pin.request().is_some_and(|request| match request.kind() {
            RequestKind::System | RequestKind::Path(_) => false,
            _ => has_source || request.exact(known.tool).is_some(),
        })
    };
    let split = match &pin.origin {
        Origin::File(location) if is_lockable(pin) => {
            known.tool.files.iter().find_map(|file| file.split(&location.path))
        }
        _ => None,
    };
    let place = split.and_then(|(folder, file)| Some((folder.to_path_buf(), file.to_str()?)));
    let Some((folder, file)) = place.map(|(folder, file)| (folder, file.to_owned())) else {
        return Ok(None);
    };
    Ok(Some(LockableRequest { known, pin: pin.clone(), folder, file }))
}

impl LockableRequest<'_> {
    /// Whether an entry of its lockfile is for it.
    pub fn is_in(&self, entry: &LockedRequest) -> bool {
        entry.tool == self.known.tool.name
            && entry.file == self.file
            && entry.request == self.pin.written()
    }
}

/// A lockfile as it is on disk.
#[derive(Debug)]
pub struct LockfileOnDisk {
    /// Its path.
    pub path: PathBuf,
    /// What it says; `None` if there is none.
    pub content: Option<Lockfile>,
    /// Why it can't be used as it is: `content` has what could be read.
    pub damage: Option<Error>,
    file: ConfinedFile,
}

impl LockfileOnDisk {
    /// Reads the lockfile of a folder, in a project that isn't left.
    pub fn read(session: &Session, folder: &Path) -> Result<Self> {
        let directory = session.world.directory();
        let directory = directory.map_err(|error| Error::io("find", Path::new("."), error))?;
        let path = folder.join(LOCKFILE);
        let file = project_file(&directory, &repository(session, folder), &path)?;
        let (content, damage) = match file.text().map(Lockfile::parse) {
            None => (None, None),
            Some(Ok(content)) => (Some(content), None),
            Some(Err(error)) if error.is_foreign => {
                return Err(parse_error(&path, folder == directory, &error));
            }
            Some(Err(error)) => {
                let known = file.text().map(Lockfile::salvage);
                (known, Some(parse_error(&path, folder == directory, &error)))
            }
        };
        Ok(Self { path, content, damage, file })
    }

    /// Writes what it should say; whether that changed it.
    pub fn write(&self, content: &Lockfile) -> Result<bool> {
        let text = content.to_string();
        if self.file.text() == Some(&text) {
            return Ok(false);
        }
        self.file.replace(&text).map(|()| true)
    }
}

/// The error for a text that is no lockfile.
fn parse_error(path: &Path, is_in_directory: bool, error: &LockError) -> Error {
    let place = FileLocation {
        line: error.line,
        ..FileLocation::of_file(path.to_path_buf(), is_in_directory)
    };
    place.parse_error(&error.reason).hint("use lock")
}

/// The error where nothing in a project can be locked.
pub fn nothing_to_lock(directory: &Path) -> Error {
    let what = format!("no version file of {} pins a tool", Shown(directory));
    Error::new(ErrorKind::Usage, what).hint("use node@lts")
}
