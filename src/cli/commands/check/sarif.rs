//! The findings in the Static Analysis Results Interchange Format, version 2.1.0:
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>. What is optional there and
//! GitHub's code scanning needs is in it, too.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use serde_json::{Value, json};

use super::located::LocatedFinding;
use super::text::name;
use crate::check::{Level, Rule};

/// Where the format's schema is.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What stands for the repository's folder, by convention.
const REPOSITORY: &str = "%SRCROOT%";

/// The name of our fingerprints, which changes if they are made in another way.
const FINGERPRINT: &str = "usherFinding/v1";

/// The log of one run. What is about no file isn't a result, but a notification.
pub(super) fn log(findings: &[LocatedFinding]) -> Value {
    let about_files = findings.iter().filter_map(|one| Some((one, one.path.as_ref()?)));
    let results: Vec<Value> = about_files.map(|(located, path)| result(located, path)).collect();
    let others = findings.iter().filter(|located| located.path.is_none());
    let notifications: Vec<Value> = others
        .map(|LocatedFinding { finding, .. }| {
            json!({ "level": name(finding.level), "message": { "text": finding.what } })
        })
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "usher",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": Rule::ALL.map(rule),
            } },
            "originalUriBaseIds": {
                REPOSITORY: { "description": { "text": "The folder of the repository." } },
            },
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    })
}

fn rule(rule: Rule) -> Value {
    let level = match rule {
        Rule::VersionsDiffer | Rule::BrokenVersionFile => Level::Error,
        Rule::UnquotedNumber => Level::Warning,
        Rule::NotCompared => Level::Note,
    };
    let description = json!({ "text": rule.description() });
    json!({
        "id": rule.id(),
        "shortDescription": description,
        "fullDescription": description,
        "help": { "text": "`use check` shows what each place is compared with." },
        "defaultConfiguration": { "level": name(level) },
    })
}

fn result(located: &LocatedFinding, path: &Path) -> Value {
    let finding = &located.finding;
    json!({
        "ruleId": finding.rule.id(),
        "ruleIndex": Rule::ALL.iter().position(|rule| *rule == finding.rule),
        "level": name(finding.level),
        "message": { "text": finding.what },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": relative_uri(path), "uriBaseId": REPOSITORY },
            "region": { "startLine": located.line() },
        } }],
        "partialFingerprints": { FINGERPRINT: located.fingerprint },
    })
}

/// A relative path as a URI: all but what never needs it is encoded.
fn relative_uri(path: &Path) -> String {
    let encoded = |byte: &u8| match byte {
        b'/' | b'-' | b'.' | b'_' | b'~' => char::from(*byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    path.as_os_str().as_bytes().iter().map(encoded).collect()
}

#[cfg(test)]
mod tests {
    use super::super::located::tests::{finding, located_at_root as located};
    use super::*;

    #[test]
    fn results_have_a_place_and_others_are_notifications() {
        let findings = [
            located(finding(Level::Error, "a b/Docker:é", 3, "one")),
            located(finding(Level::Note, "", 0, "three")),
        ];
        let log = log(&findings);
        let run = &log["runs"][0];
        assert_eq!(
            run["results"],
            json!([{
                "ruleId": "versions-differ",
                "ruleIndex": 0,
                "level": "error",
                "message": { "text": "one" },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": {
                        "uri": "a%20b/Docker%3A%C3%A9",
                        "uriBaseId": "%SRCROOT%",
                    },
                    "region": { "startLine": 3 },
                } }],
                "partialFingerprints": { "usherFinding/v1": "f" },
            }])
        );
        assert_eq!(
            run["invocations"][0]["toolExecutionNotifications"],
            json!([{ "level": "note", "message": { "text": "three" } }])
        );
        assert_eq!(run["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(Rule::ALL.len()));
    }
}
