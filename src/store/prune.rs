//! Which of usher's own toolchains can be removed: the rules, as a function of what is known.
//!
//! ```text
//! what requests it (references) ┐
//! last use (last_use)           ├─▶ ToolchainUse ─▶ decide ─▶ PruneDecision
//! processes (running)           ┘
//! ```
//!
//! It only decides, and deletes nothing. In doubt a toolchain isn't removed.

pub mod last_use;
pub mod references;
pub mod running;

use std::fmt;
use std::path::PathBuf;

use usher_shims::error::Shown;

/// The selection on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PruneRules {
    /// Remove versions that were unused for this number of days (`--unused`).
    pub unused_days: Option<u64>,
    /// What happens to versions that processes run from.
    pub running: RunningVersions,
}

/// What happens to versions that processes run from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RunningVersions {
    /// They aren't removed.
    #[default]
    Keep,
    /// They are removed if the user named the version (`--yes`).
    RemoveNamed,
}

/// How the command line named a toolchain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum NamedBy {
    /// Not at all.
    #[default]
    Nothing,
    /// By its tool: `node`.
    Tool,
    /// By its version: `node@12.22.12`.
    Version,
}

/// What is known of a toolchain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolchainUse {
    /// How it was named.
    pub named: NamedBy,
    /// Whether virtual environments in other folders may need it: usher doesn't know all of them.
    pub may_have_venvs: bool,
    /// The virtual environments that were found to need it.
    pub venvs: Vec<PathBuf>,
    /// For how many whole days it was unused, if that is known.
    pub unused_days: Option<u64>,
    /// The processes that run from it.
    pub processes: Vec<u32>,
    /// What requests it: `.nvmrc:1`.
    pub requested_by: Option<String>,
}

/// Whether a toolchain is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PruneDecision {
    /// It is removed.
    Remove,
    /// It isn't removed, for this reason.
    Keep(KeepReason),
}

/// Why a toolchain isn't removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeepReason {
    /// This requests it.
    Requested(String),
    /// These processes run from it.
    InUse(Vec<u32>),
    /// It was last used this number of days ago.
    UsedRecently(u64),
    /// These virtual environments would break, and it wasn't named by its version.
    NeededByVenvs(Vec<PathBuf>),
    /// Virtual environments in other folders could break, and it wasn't named.
    UnknownVenvs,
    /// Its last use is unknown, and it wasn't named.
    UnknownUse,
}

/// Whether a toolchain is removed.
pub fn decide(rules: &PruneRules, usage: &ToolchainUse) -> PruneDecision {
    let is_named = usage.named == NamedBy::Version;
    if let Some(origin) = &usage.requested_by {
        return PruneDecision::Keep(KeepReason::Requested(origin.clone()));
    }
    let may_be_running = is_named && rules.running == RunningVersions::RemoveNamed;
    if !usage.processes.is_empty() && !may_be_running {
        return PruneDecision::Keep(KeepReason::InUse(usage.processes.clone()));
    }
    if !usage.venvs.is_empty() && !is_named {
        return PruneDecision::Keep(KeepReason::NeededByVenvs(usage.venvs.clone()));
    }
    if usage.may_have_venvs && usage.named == NamedBy::Nothing {
        return PruneDecision::Keep(KeepReason::UnknownVenvs);
    }
    match (rules.unused_days, usage.unused_days) {
        (Some(days), Some(unused)) if unused < days => {
            PruneDecision::Keep(KeepReason::UsedRecently(unused))
        }
        (Some(_), Some(_)) => PruneDecision::Remove,
        (Some(_) | None, _) if is_named => PruneDecision::Remove,
        (Some(_) | None, _) => PruneDecision::Keep(KeepReason::UnknownUse),
    }
}

impl KeepReason {
    /// Its name for programs, which never changes.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Requested(_) => "requested",
            Self::InUse(_) => "in-use",
            Self::UsedRecently(_) => "used-recently",
            Self::NeededByVenvs(_) => "needed-by-environments",
            Self::UnknownVenvs => "unknown-environments",
            Self::UnknownUse => "unknown-use",
        }
    }
}

impl fmt::Display for KeepReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested(origin) => write!(f, "requested by {origin}"),
            Self::InUse(processes) => {
                write!(f, "in use by process {}", first_of(processes.iter().map(u32::to_string)))
            }
            Self::UsedRecently(0) => f.write_str("used today"),
            Self::UsedRecently(1) => f.write_str("used yesterday"),
            Self::UsedRecently(days) => write!(f, "used {days} days ago"),
            Self::NeededByVenvs(venvs) => {
                let folders = first_of(venvs.iter().map(|folder| Shown(folder).to_string()));
                write!(
                    f,
                    "needed by the virtual environment {folders}: name the version to remove it"
                )
            }
            Self::UnknownVenvs => {
                f.write_str("virtual environments may depend on it: name it to remove it")
            }
            Self::UnknownUse => f.write_str("last use unknown: name it to remove it"),
        }
    }
}

