//! The requests that the search found, and why each wins or loses.

use std::path::Path;

use serde::Serialize;
use usher_shims::error::{Error, Result, Shown};
use usher_shims::pin::{FileLocation, Origin, Pin};
use usher_shims::request::Request;
use usher_shims::resolve::Selection;
use usher_shims::search::Finding;
use usher_shims::tool::Tool;
use usher_shims::toolchain::Toolchain;
use usher_shims::version::Version;

use super::leniency;
use crate::cli::output::json::{ErrorReport, RequestOrigin};
use crate::session::Session;

/// A request that the search found.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Candidate {
    /// Its kind.
    pub kind: CandidateKind,
    /// Where it is written; `null` for a broken request.
    pub requested_by: Option<RequestOrigin>,
    /// Why it is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
    /// The versions it requests, the preferred one first.
    pub requests: Vec<String>,
    /// Whether it decides.
    pub selected: bool,
    /// Why it decides, or why it doesn't.
    pub rule: CandidateRule,
    /// The same in words.
    pub reason: String,
    /// What the reader ignored or normalized.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub normalized: Vec<&'static str>,
}

/// The kind of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum CandidateKind {
    /// It chooses a version: `12` in `.nvmrc`.
    Pin,
    /// It limits the versions: `>=12` in `engines`.
    Constraint,
    /// The user's default, or the machine's.
    Default,
    /// It can't be read or parsed.
    Broken,
}

/// Why a request decides, or why it doesn't.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CandidateRule {
    /// It decides: it is the strongest.
    Strongest,
    /// It decides, by an alternative: what it prefers isn't installed.
    StrongestAlternative,
    /// It decides, and no installed version matches.
    StrongestNotInstalled,
    /// It decides, and is broken: a broken request is never skipped.
    StrongestBroken,
    /// It decides, and a lockfile says which version it means.
    Locked,
    /// The same; that version isn't installed.
    LockedNotInstalled,
    /// A constraint decides, since no pin is stronger.
    NoPin,
    /// A constraint decides, and no installed version satisfies it.
    NoPinNotInstalled,
    /// The call itself is stronger.
    StrongerCall,
    /// A variable is stronger.
    StrongerVariable,
    /// The project's request is stronger.
    StrongerProject,
    /// A stronger default decides.
    StrongerDefault,
    /// A stronger request can't be used.
    StrongerBroken,
    /// A stronger request decides.
    StrongerRequest,
    /// Its file only counts where no other file pins the tool.
    FallbackFile,
    /// An earlier entry in the same file counts.
    EarlierEntry,
    /// Another file of the same folder is read before.
    EarlierFile,
    /// Another file is nearer.
    NearerFile,
    /// A nearer constraint counts.
    NearerConstraint,
    /// A constraint that the active version satisfies.
    Satisfied,
    /// A constraint that the active version doesn't satisfy: it never overrides a pin.
    NotSatisfied,
    /// A constraint, while the active version is unknown: it never overrides a pin.
    NeverOverrides,
    /// A constraint alone, which chooses no version of this tool.
    ConstraintAlone,
    /// A default that doesn't satisfy the constraint.
    BreaksConstraint,
}

/// A rule, and the reason in words.
type Why = (CandidateRule, String);

/// What the search found for one tool.
pub(super) struct SearchResult {
    pub(super) findings: Vec<Finding>,
    /// What is selected; an error where the deciding request can't be used.
    pub(super) selection: Result<Selection>,
    /// The system's version, if that is selected and known.
    pub(super) system_version: Option<Version>,
}

impl SearchResult {
    /// The deciding request.
    pub(super) fn pin(&self) -> Option<&Pin> {
        match &self.selection {
            Ok(
                Selection::Toolchain(_, pin) | Selection::System(_, pin) | Selection::Nothing(pin),
            ) => pin.as_ref(),
            Ok(Selection::Missing(missing)) => Some(&missing.pin),
            Ok(Selection::Stale) | Err(_) => None,
        }
    }

    /// The active toolchain.
    pub(super) fn active(&self) -> Option<&Toolchain> {
        match &self.selection {
            Ok(Selection::Toolchain(toolchain, _)) => Some(toolchain),
            Ok(
                Selection::System(..)
                | Selection::Nothing(_)
                | Selection::Missing(_)
                | Selection::Stale,
            )
            | Err(_) => None,
        }
    }

    /// The active version, if it is known.
    pub(super) fn version(&self) -> Option<&Version> {
        self.active().map_or(self.system_version.as_ref(), |active| active.version.as_ref())
    }
}

impl Candidate {
    /// Where it is written, for people; of a broken request, what is wrong.
    pub fn origin_text(&self) -> &str {
        let broken = self.error.as_ref().map_or("", |error| error.what.as_str());
        self.requested_by.as_ref().map_or(broken, |origin| origin.text.as_str())
    }
}

