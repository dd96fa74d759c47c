//! What the search found and skipped: an object for programs, a line for people.

use std::fmt;
use std::path::Path;

use serde::Serialize;
use usher_shims::error::Error;
use usher_shims::pin::FileLocation;
use usher_shims::search::Skipped;

use crate::cli::output::ReportPath;
use crate::cli::output::json::ErrorReport;
use crate::project::unread::UnreadNotice;

/// What was skipped, and so decides nothing.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SkippedEntry {
    /// Why it was skipped.
    pub rule: SkippedRule,
    /// The file or folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<ReportPath>,
    /// The line in the file, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// Why it can't be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
    /// The same as people see it.
    pub text: String,
}

/// Why something was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SkippedRule {
    /// The setting `ignore_variables` lists the variable.
    IgnoredVariable,
    /// The working directory is unknown.
    NoDirectory,
    /// A folder of dependencies: the search begins above it.
    IgnoredFolder,
    /// There is no permission to search the folder.
    UnreadableFolder,
    /// The search ends at this folder.
    Ceiling,
    /// Another account may have put the file there.
    Untrusted,
    /// The file names no version of the tool.
    NoVersion,
    /// The file can't be read or parsed.
    UnusableFile,
    /// The entry would pin, and is invalid.
    UnusablePin,
    /// The entry would limit the versions, and is invalid.
    UnusableConstraint,
    /// No shim reads the file.
    UnreadFile,
}

impl SkippedEntry {
    /// What the search skipped.
    pub(super) fn of(skipped: &Skipped) -> Self {
        let entry = |rule| Self::new(rule, skipped.to_string());
        let of_path = |rule, path: &Path| Self { file: Some(ReportPath::new(path)), ..entry(rule) };
        let of_error =
            |rule, error: &Error| Self { error: Some(ErrorReport::of(error)), ..entry(rule) };
        match skipped {
            Skipped::IgnoredVariable(name) => {
                Self { variable: Some((*name).to_owned()), ..entry(SkippedRule::IgnoredVariable) }
            }
            Skipped::NoDirectory(_) => entry(SkippedRule::NoDirectory),
            Skipped::IgnoredFolder(folder) => of_path(SkippedRule::IgnoredFolder, folder),
            Skipped::UnreadableFolder(folder) => of_path(SkippedRule::UnreadableFolder, folder),
            Skipped::Ceiling(folder) => of_path(SkippedRule::Ceiling, folder),
            Skipped::Untrusted(file) => of_path(SkippedRule::Untrusted, file),
            Skipped::NoVersion(file) => of_path(SkippedRule::NoVersion, file),
            Skipped::UnusableFile(error) => of_error(SkippedRule::UnusableFile, error),
            Skipped::UnusablePin(error, FileLocation { path, line, .. }) => Self {
                file: Some(ReportPath::new(path)),
                line: (*line > 0).then_some(*line),
                ..of_error(SkippedRule::UnusablePin, error)
            },
            Skipped::UnusableConstraint(error) => of_error(SkippedRule::UnusableConstraint, error),
        }
    }

    /// A file that no shim reads.
    pub(super) fn of_unread(UnreadNotice { path, line, text }: UnreadNotice) -> Self {
        let file = Some(ReportPath::new(path));
        Self { file, line, ..Self::new(SkippedRule::UnreadFile, text) }
    }

    fn new(rule: SkippedRule, text: String) -> Self {
        Self { rule, file: None, line: None, variable: None, error: None, text }
    }
}

impl fmt::Display for SkippedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
