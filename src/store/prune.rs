//! Which of usher's own toolchains nobody needs any more: the rules, as a function of what is known.
//!
//! ```text
//! who asks (references) ┐
//! last use (last_use)   ├─▶ Facts ─▶ judge ─▶ Verdict
//! processes (running)   ┘
//! ```
//!
//! It decides and deletes nothing. What it can't know for certain speaks for keeping.

pub mod last_use;
pub mod references;
pub mod running;

use std::fmt;

/// What was asked for on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PruneRules {
    /// Unused for so many days.
    pub unused_days: Option<u64>,
    /// Whether what runs may go, where it is named.
    pub running: RunningVersions,
}

/// What a person agreed to beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RunningVersions {
    /// Nothing.
    #[default]
    None,
    /// All, by `--yes`.
    ProcessArgs,
}

/// How a toolchain was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NamedBy {
    /// Not at all.
    #[default]
    Nothing,
    /// Its tool was.
    Tool,
    /// Its version was.
    Version,
}

/// What is known of a toolchain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolchainUse {
    /// How it was named.
    pub named: NamedBy,
    /// Whether environments elsewhere point into it.
    pub has_virtual_environments: bool,
    /// For how many whole days nothing in it was used, where that is known.
    pub unused_days: Option<u64>,
    /// The processes that run from it.
    pub processes: Vec<u32>,
    /// Who asks for it.
    pub requested_by: Option<String>,
}

/// What is to become of a toolchain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PruneDecision {
    /// It goes.
    Remove,
    /// It stays, for this reason.
    Keep(KeepReason),
}

/// Why a toolchain stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeepReason {
    /// Somebody asks for it.
    Requested(String),
    /// These processes run from it.
    InUse(Vec<u32>),
    /// It was used so many days ago.
    UsedRecently(u64),
    /// Environments elsewhere would break, and it wasn't named.
    VirtualEnvironments,
    /// Nobody knows when it was used, and it wasn't named.
    UnknownUse,
}

/// What is to become of a toolchain.
pub fn decide(rules: &PruneRules, usage: &ToolchainUse) -> PruneDecision {
    let is_named = usage.named == NamedBy::Version;
    if let Some(by) = &usage.requested_by {
        return PruneDecision::Keep(KeepReason::Requested(by.clone()));
    }
    let may_run = is_named && rules.running == RunningVersions::ProcessArgs;
    if !usage.processes.is_empty() && !may_run {
        return PruneDecision::Keep(KeepReason::InUse(usage.processes.clone()));
    }
    if usage.has_virtual_environments && usage.named == NamedBy::Nothing {
        return PruneDecision::Keep(KeepReason::VirtualEnvironments);
    }
    match (rules.unused_days, usage.unused_days) {
        (Some(days), Some(unused_days)) if unused_days < days => {
            PruneDecision::Keep(KeepReason::UsedRecently(unused_days))
        }
        (Some(_), Some(_)) => PruneDecision::Remove,
        (Some(_) | None, _) if is_named => PruneDecision::Remove,
        (Some(_) | None, _) => PruneDecision::Keep(KeepReason::UnknownUse),
    }
}

impl fmt::Display for KeepReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested(by) => write!(f, "asked for by {by}"),
            Self::InUse(processes) => {
                let first: Vec<String> = processes.iter().take(3).map(u32::to_string).collect();
                let more = if processes.len() > first.len() { ", …" } else { "" };
                write!(f, "in use by process {}{more}", first.join(", "))
            }
            Self::UsedRecently(0) => f.write_str("used today"),
            Self::UsedRecently(1) => f.write_str("used yesterday"),
            Self::UsedRecently(days) => write!(f, "used {days} days ago"),
            Self::VirtualEnvironments => {
                f.write_str("goes only if it is named: environments point into it")
            }
            Self::UnknownUse => {
                f.write_str("goes only if it is named: nobody knows when it was used")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `unused_days=30 yes` · `version venvs used=3 runs asked`.
    fn check(rules: &str, usage: &str, expected: &str) {
        let has = |text: &str, word: &str| text.split(' ').any(|one| one == word);
        let number = |text: &str, key: &str| {
            text.split(' ').find_map(|one| one.strip_prefix(key)?.parse().ok())
        };
        let rules_read = PruneRules {
            unused_days: number(rules, "unused="),
            running: if has(rules, "yes") {
                RunningVersions::ProcessArgs
            } else {
                RunningVersions::None
            },
        };
        let named = match () {
            () if has(usage, "version") => NamedBy::Version,
            () if has(usage, "tool") => NamedBy::Tool,
            () => NamedBy::Nothing,
        };
        let facts_read = ToolchainUse {
            named,
            has_virtual_environments: has(usage, "venvs"),
            unused_days: number(usage, "used="),
            processes: if has(usage, "runs") { vec![7] } else { Vec::new() },
            requested_by: has(usage, "asked").then(|| "x".to_owned()),
        };
        let decision = match decide(&rules_read, &facts_read) {
            PruneDecision::Remove => "goes".to_owned(),
            PruneDecision::Keep(why) => why.to_string(),
        };
        assert_eq!(decision, expected, "{rules} · {usage}");
    }

    #[test]
    fn what_goes_and_what_stays() {
        const UNKNOWN: &str = "goes only if it is named: nobody knows when it was used";
        const VENVS: &str = "goes only if it is named: environments point into it";
        for (rules, usage, expected) in [
            ("unused=30", "used=1000", "goes"),
            ("unused=30", "used=30", "goes"),
            ("unused=30", "used=29", "used 29 days ago"),
            ("unused=30", "used=1", "used yesterday"),
            ("unused=1", "used=0", "used today"),
            ("unused=30", "", UNKNOWN),
            ("unused=30", "tool", UNKNOWN),
            ("unused=30", "version", "goes"),
            ("unused=30", "version used=3", "used 3 days ago"),
            ("", "version", "goes"),
            ("", "version used=0", "goes"),
            ("unused=30", "venvs used=1000", VENVS),
            ("unused=30", "venvs tool used=1000", "goes"),
            ("unused=30", "venvs tool", UNKNOWN),
            ("unused=30", "venvs tool used=3", "used 3 days ago"),
            ("", "venvs version", "goes"),
            ("unused=30", "asked used=1000", "asked for by x"),
            ("unused=30 yes", "asked version runs", "asked for by x"),
            ("", "asked version", "asked for by x"),
            ("unused=30", "runs used=1000", "in use by process 7"),
            ("unused=30 yes", "runs used=1000", "in use by process 7"),
            ("unused=30 yes", "runs tool used=1000", "in use by process 7"),
            ("", "runs version", "in use by process 7"),
            ("yes", "runs version", "goes"),
            ("unused=30 yes", "runs version", "goes"),
        ] {
            check(rules, usage, expected);
        }
    }
}