/// The first three of a list.
fn first_of(mut all: impl Iterator<Item = String>) -> String {
    let first: Vec<String> = all.by_ref().take(3).collect();
    let more = if all.next().is_some() { ", …" } else { "" };
    first.join(", ") + more
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `unused=30 yes` · `version venvs used=3 runs requested`; `venv` is one that needs it.
    fn check(rules: &str, usage: &str, expected: &str) {
        let has = |text: &str, word: &str| text.split(' ').any(|one| one == word);
        let number = |text: &str, key: &str| {
            text.split(' ').find_map(|one| one.strip_prefix(key)?.parse().ok())
        };
        let parsed_rules = PruneRules {
            unused_days: number(rules, "unused="),
            running: match has(rules, "yes") {
                true => RunningVersions::RemoveNamed,
                false => RunningVersions::Keep,
            },
        };
        let named = match () {
            () if has(usage, "version") => NamedBy::Version,
            () if has(usage, "tool") => NamedBy::Tool,
            () => NamedBy::Nothing,
        };
        let parsed_usage = ToolchainUse {
            named,
            may_have_venvs: has(usage, "venvs") || has(usage, "venv"),
            venvs: if has(usage, "venv") { vec!["/p/.venv".into()] } else { Vec::new() },
            unused_days: number(usage, "used="),
            processes: if has(usage, "runs") { vec![7] } else { Vec::new() },
            requested_by: has(usage, "requested").then(|| "x".to_owned()),
        };
        let decision = match decide(&parsed_rules, &parsed_usage) {
            PruneDecision::Remove => "remove".to_owned(),
            PruneDecision::Keep(reason) => reason.to_string(),
        };
        assert_eq!(decision, expected, "{rules} · {usage}");
    }

    #[test]
    fn unused_and_named_versions_are_removed() {
        const UNKNOWN: &str = "last use unknown: name it to remove it";
        const VENVS: &str = "virtual environments may depend on it: name it to remove it";
        const VENV: &str =
            "needed by the virtual environment /p/.venv: name the version to remove it";
        for (rules, usage, expected) in [
            ("unused=30", "used=1000", "remove"),
            ("unused=30", "used=30", "remove"),
            ("unused=30", "used=29", "used 29 days ago"),
            ("unused=30", "used=1", "used yesterday"),
            ("unused=1", "used=0", "used today"),
            ("unused=30", "", UNKNOWN),
            ("unused=30", "tool", UNKNOWN),
            ("unused=30", "version", "remove"),
            ("unused=30", "version used=3", "used 3 days ago"),
            ("", "version", "remove"),
            ("", "version used=0", "remove"),
            ("unused=30", "venvs used=1000", VENVS),
            ("unused=30", "venvs tool used=1000", "remove"),
            ("unused=30", "venvs tool", UNKNOWN),
            ("unused=30", "venvs tool used=3", "used 3 days ago"),
            ("", "venvs version", "remove"),
            ("unused=30", "venv used=1000", VENV),
            ("unused=30 yes", "venv tool used=1000", VENV),
            ("unused=30", "venv version used=3", "used 3 days ago"),
            ("", "venv version", "remove"),
            ("", "venv version requested", "requested by x"),
            ("unused=30", "requested used=1000", "requested by x"),
            ("unused=30 yes", "requested version runs", "requested by x"),
            ("", "requested version", "requested by x"),
            ("unused=30", "runs used=1000", "in use by process 7"),
            ("unused=30 yes", "runs used=1000", "in use by process 7"),
            ("unused=30 yes", "runs tool used=1000", "in use by process 7"),
            ("", "runs version", "in use by process 7"),
            ("yes", "runs version", "remove"),
            ("unused=30 yes", "runs version", "remove"),
        ] {
            check(rules, usage, expected);
        }
    }

    #[test]
    fn at_most_three_processes_are_named() {
        let reason = |processes: &[u32]| KeepReason::InUse(processes.to_vec()).to_string();
        assert_eq!(reason(&[7, 8, 9]), "in use by process 7, 8, 9");
        assert_eq!(reason(&[7, 8, 9, 10]), "in use by process 7, 8, 9, …");
    }
}
