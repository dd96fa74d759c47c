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
    /// The machine's default.
    Machine(FileLocation),
    /// The command line of `use`.
    CommandLine,
}

/// A file, and where in it: `.nvmrc:1`, `/srv/app/pyproject.toml:4 (project.requires-python)`.
///
/// A file in the working directory prints as its name, any other one as its absolute path.
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
}

impl Pin {
    /// The preferred request.
    pub fn request(&self) -> Option<&Request> {
        self.requests.first()
    }

    /// Whether the preferred request is a range that doesn't name one version.
    pub fn is_range(&self) -> bool {
        let is_open = |kind: &RequestKind| matches!(kind, RequestKind::Range(range) if !range.names_one_version());
        self.request().is_some_and(|request| is_open(request.kind()))
    }
}

impl Origin {
    /// The place in a file; `None` for what isn't in one.
    pub fn location(&self) -> Option<&FileLocation> {
        match self {
            Self::File(location) | Self::Default(location) | Self::Machine(location) => {
                Some(location)
            }
            Self::Argument | Self::Name(_) | Self::Variable(_) | Self::CommandLine => None,
        }
    }
}

impl FileLocation {
    /// A whole file.
    pub fn of_file(path: PathBuf, is_in_directory: bool) -> Self {
        Self { path, line: 0, field: None, is_in_directory }
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
            Self::Machine(location) => write!(f, "the machine's default, {location}"),
            Self::CommandLine => f.write_str("the command line"),
        }
    }
}

impl fmt::Display for FileLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.path.file_name().filter(|_| self.is_in_directory).map(Path::new);
        Shown(name.unwrap_or(&self.path)).fmt(f)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        match self.field {
            Some(field) => write!(f, " ({field})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: u32, field: Option<&'static str>, is_in_directory: bool, expected: &str) {
        let path = PathBuf::from("/srv/app/file");
        let location = FileLocation { path, line, field, is_in_directory };
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
