//! Chooses one of the releases of a source.

use usher_shims::request::Request;
use usher_shims::resolve::Runtime;
use usher_shims::tool::Tool;

use super::release::{Release, newest};
use super::runtime;

/// The conditions for a release.
#[derive(Clone, Copy)]
pub(super) struct ReleaseFilter<'a> {
    pub(super) request: &'a Request,
    pub(super) tool: &'a Tool,
    /// The tool's runtime, if its releases are built for versions of one.
    pub(super) runtime: Option<&'a Runtime>,
}

impl ReleaseFilter<'_> {
    /// Whether a release matches the request. It may not run here.
    pub(super) fn matches(&self, release: &Release) -> bool {
        release.matches(self.request, self.tool)
    }

    /// The newest release that matches the request and runs here.
    pub(super) fn newest(&self, releases: &[Release]) -> Option<Release> {
        match self.runtime {
            Some(runtime) => runtime::newest_on(runtime, releases, self.request, self.tool),
            None => newest(releases.iter().filter(|release| self.matches(release)), self.tool),
        }
    }
}
