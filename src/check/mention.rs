//! A place in a project that names a version of a tool, and a place that was skipped. Values alone:
//! reading and comparing them is elsewhere.

use std::path::PathBuf;

use usher_shims::request::{Request, RequestTrust};
use usher_shims::tool::Tool;

/// A place in a project that names a version of a tool.
#[derive(Debug, Clone)]
pub struct Mention {
    /// The tool.
    pub tool: &'static Tool,
    /// The requests as written; several in a matrix.
    pub requests: Vec<String>,
    /// The same as a version file's own dialect has them; none of other files.
    pub read: Vec<Request>,
    /// Where it is.
    pub place: MentionPlace,
    /// Its kind.
    pub kind: MentionKind,
    /// The text there, as a person recognizes it: `FROM node:16-alpine`.
    pub shown: String,
}

/// A place in a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MentionPlace {
    /// The file, relative to the project's folder.
    pub path: PathBuf,
    /// The line, counted from 1; 0 if it is unknown.
    pub line: u32,
}

/// The kind of a mention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MentionKind {
    /// A version file.
    Pin,
    /// A range in a file with another purpose.
    Constraint,
    /// A lock file.
    Lock,
    /// A container image.
    Image,
    /// A tool's variable, set for a container or a job.
    Variable,
    /// An input of a CI action.
    Input,
    /// The version that made a virtual environment.
    VirtualEnvironment,
}

impl Mention {
    /// Its requests in the dialect of its file, or why a text is none.
    pub(super) fn parsed(&self) -> Vec<Result<Request, &'static str>> {
        let parse = |text: &String| Request::parse(text, self.tool, RequestTrust::Project);
        match self.read.is_empty() {
            true => self.requests.iter().map(parse).collect(),
            false => self.read.iter().cloned().map(Ok).collect(),
        }
    }
}

impl MentionKind {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Constraint => "constraint",
            Self::Lock => "lock",
            Self::Image => "image",
            Self::Variable => "variable",
            Self::Input => "input",
            Self::VirtualEnvironment => "virtual-environment",
        }
    }
}

/// Something that was skipped, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// Where, if it is about one place.
    pub place: Option<MentionPlace>,
    /// What and why.
    pub what: String,
}

/// The most notes of a project.
pub(super) const MAX_NOTES: usize = 2000;

/// Sorts the notes and leaves out what is too much.
pub(super) fn limit_notes(notes: &mut Vec<Note>) {
    notes.sort();
    notes.dedup();
    if notes.len() > MAX_NOTES {
        notes.truncate(MAX_NOTES);
        notes.push(Note { place: None, what: "more notes are left out".to_owned() });
    }
}
