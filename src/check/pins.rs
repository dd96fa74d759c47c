//! The pins in one folder, overridden ones included: found by the search that the shims use, so that
//! no file is read in two ways.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use usher_shims::call::Call;
use usher_shims::error::{Error, Result};
use usher_shims::pin::{Origin, Pin};
use usher_shims::search::{Finding, Skipped, search};
use usher_shims::tool::{Tool, VersionFile};
use usher_shims::world::{Os, World as _};

use super::mention::{Mention, MentionKind, MentionPlace, Note};
use crate::inventory::os_in_folder::{OsInFolder, Visibility};
use crate::session::Session;

/// The pins and constraints in a folder.
#[derive(Debug, Default)]
pub(super) struct FolderPins {
    /// All of them, the strongest of each tool first.
    pub(super) mentions: Vec<Mention>,
    /// What was skipped.
    pub(super) notes: Vec<Note>,
}

/// The names of all tools' version files.
pub(super) fn version_file_names(session: &Session) -> Vec<&'static str> {
    let files = session.registry.all().flat_map(|known| known.tool.files);
    let mut names: Vec<&str> = files.flat_map(VersionFile::places).copied().collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Reads the version files of a folder of the project. A file that exists for versions alone and
/// can't be parsed is an error.
pub(super) fn read(
    session: &Session,
    root: &Path,
    folder: &Path,
    names: &[&str],
) -> Result<FolderPins> {
    let mut pins = FolderPins::default();
    let mut present = Vec::new();
    let seen = Os.visit_existing(folder, names, &mut |place| {
        present.push(names[place]);
        ControlFlow::Continue(())
    });
    match seen {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return Ok(pins),
        seen => seen.map_err(|error| Error::io("search", folder, error))?,
    }
    for known in session.registry.all() {
        let mut places = known.tool.files.iter().flat_map(VersionFile::places);
        if places.any(|place| present.contains(place)) {
            one_tool(session, (root, folder), known.tool, &mut pins)?;
        }
    }
    Ok(pins)
}

fn one_tool(
    session: &Session,
    (root, folder): (&Path, &Path),
    tool: &'static Tool,
    pins: &mut FolderPins,
) -> Result<()> {
    let Some(call) = Call::for_main_program(tool) else { return Ok(()) };
    let world = OsInFolder { folder, visibility: Visibility::FolderOnly };
    let mut broken = None;
    search(&world, &session.index, &call, &mut |finding| {
        match finding {
            Finding::Pin(pin) => {
                pins.mentions.extend(mention(root, tool, &pin, MentionKind::Pin));
            }
            Finding::Constraint(pin) => {
                pins.mentions.extend(mention(root, tool, &pin, MentionKind::Constraint));
            }
            Finding::Broken(error, _) => {
                broken = Some(error);
                return ControlFlow::Break(());
            }
            Finding::Skipped(passed)
                if passed.is_unusable() || matches!(passed, Skipped::UnreadableFolder(_)) =>
            {
                pins.notes.push(Note { place: None, what: passed.to_string() });
            }
            Finding::Skipped(_) | Finding::Default(_) => {}
        }
        ControlFlow::Continue(())
    })?;
    broken.map_or(Ok(()), Err)
}

fn mention(root: &Path, tool: &'static Tool, pin: &Pin, kind: MentionKind) -> Option<Mention> {
    let Origin::File(place) = &pin.origin else { return None };
    let requests: Vec<String> =
        pin.requests.iter().map(|request| request.as_str().to_owned()).collect();
    let label = place.field.map_or_else(String::new, |field| format!("{field}: "));
    Some(Mention {
        tool,
        shown: format!("{label}{}", requests.join(" ")),
        requests,
        read: pin.requests.clone(),
        place: MentionPlace { path: relative_path(root, &place.path), line: place.line },
        kind,
    })
}

/// A path relative to the project's folder.
pub(super) fn relative_path(root: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(root).unwrap_or(path).to_path_buf()
}

/// The folder of a file of the project.
pub(super) fn folder_of(root: &Path, path: &Path) -> PathBuf {
    let path = root.join(path);
    path.parent().unwrap_or(root).to_path_buf()
}
