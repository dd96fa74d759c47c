//! What came of one tool, for people and for programs.

use serde::Serialize;
use usher_shims::toolchain::Toolchain;
use usher_shims::version::Version;

use crate::registry::KnownTool;

/// What came of one tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum UpgradeState {
    /// A newer one is on disk now.
    Upgraded,
    /// A newer one is to be had.
    Upgradable,
    /// There is none newer.
    Current,
    /// It isn't for this verb to change.
    Skipped,
    /// It went wrong.
    Failed,
}

/// What came of one tool, and why.
#[derive(Serialize)]
pub(super) struct UpgradeRow {
    pub(super) tool: &'static str,
    pub(super) request: Option<String>,
    pub(super) origin: Option<String>,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) state: UpgradeState,
    /// Why it was left, and what would change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
    /// What package managers added to the version that was in force, where the newer one lacks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) global_packages: Option<PackageOutcome>,
    /// Between which versions there may be something to carry over.
    #[serde(skip)]
    pub(super) step: Option<VersionChange>,
}

/// From which version to which other one.
#[derive(Debug, Clone)]
pub(super) struct VersionChange {
    pub(super) from: Version,
    pub(super) to: Version,
    /// The older one's toolchain.
    pub(super) old_toolchain: Toolchain,
}

/// What became of what a package manager added.
#[derive(Debug, Default, Serialize)]
pub(super) struct PackageOutcome {
    /// What the newer version has now.
    pub(super) carried: Vec<String>,
    /// What couldn't be added to it.
    pub(super) failed: Vec<String>,
    /// What it lacks.
    pub(super) missing: Vec<String>,
    /// What came from somewhere else than a registry, and stays behind.
    pub(super) local: Vec<String>,
}

impl UpgradeRow {
    /// Of a tool, before anything is known of it.
    pub(super) fn of(known: KnownTool<'_>) -> Self {
        Self {
            tool: known.tool.name,
            request: None,
            origin: None,
            from: None,
            to: None,
            state: UpgradeState::Current,
            reason: None,
            hint: None,
            global_packages: None,
            step: None,
        }
    }

    /// It isn't for this verb to change.
    pub(super) fn skip(&mut self, reason: impl Into<String>) {
        self.state = UpgradeState::Skipped;
        self.reason = Some(reason.into());
    }

    /// The line for people.
    pub(super) fn text(&self) -> String {
        let tool = self.tool;
        let from = self.from.as_deref();
        let asked = match (&self.request, &self.origin) {
            (Some(request), Some(origin)) => format!(" ({request} by {origin})"),
            _ => String::new(),
        };
        let said = match (self.state, from, self.to.as_deref().unwrap_or("?")) {
            (UpgradeState::Upgraded, Some(from), to) => format!("{tool} {from} → {to}"),
            (UpgradeState::Upgraded, None, to) => format!("{tool} {to} is on disk now"),
            (UpgradeState::Upgradable, Some(from), to) => {
                format!("{tool} {from} → {to} would be fetched")
            }
            (UpgradeState::Upgradable, None, to) => format!("{tool} {to} would be fetched"),
            (UpgradeState::Current, from, _) => {
                format!("{tool} {} is the newest that is asked for", from.unwrap_or("?"))
            }
            (UpgradeState::Skipped | UpgradeState::Failed, from, _) => {
                let at = from.map_or_else(String::new, |from| format!(" at {from}"));
                format!("{tool} is left{at}: {}", self.reason.as_deref().unwrap_or_default())
            }
        };
        said + &asked
    }
}
