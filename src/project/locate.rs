//! Finding where a tool's pin is written: where the project pins it already, else the project's folder.
//! Writes nothing.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use usher_shims::call::Call;
use usher_shims::error::{Error, Result};
use usher_shims::ownership::{is_shared, is_trusted_name};
use usher_shims::pin::{FileLocation, Origin};
use usher_shims::read::{decode, read};
use usher_shims::request::{Request, RequestKind};
use usher_shims::search::{ErrorSource, Finding, Skipped, VERSION_CONTROL, search};
use usher_shims::tool::{FieldRole, Tool, VersionField, VersionFile};
use usher_shims::world::World as _;

use super::spelling::wants_version;
use super::write::{cannot_edit, needs_exact_version, project_file};
use super::{OWN_FILE, PinLocation, PinTarget};
use crate::session::Session;

/// The manifests that mark a project's folder, as version control and version files do.
const MANIFESTS: [&str; 9] = [
    "Cargo.toml",
    "go.mod",
    "composer.json",
    "Gemfile",
    "mix.exs",
    "pom.xml",
    "build.gradle",
    "setup.py",
    "Makefile",
];

/// Where a tool is pinned, seen from the working directory.
#[derive(Debug)]
pub enum ProjectPin {
    /// No folder here is a project's.
    NoProject,
    /// The project doesn't pin it: a new pin would be in this folder.
    Unpinned {
        /// The project's folder.
        root: PathBuf,
        /// The folder that isn't left.
        project: PathBuf,
    },
    /// One of the project's files pins it.
    Pinned(PinLocation),
}

/// Where a tool's pin is written. An error if this request can't be written there.
pub fn pin_target(session: &Session, tool: &'static Tool, request: &Request) -> Result<PinTarget> {
    match project_pin(session, tool)? {
        ProjectPin::NoProject => Ok(PinTarget::Default),
        ProjectPin::Unpinned { root, project } => {
            Ok(PinTarget::NewFile { path: root.join(OWN_FILE), project })
        }
        ProjectPin::Pinned(location) => {
            check_editable(&location, tool, request)?;
            Ok(PinTarget::Existing(location))
        }
    }
}

/// Where the project pins a tool. An error if usher doesn't change that file.
pub fn project_pin(session: &Session, tool: &'static Tool) -> Result<ProjectPin> {
    let directory = session
        .world
        .directory()
        .map_err(|error| Error::io("find", Path::new("the working directory"), error))?;
    let Some(root) = project_root(session, &directory)? else { return Ok(ProjectPin::NoProject) };
    let project = repository(session, &root);
    let current = current_pin(session, tool)
        .map_err(|error| dangling_link(&directory, &project, tool).unwrap_or(error))?;
    match current {
        Some(place) if place.path.parent().is_some_and(|folder| folder.starts_with(&root)) => {
            let Some(file) = file(&place, tool) else { return Err(cannot_edit(&place, tool)) };
            let field = pin_field(session, &place, file, tool);
            if file.generated {
                let error = cannot_edit(&place, tool).because("the file is generated");
                return Err(error.hint("change the file that it is generated from"));
            }
            Ok(ProjectPin::Pinned(PinLocation { place, project, file, field }))
        }
        Some(_) | None => Ok(ProjectPin::Unpinned { root, project }),
    }
}

/// The error for a version file that is a link to a missing one: where it leads.
fn dangling_link(directory: &Path, project: &Path, tool: &Tool) -> Option<Error> {
    let folders = directory.ancestors().take_while(|folder| folder.starts_with(project));
    let places = |folder: &'_ Path| -> Vec<PathBuf> {
        tool.files.iter().flat_map(VersionFile::places).map(|place| folder.join(place)).collect()
    };
    let mut paths = folders.flat_map(places);
    let is_dangling = |path: &PathBuf| path.is_symlink() && !path.exists();
    project_file(directory, project, &paths.find(is_dangling)?).err()
}

/// An error if a pin can't be changed to this request.
fn check_editable(location: &PinLocation, tool: &'static Tool, request: &Request) -> Result<()> {
    let is_none = matches!(request.kind(), RequestKind::System | RequestKind::Path(_));
    match is_none && location.field.is_some_and(|field| wants_version(field, request)) {
        true => Err(needs_exact_version(&location.place, tool, request)),
        false => Ok(()),
    }
}

/// The kind of file that a location is in: the one of that name, else one that can extend others.
fn file(location: &FileLocation, tool: &'static Tool) -> Option<&'static VersionFile> {
    let extends = |file: &&VersionFile| file.fields.iter().any(|field| field.extends);
    let named = tool.files.iter().find(|file| file.is_at(&location.path));
    named.or_else(|| tool.files.iter().find(extends))
}

/// The field that pins at this location.
fn pin_field(
    session: &Session,
    location: &FileLocation,
    file: &'static VersionFile,
    tool: &'static Tool,
) -> Option<&'static VersionField> {
    let content = session.world.read(&location.path).ok()?;
    let text = decode(&content.bytes).ok()?;
    let all = read(&text, file, tool).ok()?.into_iter();
    let mut fields = all.filter(|written| match location.field {
        Some(at) => written.field.is_some_and(|field| field.path == at),
        None => written.line == location.line,
    });
    fields.find_map(|written| {
        written.field.filter(|field| field.role != FieldRole::Constraint && !field.extends)
    })
}

