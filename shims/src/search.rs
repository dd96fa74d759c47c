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
use crate::request::{NO_REQUEST, Request, RequestTrust, is_refused, looks_like_request};
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
    /// The user's default, or the machine's.
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
    /// A file or a folder that can't be read.
    File,
    /// The text at this place in a file; writing another request there fixes it.
    Text(FileLocation),
}

/// Finds requests and constraints, strongest first, until the visitor breaks.
pub fn search(
    world: &impl World,
    index: &Index,
    call: &Call,
    visit: &mut dyn FnMut(Finding) -> ControlFlow<()>,
) -> Result<()> {
    let mut search = Search { world, index, tool: call.tool, directory: None, visit };
    let _ = search.all(call)?;
    Ok(())
}

struct Search<'a, W: World> {
    world: &'a W,
    index: &'a Index,
    tool: &'static Tool,
    /// The process's working directory, once the search is there.
    directory: Option<PathBuf>,
    visit: &'a mut dyn FnMut(Finding) -> ControlFlow<()>,
}

/// A version file that may be in a folder.
#[derive(Clone, Copy)]
struct FileInFolder<'a> {
    folder: &'a Path,
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
    /// Whether it only counts where no other one pins the tool, and only with a release.
    is_fallback: bool,
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
        let names: Vec<&str> = self.tool.files.iter().map(|file| file.name).collect();
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
        let mut fallbacks = Vec::new();
        for folder in start.folder.ancestors() {
            match self.world.existing_names(folder, &names) {
                Ok(present) => step!(self.folder(folder, present, &mut fallbacks)?),
                Err(error) if is_unsearchable(&error) => {
                    let skipped = Skipped::UnreadableFolder(folder.to_path_buf());
                    step!((self.visit)(Finding::Skipped(skipped)));
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
        for one in fallbacks {
            step!(self.file(one));
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The files in a folder; those that only count where no other one pins the tool are kept for
    /// later.
    fn folder<'f>(
        &mut self,
        folder: &'f Path,
        present: u32,
        fallbacks: &mut Vec<FileInFolder<'f>>,
    ) -> SearchFlow {
        if present == 0 {
            return Ok(ControlFlow::Continue(()));
        }
        let shared = self.shared(folder);
        for (place, file) in self.tool.files.iter().enumerate() {
            if present & (1 << place) != 0 {
                let one = FileInFolder { folder, file, shared };
                match file.fallback {
                    true => fallbacks.push(one),
                    false => step!(self.file(one)),
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// A folder, if every account can create files there. It is no link: the search goes up from a
    /// physical path.
    fn shared(&self, folder: &Path) -> Option<FileMeta> {
        self.world.entry(folder).ok().flatten().filter(is_shared)
    }

    fn file(&mut self, FileInFolder { folder, file, shared }: FileInFolder<'_>) -> ControlFlow<()> {
        let shared = shared.as_ref();
        let path = folder.join(file.name);
        let path = path.as_path();
        let untrusted = Finding::Skipped(Skipped::Untrusted(path.to_path_buf()));
        // By the name first: another account's file may be a FIFO, or unreadable.
        if shared.is_some_and(|shared| !is_trusted_name(self.world, folder, shared, file.name)) {
            return (self.visit)(untrusted);
        }
        let content = match self.world.read(path) {
            Ok(content) => content,
            Err(error) => {
                let error = Error::io("read", path, error);
                return self.unusable(error, ErrorSource::File, file);
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
                Ok((source, raw)) => self.finding(&source, file, &raw),
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
            |reason: &str| (self.whole_file(path).parse_error(reason), ErrorSource::File);
        if depth > MAX_EXTENSIONS {
            return Err(parse_error("too many files extend each other, or they do so in a circle"));
        }
        let source = SourceFile {
            path: path.to_path_buf(),
            identity: content.meta.identity,
            is_fallback: file.fallback,
        };
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
                .map_err(|error| (error, ErrorSource::File))
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
        self.tool.files.iter().find(|file| path.ends_with(file.name)).unwrap_or(&PLAIN)
    }

    /// Whether a file in this folder or above makes a field count for nothing.
    fn is_superseded(&self, path: &Path, field: Option<&VersionField>) -> bool {
        let Some(name) = field.and_then(|field| field.unless_above) else { return false };
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

    /// Whether a link led to a file, when it was read or now.
    fn is_linked(&self, source: &SourceFile) -> bool {
        self.world.identity_without_links(&source.path) != Some(source.identity)
    }

    /// What a request in a project's file means.
    fn finding(&self, source: &SourceFile, file: &VersionFile, raw: &RawRequest) -> Finding {
        let role = raw.field.map_or(FieldRole::Pin, |field| field.role);
        match (self.pin_in_file(source, raw, file), role) {
            (Ok(pin), FieldRole::Constraint) => Finding::Constraint(pin),
            (Ok(pin), FieldRole::Either) if pin.is_range() => Finding::Constraint(pin),
            (Ok(pin), FieldRole::Pin | FieldRole::Either) => Finding::Pin(pin),
            (Err((error, _)), FieldRole::Constraint) => {
                Finding::Skipped(Skipped::UnusableConstraint(error))
            }
            // Documents have entries for other things too, and templates for other programs.
            (Err((error, location)), FieldRole::Pin | FieldRole::Either)
                if file.is_document() && !is_refused_in(raw, file) =>
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

    /// A default's file.
    fn default(&mut self, path: &Path, origin: fn(FileLocation) -> Origin) -> SearchFlow {
        let content = match read_optional(self.world, path) {
            Ok(Some(content)) => content,
            Ok(None) => return Ok(ControlFlow::Continue(())),
            Err(error) => {
                let error = Error::io("read", path, error);
                return Ok((self.visit)(Finding::Broken(error, ErrorSource::File)));
            }
        };
        if is_planted_file(self.world, path, &content.meta) {
            let what = format!("{} may be another account's", Shown(path));
            let error = Error::new(ErrorKind::Permission, what)
                .because("every account can create files there");
            return Ok((self.visit)(Finding::Broken(error, ErrorSource::File)));
        }
        let source = SourceFile {
            path: path.to_path_buf(),
            identity: content.meta.identity,
            is_fallback: false,
        };
        let text = match decode(&content.bytes) {
            Ok(text) => text,
            Err(reason) => {
                let error = self.whole_file(path).parse_error(&reason);
                return Ok((self.visit)(Finding::Broken(error, ErrorSource::File)));
            }
        };
        let found = match read(&text, &TOOL_VERSIONS, self.tool) {
            Ok(found) => found,
            Err(reason) => {
                let (error, source) = self.no_version(path, &reason);
                return Ok((self.visit)(Finding::Broken(error, source)));
            }
        };
        for raw in found {
            let location = FileLocation { line: raw.line, ..self.whole_file(path) };
            let parse = |text: &str| Request::parse(text, self.tool, RequestTrust::User);
            let finding = match self.parse_all(&raw, &source, &location, &parse) {
                Ok(requests) => Finding::Default(Pin { requests, origin: origin(location) }),
                Err(error) => Finding::Broken(error, ErrorSource::Text(location)),
            };
            step!((self.visit)(finding));
        }
        Ok(ControlFlow::Continue(()))
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

    /// The pin that a request in a project's file is.
    fn pin_in_file(&self, source: &SourceFile, raw: &RawRequest, file: &VersionFile) -> LocatedPin {
        let location = self.location(&source.path, file, raw);
        let parse = |text: &str| match raw.field {
            Some(field) => Request::parse_field(text, self.tool, field),
            None => Request::parse(text, self.tool, RequestTrust::Project),
        };
        match self.parse_all(raw, source, &location, &parse) {
            Ok(requests) => Ok(Pin { requests, origin: Origin::File(location) }),
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
            let may_be_shown = || looks_so && !self.is_linked(source);
            let reason = match parse(text) {
                Ok(request) => {
                    let is_release = !source.is_fallback || request.has_release_tail();
                    let is_sure = is_release
                        && request.is_plain(self.tool)
                        && (looks_so || !self.is_linked(source));
                    // Any word is a name: one that names nothing may be a secret.
                    if is_sure
                        || (!source.is_fallback && may_be_shown())
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
        raw.texts.iter().map(parse).collect()
    }

    /// Whether a version or a folder of an adopted store matches a request.
    fn is_installed(&self, request: &Request) -> bool {
        let (world, index, tool) = (self.world, self.index, self.tool);
        let named = Name::parse(request.as_str());
        named.is_some_and(|name| {
            named_toolchain(world, index, tool, &name).is_ok_and(|one| one.is_some())
        }) || matches!(best_match(world, index, tool, request), Ok(Lookup::Toolchain(_)))
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
        let what = format!("invalid {} version (requested by {location})", self.tool.name);
        Error::new(ErrorKind::BadFile, what)
            .because(format!("{place} is not a version ({} bytes)", text.len()))
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
