//! Which version is requested where: by the call, variables, the project's files, the defaults,
//! strongest first.

use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::call::Call;
use crate::error::{Error, ErrorKind, Escaped, Result, Shown};
use crate::index::Index;
use crate::name::Name;
use crate::ownership::{is_planted_file, is_shared, is_trusted_file, is_trusted_name};
use crate::path::without_dots;
use crate::pin::{FileLocation, Origin, Pin};
use crate::read::{PLAIN, RawRequest, TOOL_VERSIONS, decode, read};
use crate::request::{
    NO_REQUEST, Request, RequestKind, RequestTrust, is_refused, looks_like_request,
};
use crate::store::{Lookup, best_match, named_toolchain};
use crate::tool::{
    FieldRole, IGNORED_FOLDERS, IgnoredFolder, Reader, Tool, VersionField, VersionFile,
};
use crate::world::{FileContent, FileMeta, Identity, NOT_REGULAR, World, is_absent, read_optional};

/// Something that the search found.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// A request by the call, a variable or a project's file.
    Pin(Pin),
    /// A range in a project's file that only limits.
    Constraint(Pin),
    /// The user's default, one that the administrator set for the account or its groups, or the
    /// machine's.
    Default(Pin),
    /// A variable, or a dedicated version file, that can't be used.
    Broken(Error, ErrorSource),
    /// Something that decides nothing, and why.
    Skipped(Skipped),
}

/// What was skipped, and so decides nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Skipped {
    /// A variable that the setting `ignore_variables` lists.
    IgnoredVariable(&'static str),
    /// The working directory is unknown, for this reason.
    NoDirectory(String),
    /// A folder of dependencies, such as `node_modules`: the search begins above it.
    IgnoredFolder(PathBuf),
    /// A folder without the permission to search it.
    UnreadableFolder(PathBuf),
    /// The folder where the search ends.
    Ceiling(PathBuf),
    /// A file that another account may have put into a folder where every account can create files.
    Untrusted(PathBuf),
    /// A file without a version of the tool.
    NoVersion(PathBuf),
    /// A shared file such as `package.json` that can't be read or parsed.
    UnusableFile(Error),
    /// An entry that would pin, and its place.
    UnusablePin(Error, FileLocation),
    /// An entry that would only limit.
    UnusableConstraint(Error),
}

impl Skipped {
    /// Whether it is a request, or a file that may have some, that can't be used.
    pub fn is_unusable(&self) -> bool {
        matches!(self, Self::UnusableFile(_) | Self::UnusablePin(..) | Self::UnusableConstraint(_))
    }

    /// Why a request, or a whole file, isn't used that would have decided.
    pub fn would_decide(self) -> Option<Error> {
        match self {
            Self::UnusableFile(error) | Self::UnusablePin(error, _) => Some(error),
            Self::IgnoredVariable(_)
            | Self::NoDirectory(_)
            | Self::IgnoredFolder(_)
            | Self::UnreadableFolder(_)
            | Self::Ceiling(_)
            | Self::Untrusted(_)
            | Self::NoVersion(_)
            | Self::UnusableConstraint(_) => None,
        }
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, path, after) = match self {
            Self::IgnoredVariable(name) => {
                return write!(f, "{name} is ignored (ignore_variables)");
            }
            Self::NoDirectory(reason) => {
                return write!(f, "the working directory is unknown: {reason}");
            }
            Self::UnusableFile(error)
            | Self::UnusablePin(error, _)
            | Self::UnusableConstraint(error) => return f.write_str(&error.line()),
            Self::IgnoredFolder(folder) => ("", folder, " is a folder of dependencies"),
            Self::UnreadableFolder(folder) => ("no permission to search ", folder, ""),
            Self::Ceiling(folder) => ("the search ends at ", folder, " (ceiling)"),
            Self::Untrusted(file) => {
                ("", file, " may be another account's: every account can create files there")
            }
            Self::NoVersion(file) => ("", file, " names no version of this tool"),
        };
        write!(f, "{before}{}{after}", Shown(path))
    }
}

/// What can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorSource {
    /// A variable.
    Variable,
    /// This file or folder, which can't be read.
    File(PathBuf),
    /// The text at this place in a file; writing another request there fixes it.
    Text(FileLocation),
}

