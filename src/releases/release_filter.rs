//! Which of the releases of a source is taken.

use usher_shims::request::Request;
use usher_shims::resolve::Runtime;
use usher_shims::tool::Tool;

use super::release::{Release, newest};
use super::runtime;

/// What a release must be to be taken.
#[derive(Clone, Copy)]
pub(super) struct ReleaseFilter<'a> {
    pub(super) request: &'a Request,
    /// Of which tool.
    pub(super) tool: &'a Tool,
    /// What the tool's versions run on, if they are built for versions of another tool.
    pub(super) runtime: Option<&'a Runtime>,
}

impl ReleaseFilter<'_> {
    /// Whether a release is one that was requested; it may not run here.
    pub(super) fn matches(&self, release: &Release) -> bool {
        release.matches(self.request, self.tool)
    }

    /// The newest of these that was requested and runs here.
    pub(super) fn newest(&self, releases: &[Release]) -> Option<Release> {
        match self.runtime {
            Some(runtime) => runtime::newest_on(runtime, releases, (self.request, self.tool)),
            None => newest(releases.iter().filter(|release| self.matches(release)), self.tool),
        }
    }
}