/// The folder that isn't left: what version control has as one, else the project's folder.
pub fn repository(session: &Session, root: &Path) -> PathBuf {
    let home = session.folders.user_home.as_deref();
    let mut folders = root.ancestors().take_while(|folder| Some(*folder) != home);
    let has_marks = |folder: &&Path| {
        session.world.existing_names(folder, &VERSION_CONTROL).is_ok_and(|found| found != 0)
    };
    folders.find(has_marks).unwrap_or(root).to_path_buf()
}

/// The project's folder: the nearest ancestor below the home folder with version control, a
/// manifest or a version file, else with other programs' variables, else the working directory; none
/// in the home folder and the root.
pub fn project_root(session: &Session, directory: &Path) -> Result<Option<PathBuf>> {
    let marked = marked_root(session, directory)?;
    Ok(marked.or_else(|| (!is_outside(session, directory)).then(|| directory.to_path_buf())))
}

/// The project's folder, if something marks it: no working directory of which nothing is known.
pub fn marked_root(session: &Session, directory: &Path) -> Result<Option<PathBuf>> {
    let files = || session.registry.all().flat_map(|known| known.tool.files);
    let named = |fallback| files().filter(move |file| file.fallback == fallback);
    let marks = MANIFESTS.into_iter().chain(VERSION_CONTROL);
    let marks = marks.chain(named(false).flat_map(VersionFile::places).copied()).collect();
    if let Some(folder) = nearest_with(session, directory, marks)? {
        return Ok(Some(folder));
    }
    let variables = named(true).flat_map(VersionFile::places).copied().collect();
    nearest_with(session, directory, variables)
}

/// Whether a folder is no project's: the home folder, the root.
fn is_outside(session: &Session, folder: &Path) -> bool {
    Some(folder) == session.folders.user_home.as_deref() || folder.parent().is_none()
}

/// The nearest folder below the home folder that has one of these names.
fn nearest_with(
    session: &Session,
    directory: &Path,
    mut marks: Vec<&str>,
) -> Result<Option<PathBuf>> {
    marks.sort_unstable();
    marks.dedup();
    for folder in directory.ancestors().take_while(|folder| !is_outside(session, folder)) {
        for names in marks.chunks(32) {
            match session.world.existing_names(folder, names) {
                Ok(0) => {}
                Ok(_) if has_own(session, folder, names)? => return Ok(Some(folder.to_path_buf())),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {}
                Err(error) => return Err(Error::io("search", folder, error)),
            }
        }
    }
    Ok(None)
}

/// Whether a folder has one of these names, and no other account put it there.
fn has_own(session: &Session, folder: &Path, names: &[&str]) -> Result<bool> {
    let world = &session.world;
    let seen = world.metadata(folder).map_err(|error| Error::io("search", folder, error))?;
    let Some(shared) = seen.filter(is_shared) else { return Ok(true) };
    let is_own = |name: &&str| {
        world.existing_names(folder, &[name]).is_ok_and(|found| found != 0)
            && is_trusted_name(world, folder, &shared, name)
    };
    Ok(names.iter().any(is_own))
}

/// Where the project pins the tool now, or where a pin is that can't be parsed.
fn current_pin(session: &Session, tool: &'static Tool) -> Result<Option<FileLocation>> {
    let Some(call) = Call::for_main_program(tool) else { return Ok(None) };
    let (mut found, mut broken, mut unusable) = (None, None, None);
    // What isn't a version in a file of other programs' variables is theirs.
    let is_meant = |location: &FileLocation| file(location, tool).is_none_or(|one| !one.fallback);
    // Variables aren't the project's.
    search(&session.world, &session.index, &call, &mut |finding| match finding {
        Finding::Pin(pin) => match pin.origin {
            Origin::File(location) => {
                found = Some(location);
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        },
        Finding::Broken(_, ErrorSource::Text(location)) => {
            found = Some(location);
            ControlFlow::Break(())
        }
        Finding::Skipped(Skipped::UnusablePin(_, location)) => {
            unusable = unusable.take().or_else(|| Some(location).filter(is_meant));
            ControlFlow::Continue(())
        }
        Finding::Broken(error, ErrorSource::File(_)) => {
            broken = Some(error);
            ControlFlow::Break(())
        }
        Finding::Default(_) => ControlFlow::Break(()),
        Finding::Broken(_, ErrorSource::Variable)
        | Finding::Constraint(_)
        | Finding::Skipped(_) => ControlFlow::Continue(()),
    })?;
    broken.map_or(Ok(found.or(unusable)), Err)
}
