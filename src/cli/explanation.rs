//! Why a program runs as it does: all requests, what the search skipped, the installed versions that
//! match. Prints nothing; [`crate::cli::commands::why`] does.

mod candidates;
mod leniency;
mod skipped;

use std::ops::ControlFlow;

use serde::Serialize;
use usher_shims::call::{Call, ProviderRule, calls};
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::request::Request;
use usher_shims::resolve::{MissingVersion, Outcome, Selection};
use usher_shims::search::{Finding, search};
use usher_shims::store::all_toolchains;
use usher_shims::tool::Tool;
use usher_shims::toolchain::Toolchain;

use crate::cli::output::ReportPath;
use crate::cli::output::json::ErrorReport;
use crate::cli::search_path::SearchPath;
use crate::project::unread;
use crate::registry::KnownTool;
use crate::releases::updates::is_release_request;
use crate::releases::{Release, ToolRequest};
use crate::session::Session;
use crate::session::active::{is_active, store_label, system_version, version_label};

use crate::session::retired::RetiredToolchains;

use candidates::SearchResult;
pub use candidates::{Candidate, CandidateKind};
pub use skipped::SkippedEntry;

/// Why a program runs as it does.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Explanation {
    /// The program.
    pub program: String,
    /// The tools that may provide it, strongest first.
    pub tools: Vec<ToolExplanation>,
    /// The program's path; `null` if it can't run.
    pub path: Option<ReportPath>,
    /// What runs in its place by name: it comes before the shims on PATH.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden_by: Option<ReportPath>,
    /// Why it can't run; `use why` itself doesn't fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
}

/// One tool that may provide a program.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ToolExplanation {
    /// The tool.
    pub tool: &'static str,
    /// The active version; `null` if it isn't installed.
    pub version: Option<String>,
    /// All requests, strongest first.
    pub candidates: Vec<Candidate>,
    /// What the search found and skipped, and why.
    pub skipped: Vec<SkippedEntry>,
    /// The installed versions that match the deciding request, the active one first. Without a
    /// request, all installed versions.
    pub installed_versions: Vec<InstalledMatch>,
    /// The latest release that matches the deciding request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_matching: Option<LatestMatch>,
}

/// An installed version that matches.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InstalledMatch {
    /// The version.
    pub version: String,
    /// Its store.
    pub store: String,
    /// Its folder.
    pub path: ReportPath,
    /// Whether it is the active one.
    pub active: bool,
    /// The day from which on the machine may remove it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retired: Option<String>,
}

/// The latest release that matches a request.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LatestMatch {
    /// The request.
    pub request: String,
    /// The release; `null` if the look-up failed.
    pub version: Option<String>,
    /// Whether it is newer than the active version, or none is active.
    #[serde(rename = "newer")]
    pub is_newer: bool,
    /// Why the look-up failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
    /// The same for people: a line for each source.
    #[serde(skip)]
    pub causes: Vec<String>,
    /// Whether a source was looked up, and has no such release.
    #[serde(skip)]
    pub is_absent: bool,
}

/// Finds the latest release that matches a request.
pub type FindRelease<'a> = dyn Fn(&ToolRequest<'_>) -> Result<Release> + 'a;

/// Explains which version of a program runs.
pub fn explain(session: &Session, program: &str, find: &FindRelease<'_>) -> Result<Explanation> {
    let outcome = session.resolver().resolve(program, &[]);
    let mut tools: Vec<ToolExplanation> = Vec::new();
    for call in calls(&session.index, program, None) {
        if tools.iter().all(|known| known.tool != call.tool.name) {
            tools.push(explain_tool(session, &call, find)?);
        }
    }
    let (path, error) = match outcome {
        Ok(Outcome::Run(plan)) => (Some(ReportPath::new(&plan.program)), None),
        Ok(Outcome::Missing(missing)) => (None, Some(not_installed(&missing, &tools))),
        Ok(Outcome::Stale) => (None, Some(stale_index_error())),
        Err(error) if tools.is_empty() => return Err(error),
        Err(error) => (None, Some(ErrorReport::of(&error))),
    };
    let hiding = SearchPath::of(session).and_then(|path| path.hiding(session, program));
    let hidden_by = hiding.map(ReportPath::new);
    Ok(Explanation { program: program.to_owned(), tools, path, hidden_by, error })
}

/// Whether anything requests a version of a call's tool.
pub fn is_requested(session: &Session, call: &Call) -> Result<bool> {
    let mut is_requested = false;
    search(&session.world, &session.index, call, &mut |finding| match finding {
        Finding::Skipped(_) => ControlFlow::Continue(()),
        Finding::Pin(_) | Finding::Constraint(_) | Finding::Default(_) | Finding::Broken(..) => {
            is_requested = true;
            ControlFlow::Break(())
        }
    })?;
    Ok(is_requested)
}

fn explain_tool(session: &Session, call: &Call, find: &FindRelease<'_>) -> Result<ToolExplanation> {
    let found = search_all(session, call)?;
    let mut skipped = skipped_files(&found.findings);
    if let Ok(known) = session.registry.named(call.tool.name) {
        let unread = unread::named_above(session, known);
        skipped.extend(unread.into_iter().map(SkippedEntry::of_unread));
    }
    Ok(ToolExplanation {
        tool: call.tool.name,
        version: found.version().map(ToString::to_string),
        candidates: candidates::candidates(session, call.tool, &found),
        skipped,
        installed_versions: installed_versions(session, call.tool, &found)?,
        latest_matching: match session.registry.named(call.tool.name) {
            Ok(known) => latest_matching(known, &found, find),
            Err(_) => None,
        },
    })
}

