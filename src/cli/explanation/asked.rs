//! Who asks for a version, what for, and what came of it.

use serde::Serialize;
use usher_shims::error::{Error, Result, Shown};
use usher_shims::pin::{FileLocation, Origin, Pin};
use usher_shims::resolve::Selection;
use usher_shims::search::Finding;
use usher_shims::tool::Tool;
use usher_shims::version::Version;

use super::tolerated;
use crate::session::Session;

/// Somebody who asks.
#[derive(Debug, Serialize)]
pub struct Candidate {
    /// What it is.
    pub kind: Kind,
    /// Where it was written.
    pub origin: String,
    /// What is asked for, the first preferred.
    pub requests: Vec<String>,
    /// Whether it decides.
    pub decides: bool,
    /// Why it decides, or why not.
    pub because: String,
    /// What the reader put up with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tolerated: Vec<&'static str>,
}

/// What somebody who asks is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A request that holds.
    Pin,
    /// A range that picks only where nothing pins.
    Constraint,
    /// The user's default, or the machine's.
    Default,
    /// Something that can't be used.
    Broken,
}

/// What the search came upon for one tool.
pub(super) struct Lookup {
    pub(super) findings: Vec<Finding>,
    /// What is in force; an error where what decides can't be used.
    pub(super) force: Result<Selection>,
}

/// All who ask, strongest first.
pub(super) fn candidates(session: &Session, tool: &'static Tool, found: &Lookup) -> Vec<Candidate> {
    let decision = Decision::of(tool, found);
    let asking = found.findings.iter().enumerate();
    asking.filter_map(|(place, finding)| candidate(session, &decision, (place, finding))).collect()
}

/// What decides.
struct Decision<'a> {
    tool: &'static Tool,
    findings: &'a [Finding],
    /// The place of the finding that decides.
    place: Option<usize>,
    /// The version in force.
    version: Option<&'a Version>,
}

impl<'a> Decision<'a> {
    fn of(tool: &'static Tool, found: &'a Lookup) -> Self {
        let findings = &found.findings;
        let (pin, version) = match &found.force {
            Ok(Selection::Toolchain(toolchain, pin)) => (pin.as_ref(), toolchain.version.as_ref()),
            Ok(Selection::System(pin)) => (pin.as_ref(), None),
            Ok(Selection::Missing(missing)) => (Some(&missing.pin), None),
            Ok(Selection::Stale) | Err(_) => (None, None),
        };
        let decides = |finding: &Finding| match finding {
            Finding::Pin(one) | Finding::Constraint(one) | Finding::Default(one) => {
                pin.is_some_and(|pin| pin.origin == one.origin)
            }
            Finding::Broken(..) => found.force.is_err(),
            Finding::Skipped(_) => false,
        };
        Self { tool, findings, place: findings.iter().position(decides), version }
    }

    fn origin(&self) -> Option<&'a Origin> {
        match self.findings.get(self.place?)? {
            Finding::Pin(pin) | Finding::Constraint(pin) | Finding::Default(pin) => {
                Some(&pin.origin)
            }
            Finding::Broken(..) | Finding::Skipped(_) => None,
        }
    }
}

fn candidate(
    session: &Session,
    decision: &Decision<'_>,
    (place, finding): (usize, &Finding),
) -> Option<Candidate> {
    let decides = decision.place == Some(place);
    let (kind, pin) = match finding {
        Finding::Pin(pin) => (Kind::Pin, pin),
        Finding::Constraint(pin) => (Kind::Constraint, pin),
        Finding::Default(pin) => (Kind::Default, pin),
        Finding::Broken(error, _) => return Some(broken(error, decides)),
        Finding::Skipped(_) => return None,
    };
    let because = match decides {
        true => won(pin, decision),
        false => lost(kind, (place, pin), decision),
    };
    Some(Candidate {
        kind,
        origin: pin.origin.to_string(),
        requests: pin.requests.iter().map(ToString::to_string).collect(),
        decides,
        because,
        tolerated: tolerated::tolerated(&session.world, pin, decision.tool),
    })
}

fn broken(error: &Error, decides: bool) -> Candidate {
    Candidate {
        kind: Kind::Broken,
        origin: error.what.clone(),
        requests: Vec::new(),
        decides,
        because: match decides {
            true => "it comes first, and what can't be used is not passed over".to_owned(),
            false => "something stronger decides".to_owned(),
        },
        tolerated: Vec::new(),
    }
}

/// Why something decides.
fn won(pin: &Pin, decision: &Decision<'_>) -> String {
    let Some(version) = decision.version else {
        return match pin.requests.len() {
            0 | 1 => "the strongest; no such version is on disk".to_owned(),
            _ => "the strongest; none of these versions is on disk".to_owned(),
        };
    };
    let answered = pin.requests.iter().position(|one| one.matches(version, decision.tool));
    match answered {
        Some(place @ 1..) => {
            let passed: Vec<String> =
                pin.requests[..place].iter().map(ToString::to_string).collect();
            format!("the strongest; {} isn't on disk, {version} is", passed.join(" and "))
        }
        Some(0) | None => "the strongest".to_owned(),
    }
}

/// Why something doesn't decide.
fn lost(kind: Kind, (place, pin): (usize, &Pin), decision: &Decision<'_>) -> String {
    let is_first_constraint =
        decision.findings[..place].iter().all(|finding| !matches!(finding, Finding::Constraint(_)));
    match kind {
        Kind::Constraint if is_first_constraint => constrained(pin, decision),
        Kind::Constraint => "a nearer constraint counts".to_owned(),
        Kind::Pin | Kind::Default | Kind::Broken => match decision.origin() {
            Some(winner) => weaker(pin, winner),
            None => "what comes before it can't be used".to_owned(),
        },
    }
}

/// What became of the nearest constraint.
fn constrained(pin: &Pin, decision: &Decision<'_>) -> String {
    let (Some(request), Some(version)) = (pin.request(), decision.version) else {
        return "a constraint never beats what is asked for".to_owned();
    };
    match request.matches(version, decision.tool) {
        true => format!("a constraint; {version} satisfies it"),
        false => format!("a constraint never beats a pin: {version} breaks it"),
    }
}

fn weaker(pin: &Pin, winner: &Origin) -> String {
    match (winner, &pin.origin) {
        (Origin::Argument | Origin::Name(_) | Origin::CommandLine, _) => {
            "the call itself is stronger".to_owned()
        }
        (Origin::Variable(name), Origin::File(_)) => format!(
            "{name} is stronger; where that is the label of an image, ignore_variables = \
             [\"{name}\"] in config.toml ends it"
        ),
        (Origin::Variable(name), _) => format!("{name} is stronger"),
        (Origin::File(winner), Origin::File(place)) => nearer(winner, place),
        (Origin::File(_), _) => "the project says otherwise".to_owned(),
        (Origin::Default(_), _) => "your own default comes before it".to_owned(),
        (Origin::Machine(_), _) => "another default comes before it".to_owned(),
    }
}

fn nearer(winner: &FileLocation, place: &FileLocation) -> String {
    let name = |place: &FileLocation| {
        place.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    };
    match (winner.path == place.path, winner.path.parent() == place.path.parent()) {
        (true, _) => "what stands before it in this file counts".to_owned(),
        (false, true) => format!("{} comes before {}", name(winner), name(place)),
        (false, false) => format!("{} is nearer", Shown(&winner.path)),
    }
}