fn broken_file(path: &Path) -> ErrorSource {
    ErrorSource::File(path.to_path_buf())
}

/// Finds requests and constraints, strongest first, until the visitor breaks.
pub fn search(
    world: &impl World,
    index: &Index,
    call: &Call,
    visit: &mut dyn FnMut(Finding) -> ControlFlow<()>,
) -> Result<()> {
    let mut search =
        Search { world, index, tool: call.tool, directory: None, unreadable: Vec::new(), visit };
    let _ = search.all(call)?;
    Ok(())
}

struct Search<'a, W: World> {
    world: &'a W,
    index: &'a Index,
    tool: &'static Tool,
    /// The process's working directory, once the search is there.
    directory: Option<PathBuf>,
    /// Folders in names of files that were reported.
    unreadable: Vec<PathBuf>,
    visit: &'a mut dyn FnMut(Finding) -> ControlFlow<()>,
}

/// A version file that may be in a folder.
#[derive(Clone, Copy)]
struct FileInFolder<'a> {
    folder: &'a Path,
    /// Its name in the folder.
    name: &'static str,
    file: &'static VersionFile,
    /// The folder, if every account can create files there.
    shared: Option<FileMeta>,
}

/// How many files may extend one another.
const MAX_EXTENSIONS: usize = 16;

/// Where the search of the project's files begins.
struct SearchStart<'a> {
    folder: &'a Path,
    /// The outermost folder of other people's code, which is skipped.
    ignored: Option<&'a Path>,
}

/// The names of folders of version control: what is beside one is a repository.
pub const VERSION_CONTROL: [&str; 4] = [".git", ".hg", ".jj", ".svn"];

/// A file that was read.
#[derive(Debug, Clone)]
struct SourceFile {
    path: PathBuf,
    /// Which file it was, to see at an error whether a link led to it.
    identity: Identity,
    /// What kind of file it is.
    file: &'static VersionFile,
}

/// A request and the file it is in, or why an extended file can't be used.
type LocatedRequest = Result<(SourceFile, RawRequest)>;

/// The requests of a file, or why it can't be used.
type FileRequests = std::result::Result<Vec<LocatedRequest>, (Error, ErrorSource)>;

/// A parsed request, or the short reason why a text is none.
type ParsedRequest = std::result::Result<Request, &'static str>;

/// A pin, or why its text can't be used.
type LocatedPin = std::result::Result<Pin, (Error, FileLocation)>;

/// Whether the search continues, or an error that ends it.
type SearchFlow = Result<ControlFlow<()>>;

/// The places of these files, strongest first, and the file of each.
fn places(files: &'static [VersionFile]) -> (Vec<&'static str>, Vec<&'static VersionFile>) {
    let places = |file: &'static VersionFile| file.places().iter().map(move |place| (*place, file));
    files.iter().flat_map(places).unzip()
}

