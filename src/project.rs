//! A project's pin, changed in the file that holds it, in that file's dialect.

use std::fs;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, Exit, Result};
use usher_shims::pin::{Origin, Place};
use usher_shims::request::{Meaning, Request};
use usher_shims::search::{Culprit, Finding, search};
use usher_shims::tool::{Reader, Tool};
use usher_shims::version::Version;
use usher_shims::world::World as _;

use crate::edit;
use crate::usher::{Usher, interpreter, read_text};

/// The file that is made where a project has none.
const OWN_FILE: &str = ".tool-versions";

/// What marks a project's folder beside the files that tools read: version control, and manifests.
const MARKS: [&str; 13] = [
    ".git",
    ".hg",
    ".svn",
    ".jj",
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

/// Where a pin is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// In the project: the file that pins the tool today.
    Change(Place),
    /// In the project: this `.tool-versions`.
    Add(PathBuf),
    /// There is no project here: the user's default.
    Default,
}

/// A pin that was written.
#[derive(Debug)]
pub struct Written {
    /// The file.
    pub path: PathBuf,
    /// The request, as it stands there now.
    pub text: String,
    /// Whether that changed anything.
    pub changed: bool,
}

/// Finds where a tool's pin belongs.
pub fn target(usher: &Usher, tool: &'static Tool) -> Result<Target> {
    let directory = usher
        .world
        .directory()
        .map_err(|error| Error::io("find", Path::new("the working directory"), &error))?;
    let Some(root) = root(usher, &directory)? else { return Ok(Target::Default) };
    match pinned_today(usher, tool)? {
        Some(place) if place.path.parent().is_some_and(|folder| folder.starts_with(&root)) => {
            Ok(Target::Change(place))
        }
        Some(_) | None => Ok(Target::Add(root.join(OWN_FILE))),
    }
}

/// The project's folder: the nearest ancestor below the home folder with version control, a
/// manifest or a version file, else the working directory; none in the home folder and the root.
pub fn root(usher: &Usher, directory: &Path) -> Result<Option<PathBuf>> {
    let files =
        usher.registry.all().flat_map(|known| known.tool.files.iter().map(|file| file.name));
    let mut marks: Vec<&str> = MARKS.into_iter().chain(files).collect();
    marks.sort_unstable();
    marks.dedup();
    let home = usher.folders.user_home.as_deref();
    let is_outside = |folder: &Path| Some(folder) == home || folder.parent().is_none();
    for folder in directory.ancestors().take_while(|folder| !is_outside(folder)) {
        for names in marks.chunks(32) {
            match usher.world.probe(folder, names) {
                Ok(0) => {}
                Ok(_) => return Ok(Some(folder.to_path_buf())),
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {}
                Err(error) => return Err(Error::io("search", folder, &error)),
            }
        }
    }
    Ok((!is_outside(directory)).then(|| directory.to_path_buf()))
}

