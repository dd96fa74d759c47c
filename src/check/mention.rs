//! A place that says which version of a tool it means, and a place that was passed over. Values
//! alone: where they come from and what is thought of them is elsewhere.

use std::path::PathBuf;

use usher_shims::tool::Tool;

/// A place in a project that says which version of a tool it means.
#[derive(Debug, Clone)]
pub struct Mention {
    /// Of which tool.
    pub tool: &'static Tool,
    /// The requests as written: any of them may be meant, as in a matrix.
    pub requests: Vec<String>,
    /// Where that stands.
    pub place: Place,
    /// What kind of place it is.
    pub kind: Kind,
    /// What stands there, as a person recognises it: `FROM node:16-alpine`.
    pub shown: String,
}

/// A place in a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, from the project's folder.
    pub path: PathBuf,
    /// The line, counted from 1; 0 where it isn't known.
    pub line: u32,
}

/// What kind of place mentions a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A version file.
    Pin,
    /// A range in a file that exists for other things too.
    Constraint,
    /// A lock file.
    Lock,
    /// A container image.
    Image,
    /// A tool's variable, set for a container or a job.
    Variable,
    /// An input of a CI action.
    Input,
}

impl Kind {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Constraint => "constraint",
            Self::Lock => "lock",
            Self::Image => "image",
            Self::Variable => "variable",
            Self::Input => "input",
        }
    }
}

/// Something that was passed over, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// Where, if it is about one place.
    pub place: Option<Place>,
    /// What and why.
    pub what: String,
}
