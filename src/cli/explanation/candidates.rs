//! The requests that the search found, and why each wins or loses.

use std::path::Path;

use serde::Serialize;
use usher_shims::error::{Error, Result, Shown};
use usher_shims::pin::{FileLocation, Origin, Pin};
use usher_shims::resolve::Selection;
use usher_shims::search::Finding;
use usher_shims::tool::Tool;
use usher_shims::toolchain::Toolchain;
use usher_shims::version::Version;

use super::leniency;
use crate::session::Session;

/// A request that the search found.
#[derive(Debug, Serialize)]
pub struct Candidate {
    /// Its kind.
    pub kind: CandidateKind,
    /// Its origin.
    pub requested_by: String,
    /// The versions it requests, the preferred one first.
    pub requests: Vec<String>,
    /// Whether it decides.
    pub selected: bool,
    /// Why it decides, or why it doesn't.
    pub reason: String,
    /// What the reader ignored or normalized.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub normalized: Vec<&'static str>,
}

/// The kind of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
    /// The active version.
    version: Option<&'a Version>,
}

impl<'a> Decision<'a> {
    fn from_search(tool: &'static Tool, found: &'a SearchResult) -> Self {
        let pin = found.pin();
        let decides = |finding: &Finding| match finding {
            Finding::Pin(one) | Finding::Constraint(one) | Finding::Default(one) => {
                pin.is_some_and(|pin| pin.origin == one.origin)
            }
            Finding::Broken(..) => found.selection.is_err(),
            Finding::Skipped(_) => false,
        };
        let index = found.findings.iter().position(decides);
        Self { tool, findings: &found.findings, index, version: found.version() }
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
        let reason = match (selected, kind) {
            (true, CandidateKind::Constraint) => self.why_constraint_won(),
            (true, _) => self.why_selected(pin),
            (false, CandidateKind::Constraint) => self.why_constraint_lost(index, pin),
            (false, CandidateKind::Default) if self.is_constrained() => {
                match self.findings[..index].iter().find_map(as_default) {
                    Some(stronger) => self.why_weaker(pin, &stronger.origin),
                    None => "it doesn't satisfy the constraint".to_owned(),
                }
            }
            (false, _) => match self.origin() {
                Some(winner) => self.why_weaker(pin, winner),
                None => "a stronger request can't be used".to_owned(),
            },
        };
        Some(Candidate {
            kind,
            requested_by: pin.origin.to_string(),
            requests: pin.requests.iter().map(ToString::to_string).collect(),
            selected,
            reason,
            normalized: leniency::leniency_notes(&session.world, pin, self.tool),
        })
    }

    fn why_selected(&self, pin: &Pin) -> String {
        let Some(version) = self.version else {
            return match pin.requests.len() {
                0 | 1 => "the strongest; no installed version matches".to_owned(),
                _ => "the strongest; no installed version matches any of them".to_owned(),
            };
        };
        match pin.requests.iter().position(|request| request.matches(version, self.tool)) {
            Some(index @ 1..) => {
                let missing: Vec<String> =
                    pin.requests[..index].iter().map(ToString::to_string).collect();
                format!("the strongest; {} isn't installed, {version} is", missing.join(" and "))
            }
            Some(0) | None => "the strongest".to_owned(),
        }
    }

    /// Whether a constraint decides.
    fn is_constrained(&self) -> bool {
        self.index.is_some_and(|index| matches!(self.findings[index], Finding::Constraint(_)))
    }

    fn why_constraint_won(&self) -> String {
        match self.version {
            Some(version) => format!("no pin is stronger; {version} satisfies it"),
            None => "no pin is stronger; no installed version satisfies it".to_owned(),
        }
    }

    fn why_constraint_lost(&self, index: usize, pin: &Pin) -> String {
        let is_constraint = |finding: &Finding| matches!(finding, Finding::Constraint(_));
        if self.findings[..index].iter().any(is_constraint) {
            return "a nearer constraint counts".to_owned();
        }
        let (Some(request), Some(version)) = (pin.request(), self.version) else {
            return match self.index {
                Some(_) => "a constraint never overrides a pin".to_owned(),
                None => "a constraint alone chooses no version of this tool".to_owned(),
            };
        };
        match request.matches(version, self.tool) {
            true => format!("a constraint; {version} satisfies it"),
            false => {
                format!("a constraint never overrides a pin; {version} doesn't satisfy it")
            }
        }
    }

    fn why_weaker(&self, pin: &Pin, winner: &Origin) -> String {
        match (winner, &pin.origin) {
            (Origin::Argument | Origin::Name(_) | Origin::CommandLine, _) => {
                "the call itself is stronger".to_owned()
            }
            (Origin::Variable(name), Origin::File(_)) => format!(
                "{name} is stronger; if a container image sets it as a label, put ignore_variables = \
             [\"{name}\"] into config.toml"
            ),
            (Origin::Variable(name), _) => format!("{name} is stronger"),
            (Origin::File(winner), Origin::File(location)) => {
                match self.is_fallback(location) && !self.is_fallback(winner) {
                    true => {
                        format!("{} only counts where no other file pins the tool", name(location))
                    }
                    false => why_later(winner, location),
                }
            }
            (Origin::File(_), _) => "the project's request is stronger".to_owned(),
            (Origin::Default(_), _) => "your default is stronger".to_owned(),
            (Origin::Account(_), _) => "the default for your account is stronger".to_owned(),
            (Origin::Group(_), _) => "the default for your group is stronger".to_owned(),
            (Origin::Machine(_), _) => "another default is stronger".to_owned(),
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
    Candidate {
        kind: CandidateKind::Broken,
        requested_by: error.what.clone(),
        requests: Vec::new(),
        selected,
        reason: match selected {
            true => "the strongest; a broken request is never skipped".to_owned(),
            false => "a stronger request decides".to_owned(),
        },
        normalized: Vec::new(),
    }
}

fn why_later(winner: &FileLocation, location: &FileLocation) -> String {
    match (winner.path == location.path, winner.path.parent() == location.path.parent()) {
        (true, _) => "an earlier entry in this file counts".to_owned(),
        (false, true) => format!("{} is read before {}", name(winner), name(location)),
        (false, false) => format!("{} is nearer", Shown(&winner.path)),
    }
}

/// The name of a file, without its folder.
fn name(location: &FileLocation) -> String {
    let name = location.path.file_name().unwrap_or_default();
    Shown(Path::new(name)).to_string()
}
