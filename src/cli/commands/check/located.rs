//! Findings as other programs refer to them: by a path from the repository's folder, and by a
//! fingerprint that stays the same while lines move.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use usher_shims::world::World as _;

use crate::check::{CheckReport, Finding, MentionPlace};
use crate::files::integrity::sha256;
use crate::project;
use crate::session::Session;

/// GitHub's variable with the folder of the checkout, which annotations are relative to.
const GITHUB_FOLDER: &str = "GITHUB_WORKSPACE";

/// A finding of a repository.
#[derive(Debug)]
pub(super) struct LocatedFinding {
    /// The finding.
    pub(super) finding: Finding,
    /// Its file, relative to the repository's folder; `None` if it is about the project.
    pub(super) path: Option<PathBuf>,
    /// A checksum of its rule, path and text, different for each finding.
    pub(super) fingerprint: String,
}

/// All findings of a report, the paths relative to this folder.
pub(super) fn located(report: &CheckReport, folder: &Path) -> Vec<LocatedFinding> {
    // What a place was compared with, and where that is, changes more often than its own text.
    let mut written: BTreeMap<(&MentionPlace, &str), &str> = BTreeMap::new();
    for mention in report.mentions().map(|one| &one.mention) {
        written.entry((&mention.place, mention.tool.name)).or_insert(&mention.shown);
    }
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    let located = report.findings().into_iter().map(|finding| {
        let path = finding.place.as_ref().map(|place| {
            let absolute = report.root.join(&place.path);
            absolute.strip_prefix(folder).map_or(absolute.clone(), Path::to_path_buf)
        });
        let shown = path.as_deref().unwrap_or(Path::new("")).to_string_lossy();
        let key = finding.place.as_ref().zip(finding.tool.map(|tool| tool.name));
        let about = key.and_then(|key| written.get(&key).copied()).unwrap_or(&finding.what);
        let mut text = format!("{}\0{shown}\0{about}", finding.rule.id());
        let count = alike.entry(text.clone()).or_default();
        *count += 1;
        // Of two findings with one fingerprint a reader takes the second for the first.
        if *count > 1 {
            text = format!("{text}\0{count}");
        }
        LocatedFinding { finding, path, fingerprint: sha256(text.as_bytes()) }
    });
    located.collect()
}

/// The folder that other programs' paths are relative to.
pub(super) fn repository(session: &Session, report: &CheckReport) -> PathBuf {
    project::repository(session, &report.root)
}

/// The same for GitHub's annotations: a job may have its checkout anywhere.
pub(super) fn github_folder(session: &Session, report: &CheckReport) -> PathBuf {
    let named = session.world.variable(GITHUB_FOLDER).map(PathBuf::from);
    let physical = named.and_then(|folder| session.world.physical(&folder).ok());
    let around = physical.filter(|folder| report.root.starts_with(folder));
    around.unwrap_or_else(|| repository(session, report))
}

impl LocatedFinding {
    /// Its line, the first if it is about the whole file.
    pub(super) fn line(&self) -> u32 {
        self.finding.place.as_ref().map_or(1, |place| place.line.max(1))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::check::{BrokenFile, Level, Rule};

    /// A finding, about the project if the path is empty.
    pub(in super::super) fn finding(level: Level, path: &str, line: u32, what: &str) -> Finding {
        let place = (!path.is_empty()).then(|| MentionPlace { path: path.into(), line });
        Finding { level, rule: Rule::VersionsDiffer, tool: None, place, what: what.to_owned() }
    }

    /// The same in a repository.
    pub(in super::super) fn located_at_root(finding: Finding) -> LocatedFinding {
        let path = finding.place.as_ref().map(|place| place.path.clone());
        LocatedFinding { finding, path, fingerprint: "f".to_owned() }
    }

    #[test]
    fn fingerprints_follow_the_text_and_not_the_line() {
        let fingerprints = |lines: [u32; 3]| {
            let broken = |path: &str, line| BrokenFile {
                place: MentionPlace { path: path.into(), line },
                what: "it is empty".to_owned(),
            };
            let report = CheckReport {
                root: "/r/p".into(),
                groups: Vec::new(),
                broken: vec![broken("a", lines[0]), broken("a", lines[1]), broken("b/a", lines[2])],
                notes: Vec::new(),
                ignored: 0,
                strict: false,
            };
            let found = located(&report, Path::new("/r"));
            let paths: Vec<_> =
                found.iter().filter_map(|one| one.path.as_ref()?.to_str()).collect();
            assert_eq!(paths, ["p/a", "p/a", "p/b/a"]);
            found.into_iter().map(|one| one.fingerprint).collect::<Vec<_>>()
        };
        let mut first = fingerprints([1, 2, 3]);
        assert_eq!(first, fingerprints([4, 5, 6]));
        first.sort();
        first.dedup();
        assert_eq!(first.len(), 3);
    }
}
