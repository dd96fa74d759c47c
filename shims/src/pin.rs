//! A request and where it was written.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Escaped, Shown};
use crate::request::{Request, RequestKind};

/// A request and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Pin {
    /// What is wanted; later ones are what will do instead, if it is on disk.
    pub requests: Vec<Request>,
    /// Where it was written.
    pub origin: Origin,
}

/// Where a request was written.
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

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLocation {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1; 0 where a field says it better.
    pub line: u32,
    /// The field of a JSON or TOML document.
    pub field: Option<&'static str>,
}

impl Pin {
    /// The request that is wanted most.
    pub fn request(&self) -> Option<&Request> {
        self.requests.first()
    }

    /// Whether a range is wanted most.
    pub fn is_range(&self) -> bool {
        self.request().is_some_and(|request| matches!(request.kind(), RequestKind::Range(_)))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument => f.write_str("the first argument"),
            Self::Name(name) => write!(f, "the name {}", Escaped(name)),
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::File(place) => place.fmt(f),
            Self::Default(place) => write!(f, "your default, {place}"),
            Self::Machine(place) => write!(f, "the machine's default, {place}"),
            Self::CommandLine => f.write_str("the command line"),
        }
    }
}

impl fmt::Display for FileLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Shown(Path::new(self.path.file_name().unwrap_or_default())))?;
        if let Some(field) = self.field {
            write!(f, ", {field}")?;
        }
        if self.line > 0 {
            write!(f, ", line {}", self.line)?;
        }
        write!(f, " ({})", Shown(&self.path))
    }
}

/// What is said where a file can't be understood.
pub fn refuse(path: &Path, complaint: &str) -> Error {
    let place = FileLocation { path: path.to_path_buf(), line: 0, field: None };
    Error::new(ErrorKind::BadFile, format!("can't understand {place}"))
        .because(complaint.to_owned())
}