/// All requests, strongest first: a pin before the constraints that it overrides.
pub(super) fn candidates(
    session: &Session,
    tool: &'static Tool,
    found: &SearchResult,
) -> Vec<Candidate> {
    let decision = Decision::from_search(tool, found);
    let places = 0..found.findings.len();
    let mut candidates: Vec<Candidate> =
        places.filter_map(|index| decision.candidate(session, index)).collect();
    candidates.sort_by_key(|candidate| match candidate.kind {
        CandidateKind::Pin | CandidateKind::Broken => 0,
        CandidateKind::Constraint => 1,
        CandidateKind::Default => 2,
    });
    candidates
}

/// The finding that decides, among the others.
struct Decision<'a> {
    tool: &'static Tool,
    findings: &'a [Finding],
    /// The index of the finding that decides.
    index: Option<usize>,
    /// The entry of a lockfile that says which version it means, and that version.
    locked: Option<(FileLocation, &'a Request)>,
    /// Whether there is an active version, known or not.
    is_installed: bool,
    /// The active version, if it is known.
    version: Option<&'a Version>,
}

impl<'a> Decision<'a> {
    fn from_search(tool: &'static Tool, found: &'a SearchResult) -> Self {
        let pin = found.pin();
        let decides = |finding: &Finding| match finding {
            Finding::Pin(one) | Finding::Constraint(one) | Finding::Default(one) => {
                pin.is_some_and(|pin| pin.origin.is_same_place(&one.origin))
            }
            Finding::Broken(..) => found.selection.is_err(),
            Finding::Skipped(_) => false,
        };
        let index = found.findings.iter().position(decides);
        let is_installed =
            matches!(found.selection, Ok(Selection::Toolchain(..) | Selection::System(..)));
        let entry = pin.and_then(|pin| pin.origin.location()?.lock_entry());
        let locked = entry.zip(pin.and_then(Pin::request));
        let (findings, version) = (found.findings.as_slice(), found.version());
        Self { tool, findings, index, locked, is_installed, version }
    }

