//! Every mention compared with what decides in its scope. Only requests are compared, so that the
//! answer is the same on every machine.
//!
//! | what decides for a mention | how bad a difference is |
//! |---|---|
//! | the pin in its folder, else the nearest above | an error |
//! | for a CI job, if no folder above pins: any pin below | an error |
//! | without a pin: the constraint in its folder, else the nearest above | a warning |
//! | without one: the first definite place in its folder, for all but CI jobs | a warning |
//! | for CI jobs: the first job of the repository | a note |

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use usher_shims::request::Request;
use usher_shims::tool::Tool;

use super::mention::{Mention, MentionKind, MentionPlace, MentionScope};
use super::overlap::{Overlap, is_definite, overlap};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A pin and another place can't both be met.
    Error,
    /// Nothing is pinned, and two places of one scope differ.
    Warning,
    /// Something can't be compared, or is meant so.
    Note,
}

/// Whether a mention agrees with what decides in its scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It can mean the same version, or it is what decides.
    Agrees,
    /// It can't.
    Differs(Level),
    /// It can't, and is meant so, for this reason.
    Exempt(&'static str),
    /// That can't be known, for this reason.
    Unknown(&'static str),
    /// Nothing in its scope can be compared with it.
    Alone,
}

/// The place that decides in a scope.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// What it requests.
    pub requests: Vec<Request>,
    /// Where it is.
    pub place: MentionPlace,
    /// The text there.
    pub shown: String,
    /// Its kind: a pin, or what comes in its place.
    pub kind: MentionKind,
}

/// A mention, and whether it agrees.
#[derive(Debug)]
pub struct ComparedMention {
    /// The mention.
    pub mention: Mention,
    /// Whether it agrees.
    pub verdict: Verdict,
}

/// The mentions of a tool for which one place decides.
#[derive(Debug)]
pub struct ToolGroup {
    /// The tool.
    pub tool: &'static Tool,
    /// The place that decides; `None` if the mentions can't be compared with any.
    pub baseline: Option<Baseline>,
    /// The mentions, in the order of the files.
    pub mentions: Vec<ComparedMention>,
}

/// Compares all mentions of a project. The pins above its folder, nearest first, decide where it has
/// none.
pub(super) fn compare(mentions: Vec<Mention>, pins_above: &[Mention]) -> Vec<ToolGroup> {
    let mut of_tools: BTreeMap<&str, Vec<Mention>> = BTreeMap::new();
    for mention in mentions {
        of_tools.entry(mention.tool.name).or_default().push(mention);
    }
    of_tools.into_values().flat_map(|mentions| compare_tool(mentions, pins_above)).collect()
}

fn compare_tool(mentions: Vec<Mention>, pins_above: &[Mention]) -> Vec<ToolGroup> {
    let deciding = Deciding::new(&mentions, pins_above);
    let compared: Vec<(Option<Baseline>, Verdict)> = mentions
        .iter()
        .map(|mention| {
            let (decides, level) = deciding.of(mention);
            (decides.first().map(|one| baseline(one)), verdict(mention, &decides, level))
        })
        .collect();
    let compared = excuse_jobs(&mentions, compared);
    let repeats = repeats(&mentions, &compared);
    let mut groups: Vec<ToolGroup> = Vec::new();
    let all = mentions.into_iter().zip(compared).enumerate();
    for (mention, (baseline, verdict)) in
        all.filter(|(number, _)| !repeats.contains(number)).map(|(_, one)| one)
    {
        let place = groups.iter().position(|group| group.baseline == baseline);
        let place = place.unwrap_or_else(|| {
            groups.push(ToolGroup { tool: mention.tool, baseline, mentions: Vec::new() });
            groups.len() - 1
        });
        groups[place].mentions.push(ComparedMention { mention, verdict });
    }
    groups
}

/// What decides for the mentions of one tool.
struct Deciding<'a> {
    /// The strongest pin of each folder that has one.
    pins: BTreeMap<&'a Path, &'a Mention>,
    /// The nearest pin above the project's folder.
    above: Option<&'a Mention>,
    /// The first constraint of each folder that has one.
    constraints: BTreeMap<&'a Path, &'a Mention>,
    /// The first other place of each folder that names a definite version.
    first: BTreeMap<&'a Path, &'a Mention>,
    /// The first CI job that names one.
    first_job: Option<&'a Mention>,
}

impl<'a> Deciding<'a> {
    fn new(mentions: &'a [Mention], pins_above: &'a [Mention]) -> Self {
        let tool = mentions.first().map(|mention| mention.tool.name);
        let mut deciding = Self {
            pins: BTreeMap::new(),
            above: pins_above.iter().find(|pin| Some(pin.tool.name) == tool),
            constraints: BTreeMap::new(),
            first: BTreeMap::new(),
            first_job: None,
        };
        for mention in mentions {
            let is_definite =
                !mention.requests.is_empty() && mention.requests.iter().all(is_definite);
            match (mention.kind, &mention.scope) {
                (MentionKind::Reference | MentionKind::VirtualEnvironment, _) => {}
                (MentionKind::Pin, _) => {
                    deciding.pins.entry(mention.folder()).or_insert(mention);
                }
                _ if !is_definite => {}
                (MentionKind::Constraint, _) => {
                    deciding.constraints.entry(mention.folder()).or_insert(mention);
                }
                (_, MentionScope::Repository) => {
                    deciding.first_job = deciding.first_job.or(Some(mention));
                }
                (_, MentionScope::Folder(folder)) => {
                    deciding.first.entry(folder).or_insert(mention);
                }
            }
        }
        deciding
    }

