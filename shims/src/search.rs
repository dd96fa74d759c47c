//! Who asks for which version: the call, variables, the project's files, the defaults, strongest
//! first.

use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::path::{Component, Path, PathBuf};

use crate::call::Call;
use crate::error::{Error, ErrorKind, Escaped, Result, Shown};
use crate::index::Index;
use crate::pin::{FileLocation, Origin, Pin, refuse};
use crate::read::{RawRequest, TOOL_VERSIONS, decode, read};
use crate::request::{Request, RequestTrust};
use crate::tool::{
    FieldRole, IGNORED_FOLDERS, IgnoredFolder, Reader, Tool, VersionField, VersionFile,
};
use crate::world::{World, is_absent, read_optional};

/// Something that the search came upon.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// Somebody asks, stronger than any default.
    Pin(Pin),
    /// A project's file says what will do.
    Constraint(Pin),
    /// The user's default, or the machine's.
    Default(Pin),
    /// A variable, or a file that exists for versions alone, can't be used.
    Broken(Error, ErrorSource),
    /// Something was passed over.
    Skipped(Skipped),
}

/// What was passed over, and so decides nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Skipped {
    /// A variable that is no request here, by the settings.
    Variable(&'static str),
    /// The working directory can't be told, for this reason.
    Directory(String),
    /// A folder of other people's code: the search begins above it.
    Others(PathBuf),
    /// A folder that may not be searched.
    Folder(PathBuf),
    /// The folder above which nothing is looked for.
    Ceiling(PathBuf),
    /// A file that says nothing of the tool.
    Silent(PathBuf),
    /// A file for other things too, or a constraint, that can't be understood.
    Unusable(Error),
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = |path: &Path| Shown(path).to_string();
        match self {
            Self::Variable(name) => write!(f, "{name} is no request here, by the settings"),
            Self::Directory(reason) => write!(f, "the working directory can't be told: {reason}"),
            Self::Others(folder) => write!(f, "{} holds other people's code", path(folder)),
            Self::Folder(folder) => write!(f, "{} may not be searched", path(folder)),
            Self::Ceiling(folder) => write!(f, "nothing above {} is read", path(folder)),
            Self::Silent(file) => write!(f, "{} says nothing of it", path(file)),
            Self::Unusable(error) => error.fmt(f),
        }
    }
}

/// What can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorSource {
    /// A variable.
    Variable,
    /// A file or a folder that can't be read.
    File,
    /// What a file says, there; another request in its place would mend it.
    Text(FileLocation),
}

/// Looks for who asks, strongest first, until the visitor has enough.
pub fn search(
    world: &impl World,
    index: &Index,
    call: &Call,
    visit: &mut dyn FnMut(Finding) -> ControlFlow<()>,
) -> Result<()> {
    let mut search = Search { world, index, tool: call.tool, visit };
    let _ = search.all(call)?;
    Ok(())
}

struct Search<'a, W: World> {
    world: &'a W,
    index: &'a Index,
    tool: &'static Tool,
    visit: &'a mut dyn FnMut(Finding) -> ControlFlow<()>,
}

/// How many files may extend one another.
const MOST_EXTENSIONS: usize = 16;

/// Where the search of the project's files begins.
struct SearchStart<'a> {
    folder: &'a Path,
    /// The outermost folder of other people's code that is passed over.
    others: Option<&'a Path>,
}

/// A place that names a version and the file it stands in, or why an extended file can't be used.
type LocatedRequest = Result<(PathBuf, RawRequest)>;

/// Whether the visitor wants more, or an error that ends everything.
type SearchFlow = Result<ControlFlow<()>>;

/// Ends a function where the visitor has enough.
macro_rules! step {
    ($flow:expr) => {
        if $flow.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    };
}