    fn origin(&self) -> Option<&'a Origin> {
        match self.findings.get(self.index?)? {
            Finding::Pin(pin) | Finding::Constraint(pin) | Finding::Default(pin) => {
                Some(&pin.origin)
            }
            Finding::Broken(..) | Finding::Skipped(_) => None,
        }
    }

    fn candidate(&self, session: &Session, index: usize) -> Option<Candidate> {
        let selected = self.index == Some(index);
        let (kind, pin) = match &self.findings[index] {
            Finding::Pin(pin) => (CandidateKind::Pin, pin),
            Finding::Constraint(pin) => (CandidateKind::Constraint, pin),
            Finding::Default(pin) => (CandidateKind::Default, pin),
            Finding::Broken(error, _) => return Some(broken_candidate(error, selected)),
            Finding::Skipped(_) => return None,
        };
        let (rule, reason) = match (selected, kind, &self.locked) {
            (true, _, Some((entry, version))) => self.why_locked(entry, version),
            (true, CandidateKind::Constraint, None) => self.why_constraint_won(),
            (true, _, None) => self.why_selected(pin),
            (false, CandidateKind::Constraint, _) => self.why_constraint_lost(index, pin),
            (false, CandidateKind::Default, _) if self.is_constrained() => {
                if let Some(stronger) = self.findings[..index].iter().find_map(as_default) {
                    self.why_weaker(pin, &stronger.origin)
                } else {
                    let reason = "it doesn't satisfy the constraint";
                    (CandidateRule::BreaksConstraint, reason.to_owned())
                }
            }
            (false, _, _) => {
                if let Some(winner) = self.origin() {
                    self.why_weaker(pin, winner)
                } else {
                    let reason = "a stronger request can't be used";
                    (CandidateRule::StrongerBroken, reason.to_owned())
                }
            }
        };
        Some(Candidate {
            kind,
            requested_by: Some(RequestOrigin::of(&pin.origin)),
            error: None,
            requests: pin.requests.iter().map(ToString::to_string).collect(),
            selected,
            rule,
            reason,
            normalized: leniency::leniency_notes(&session.world, pin, self.tool),
        })
    }

    fn why_locked(&self, entry: &FileLocation, version: &Request) -> Why {
        let says = format!("{entry} says that it is {version}");
        match self.is_installed {
            true => (CandidateRule::Locked, says),
            false => (CandidateRule::LockedNotInstalled, format!("{says}, which isn't installed")),
        }
    }

    fn why_selected(&self, pin: &Pin) -> Why {
        let Some(version) = self.version else {
            if self.is_installed {
                return (CandidateRule::Strongest, "the strongest".to_owned());
            }
            let reason = match pin.requests.len() {
                0 | 1 => "the strongest; no installed version matches",
                _ => "the strongest; no installed version matches any of them",
            };
            return (CandidateRule::StrongestNotInstalled, reason.to_owned());
        };
        match pin.requests.iter().position(|request| request.matches(version, self.tool)) {
            Some(index @ 1..) => {
                let missing: Vec<String> =
                    pin.requests[..index].iter().map(ToString::to_string).collect();
                let missing = missing.join(" and ");
                let reason = format!("the strongest; {missing} isn't installed, {version} is");
                (CandidateRule::StrongestAlternative, reason)
            }
            Some(0) | None => (CandidateRule::Strongest, "the strongest".to_owned()),
        }
    }

    /// Whether a constraint decides.
    fn is_constrained(&self) -> bool {
        self.index.is_some_and(|index| matches!(self.findings[index], Finding::Constraint(_)))
    }

    fn why_constraint_won(&self) -> Why {
        if let Some(version) = self.version {
            (CandidateRule::NoPin, format!("no pin is stronger; {version} satisfies it"))
        } else {
            let reason = "no pin is stronger; no installed version satisfies it";
            (CandidateRule::NoPinNotInstalled, reason.to_owned())
        }
    }

    fn why_constraint_lost(&self, index: usize, pin: &Pin) -> Why {
        let is_constraint = |finding: &Finding| matches!(finding, Finding::Constraint(_));
        if self.findings[..index].iter().any(is_constraint) {
            let reason = "a nearer constraint counts";
            return (CandidateRule::NearerConstraint, reason.to_owned());
        }
        let (Some(request), Some(version)) = (pin.request(), self.version) else {
            let (rule, reason) = match self.index {
                Some(_) => (CandidateRule::NeverOverrides, "a constraint never overrides a pin"),
                None => (
                    CandidateRule::ConstraintAlone,
                    "a constraint alone chooses no version of this tool",
                ),
            };
            return (rule, reason.to_owned());
        };
        match request.matches(version, self.tool) {
            true => (CandidateRule::Satisfied, format!("a constraint; {version} satisfies it")),
            false => (
                CandidateRule::NotSatisfied,
                format!("a constraint never overrides a pin; {version} doesn't satisfy it"),
            ),
        }
    }

    fn why_weaker(&self, pin: &Pin, winner: &Origin) -> Why {
        let default = |reason: &str| (CandidateRule::StrongerDefault, reason.to_owned());
        match (winner, &pin.origin) {
            (Origin::Argument | Origin::Name(_) | Origin::CommandLine, _) => {
                (CandidateRule::StrongerCall, "the call itself is stronger".to_owned())
            }
            (Origin::Variable(name), Origin::File(_)) => (
                CandidateRule::StrongerVariable,
                format!(
                    "{name} is stronger; if a container image sets it as a label, put \
                     ignore_variables = [\"{name}\"] into config.toml"
                ),
            ),
            (Origin::Variable(name), _) => {
                (CandidateRule::StrongerVariable, format!("{name} is stronger"))
            }
            (Origin::File(winner), Origin::File(location)) => {
                match self.is_fallback(location) && !self.is_fallback(winner) {
                    true => (
                        CandidateRule::FallbackFile,
                        format!("{} only counts where no other file pins the tool", name(location)),
                    ),
                    false => why_later(winner, location),
                }
            }
            (Origin::File(_), _) => {
                let reason = "the project's request is stronger";
                (CandidateRule::StrongerProject, reason.to_owned())
            }
            (Origin::Default(_), _) => default("your default is stronger"),
            (Origin::Account(_), _) => default("the default for your account is stronger"),
            (Origin::Group(_), _) => default("the default for your group is stronger"),
            (Origin::Machine(_), _) => default("another default is stronger"),
        }
    }

    /// Whether a file only counts where no other one pins the tool.
    fn is_fallback(&self, location: &FileLocation) -> bool {
        let mut files = self.tool.files.iter();
        files.any(|file| file.fallback && file.is_at(&location.path))
    }
}

fn as_default(finding: &Finding) -> Option<&Pin> {
    match finding {
        Finding::Default(pin) => Some(pin),
        Finding::Pin(_) | Finding::Constraint(_) | Finding::Broken(..) | Finding::Skipped(_) => {
            None
        }
    }
}

fn broken_candidate(error: &Error, selected: bool) -> Candidate {
    let (rule, reason) = match selected {
        true => {
            (CandidateRule::StrongestBroken, "the strongest; a broken request is never skipped")
        }
        false => (CandidateRule::StrongerRequest, "a stronger request decides"),
    };
    Candidate {
        kind: CandidateKind::Broken,
        requested_by: None,
        error: Some(ErrorReport::of(error)),
        requests: Vec::new(),
        selected,
        rule,
        reason: reason.to_owned(),
        normalized: Vec::new(),
    }
}

fn why_later(winner: &FileLocation, location: &FileLocation) -> Why {
    match (winner.path == location.path, winner.path.parent() == location.path.parent()) {
        (true, _) => {
            (CandidateRule::EarlierEntry, "an earlier entry in this file counts".to_owned())
        }
        (false, true) => (
            CandidateRule::EarlierFile,
            format!("{} is read before {}", name(winner), name(location)),
        ),
        (false, false) => (CandidateRule::NearerFile, format!("{} is nearer", Shown(&winner.path))),
    }
}

/// The name of a file, without its folder.
fn name(location: &FileLocation) -> String {
    let name = location.path.file_name().unwrap_or_default();
    Shown(Path::new(name)).to_string()
}
