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
    /// Whether virtual environments in other folders depend on it.
    pub has_virtual_environments: bool,
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
    /// Virtual environments in other folders would break, and it wasn't named.
    VirtualEnvironments,
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
    if usage.has_virtual_environments && usage.named == NamedBy::Nothing {
        return PruneDecision::Keep(KeepReason::VirtualEnvironments);
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

impl fmt::Display for KeepReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested(origin) => write!(f, "requested by {origin}"),
            Self::InUse(processes) => {
                let first: Vec<String> = processes.iter().take(3).map(u32::to_string).collect();
                let more = if processes.len() > first.len() { ", …" } else { "" };
                write!(f, "in use by process {}{more}", first.join(", "))
            }
            Self::UsedRecently(0) => f.write_str("used today"),
            Self::UsedRecently(1) => f.write_str("used yesterday"),
            Self::UsedRecently(days) => write!(f, "used {days} days ago"),
            Self::VirtualEnvironments => {
                f.write_str("virtual environments may depend on it: name it to remove it")
            }
            Self::UnknownUse => f.write_str("last use unknown: name it to remove it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `unused=30 yes` · `version venvs used=3 runs requested`.
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
            has_virtual_environments: has(usage, "venvs"),
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
