//! Chooses one of the releases of a source.

use usher_shims::request::Request;
use usher_shims::resolve::Runtime;
use usher_shims::tool::Tool;
use usher_shims::tool_policy::ToolPolicy;

use super::release::{Release, newest};
use super::runtime;

/// The conditions for a release.
#[derive(Clone, Copy)]
pub(super) struct ReleaseFilter<'a> {
    pub(super) request: &'a Request,
    pub(super) tool: &'a Tool,
    /// The tool's runtime, if its releases are built for versions of one.
    pub(super) runtime: Option<&'a Runtime>,
    /// What the machine's policy has about the tool.
    pub(super) policy: Option<&'a ToolPolicy<'a>>,
}

impl ReleaseFilter<'_> {
    /// Whether a release matches the request. It may not run here.
    pub(super) fn matches(&self, release: &Release) -> bool {
        release.matches(self.request, self.tool)
    }

    /// Whether the machine's policy allows a release.
    pub(super) fn is_allowed(&self, release: &Release) -> bool {
        self.policy.is_none_or(|policy| policy.allows(&release.version))
    }

    /// The newest release that matches the request, is allowed and runs here.
    pub(super) fn newest(&self, releases: &[Release]) -> Option<Release> {
        match (self.runtime, self.policy) {
            (Some(runtime), None) => runtime::newest_on(runtime, releases, self.request, self.tool),
            (Some(runtime), Some(_)) => {
                let allowed = releases.iter().filter(|release| self.is_allowed(release));
                let allowed: Vec<Release> = allowed.cloned().collect();
                runtime::newest_on(runtime, &allowed, self.request, self.tool)
            }
            (None, _) => {
                let fits = |release: &&Release| self.matches(release) && self.is_allowed(release);
                newest(releases.iter().filter(fits), self.tool)
            }
        }
    }
}
