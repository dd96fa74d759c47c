//! What a tool's versions run on, where they are built for versions of another tool: which of those
//! run which of these. It must not know what would have to be fetched.

use crate::pin::Pin;
use crate::request::{Request, RequestKind};
use crate::tool::{BuiltFor, Tool};
use crate::toolchain::Toolchain;
use crate::version::Version;

/// The tool that another one's versions are built for, as it stands here.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// The tool.
    pub tool: &'static Tool,
    /// How the other one's versions say what they are built for.
    pub rule: BuiltFor,
    /// What its active version runs.
    pub compatibility: Compatibility,
    /// What requests that version, if anything does: then no other one will do.
    pub pin: Option<Pin>,
    /// Whether that version isn't on disk.
    pub is_missing: bool,
    /// Where nothing requests one, the newest on disk, which children can be led to.
    pub newest: Option<Version>,
}

/// What a version runs of what is built for versions like it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compatibility {
    /// Whatever is built for this first number, or a lower one.
    UpTo(u64),
    /// Not known: its version can't be told.
    Unknown,
    /// Nothing, for there is none.
    Nothing,
    /// The index is out of date.
    Stale,
}

impl Compatibility {
    /// What a version runs.
    pub(super) fn of_version(version: Option<&Version>) -> Self {
        version.map_or(Self::Unknown, |version| Self::UpTo(version.numbers().at(0)))
    }

    /// What a version will run that is requested so.
    pub fn of_request(request: &Request) -> Self {
        match request.kind() {
            RequestKind::Version(version) => Self::of_version(Some(version)),
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

    /// Whether it runs what is built for this, where that is known.
    pub fn runs(self, least: Option<u64>) -> bool {
        match self {
            Self::UpTo(most) => least.is_none_or(|least| least <= most),
            Self::Unknown | Self::Stale => true,
            Self::Nothing => false,
        }
    }
}

impl Runtime {
    /// Whether the active version runs what is built for this.
    pub fn runs(&self, least: Option<u64>) -> bool {
        self.compatibility.runs(least)
    }

    /// Whether one that is on disk does, where nothing requests another one.
    pub fn can_run(&self, least: Option<u64>) -> bool {
        let newest = self.newest.as_ref().map(|version| Compatibility::of_version(Some(version)));
        self.runs(least) || newest.is_some_and(|newest| newest.runs(least))
    }

    /// Puts toolchains first that the active version runs, then those that another one does.
    pub(super) fn put_running_first(&self, toolchains: &mut [Toolchain]) {
        toolchains.sort_by_key(|toolchain| {
            let least = toolchain.version.as_ref().and_then(|version| self.rule.least(version));
            (!self.runs(least), !self.can_run(least))
        });
    }
}
