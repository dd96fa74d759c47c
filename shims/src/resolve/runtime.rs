//! The runtime of tools whose versions are built for versions of another tool: which version runs
//! which build. It knows installed versions only.

use crate::pin::Pin;
use crate::request::{Request, RequestKind};
use crate::tool::{BuiltFor, Tool};
use crate::version::Version;

/// The runtime of a tool, with its active version here.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// The tool.
    pub tool: &'static Tool,
    /// How the tool's versions name the runtime that they are built for.
    pub rule: BuiltFor,
    /// What its active version can run.
    pub compatibility: Compatibility,
    /// The pin of that version, if there is one: then no other version may be used.
    pub pin: Option<Pin>,
    /// Whether that version isn't installed.
    pub is_missing: bool,
    /// Without a pin, the newest installed version, which can be requested for child processes.
    pub newest: Option<Version>,
}

/// What a version of the runtime can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compatibility {
    /// Builds for this first number, or a lower one.
    UpTo(u64),
    /// Its version is unknown.
    Unknown,
    /// Nothing, without a runtime.
    Nothing,
    /// The index is out of date.
    Stale,
}

impl Compatibility {
    /// What a version can run.
    pub(super) fn of_version(version: Option<&Version>) -> Self {
        version.map_or(Self::Unknown, |version| Self::UpTo(version.numbers().at(0)))
    }

    /// What the version for a request can run.
    pub fn of_request(request: &Request) -> Self {
        match request.kind() {
            RequestKind::Version(version) | RequestKind::Exact(version) => {
                Self::of_version(Some(version))
            }
            RequestKind::Range(_)
            | RequestKind::Latest
            | RequestKind::Lts
            | RequestKind::LtsBack(_)
            | RequestKind::LtsNamed(_)
            | RequestKind::System
            | RequestKind::Path(_)
            | RequestKind::Named(_) => Self::Unknown,
        }
    }

    /// Whether it can run a build for this major version, if that is known.
    pub fn runs(self, minimum_runtime: Option<u64>) -> bool {
        match self {
            Self::UpTo(most) => {
                minimum_runtime.is_none_or(|minimum_runtime| minimum_runtime <= most)
            }
            Self::Unknown | Self::Stale => true,
            Self::Nothing => false,
        }
    }
}

impl Runtime {
    /// Whether the active version can run a build for this major version.
    pub fn runs(&self, minimum_runtime: Option<u64>) -> bool {
        self.compatibility.runs(minimum_runtime)
    }

    /// Whether the active version can, or without a pin another installed one.
    pub fn can_run(&self, minimum_runtime: Option<u64>) -> bool {
        let newest = self.newest.as_ref().map(|version| Compatibility::of_version(Some(version)));
        self.runs(minimum_runtime) || newest.is_some_and(|newest| newest.runs(minimum_runtime))
    }
}