    /// What decides for a mention, of several any, and how bad a difference is.
    fn of(&self, mention: &Mention) -> (Vec<&'a Mention>, Level) {
        let folder = mention.folder();
        let nearest = folder.ancestors().find_map(|folder| self.pins.get(folder).copied());
        if let Some(pin) = nearest.or(self.above) {
            return (vec![pin], Level::Error);
        }
        let is_job = mention.scope == MentionScope::Repository;
        if is_job && !self.pins.is_empty() {
            return (self.pins.values().copied().collect(), Level::Error);
        }
        let nearest = folder.ancestors().find_map(|folder| self.constraints.get(folder).copied());
        if let Some(constraint) = nearest {
            return (vec![constraint], Level::Warning);
        }
        let first = self.first.get(folder).copied();
        match first.map(|first| (first, Level::Warning)) {
            Some((first, level)) => (vec![first], level),
            None if is_job => (self.first_job.into_iter().collect(), Level::Note),
            None => (Vec::new(), Level::Note),
        }
    }
}

fn baseline(mention: &Mention) -> Baseline {
    Baseline {
        requests: mention.requests.clone(),
        place: mention.place.clone(),
        shown: mention.shown.clone(),
        kind: mention.kind,
    }
}

fn verdict(mention: &Mention, decides: &[&Mention], level: Level) -> Verdict {
    if mention.kind == MentionKind::Reference {
        return Verdict::Agrees;
    }
    let mut verdict = Verdict::Alone;
    for one in decides {
        if std::ptr::eq(*one, mention) {
            return Verdict::Agrees;
        }
        // Of a version file's requests the first would be installed.
        let requests = match one.kind {
            MentionKind::Pin => one.requests.get(..1).unwrap_or_default(),
            _ => &one.requests,
        };
        // What decides may mean any version: nothing can be compared with it.
        if !requests.iter().any(is_definite) && requests != mention.requests {
            continue;
        }
        verdict = match overlap(requests, &mention.requests, mention.tool) {
            Overlap::Some => return Verdict::Agrees,
            Overlap::None if matches!(verdict, Verdict::Unknown(_)) => verdict,
            Overlap::None => Verdict::Differs(level),
            Overlap::Unknown(reason) => Verdict::Unknown(reason),
        };
    }
    match (verdict, mention.exempt) {
        (Verdict::Differs(_), Some(reason)) => Verdict::Exempt(reason),
        (verdict, _) => verdict,
    }
}

/// The numbers of mentions that say the same as another one: a place that several CI jobs use is told
/// once, as the first one that differs.
fn repeats(mentions: &[Mention], compared: &[(Option<Baseline>, Verdict)]) -> BTreeSet<usize> {
    let mut told: BTreeMap<(&MentionPlace, Vec<&str>), usize> = BTreeMap::new();
    let mut repeats = BTreeSet::new();
    for (number, (mention, (_, verdict))) in mentions.iter().zip(compared).enumerate() {
        let requests = mention.requests.iter().map(Request::as_str).collect();
        let first = told.entry((&mention.place, requests)).or_insert(number);
        if *first == number {
            continue;
        }
        let is_worse = matches!(verdict, Verdict::Differs(_))
            && !matches!(compared[*first].1, Verdict::Differs(_));
        repeats.insert(if is_worse { std::mem::replace(first, number) } else { number });
    }
    repeats
}

/// Of several places in a CI job one that agrees is enough: the others are meant so.
fn excuse_jobs(
    mentions: &[Mention],
    compared: Vec<(Option<Baseline>, Verdict)>,
) -> Vec<(Option<Baseline>, Verdict)> {
    let job = |mention: &Mention| Some((mention.place.path.clone(), mention.job?));
    let agreeing: Vec<_> = mentions
        .iter()
        .zip(&compared)
        .filter(|(_, (_, verdict))| *verdict == Verdict::Agrees)
        .filter_map(|(mention, _)| job(mention))
        .collect();
    let excuse = |(mention, (baseline, verdict)): (&Mention, (Option<Baseline>, Verdict))| {
        let is_excused = matches!(verdict, Verdict::Differs(_))
            && job(mention).is_some_and(|job| agreeing.contains(&job));
        match is_excused {
            true => (baseline, Verdict::Exempt("another step of the job agrees")),
            false => (baseline, verdict),
        }
    };
    mentions.iter().zip(compared).map(excuse).collect()
}