/// Returns where the visitor breaks.
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
        let folders = &self.index.folders;
        let (own, machine) = (folders.default_file(), folders.machine_default_file());
        // On the machine's index, an account has no default of its own.
        if own.as_os_str() != machine.as_os_str() {
            step!(self.default(&own, &TOOL_VERSIONS, Origin::Default));
        }
        for other in self.tool.defaults {
            let [variable, known] = self.homes();
            let home = variable.or(known);
            let mut folders = other.folders.iter();
            let folder = folders.find_map(|folder| self.expand(folder, home.as_deref()));
            let Some(folder) = folder else { continue };
            for place in other.file.places() {
                let path = self.without_aliases(folder.join(place), &other.file);
                step!(self.default(&path, &other.file, Origin::Default));
            }
        }
        step!(self.administrators());
        Ok(self.default(&machine, &TOOL_VERSIONS, Origin::Machine))
    }

    /// The defaults that the administrator set for the account, and for its groups in the order of
    /// their numbers, the primary group first. A shim can't look up names.
    fn administrators(&mut self) -> ControlFlow<()> {
        let folders = &self.index.folders;
        let account = folders.account_defaults().join(self.world.account().to_string());
        self.default(&account, &TOOL_VERSIONS, Origin::Account)?;
        let folder = folders.group_defaults();
        if !matches!(self.world.metadata(&folder), Ok(Some(_))) {
            return ControlFlow::Continue(());
        }
        for group in self.world.groups() {
            self.default(&folder.join(group.to_string()), &TOOL_VERSIONS, Origin::Group)?;
        }
        ControlFlow::Continue(())
    }

    fn variables(&mut self) -> ControlFlow<()> {
        for variable in self.tool.variables {
            let Some(value) = self.world.variable(variable).filter(|value| !value.is_empty())
            else {
                continue;
            };
            if self.index.ignore_variables().iter().any(|ignored| ignored == variable) {
                (self.visit)(Finding::Skipped(Skipped::IgnoredVariable(variable)))?;
                continue;
            }
            let text = value.to_string_lossy();
            let finding = match Request::parse(&text, self.tool, RequestTrust::User) {
                Ok(request) => Finding::Pin(Pin {
                    requests: vec![request],
                    origin: Origin::Variable(variable),
                }),
                Err(reason) => {
                    let origin = Origin::Variable(variable);
                    let error = self.invalid(&text, &origin, reason, ErrorKind::BadSetting);
                    let error = error.hint(format!("unset {variable}"));
                    Finding::Broken(error, ErrorSource::Variable)
                }
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
                return Ok((self.visit)(Finding::Skipped(Skipped::NoDirectory(error.to_string()))));
            }
        };
        self.directory = self.world.is_process_directory().then(|| directory.clone());
        let start = self.start(&directory)?;
        if let Some(ignored) = start.ignored {
            step!((self.visit)(Finding::Skipped(Skipped::IgnoredFolder(ignored.to_path_buf()))));
        }
        // A ceiling inside other people's code ends the search before it begins.
        let ceiling = self.index.ceiling();
        let is_below = |ceiling: &&Path| *ceiling != start.folder && directory.starts_with(ceiling);
        if let Some(ceiling) = ceiling.filter(|one| one.starts_with(start.folder)).filter(is_below)
        {
            return Ok((self.visit)(Finding::Skipped(Skipped::Ceiling(ceiling.to_path_buf()))));
        }
        let (names, files) = places(self.tool.files);
        let mut fallbacks = Vec::new();
        for folder in start.folder.ancestors() {
            let mut shared = None;
            let mut flow = ControlFlow::Continue(());
            let world = self.world;
            let searched = world.visit_existing(folder, &names, &mut |place| {
                let shared = *shared.get_or_insert_with(|| self.shared(folder));
                let one = FileInFolder { folder, name: names[place], file: files[place], shared };
                match one.file.fallback {
                    true => fallbacks.push(one),
                    false => flow = self.file(one),
                }
                flow
            });
            step!(flow);
            match searched {
                Ok(()) => {}
                Err(error) if is_unsearchable(&error) => {
                    let skipped = Skipped::UnreadableFolder(folder.to_path_buf());
                    step!((self.visit)(Finding::Skipped(skipped)));
                }
                Err(error) => {
                    let error = Error::io("search", folder, error);
                    step!((self.visit)(Finding::Broken(error, broken_file(folder))));
                }
            }
            if self.index.ceiling() == Some(folder) {
                step!((self.visit)(Finding::Skipped(Skipped::Ceiling(folder.to_path_buf()))));
                break;
            }
        }
        for one in fallbacks {
            step!(self.file(one));
        }
        Ok(ControlFlow::Continue(()))
    }

    /// A folder, if every account can create files there. It is no link: the search goes up from a
    /// physical path.
    fn shared(&self, folder: &Path) -> Option<FileMeta> {
        self.world.entry(folder).ok().flatten().filter(is_shared)
    }

    fn file(&mut self, one: FileInFolder<'_>) -> ControlFlow<()> {
        let FileInFolder { folder, name, file, shared } = one;
        let shared = shared.as_ref();
        let path = folder.join(name);
        let path = path.as_path();
        let is_nested = name.contains('/');
        if file.secret && self.is_above_project(folder) || is_nested && self.is_default(path) {
            return ControlFlow::Continue(());
        }
        let untrusted = Finding::Skipped(Skipped::Untrusted(path.to_path_buf()));
        // By the name first: another account's file may be a FIFO, or unreadable.
        if shared.is_some_and(|shared| !is_trusted_name(self.world, folder, shared, name)) {
            return (self.visit)(untrusted);
        }
        let content = match self.world.read(path) {
            Ok(content) => content,
            // There is no permission to search the folder in its name, and perhaps no such file.
            Err(_) if self.world.entry(path).is_err_and(|error| is_unsearchable(&error)) => {
                let parent = path.parent().unwrap_or(folder).to_path_buf();
                if self.unreadable.contains(&parent) {
                    return ControlFlow::Continue(());
                }
                self.unreadable.push(parent.clone());
                return (self.visit)(Finding::Skipped(Skipped::UnreadableFolder(parent)));
            }
            Err(error) => {
                let error = Error::io("read", path, error);
                return self.unusable(error, broken_file(path), file);
            }
        };
        // And by what was read: the name may have changed its file.
        if shared.is_some_and(|shared| !is_trusted_file(self.world, shared, &content.meta)) {
            return (self.visit)(untrusted);
        }
        let found = match self.requests(path, &content, file, 0) {
            Ok(found) => found,
            Err((error, source)) => return self.unusable(error, source, file),
        };
        if found.is_empty() {
            return (self.visit)(Finding::Skipped(Skipped::NoVersion(path.to_path_buf())));
        }
        for found in found {
            let finding = match found {
                Ok((source, raw)) if self.is_superseded(&source.path, raw.field) => {
                    Finding::Skipped(Skipped::NoVersion(source.path))
                }
                Ok((source, raw)) => self.finding(&source, &raw),
                Err(error) => Finding::Skipped(Skipped::UnusableFile(error)),
            };
            (self.visit)(finding)?;
        }
        ControlFlow::Continue(())
    }

    /// The requests in a file, each with the file it is in: a file may name another one whose
    /// fields are read in the place of its own.
    fn requests(
        &self,
        path: &Path,
        content: &FileContent,
        file: &'static VersionFile,
        depth: usize,
    ) -> FileRequests {
        let parse_error =
            |reason: &str| (self.whole_file(path).parse_error(reason), broken_file(path));
        if depth > MAX_EXTENSIONS {
            return Err(parse_error("too many files extend each other, or they do so in a circle"));
        }
        let source = SourceFile { path: path.to_path_buf(), identity: content.meta.identity, file };
        let text = decode(&content.bytes).map_err(|reason| parse_error(&reason))?;
        let found = read(&text, file, self.tool).map_err(|reason| match file.is_document() {
            true => parse_error(&reason),
            // What is behind a link isn't repeated.
            false if self.is_linked(&source) => {
                self.no_version(path, reason.split(';').next().unwrap_or_default())
            }
            false => self.no_version(path, &reason),
        })?;
        let mut all = Vec::new();
        for raw in found {
            let Some(field) = raw.field.filter(|field| field.extends) else {
                all.push(Ok((source.clone(), raw)));
                continue;
            };
            let named = raw.texts.first().map_or("", String::as_str);
            let named = without_dots(&path.parent().unwrap_or(path).join(named));
            let other = match file.reader {
                Reader::Call => self.version_file(&named),
                _ => file,
            };
            let location = self.location(path, file, &raw);
            let extended = self.extended(&source, file, &location, &named);
            let others = extended
                .map_err(|error| (error, broken_file(path)))
                .and_then(|(path, content)| self.requests(&path, &content, other, depth + 1));
            match others {
                Ok(others) => all.extend(others.into_iter().filter(|found| match found {
                    Ok((_, raw)) => other.name != file.name || is_in_same_part(raw, field),
                    Err(_) => true,
                })),
                Err((error, _)) => all.push(Err(error)),
            }
        }
        Ok(all)
    }

    /// The kind of version file that a path is; any other one has a request per line.
    fn version_file(&self, path: &Path) -> &'static VersionFile {
        self.tool.files.iter().find(|file| file.is_at(path)).unwrap_or(&PLAIN)
    }

    /// Whether a file in this folder or above makes a field count for nothing.
    fn is_superseded(&self, path: &Path, field: Option<&VersionField>) -> bool {
        let Some(name) = field.and_then(|field| field.only?.unless_above) else { return false };
        let ceiling = self.index.ceiling();
        let mut folders = path.ancestors().skip(1);
        let has = |folder: &Path| {
            self.world.existing_names(folder, &[name]).is_ok_and(|one| one != 0)
                && self
                    .shared(folder)
                    .is_none_or(|shared| is_trusted_name(self.world, folder, &shared, name))
        };
        let found = folders.find(|folder| has(folder) || ceiling == Some(*folder));
        found.is_some_and(has)
    }

    /// The file that another one extends: a regular one of the same repository, or for a call of the
    /// same folder or below; by its path without links.
    fn extended(
        &self,
        source: &SourceFile,
        file: &VersionFile,
        location: &FileLocation,
        named: &Path,
    ) -> Result<(PathBuf, FileContent)> {
        let (kind, root) = match file.reader {
            Reader::Call => ("folder", source.path.parent().unwrap_or(&source.path)),
            _ => ("repository", self.repository(&source.path, file)),
        };
        // The path is text of the file, and may be a secret too.
        let with_target = |error: Error| match self.is_linked(source) {
            true => error,
            false => error.because(format!("it names {}", Shown(named))),
        };
        let outside = || {
            let what = format!("{location} leads out of the {kind} {}", Shown(root));
            with_target(Error::new(ErrorKind::BadFile, what))
        };
        let cannot_read = |error: io::Error| match self.is_linked(source) {
            true => {
                let what = format!("can't read the file of {location}");
                Error::new(ErrorKind::BadFile, what).because(error.to_string())
            }
            false => Error::io("read", named, error).because(format!("{location} names it")),
        };
        if !named.starts_with(root) {
            return Err(outside());
        }
        let path = self.world.physical(named).map_err(cannot_read)?;
        if !path.starts_with(root) {
            return Err(outside());
        }
        if self.world.metadata(&path).is_ok_and(|seen| seen.is_some_and(|seen| !seen.is_regular()))
        {
            return Err(cannot_read(io::Error::new(io::ErrorKind::InvalidData, NOT_REGULAR)));
        }
        let content = self.world.read(&path).map_err(cannot_read)?;
        // A link may have been put there meanwhile.
        if self.world.identity_without_links(&path) != Some(content.meta.identity) {
            return Err(outside());
        }
        if self.is_planted_below(root, &path) {
            let what = format!("{location} leads to a file that may be another account's");
            let error = with_target(Error::new(ErrorKind::BadFile, what));
            return Err(error.because("every account can create files there"));
        }
        Ok((path, content))
    }

    /// Whether a file below a folder, or a folder on the way there, may be another account's.
    fn is_planted_below(&self, root: &Path, path: &Path) -> bool {
        let is_planted = |path: &Path| {
            let shared = path.parent().and_then(|folder| self.shared(folder));
            let entry = || self.world.entry(path).ok().flatten();
            shared.is_some_and(|shared| {
                !entry().is_some_and(|entry| is_trusted_file(self.world, &shared, &entry))
            })
        };
        path.ancestors().take_while(|one| *one != root).any(is_planted)
    }

    /// The repository that a file is in; without version control, the outermost folder with a file
    /// of this kind. The home folder and the root are none.
    fn repository<'p>(&self, path: &'p Path, file: &VersionFile) -> &'p Path {
        let own = path.parent().unwrap_or(path);
        let home = self.index.folders.user_home.as_deref();
        let is_inside = |folder: &&Path| Some(*folder) != home && folder.parent().is_some();
        let [git, hg, jj, svn] = VERSION_CONTROL;
        let mut outermost = own;
        for folder in own.ancestors().take_while(is_inside) {
            let names = [git, hg, jj, svn, file.name];
            match self.world.existing_names(folder, &names).unwrap_or(0) {
                0 => {}
                0b1_0000 => outermost = folder,
                _ => return folder,
            }
        }
        outermost
    }

    /// Whether a file's text may be a secret, so that it isn't repeated.
    fn may_be_secret(&self, source: &SourceFile) -> bool {
        source.file.secret || self.is_linked(source)
    }

    /// Whether a link led to a file, when it was read or now.
    fn is_linked(&self, source: &SourceFile) -> bool {
        self.world.identity_without_links(&source.path) != Some(source.identity)
    }

    /// What a request in a project's file means.
    fn finding(&self, source: &SourceFile, raw: &RawRequest) -> Finding {
        let role = raw.field.map_or(FieldRole::Pin, |field| field.role);
        let project = (RequestTrust::Project, Origin::File as fn(FileLocation) -> Origin);
        match (self.pin(source, raw, project), role) {
            (Ok(pin), FieldRole::Constraint) => Finding::Constraint(pin),
            (Ok(pin), FieldRole::Either) if pin.is_range() => Finding::Constraint(pin),
            (Ok(pin), FieldRole::Pin | FieldRole::Either) => Finding::Pin(pin),
            (Err((error, _)), FieldRole::Constraint) => {
                Finding::Skipped(Skipped::UnusableConstraint(error))
            }
            // Documents have entries for other things too, and templates for other programs.
            (Err((error, location)), FieldRole::Pin | FieldRole::Either)
                if source.file.is_document() && !is_refused_in(raw, source.file) =>
            {
                Finding::Skipped(Skipped::UnusablePin(error, location))
            }
            (Err((error, location)), FieldRole::Pin | FieldRole::Either) => {
                Finding::Broken(error, ErrorSource::Text(location))
            }
        }
    }

    /// Reports a file that can't be used: an error if it exists for versions alone, else a warning.
    fn unusable(
        &mut self,
        error: Error,
        source: ErrorSource,
        file: &VersionFile,
    ) -> ControlFlow<()> {
        let finding = match file.is_version_only() {
            true => Finding::Broken(error, source),
            false => Finding::Skipped(Skipped::UnusableFile(error)),
        };
        (self.visit)(finding)
    }

    /// A default's file: usher's own, or another manager's, which is no error.
    fn default(
        &mut self,
        path: &Path,
        file: &'static VersionFile,
        origin: fn(FileLocation) -> Origin,
    ) -> ControlFlow<()> {
        let is_own = file.reader == Reader::ToolVersions;
        let found = match self.default_requests(path, file) {
            Ok(found) => found,
            Err((error, source)) if is_own => return (self.visit)(Finding::Broken(error, source)),
            Err((error, _)) => return (self.visit)(Finding::Skipped(Skipped::UnusableFile(error))),
        };
        for found in found {
            let (source, raw) = match found {
                Ok(found) => found,
                Err(error) => {
                    (self.visit)(Finding::Skipped(Skipped::UnusableFile(error)))?;
                    continue;
                }
            };
            let trust = if is_own { RequestTrust::User } else { RequestTrust::Project };
            let finding = match self.pin(&source, &raw, (trust, origin)) {
                // nvm's own aliases are no versions.
                Ok(pin) if !is_own && !pin.requests.iter().all(|one| self.may_be_version(one)) => {
                    Finding::Skipped(Skipped::NoVersion(source.path))
                }
                Ok(pin) => Finding::Default(pin),
                Err((error, place)) if is_own => Finding::Broken(error, ErrorSource::Text(place)),
                Err((error, place)) => Finding::Skipped(Skipped::UnusablePin(error, place)),
            };
            (self.visit)(finding)?;
        }
        ControlFlow::Continue(())
    }

    /// The requests in a default's file; none if there is no such file.
    fn default_requests(&self, path: &Path, file: &'static VersionFile) -> FileRequests {
        let content = match read_optional(self.world, path) {
            Ok(Some(content)) => content,
            Ok(None) => return Ok(Vec::new()),
            Err(error) => return Err((Error::io("read", path, error), broken_file(path))),
        };
        if is_planted_file(self.world, path, &content.meta) {
            let what = format!("{} may be another account's", Shown(path));
            let error = Error::new(ErrorKind::Permission, what)
                .because("every account can create files there");
            return Err((error, broken_file(path)));
        }
        self.requests(path, &content, file, 0)
    }

    /// The folder that a text names which begins with a variable or with `~`, for this home folder.
    fn expand(&self, folder: &str, home: Option<&Path>) -> Option<PathBuf> {
        let (first, rest) = folder.split_once('/').unwrap_or((folder, ""));
        let start = match first.strip_prefix('$') {
            Some(variable) => self.world.variable(variable).map(PathBuf::from),
            None => home.map(Path::to_path_buf),
        };
        start.filter(|start| start.is_absolute()).map(|start| start.join(rest))
    }

    /// The user's home folder, as the variable and as the index has it.
    fn homes(&self) -> [Option<PathBuf>; 2] {
        let home = self.world.variable("HOME").map(PathBuf::from);
        [home.filter(|home| home.is_absolute()), self.index.folders.user_home.clone()]
    }

    /// The file that an alias leads to: a word in it that is the name of a file beside it.
    fn without_aliases(&self, mut path: PathBuf, file: &VersionFile) -> PathBuf {
        for _ in 0..MAX_EXTENSIONS {
            let next = || {
                let content = read_optional(self.world, &path).ok()??;
                let name = Name::parse(str::from_utf8(&content.bytes).ok()?.trim())?;
                let next = path.with_file_name(name.as_str());
                self.world.metadata(&next).ok()??.is_regular().then_some(next)
            };
            match next().filter(|_| file.reader == Reader::Plain) {
                Some(next) => path = next,
                None => break,
            }
        }
        path
    }

    /// Whether a file is in the folder where another manager keeps the user's default.
    fn is_default(&self, path: &Path) -> bool {
        let identity = |path: &Path| Some(self.world.metadata(path).ok()??.identity);
        let Some(own) = path.parent().and_then(identity) else { return false };
        let homes = self.homes();
        for folder in self.tool.defaults.iter().flat_map(|default| default.folders) {
            for home in &homes {
                let folder = self.expand(folder, home.as_deref());
                if folder.and_then(|folder| identity(&folder)) == Some(own) {
                    return true;
                }
            }
        }
        false
    }

    /// Whether a folder is the home folder or above it. One below is the usual case, and costs no
    /// system call.
    fn is_above_project(&self, folder: &Path) -> bool {
        for home in self.homes().into_iter().flatten() {
            let is_below = folder != home && folder.starts_with(&home);
            if !is_below && self.world.physical(&home).unwrap_or(home).starts_with(folder) {
                return true;
            }
        }
        false
    }

    /// The error for a file that exists for versions and names none.
    fn no_version(&self, path: &Path, reason: &str) -> (Error, ErrorSource) {
        let location = self.whole_file(path);
        let error = location.parse_error(reason).hint(format!("use {}", self.tool.name));
        (error, ErrorSource::Text(location))
    }

    fn whole_file(&self, path: &Path) -> FileLocation {
        let is_in_directory =
            self.directory.as_deref().is_some_and(|one| path.parent() == Some(one));
        FileLocation::of_file(path.to_path_buf(), is_in_directory)
    }

    /// Where a request is.
    fn location(&self, path: &Path, file: &VersionFile, raw: &RawRequest) -> FileLocation {
        let is_document = matches!(file.reader, Reader::Json | Reader::Toml);
        let field = raw.field.filter(|_| is_document).map(|field| field.path);
        FileLocation { line: raw.line, field, ..self.whole_file(path) }
    }

    /// The pin that a request in a file is.
    fn pin(
        &self,
        source: &SourceFile,
        raw: &RawRequest,
        (trust, origin): (RequestTrust, fn(FileLocation) -> Origin),
    ) -> LocatedPin {
        let location = self.location(&source.path, source.file, raw);
        let parse = |text: &str| match raw.field {
            Some(field) => Request::parse_field(text, self.tool, field),
            None => Request::parse(text, self.tool, trust),
        };
        match self.parse_all(raw, source, &location, &parse) {
            Ok(requests) => Ok(Pin { requests, origin: origin(location) }),
            Err(error) => Err((error, location)),
        }
    }

    /// Parses the requests at a place of a file.
    fn parse_all(
        &self,
        raw: &RawRequest,
        source: &SourceFile,
        location: &FileLocation,
        parse: &dyn Fn(&str) -> ParsedRequest,
    ) -> Result<Vec<Request>> {
        let parse = |text: &String| {
            let looks_so = looks_like_request(text);
            let may_be_shown = || looks_so && !self.may_be_secret(source);
            let reason = match parse(text) {
                Ok(request) => {
                    let is_release = !source.file.fallback || request.has_release_tail();
                    let is_sure = is_release
                        && request.is_plain(self.tool)
                        && (looks_so || !self.may_be_secret(source));
                    // Any word is a name: one that names nothing may be a secret.
                    if is_sure
                        || (!source.file.fallback && may_be_shown())
                        || self.is_installed(&request)
                    {
                        return Ok(request);
                    }
                    None
                }
                Err(reason) => Some(reason),
            };
            let error = match (may_be_shown(), reason) {
                (true, reason) => {
                    let reason = reason.unwrap_or(NO_REQUEST);
                    self.invalid(text, location, reason, ErrorKind::BadFile)
                }
                (false, Some(reason)) => self.invalid_unseen(text, location).because(reason),
                (false, None) => self.invalid_unseen(text, location),
            };
            Err(error.hint(format!("use {}", self.tool.name)))
        };
        if raw.texts.is_empty() {
            let error = self.invalid_at(location);
            return Err(error.because("it is not a plain value, and usher runs no code"));
        }
        raw.texts.iter().map(parse).collect()
    }

    /// Whether a version or a folder of an adopted store matches a request.
    fn is_installed(&self, request: &Request) -> bool {
        let (world, index, tool) = (self.world, self.index, self.tool);
        let named = Name::parse(request.as_str());
        index.link(tool, request.as_str()).is_some()
            || named.is_some_and(|name| {
                named_toolchain(world, index, tool, &name).is_ok_and(|one| one.is_some())
            })
            || matches!(best_match(world, index, tool, request), Ok(Lookup::Toolchain(_)))
    }

    /// Whether a request is no mere word, or the name of something that is installed.
    fn may_be_version(&self, request: &Request) -> bool {
        !matches!(request.kind(), RequestKind::Named(_)) || self.is_installed(request)
    }

    /// The error for a text that is not a request.
    fn invalid(
        &self,
        text: &str,
        origin: &dyn fmt::Display,
        reason: &str,
        kind: ErrorKind,
    ) -> Error {
        let (tool, text) = (self.tool.name, Escaped(text));
        Error::new(kind, format!("invalid {tool} version “{text}” (requested by {origin})"))
            .because(reason)
    }

    /// The error for a text in a file that isn't repeated: it can't be a request, or a link led to it,
    /// so that it may be a secret of another file.
    fn invalid_unseen(&self, text: &str, location: &FileLocation) -> Error {
        let place = match (location.line, location.field) {
            (0, Some(field)) => field.to_owned(),
            (line, _) => format!("line {line}"),
        };
        self.invalid_at(location)
            .because(format!("{place} is not a version ({} bytes)", text.len()))
    }

    fn invalid_at(&self, location: &FileLocation) -> Error {
        let what = format!("invalid {} version (requested by {location})", self.tool.name);
        Error::new(ErrorKind::BadFile, what)
    }

    /// Where the search begins: at the working directory, or above other people's code.
    fn start<'d>(&self, directory: &'d Path) -> Result<SearchStart<'d>> {
        let mut start = SearchStart { folder: directory, ignored: None };
        for folder in directory.ancestors() {
            let Some(name) = folder.file_name() else { continue };
            let named = |rule: &&IgnoredFolder| name == rule.name();
            for rule in IGNORED_FOLDERS.iter().filter(named) {
                if self.is_ignored(folder, rule)? {
                    start = SearchStart {
                        folder: folder.parent().unwrap_or(folder),
                        ignored: Some(folder),
                    };
                }
            }
        }
        Ok(start)
    }

    fn is_ignored(&self, folder: &Path, rule: &IgnoredFolder) -> Result<bool> {
        let is_named_so = folder.ends_with(rule.folder);
        if !is_named_so || rule.beside.is_empty() {
            return Ok(is_named_so);
        }
        let Some(parent) = folder.parent() else { return Ok(false) };
        match self.world.existing_names(parent, rule.beside) {
            Ok(present) => Ok(present != 0),
            Err(error) if is_unsearchable(&error) || is_absent(&error) => Ok(false),
            Err(error) => Err(Error::io("search", parent, error)),
        }
    }
}

/// Whether a field is in the same part of a document as another one.
fn is_in_same_part(raw: &RawRequest, field: &VersionField) -> bool {
    let part = |field: &VersionField| field.path.split('.').next();
    raw.field.map(part) == Some(part(field))
}

/// Whether a file requests what is understood, and refused everywhere.
fn is_refused_in(raw: &RawRequest, file: &VersionFile) -> bool {
    !file.fallback && raw.texts.iter().any(|text| is_refused(text))
}

/// Whether a folder can't be searched: no permission, or a path longer than the system takes.
fn is_unsearchable(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidFilename)
}
