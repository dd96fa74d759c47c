//! A place in a project that names a version of a tool, and a place that can't be compared. Values
//! alone: reading and comparing them is elsewhere.

use std::fmt;
use std::path::{Path, PathBuf};

use usher_shims::error::Shown;
use usher_shims::request::Request;
use usher_shims::tool::Tool;

/// A place in a project that names a version of a tool.
#[derive(Debug, Clone)]
pub struct Mention {
    /// The tool.
    pub tool: &'static Tool,
    /// What it requests, in its file's own dialect: several in a matrix, of which one is enough; none
    /// where it names a version file ([`MentionKind::Reference`]).
    pub requests: Vec<Request>,
    /// Where it is.
    pub place: MentionPlace,
    /// Its kind.
    pub kind: MentionKind,
    /// The text there, as a person recognizes it: `FROM node:16-alpine`.
    pub shown: String,
    /// What it belongs to.
    pub scope: MentionScope,
    /// The number of the CI job that it is in: if one place of a job agrees, the others are meant so.
    pub job: Option<u32>,
    /// Why another version is meant so there: `continue-on-error`.
    pub exempt: Option<&'static str>,
    /// A number whose last zeros get lost for want of quotes.
    pub unquoted: Option<UnquotedNumber>,
}

/// A number of a YAML file that its readers shorten: `3.10` without quotes is 3.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnquotedNumber {
    /// The line, counted from 1.
    pub line: u32,
    /// The text as it stands: `3.10`.
    pub written: String,
    /// What YAML's readers make of it: `3.1`.
    pub read: String,
}

/// What a mention belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MentionScope {
    /// The folder of its file, relative to the project's.
    Folder(PathBuf),
    /// All of the repository: a CI job.
    Repository,
}

/// A place in a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MentionPlace {
    /// The file, relative to the project's folder.
    pub path: PathBuf,
    /// The line, counted from 1; 0 if it is unknown.
    pub line: u32,
}

impl fmt::Display for MentionPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Shown(&self.path))?;
        match self.line {
            0 => Ok(()),
            line => write!(f, ":{line}"),
        }
    }
}

/// The kind of a mention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MentionKind {
    /// A version file.
    Pin,
    /// A version file that no shim reads: mise's `conf.d`.
    UnreadPin,
    /// A range in a file with another purpose.
    Constraint,
    /// A lock file.
    Lock,
    /// A container image.
    Image,
    /// A tool's variable, set for a container or a job.
    Variable,
    /// An input of a CI action, or a field of another service's configuration.
    Input,
    /// The name of a version file, which agrees with itself.
    Reference,
    /// The version that made a virtual environment.
    VirtualEnvironment,
}

impl Mention {
    /// The folder in which a pin would count for it, relative to the project's.
    pub fn folder(&self) -> &Path {
        match &self.scope {
            MentionScope::Folder(folder) => folder,
            MentionScope::Repository => Path::new(""),
        }
    }
}

impl MentionKind {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::UnreadPin => "unread-pin",
            Self::Constraint => "constraint",
            Self::Lock => "lock",
            Self::Image => "image",
            Self::Variable => "variable",
            Self::Input => "input",
            Self::Reference => "reference",
            Self::VirtualEnvironment => "virtual-environment",
        }
    }
}

/// Something that can't be compared, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// Where, if it is about one place.
    pub place: Option<MentionPlace>,
    /// Why: the same for all notes of a kind.
    pub why: String,
    /// The text there; empty if the note is about the file.
    pub shown: String,
}

impl Note {
    /// A note about a file, a place or the project.
    pub(super) fn about(place: Option<MentionPlace>, why: impl Into<String>) -> Self {
        Self { place, why: why.into(), shown: String::new() }
    }
}

/// A version file that no shim could read, which makes every call in its folder fail.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BrokenFile {
    /// The file, and the line if it is known.
    pub place: MentionPlace,
    /// What is wrong.
    pub what: String,
}

/// What one file says, or all files of a project.
#[derive(Debug, Default)]
pub struct FileMentions {
    /// The places that name a version.
    pub mentions: Vec<Mention>,
    /// What can't be compared.
    pub notes: Vec<Note>,
    /// Version files that no shim could read.
    pub broken: Vec<BrokenFile>,
}

impl FileMentions {
    /// How many requests the mentions have.
    pub(super) fn requests(&self) -> usize {
        self.mentions.iter().map(|mention| mention.requests.len()).sum()
    }
}

/// The most notes of a project.
pub(super) const MAX_NOTES: usize = 2000;

/// A field with its requests, `engines.node: 20`; of a pattern the line that it matches, `go 1.22`.
pub(super) fn shown(field: Option<&str>, requests: &[Request]) -> String {
    let requests: Vec<&str> = requests.iter().map(Request::as_str).collect();
    let requests = requests.join(" ");
    match field {
        None => requests,
        Some(field) if !field.contains(['{', '*']) => format!("{field}: {requests}"),
        Some(field) => match field.split_once("{}") {
            Some((before, "")) if !before.contains(['{', '*', '"']) => {
                format!("{before}{requests}")
            }
            _ => requests,
        },
    }
}

/// A path relative to the project's folder.
pub(super) fn relative_path(root: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(root).unwrap_or(path).to_path_buf()
}
