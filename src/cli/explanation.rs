//! Why a program comes to the version that it comes to: all who ask, what was passed over, what is
//! on disk. Prints nothing; [`crate::cli::commands::why`] does.

mod asked;
mod tolerated;

use std::ops::ControlFlow;

use serde::Serialize;
use usher_shims::call::{Call, ProviderRule, calls};
use usher_shims::error::{Error, Result};
use usher_shims::pin::Pin;
use usher_shims::request::Request;
use usher_shims::resolve::{Outcome, Selection};
use usher_shims::search::{Finding, search};
use usher_shims::store::all_toolchains;
use usher_shims::tool::Tool;
use usher_shims::toolchain::Toolchain;
use usher_shims::version::Version;

use crate::config::folders;
use crate::registry::KnownTool;
use crate::releases::network::Network;
use crate::releases::updates::is_release_request;
use crate::releases::{Finder, ToolRequest};
use crate::session::Session;
use crate::session::current::store_label;

use asked::Lookup;
pub use asked::{Candidate, Kind};

/// Why a program comes to what it comes to.
#[derive(Debug, Serialize)]
pub struct Account {
    /// The program.
    pub program: String,
    /// For each tool that may provide it, strongest first.
    pub tools: Vec<Provider>,
    /// What the call becomes: a path, if it becomes anything now.
    pub runs: Option<String>,
    /// Why it becomes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// Why a call becomes nothing, in the words that its caller would read.
#[derive(Debug, Serialize)]
pub struct Failure {
    /// What happened.
    pub what: String,
    /// Why.
    pub causes: Vec<String>,
    /// What to type.
    pub hint: Option<String>,
}

/// One tool that may provide a program.
#[derive(Debug, Serialize)]
pub struct Provider {
    /// The tool.
    pub tool: &'static str,
    /// The version in force, if one on disk is.
    pub version: Option<String>,
    /// All who ask, strongest first.
    pub asked: Vec<Candidate>,
    /// What was seen and passed over.
    pub passed_over: Vec<String>,
    /// The versions on disk that answer the request that decides, the one in force first.
    pub on_disk: Vec<OnDisk>,
    /// What the newest release that answers is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest: Option<Newest>,
}

/// A version on disk that answers.
#[derive(Debug, Serialize)]
pub struct OnDisk {
    /// Which.
    pub version: String,
    /// Whose it is.
    pub store: String,
    /// Where it lies.
    pub path: String,
    /// Whether it is the one in force.
    pub is_in_force: bool,
}

/// The newest release that answers a request.
#[derive(Debug, Serialize)]
pub struct Newest {
    /// The request.
    pub request: String,
    /// The release, where that can be told.
    pub version: Option<String>,
    /// Whether it is on disk.
    pub is_on_disk: bool,
    /// Why it can't be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// Accounts for a program.
pub fn account(session: &Session, program: &str) -> Result<Account> {
    let outcome = session.resolver().resolve(program, &[]);
    let mut providers: Vec<Provider> = Vec::new();
    for call in calls(&session.index, program, None) {
        let is_new = providers.iter().all(|known| known.tool != call.tool.name);
        if is_new {
            providers.push(provider(session, &call)?);
        }
    }
    let (runs, failure) = match outcome {
        Ok(Outcome::Run(plan)) => (Some(plan.program.to_string_lossy().into_owned()), None),
        Ok(Outcome::Missing(missing)) => (None, Some(absent(missing.tool, &missing.pin))),
        Ok(Outcome::Stale) => (None, Some(stale())),
        Err(error) if providers.is_empty() => return Err(error),
        Err(Error { what, causes, hint, .. }) => (None, Some(Failure { what, causes, hint })),
    };
    Ok(Account { program: program.to_owned(), tools: providers, runs, failure })
}

/// Whether anybody asks for a tool here, or anything was passed over.
pub fn is_asked(session: &Session, call: &Call) -> Result<bool> {
    let mut is_asked = false;
    search(&session.world, &session.index, call, &mut |finding| match finding {
        Finding::Skipped(_) => ControlFlow::Continue(()),
        Finding::Pin(_) | Finding::Constraint(_) | Finding::Default(_) | Finding::Broken(..) => {
            is_asked = true;
            ControlFlow::Break(())
        }
    })?;
    Ok(is_asked)
}

fn provider(session: &Session, call: &Call) -> Result<Provider> {
    let found = found(session, call)?;
    let decisive = match &found.force {
        Ok(Selection::Toolchain(_, pin) | Selection::System(pin)) => pin.clone(),
        Ok(Selection::Missing(missing)) => Some(missing.pin.clone()),
        Ok(Selection::Stale) | Err(_) => None,
    };
    let active_selection = match &found.force {
        Ok(Selection::Toolchain(toolchain, _)) => Some(toolchain),
        _ => None,
    };
    let on_disk = on_disk(session, call.tool, decisive.as_ref(), active_selection)?;
    let version = active_selection.and_then(|toolchain| toolchain.version.clone());
    Ok(Provider {
        tool: call.tool.name,
        version: version.as_ref().map(ToString::to_string),
        asked: asked::candidates(session, call.tool, &found),
        passed_over: passed_over(&found.findings),
        newest: decisive.and_then(|pin| newest(session, call.tool, &pin, version.as_ref())),
        on_disk,
    })
}

fn found(session: &Session, call: &Call) -> Result<Lookup> {
    let mut findings = Vec::new();
    search(&session.world, &session.index, call, &mut |finding| {
        findings.push(finding);
        ControlFlow::Continue(())
    })?;
    // A tool that runs on another one speaks only where it is pinned or a default.
    let call = Call { rule: ProviderRule::Always, ..call.clone() };
    Ok(Lookup { findings, force: session.resolver().selector().select(&call) })
}

fn passed_over(findings: &[Finding]) -> Vec<String> {
    let passed = findings.iter().filter_map(|finding| match finding {
        Finding::Skipped(passed) => Some(passed.to_string()),
        Finding::Pin(_) | Finding::Constraint(_) | Finding::Default(_) | Finding::Broken(..) => {
            None
        }
    });
    passed.collect()
}

/// The versions on disk that answer; where nobody asks, all of them.
fn on_disk(
    session: &Session,
    tool: &'static Tool,
    pin: Option<&Pin>,
    active_selection: Option<&Toolchain>,
) -> Result<Vec<OnDisk>> {
    let answers = |toolchain: &Toolchain| match (&toolchain.version, pin) {
        (Some(version), Some(pin)) => {
            pin.requests.iter().any(|request| request.matches(version, tool))
        }
        (Some(_), None) => true,
        (None, _) => false,
    };
    let all = all_toolchains(&session.world, &session.index, tool)?.unwrap_or_default();
    let mut shown: Vec<Toolchain> = all.into_iter().filter(answers).collect();
    if let Some(toolchain) = active_selection.filter(|one| !shown.contains(one)) {
        shown.insert(0, toolchain.clone());
    }
    // Stable: the one in force comes first, the others stay in their order.
    shown.sort_by_key(|toolchain| Some(toolchain) != active_selection);
    let shown = shown.into_iter().map(|toolchain| OnDisk {
        version: toolchain.version.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string),
        store: store_label(&toolchain.store).to_owned(),
        path: toolchain.root.to_string_lossy().into_owned(),
        is_in_force: Some(&toolchain) == active_selection,
    });
    Ok(shown.collect())
}

/// The newest release that answers what is wanted most; nothing for what is no version.
fn newest(
    session: &Session,
    tool: &'static Tool,
    pin: &Pin,
    active_selection: Option<&Version>,
) -> Option<Newest> {
    let known = session.registry.named(tool.name).ok()?;
    let request = pin.request().filter(|request| is_open(known, request))?;
    if known.definition.source.is_empty() {
        return None;
    }
    let access = folders::write_access(&session.folders).ok();
    let network = Network::with_cache_if(session, access.as_ref());
    let wanted = ToolRequest { known, request, origin: &pin.origin };
    let found = Finder::new(session, &network).find(&wanted);
    let mut newest =
        Newest { request: request.to_string(), version: None, is_on_disk: false, unknown: None };
    match found {
        Ok(release) => {
            newest.is_on_disk = active_selection.is_some_and(|version| *version >= release.version);
            newest.version = Some(release.version.to_string());
        }
        Err(error) => newest.unknown = Some(reason(error)),
    }
    Some(newest)
}

/// Why no release was found, in a line.
fn reason(error: Error) -> String {
    match error.causes.is_empty() {
        true => error.what,
        false => error.causes.join("; "),
    }
}

/// Whether a request may mean another version tomorrow.
fn is_open(known: KnownTool<'_>, request: &Request) -> bool {
    is_release_request(known, request) && request.exact(known.tool).is_none()
}

fn absent(tool: &'static Tool, pin: &Pin) -> Failure {
    let request = pin.request().map(ToString::to_string).unwrap_or_default();
    let (tool, origin) = (tool.name, &pin.origin);
    Failure {
        what: format!("{tool} {request} was asked for by {origin}, but isn't on disk"),
        causes: Vec::new(),
        hint: Some(format!("use install {tool}@{request}")),
    }
}

fn stale() -> Failure {
    Failure {
        what: "the system's programs changed".to_owned(),
        causes: Vec::new(),
        hint: Some("use reshim".to_owned()),
    }
}
