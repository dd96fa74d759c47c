//! What came of one tool, for people and for programs.

use serde::Serialize;
use usher_shims::toolchain::Toolchain;
use usher_shims::version::Version;

use crate::registry::KnownTool;

/// What came of one tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// A newer one is on disk now.
    Upgraded,
    /// A newer one is to be had.
    Upgradable,
    /// There is none newer.
    Newest,
    /// It isn't for this verb to change.
    Left,
    /// It went wrong.
    Failed,
}

/// What came of one tool, and why.
#[derive(Serialize)]
pub(super) struct Line {
    pub(super) tool: &'static str,
    pub(super) request: Option<String>,
    pub(super) origin: Option<String>,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) state: State,
    /// Why it was left, and what would change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) because: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
    /// What package managers added to the version that was in force, where the newer one lacks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) additions: Option<Additions>,
    /// Between which versions there may be something to carry over.
    #[serde(skip)]
    pub(super) step: Option<Step>,
}

/// From which version to which other one.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) from: Version,
    pub(super) to: Version,
    /// The older one's toolchain.
    pub(super) held: Toolchain,
}

/// What became of what a package manager added.
#[derive(Debug, Default, Serialize)]
pub(super) struct Additions {
    /// What the newer version has now.
    pub(super) carried: Vec<String>,
    /// What couldn't be added to it.
    pub(super) failed: Vec<String>,
    /// What it lacks.
    pub(super) lacking: Vec<String>,
    /// What came from somewhere else than a registry, and stays behind.
    pub(super) local: Vec<String>,
}

impl Line {
    /// Of a tool, before anything is known of it.
    pub(super) fn of(known: KnownTool<'_>) -> Self {
        Self {
            tool: known.tool.name,
            request: None,
            origin: None,
            from: None,
            to: None,
            state: State::Newest,
            because: None,
            hint: None,
            additions: None,
            step: None,
        }
    }

    /// It isn't for this verb to change.
    pub(super) fn left(&mut self, because: impl Into<String>) {
        self.state = State::Left;
        self.because = Some(because.into());
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
            (State::Upgraded, Some(from), to) => format!("{tool} {from} → {to}"),
            (State::Upgraded, None, to) => format!("{tool} {to} is on disk now"),
            (State::Upgradable, Some(from), to) => format!("{tool} {from} → {to} would be fetched"),
            (State::Upgradable, None, to) => format!("{tool} {to} would be fetched"),
            (State::Newest, from, _) => {
                format!("{tool} {} is the newest that is asked for", from.unwrap_or("?"))
            }
            (State::Left | State::Failed, from, _) => {
                let at = from.map_or_else(String::new, |from| format!(" at {from}"));
                format!("{tool} is left{at}: {}", self.because.as_deref().unwrap_or_default())
            }
        };
        said + &asked
    }
}