impl<W: World> Search<'_, W> {
    fn all(&mut self, call: &Call) -> SearchFlow {
        if let Some(pin) = &call.pin {
            step!((self.visit)(Finding::Pin(pin.clone())));
        }
        step!(self.variables());
        step!(self.project()?);
        for (path, origin) in [
            (self.index.folders.default_file(), Origin::Default as fn(FileLocation) -> Origin),
            (self.index.folders.machine_default_file(), Origin::Machine),
        ] {
            step!(self.default(&path, origin)?);
        }
        Ok(ControlFlow::Continue(()))
    }

    fn variables(&mut self) -> ControlFlow<()> {
        for variable in self.tool.variables {
            let Some(value) = self.world.variable(variable).filter(|value| !value.is_empty())
            else {
                continue;
            };
            if self.index.ignore_variables().iter().any(|ignored| ignored == variable) {
                (self.visit)(Finding::Skipped(Skipped::Variable(variable)))?;
                continue;
            }
            let text = value.to_string_lossy();
            let finding = match Request::parse(&text, self.tool, RequestTrust::User) {
                Ok(request) => Finding::Pin(Pin {
                    requests: vec![request],
                    origin: Origin::Variable(variable),
                }),
                Err(reason) => Finding::Broken(
                    Error::new(
                        ErrorKind::BadSetting,
                        format!(
                            "{variable}={} asks for no version of {}",
                            Escaped(&text),
                            self.tool.name
                        ),
                    )
                    .because(reason)
                    .hint(format!("unset {variable}")),
                    ErrorSource::Variable,
                ),
            };
            (self.visit)(finding)?;
        }
        ControlFlow::Continue(())
    }

    /// The project's files, nearest folder first.
    fn project(&mut self) -> SearchFlow {
        let directory = match self.world.directory() {
            Ok(directory) => directory,
            Err(error) => {
                return Ok((self.visit)(Finding::Skipped(Skipped::Directory(error.to_string()))));
            }
        };
        let names: Vec<&str> = self.tool.files.iter().map(|file| file.name).collect();
        let start = self.outside_of_others(&directory)?;
        if let Some(others) = start.others {
            step!((self.visit)(Finding::Skipped(Skipped::Others(others.to_path_buf()))));
        }
        // A ceiling inside other people's code ends the search before it begins.
        let ceiling = self.index.ceiling();
        let is_below = |ceiling: &&Path| *ceiling != start.folder && directory.starts_with(ceiling);
        if let Some(ceiling) = ceiling.filter(|one| one.starts_with(start.folder)).filter(is_below)
        {
            return Ok((self.visit)(Finding::Skipped(Skipped::Ceiling(ceiling.to_path_buf()))));
        }
        for folder in start.folder.ancestors() {
            match self.world.existing_names(folder, &names) {
                Ok(present) => step!(self.folder(folder, present)?),
                Err(error) if is_refused(&error) => {
                    let passed = Skipped::Folder(folder.to_path_buf());
                    step!((self.visit)(Finding::Skipped(passed)));
                }
                Err(error) => {
                    let error = Error::io("search", folder, error);
                    step!((self.visit)(Finding::Broken(error, ErrorSource::File)));
                }
            }
            if self.index.ceiling() == Some(folder) {
                step!((self.visit)(Finding::Skipped(Skipped::Ceiling(folder.to_path_buf()))));
                break;
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn folder(&mut self, folder: &Path, present: u32) -> SearchFlow {
        for (place, file) in self.tool.files.iter().enumerate() {
            if present & (1 << place) != 0 {
                step!(self.file(&folder.join(file.name), file)?);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn file(&mut self, path: &Path, file: &'static VersionFile) -> SearchFlow {
        let found = match self.written(path, file, 0) {
            Ok(found) => found,
            Err(broken) => return Ok(self.unusable(broken, file)),
        };
        if found.is_empty() {
            return Ok((self.visit)(Finding::Skipped(Skipped::Silent(path.to_path_buf()))));
        }
        for found in found {
            let finding = match found {
                Ok((path, written)) => self.finding(&path, file, &written),
                Err(error) => Finding::Skipped(Skipped::Unusable(error)),
            };
            step!((self.visit)(finding));
        }
        Ok(ControlFlow::Continue(()))
    }

    /// What a file says, and in which file that stands: where it names another one in place of
    /// some of its fields, these are that one's, or why that one can't be used.
    fn written(
        &self,
        path: &Path,
        file: &'static VersionFile,
        depth: usize,
    ) -> std::result::Result<Vec<LocatedRequest>, (Error, ErrorSource)> {
        let refuse = |complaint: &str| (refuse(path, complaint), ErrorSource::File);
        if depth > MOST_EXTENSIONS {
            return Err(refuse("too many files extend each other, or they do so in a circle"));
        }
        let content = self
            .world
            .read(path)
            .map_err(|error| (Error::io("read", path, error), ErrorSource::File))?;
        let text = decode(&content).map_err(|complaint| refuse(&complaint))?;
        let found = read(&text, file, self.tool)
            .map_err(|complaint| self.says_nothing(path, &complaint))?;
        let mut all = Vec::new();
        for written in found {
            let Some(field) = written.field.filter(|field| field.extends) else {
                all.push(Ok((path.to_path_buf(), written)));
                continue;
            };
            let named = written.texts.first().map_or("", String::as_str);
            match self.written(&beside(path, named), file, depth + 1) {
                Ok(others) => all.extend(others.into_iter().filter(|other| match other {
                    Ok((_, written)) => is_beside(written, field),
                    Err(_) => true,
                })),
                Err((error, _)) => all.push(Err(error)),
            }
        }
        Ok(all)
    }

    /// What a place in a project's file means.
    fn finding(&self, path: &Path, file: &VersionFile, written: &RawRequest) -> Finding {
        let role = written.field.map_or(FieldRole::Pin, |field| field.role);
        match (self.pin(path, written, (Origin::File, Some(file))), role) {
            (Ok(pin), FieldRole::Constraint) => Finding::Constraint(pin),
            (Ok(pin), FieldRole::Either) if pin.is_range() => Finding::Constraint(pin),
            (Ok(pin), FieldRole::Pin | FieldRole::Either) => Finding::Pin(pin),
            // A constraint only reports; a pin that can't be understood must not be passed over.
            (Err((error, _)), FieldRole::Constraint) => Finding::Skipped(Skipped::Unusable(error)),
            (Err((error, culprit)), FieldRole::Pin | FieldRole::Either) => {
                Finding::Broken(error, culprit)
            }
        }
    }

    /// A file that exists for versions alone is an error; one for other things too is a note.
    fn unusable(
        &mut self,
        (error, culprit): (Error, ErrorSource),
        file: &VersionFile,
    ) -> ControlFlow<()> {
        let finding = match file.is_for_versions_alone() {
            true => Finding::Broken(error, culprit),
            false => Finding::Skipped(Skipped::Unusable(error)),
        };
        (self.visit)(finding)
    }

    fn default(&mut self, path: &Path, origin: fn(FileLocation) -> Origin) -> SearchFlow {
        let content = match read_optional(self.world, path) {
            Ok(Some(content)) => content,
            Ok(None) => return Ok(ControlFlow::Continue(())),
            Err(error) => {
                let error = Error::io("read", path, error);
                return Ok((self.visit)(Finding::Broken(error, ErrorSource::File)));
            }
        };
        let text = match decode(&content) {
            Ok(text) => text,
            Err(complaint) => {
                let error = refuse(path, &complaint);
                return Ok((self.visit)(Finding::Broken(error, ErrorSource::File)));
            }
        };
        let found = match read(&text, &TOOL_VERSIONS, self.tool) {
            Ok(found) => found,
            Err(complaint) => {
                let (error, culprit) = self.says_nothing(path, &complaint);
                return Ok((self.visit)(Finding::Broken(error, culprit)));
            }
        };
        for written in found {
            let finding = match self.pin(path, &written, (origin, None)) {
                Ok(pin) => Finding::Default(pin),
                Err((error, culprit)) => Finding::Broken(error, culprit),
            };
            step!((self.visit)(finding));
        }
        Ok(ControlFlow::Continue(()))
    }

    /// A file that is there for versions and names none.
    fn says_nothing(&self, path: &Path, complaint: &str) -> (Error, ErrorSource) {
        let error = refuse(path, complaint).hint(format!("use {}", self.tool.name));
        let place = FileLocation { path: path.to_path_buf(), line: 0, field: None };
        (error, ErrorSource::Text(place))
    }

    /// The pin that is written at a place: of a project's file, or of a default.
    fn pin(
        &self,
        path: &Path,
        written: &RawRequest,
        (origin, file): (fn(FileLocation) -> Origin, Option<&VersionFile>),
    ) -> std::result::Result<Pin, (Error, ErrorSource)> {
        let is_document =
            file.is_some_and(|file| matches!(file.reader, Reader::Json | Reader::Toml));
        let field = written.field.filter(|_| is_document).map(|field| field.path);
        let place = FileLocation { path: path.to_path_buf(), line: written.line, field };
        let parse = |text: &String| match (written.field, file) {
            (Some(field), _) => Request::parse_field(text, self.tool, field),
            (None, Some(_)) => Request::parse(text, self.tool, RequestTrust::Project),
            (None, None) => Request::parse(text, self.tool, RequestTrust::User),
        };
        let requests = written.texts.iter().map(|text| {
            parse(text).map_err(|reason| {
                let name = self.tool.name;
                let what =
                    format!("{place} asks for {name} “{}”, which is no version", Escaped(text));
                let error = Error::new(ErrorKind::BadFile, what)
                    .because(reason)
                    .hint(format!("use {name}"));
                (error, ErrorSource::Text(place.clone()))
            })
        });
        Ok(Pin {
            requests: requests.collect::<std::result::Result<_, _>>()?,
            origin: origin(place),
        })
    }

    /// Where to begin: at the working directory, or above other people's code.
    fn outside_of_others<'d>(&self, directory: &'d Path) -> Result<SearchStart<'d>> {
        let mut start = SearchStart { folder: directory, others: None };
        for folder in directory.ancestors() {
            let Some(name) = folder.file_name() else { continue };
            let named = |rule: &&IgnoredFolder| name == rule.name();
            for rule in IGNORED_FOLDERS.iter().filter(named) {
                if self.holds_others(folder, rule)? {
                    start = SearchStart {
                        folder: folder.parent().unwrap_or(folder),
                        others: Some(folder),
                    };
                }
            }
        }
        Ok(start)
    }

    fn holds_others(&self, folder: &Path, rule: &IgnoredFolder) -> Result<bool> {
        let is_it = folder.ends_with(rule.folder);
        if !is_it || rule.beside.is_empty() {
            return Ok(is_it);
        }
        let Some(parent) = folder.parent() else { return Ok(false) };
        match self.world.existing_names(parent, rule.beside) {
            Ok(present) => Ok(present != 0),
            Err(error) if is_refused(&error) || is_absent(&error) => Ok(false),
            Err(error) => Err(Error::io("search", parent, error)),
        }
    }
}

/// The path that a file names from its own folder, without its `..`.
fn beside(path: &Path, named: &str) -> PathBuf {
    let mut folder = path.parent().unwrap_or(path).to_path_buf();
    for part in Path::new(named).components() {
        match part {
            Component::ParentDir => {
                folder.pop();
            }
            Component::CurDir => {}
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => folder.push(part),
        }
    }
    folder
}

/// Whether a field stands in the same part of a document as another one.
fn is_beside(written: &RawRequest, field: &VersionField) -> bool {
    let part = |field: &VersionField| field.path.split('.').next();
    written.field.map(part) == Some(part(field))
}

/// Whether a folder may not be searched, or its path is longer than the system takes.
fn is_refused(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidFilename)
}