fn search_all(session: &Session, call: &Call) -> Result<SearchResult> {
    let mut findings = Vec::new();
    search(&session.world, &session.index, call, &mut |finding| {
        findings.push(finding);
        ControlFlow::Continue(())
    })?;
    // A tool that runs on another one provides the program only where it is pinned or a default;
    // its own selection is explained in any case.
    let call = Call { rule: ProviderRule::Always, ..call.clone() };
    let selection = session.resolver().selector().select(&call);
    let system_version = match &selection {
        Ok(Selection::System(main, _)) => system_version(session, call.tool, main)?,
        _ => None,
    };
    Ok(SearchResult { findings, selection, system_version })
}

fn skipped_files(findings: &[Finding]) -> Vec<SkippedEntry> {
    let skipped = findings.iter().filter_map(|finding| match finding {
        Finding::Skipped(skipped) => Some(SkippedEntry::of(skipped)),
        Finding::Pin(_) | Finding::Constraint(_) | Finding::Default(_) | Finding::Broken(..) => {
            None
        }
    });
    skipped.collect()
}

fn installed_versions(
    session: &Session,
    tool: &'static Tool,
    found: &SearchResult,
) -> Result<Vec<InstalledMatch>> {
    let matches = |toolchain: &Toolchain| match (&toolchain.version, found.pin()) {
        (Some(version), Some(pin)) => {
            pin.requests.iter().any(|request| request.matches(version, tool))
        }
        (Some(_), None) => true,
        // It is listed if it is active.
        (None, _) => false,
    };
    let installed = all_toolchains(&session.world, &session.index, tool)?.unwrap_or_default();
    let mut listed: Vec<Toolchain> = installed.into_iter().filter(matches).collect();
    if let Some(toolchain) = found.active().filter(|toolchain| !listed.contains(toolchain)) {
        listed.insert(0, toolchain.clone());
    }
    let is_active = |toolchain: &Toolchain| {
        found.selection.as_ref().is_ok_and(|active| is_active(session, tool, toolchain, active))
    };
    // The sort is stable: behind the active version the others keep their order.
    listed.sort_by_key(|toolchain| !is_active(toolchain));
    let retired = RetiredToolchains::read(session);
    let listed = listed.into_iter().map(|toolchain| InstalledMatch {
        retired: retired.date_of(session, tool, &toolchain).map(|date| date.to_string()),
        version: version_label(&toolchain),
        store: store_label(&toolchain.store).to_owned(),
        path: ReportPath::new(&toolchain.root),
        active: is_active(&toolchain),
    });
    Ok(listed.collect())
}

/// Looks up the latest release for a request that may mean another version tomorrow.
fn latest_matching(
    known: KnownTool<'_>,
    found: &SearchResult,
    find: &FindRelease<'_>,
) -> Option<LatestMatch> {
    let pin = found.pin()?;
    let request = pin.request().filter(|request| is_open(known, request))?;
    if known.definition.source.is_empty() {
        return None;
    }
    let version = found.version();
    let mut latest = LatestMatch {
        request: request.to_string(),
        version: None,
        is_newer: false,
        error: None,
        causes: Vec::new(),
        is_absent: false,
    };
    match find(&ToolRequest { known, request, origin: &pin.origin }) {
        Ok(release) => {
            latest.is_newer = version.is_none_or(|version| *version < release.version);
            latest.version = Some(release.version.to_string());
        }
        Err(error) => {
            latest.error = Some(ErrorReport::of(&error));
            latest.is_absent = error.kind().is_absence();
            latest.causes = match error.causes.is_empty() {
                true => vec![error.what],
                false => error.causes,
            };
        }
    }
    Some(latest)
}

fn is_open(known: KnownTool<'_>, request: &Request) -> bool {
    is_release_request(known, request) && request.exact(known.tool).is_none()
}

/// The error for a version that isn't installed. Where no release could be found either, installing
/// fails, too: then the hint is that of the look-up.
fn not_installed(missing: &MissingVersion, tools: &[ToolExplanation]) -> ErrorReport {
    let request = missing.pin.request().map(ToString::to_string).unwrap_or_default();
    let (tool, origin) = (missing.tool.name, &missing.pin.origin);
    let explained = tools.iter().find(|explained| explained.tool == tool);
    let latest = explained.and_then(|explained| explained.latest_matching.as_ref());
    let hint = latest.and_then(|latest| latest.error.as_ref()?.hint.clone());
    let hint = hint.unwrap_or_else(|| install_command(tool, &request));
    let what = format!("{tool} {request} is not installed (requested by {origin})");
    ErrorReport::of(&Error::new(ErrorKind::NotInstalled, what).hint(hint))
}

/// The command that installs what is requested: by its text, or for a range, which a shell would read
/// otherwise, all that the project requests.
pub fn install_command(tool: &str, request: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-+/".contains(c);
    match request.chars().all(is_plain) {
        true => format!("use install {tool}@{request}"),
        false => "use install".to_owned(),
    }
}

fn stale_index_error() -> ErrorReport {
    let error = Error::new(ErrorKind::Changed, "the system's programs changed");
    ErrorReport::of(&error.hint("use reshim"))
}

#[cfg(test)]
mod tests {
    use super::install_command;

    #[test]
    fn a_request_that_a_shell_would_read_otherwise_is_left_to_the_project() {
        assert_eq!(install_command("node", "lts/*"), "use install");
        assert_eq!(install_command("go", ">=1.22.0"), "use install");
        assert_eq!(install_command("node", "lts/iron"), "use install node@lts/iron");
    }
}