/// The place in the project's files that pins the tool now, or that is there to and says nothing
/// that can be understood.
fn pinned_today(usher: &Usher, tool: &'static Tool) -> Result<Option<Place>> {
    let Some(call) = interpreter(tool) else { return Ok(None) };
    let mut found = None;
    let mut broken = None;
    // Variables are none of the project's.
    search(&usher.world, &usher.home, &call, &mut |finding| match finding {
        Finding::Pin(pin) => match pin.origin {
            Origin::File(place) => {
                found = Some(place);
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        },
        Finding::Broken(_, Culprit::Text(place)) => {
            found = Some(place);
            ControlFlow::Break(())
        }
        Finding::Broken(error, Culprit::File) => {
            broken = Some(error);
            ControlFlow::Break(())
        }
        Finding::Default(_) => ControlFlow::Break(()),
        Finding::Broken(_, Culprit::Variable) | Finding::Constraint(_) | Finding::Passed(_) => {
            ControlFlow::Continue(())
        }
    })?;
    broken.map_or(Ok(found), Err)
}

/// Writes a pin; `version` is what the request comes to today, for files that want it exact.
pub fn write(
    usher: &Usher,
    target: &Target,
    tool: &'static Tool,
    (request, version): (&Request, Option<&Version>),
) -> Result<Written> {
    let path = match target {
        Target::Change(place) => place.path.clone(),
        Target::Add(path) => path.clone(),
        Target::Default => usher.folders.config.join("tool-versions"),
    };
    let before = read_text(&path)?.unwrap_or_default();
    let reader = tool.files.iter().find(|file| path.ends_with(file.name)).map(|file| &file.reader);
    let (after, text) = match (target, reader) {
        (Target::Change(place), Some(Reader::Json(fields))) => {
            json(&before, place, fields, tool, (request, version))?
        }
        (Target::Change(_), Some(Reader::Plain)) => {
            let text = plain_text(&path, request);
            (edit::plain::set(&before, &text), text)
        }
        _ => {
            let text = tool_versions_text(&before, tool, request, version);
            let names: Vec<&str> = tool.all_names().collect();
            (edit::tool_versions::set(&before, &names, &text), text)
        }
    };
    let changed = after != before;
    if changed {
        replace(&path, &after)?;
    }
    Ok(Written { path, text, changed })
}

/// `.tool-versions` is asdf's, which knows exact versions only: where one stood, one stands.
fn tool_versions_text(
    before: &str,
    tool: &Tool,
    request: &Request,
    version: Option<&Version>,
) -> String {
    let mut lines = before.lines().map(str::split_whitespace);
    let old = lines.find_map(|mut words| {
        let name = words.next()?;
        tool.all_names().any(|known| known == name).then(|| words.next().map(str::to_owned))?
    });
    let was_exact =
        old.and_then(|old| Version::parse(&old)).is_some_and(|old| is_exact(&old, tool));
    match version.filter(|_| was_exact) {
        Some(version) => version.to_string(),
        None => request.to_string(),
    }
}

fn is_exact(version: &Version, tool: &Tool) -> bool {
    version.numbers().as_slice().len() >= usize::from(tool.parts)
}

/// nvm writes the newest LTS as `lts/*`.
fn plain_text(path: &Path, request: &Request) -> String {
    match request.meaning() {
        Meaning::Lts if path.ends_with(".nvmrc") => "lts/*".to_owned(),
        _ => request.to_string(),
    }
}

/// A field of a JSON document. A field of its own for versions wants an exact one; a `version`
/// among others is a range.
fn json(
    before: &str,
    place: &Place,
    fields: &[usher_shims::tool::Field],
    tool: &Tool,
    (request, version): (&Request, Option<&Version>),
) -> Result<(String, String)> {
    let field = fields.iter().find(|field| Some(field.at) == place.field);
    let Some(field) = field else { return Err(cannot_edit(place, tool)) };
    let path: Vec<&str> = field.at.split('.').collect();
    let (edited, text) = if let Some(name) = field.named {
        let text = request.to_string();
        (edit::json::set_named(before, &path, name, &text), text)
    } else {
        let text = version.map_or_else(|| request.to_string(), ToString::to_string);
        (edit::json::set(before, &path, &text), text)
    };
    let edited = edited.map_err(|fault| fault.in_file(&place.path))?;
    edited.map(|after| (after, text)).ok_or_else(|| cannot_edit(place, tool))
}

fn cannot_edit(place: &Place, tool: &Tool) -> Error {
    Error::new(Exit::Data, format!("{place} pins {}, but can't be changed by usher", tool.name))
        .hint("change it by hand")
}

/// Replaces a file whole, keeping its mode; through a link, what that leads to.
pub fn replace(path: &Path, text: &str) -> Result<()> {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = real.parent().unwrap_or(&real);
    fs::create_dir_all(folder).map_err(|error| Error::io("make the folder", folder, &error))?;
    let before = fs::metadata(&real).ok().map(|seen| seen.permissions());
    let mut file = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(|error| Error::io("write in", folder, &error))?;
    let kept = before.map_or(Ok(()), |permissions| file.as_file().set_permissions(permissions));
    let written = kept
        .and_then(|()| file.write_all(text.as_bytes()))
        .and_then(|()| file.as_file().sync_all());
    written.map_err(|error| Error::io("write", &real, &error))?;
    file.persist(&real).map_err(|error| Error::io("replace", &real, &error.error))?;
    Ok(())
}
