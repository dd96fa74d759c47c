//! What can be typed next.

/// What can be typed, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) value: String,
    pub(super) help: Option<String>,
}

/// What can be typed next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Completion {
    /// One of these.
    Candidates(Vec<Candidate>),
    /// A file.
    File,
    /// A folder.
    Folder,
    /// The name and the arguments of another command, behind `--`.
    Command,
}

impl From<String> for Candidate {
    fn from(value: String) -> Self {
        Self { value, help: None }
    }
}
