//! The findings as a report of GitLab's code quality:
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.

use serde::Serialize;

use super::located::LocatedFinding;
use crate::check::Level;
use crate::cli::output::ReportPath;

/// An entry of the report.
#[derive(Debug, Serialize)]
pub(super) struct QualityIssue<'a> {
    description: &'a str,
    check_name: &'static str,
    fingerprint: &'a str,
    severity: &'static str,
    location: Location,
}

#[derive(Debug, Serialize)]
struct Location {
    path: ReportPath,
    lines: Lines,
}

#[derive(Debug, Serialize)]
struct Lines {
    begin: u32,
}

/// An entry for each finding that is about a file: others have no place in the format.
pub(super) fn issues(findings: &[LocatedFinding]) -> Vec<QualityIssue<'_>> {
    let about_files = findings.iter().filter_map(|one| Some((one, one.path.as_ref()?)));
    let issues = about_files.map(|(located, path)| QualityIssue {
        description: &located.finding.what,
        check_name: located.finding.rule.id(),
        fingerprint: &located.fingerprint,
        severity: match located.finding.level {
            Level::Error => "major",
            Level::Warning => "minor",
            Level::Note => "info",
        },
        location: Location { path: ReportPath::new(path), lines: Lines { begin: located.line() } },
    });
    issues.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::located::tests::{finding, located_at_root as located};
    use super::*;

    #[test]
    fn a_report_has_an_entry_for_each_place() {
        let findings = [
            located(finding(Level::Error, "Dockerfile", 3, "one")),
            located(finding(Level::Warning, "ci.yml", 0, "two")),
            located(finding(Level::Note, "", 0, "three")),
        ];
        assert_eq!(
            serde_json::to_value(issues(&findings)).unwrap(),
            json!([
                {
                    "description": "one",
                    "check_name": "versions-differ",
                    "fingerprint": "f",
                    "severity": "major",
                    "location": { "path": "Dockerfile", "lines": { "begin": 3 } },
                },
                {
                    "description": "two",
                    "check_name": "versions-differ",
                    "fingerprint": "f",
                    "severity": "minor",
                    "location": { "path": "ci.yml", "lines": { "begin": 1 } },
                },
            ])
        );
    }
}
