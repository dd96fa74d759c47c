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
pub struct Rules {
    /// Unused for so many days.
    pub unused: Option<u64>,
    /// Whether what runs may go, where it is named.
    pub consent: Consent,
}

/// What a person agreed to beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Consent {
    /// Nothing.
    #[default]
    None,
    /// All, by `--yes`.
    ProcessArgs,
}

/// How a toolchain was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Named {
    /// Not at all.
    #[default]
    No,
    /// Its tool was.
    Tool,
    /// Its version was.
    Version,
}

/// What is known of a toolchain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// How it was named.
    pub named: Named,
    /// Whether environments elsewhere point into it.
    pub has_venvs: bool,
    /// For how many whole days nothing in it was used, where that is known.
    pub unused: Option<u64>,
    /// The processes that run from it.
    pub processes: Vec<u32>,
    /// Who asks for it.
    pub asked_by: Option<String>,
}

/// What is to become of a toolchain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes.
    Goes,
    /// It stays, for this reason.
    Stays(Why),
}

/// Why a toolchain stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Somebody asks for it.
    Asked(String),
    /// These processes run from it.
    Runs(Vec<u32>),
    /// It was used so many days ago.
    Used(u64),
    /// Environments elsewhere would break, and it wasn't named.
    Venvs,
    /// Nobody knows when it was used, and it wasn't named.
    Unknown,
}

/// What is to become of a toolchain.
pub fn judge(rules: &Rules, facts: &Facts) -> Verdict {
    let is_named = facts.named == Named::Version;
    if let Some(by) = &facts.asked_by {
        return Verdict::Stays(Why::Asked(by.clone()));
    }
    let may_run = is_named && rules.consent == Consent::ProcessArgs;
    if !facts.processes.is_empty() && !may_run {
        return Verdict::Stays(Why::Runs(facts.processes.clone()));
    }
    if facts.has_venvs && facts.named == Named::No {
        return Verdict::Stays(Why::Venvs);
    }
    match (rules.unused, facts.unused) {
        (Some(days), Some(unused)) if unused < days => Verdict::Stays(Why::Used(unused)),
        (Some(_), Some(_)) => Verdict::Goes,
        (Some(_) | None, _) if is_named => Verdict::Goes,
        (Some(_) | None, _) => Verdict::Stays(Why::Unknown),
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(by) => write!(f, "asked for by {by}"),
            Self::Runs(processes) => {
                let first: Vec<String> = processes.iter().take(3).map(u32::to_string).collect();
                let more = if processes.len() > first.len() { ", …" } else { "" };
                write!(f, "in use by process {}{more}", first.join(", "))
            }
            Self::Used(0) => f.write_str("used today"),
            Self::Used(1) => f.write_str("used yesterday"),
            Self::Used(days) => write!(f, "used {days} days ago"),
            Self::Venvs => f.write_str("goes only if it is named: environments point into it"),
            Self::Unknown => f.write_str("goes only if it is named: nobody knows when it was used"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `unused=30 yes` · `version venvs used=3 runs asked`.
    fn check(rules: &str, facts: &str, expected: &str) {
        let has = |text: &str, word: &str| text.split(' ').any(|one| one == word);
        let number = |text: &str, key: &str| {
            text.split(' ').find_map(|one| one.strip_prefix(key)?.parse().ok())
        };
        let rules_read = Rules {
            unused: number(rules, "unused="),
            consent: if has(rules, "yes") { Consent::ProcessArgs } else { Consent::None },
        };
        let named = match () {
            () if has(facts, "version") => Named::Version,
            () if has(facts, "tool") => Named::Tool,
            () => Named::No,
        };
        let facts_read = Facts {
            named,
            has_venvs: has(facts, "venvs"),
            unused: number(facts, "used="),
            processes: if has(facts, "runs") { vec![7] } else { Vec::new() },
            asked_by: has(facts, "asked").then(|| "x".to_owned()),
        };
        let verdict = match judge(&rules_read, &facts_read) {
            Verdict::Goes => "goes".to_owned(),
            Verdict::Stays(why) => why.to_string(),
        };
        assert_eq!(verdict, expected, "{rules} · {facts}");
    }

    #[test]
    fn what_goes_and_what_stays() {
        const UNKNOWN: &str = "goes only if it is named: nobody knows when it was used";
        const VENVS: &str = "goes only if it is named: environments point into it";
        for (rules, facts, expected) in [
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
            check(rules, facts, expected);
        }
    }
}
