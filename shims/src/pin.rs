//! A request and its origin.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Escaped, Shown};
use crate::request::{Request, RequestKind};

/// A request with its origin.
#[derive(Debug, Clone, PartialEq)]
pub struct Pin {
    /// The requests, the preferred one first. Later ones are alternatives: they count if they are
    /// installed and the ones before them are not.
    pub requests: Vec<Request>,
    /// Where it is written.
    pub origin: Origin,
}

/// Where a request is written. It prints as it reads behind "requested by".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A first argument: `+12`.
    Argument,
    /// The name that the program was called by: `node12`.
    Name(String),
    /// A variable.
    Variable(&'static str),
    /// A project's file.
    File(FileLocation),
    /// The user's default.
    Default(FileLocation),
    /// The default that the administrator set for the account.
    Account(FileLocation),
    /// The default that the administrator set for one of the account's groups.
    Group(FileLocation),
    /// The machine's default.
    Machine(FileLocation),
    /// The command line of `use`.
    CommandLine,
}

/// A file, and where in it: `.nvmrc:1`, `/srv/app/pyproject.toml:4 (project.requires-python)`.
///
/// A file in the working directory prints as its name, any other one as its absolute path. What a
/// lockfile decided prints with its line: `.nvmrc:1, locked in usher.lock:4`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLocation {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1; 0 for a JSON file, where only the field is known.
    pub line: u32,
    /// The field of a JSON or TOML document.
    pub field: Option<&'static str>,
    /// Whether the file is in the working directory.
    pub is_in_directory: bool,
    /// The entry of the lockfile that says which version the request means, if one does.
    pub locked: Option<Box<LockLine>>,
}

/// An entry of a lockfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockLine {
    /// The lockfile.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: u32,
    /// The request that the entry is for, as the version file has it.
    pub request: Box<str>,
}

impl Pin {
    /// The preferred request.
    pub fn request(&self) -> Option<&Request> {
        self.requests.first()
    }

    /// The requests as their file has them, whatever version a lockfile says that they mean.
    pub fn written(&self) -> String {
        if let Some(locked) = self.origin.locked() {
            return locked.request.to_string();
        }
        let texts: Vec<&str> = self.requests.iter().map(Request::as_str).collect();
        texts.join(" ")
    }

    /// Whether the preferred request is a range that doesn't name one version.
    pub fn is_range(&self) -> bool {
        let is_open = |kind: &RequestKind| matches!(kind, RequestKind::Range(range) if !range.names_one_version());
        self.request().is_some_and(|request| is_open(request.kind()))
    }
}

impl Origin {
    /// Whether both are the same place, whatever a lockfile says of it.
    pub fn is_same_place(&self, other: &Self) -> bool {
        let unlocked = |origin: &Self| match origin {
            Self::File(location) => Self::File(location.unlocked()),
            other => other.clone(),
        };
        unlocked(self) == unlocked(other)
    }

    /// The entry of a lockfile that decided which version it means.
    pub fn locked(&self) -> Option<&LockLine> {
        self.location()?.locked.as_deref()
    }

    /// The place in a file; `None` for what isn't in one.
    pub fn location(&self) -> Option<&FileLocation> {
        match self {
            Self::File(location)
            | Self::Default(location)
            | Self::Account(location)
            | Self::Group(location)
            | Self::Machine(location) => Some(location),
            Self::Argument | Self::Name(_) | Self::Variable(_) | Self::CommandLine => None,
        }
    }
}

impl FileLocation {
    /// A whole file.
    pub fn of_file(path: PathBuf, is_in_directory: bool) -> Self {
        Self { path, line: 0, field: None, is_in_directory, locked: None }
    }

    /// The place of the entry of the lockfile that says which version the request means.
    pub fn lock_entry(&self) -> Option<Self> {
        let LockLine { path, line, .. } = &**self.locked.as_ref()?;
        Some(Self { line: *line, ..Self::of_file(path.clone(), self.is_in_directory) })
    }

    /// The same place, whatever a lockfile says of it.
    #[must_use]
    pub fn unlocked(&self) -> Self {
        Self { locked: None, ..self.clone() }
    }

    /// The same place, to be printed with other paths.
    #[must_use]
    pub fn with_paths(&self, path: impl Fn(&Path) -> PathBuf) -> Self {
        let mut place = Self { path: path(&self.path), is_in_directory: false, ..self.clone() };
        if let Some(locked) = &mut place.locked {
            locked.path = path(&locked.path);
        }
        place
    }

    /// A path as it is printed: in the working directory, only its name.
    fn shown<'p>(&self, path: &'p Path) -> Shown<'p> {
        Shown(path.file_name().filter(|_| self.is_in_directory).map_or(path, Path::new))
    }

    /// The error for a file that can't be parsed.
    pub fn parse_error(&self, reason: &str) -> Error {
        Error::new(ErrorKind::BadFile, format!("can't parse {self}")).because(reason)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument => f.write_str("the first argument"),
            Self::Name(name) => write!(f, "the name {}", Escaped(name)),
            Self::Variable(name) => f.write_str(name),
            Self::File(location) => location.fmt(f),
            Self::Default(location) => write!(f, "your default, {location}"),
            Self::Account(location) => write!(f, "the default for your account, {location}"),
            Self::Group(location) => write!(f, "the default for your group, {location}"),
            Self::Machine(location) => write!(f, "the machine's default, {location}"),
            Self::CommandLine => f.write_str("the command line"),
        }
    }
}

impl fmt::Display for FileLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown(&self.path).fmt(f)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if let Some(field) = self.field {
            write!(f, " ({field})")?;
        }
        match self.lock_entry() {
            Some(entry) => write!(f, ", locked in {entry}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: u32, field: Option<&'static str>, is_in_directory: bool, expected: &str) {
        let path = PathBuf::from("/srv/app/file");
        let location = FileLocation { path, line, field, is_in_directory, locked: None };
        assert_eq!(Origin::File(location).to_string(), expected);
    }

    #[test]
    fn files_in_the_working_directory_print_without_their_folder() {
        check(1, None, true, "file:1");
        check(1, None, false, "/srv/app/file:1");
        check(4, Some("project.requires-python"), true, "file:4 (project.requires-python)");
        check(0, Some("volta.node"), true, "file (volta.node)");
        check(0, None, false, "/srv/app/file");
    }
}
