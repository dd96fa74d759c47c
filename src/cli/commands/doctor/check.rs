//! The result of one check of `use doctor`.

use std::path::Path;

use serde::Serialize;

use super::check_id::CheckId;
use crate::cli::output::ReportPath;

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct DoctorCheck {
    /// What was checked.
    pub(super) id: CheckId,
    /// What came of it.
    pub(super) state: CheckState,
    /// The tool that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool: Option<&'static str>,
    /// The file or folder that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<ReportPath>,
    /// The variable that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) variable: Option<String>,
    /// What was found, in words.
    pub(super) what: String,
    /// What to type or to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
}

/// How bad a result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum CheckState {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// A problem: `use doctor` fails.
    Error,
}

impl DoctorCheck {
    pub(super) fn new(id: CheckId, state: CheckState, what: String, hint: Option<String>) -> Self {
        Self { id, state, tool: None, path: None, variable: None, what, hint }
    }

    pub(super) fn ok(id: CheckId, what: impl Into<String>) -> Self {
        Self::new(id, CheckState::Ok, what.into(), None)
    }

    pub(super) fn note(id: CheckId, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(id, CheckState::Note, what.into(), Some(hint.into()))
    }

    pub(super) fn error(id: CheckId, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(id, CheckState::Error, what.into(), Some(hint.into()))
    }

    /// The same, about a tool.
    pub(super) fn of_tool(self, tool: &'static str) -> Self {
        Self { tool: Some(tool), ..self }
    }

    /// The same, about a file or folder.
    pub(super) fn at(self, path: &Path) -> Self {
        Self { path: Some(ReportPath::new(path)), ..self }
    }

    /// The same, about a variable.
    pub(super) fn of_variable(self, variable: &str) -> Self {
        Self { variable: Some(variable.to_owned()), ..self }
    }

    /// Whether a person would read the same twice.
    pub(super) fn has_same_text(&self, other: &Self) -> bool {
        (self.id, self.state, &self.what, &self.hint)
            == (other.id, other.state, &other.what, &other.hint)
    }
}
