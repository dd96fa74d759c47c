//! Every mention compared with what decides in its scope. Only requests are compared, so that the
//! answer is the same on every machine.
//!
//! | what decides for a mention | how bad a difference is |
//! |---|---|
//! | the pin in its folder, else the nearest above; for a CI job one of any folder is enough | an error |
//! | without a pin: the constraint in its folder, else the nearest above | a warning |
//! | for a CI job of a repository that has pins in some folders only: any of them | an error |
//! | else what most places of its folder say, in the repository's own also CI jobs | a warning, between CI jobs a note |

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use usher_shims::request::{Request, RequestKind};
use usher_shims::tool::Tool;

use super::mention::{Mention, MentionKind, MentionPlace, MentionScope};
use super::named::is_named_after;
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

/// The most different pins of a project that a CI job is compared with.
const MAX_PINS: usize = 256;

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

impl Verdict {
    /// How bad it is, if it is told as a difference: jobs that nothing pins are a note.
    pub fn difference(self) -> Option<Level> {
        match self {
            Self::Differs(level @ (Level::Error | Level::Warning)) => Some(level),
            _ => None,
        }
    }
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
    let mut compared: Vec<(Option<&Mention>, Verdict)> = mentions
        .iter()
        .map(|mention| {
            let (decides, level) = deciding.of(mention);
            (decides.first().copied(), verdict(mention, &decides, level))
        })
        .collect();
    excuse_jobs(&mentions, &mut compared);
    let repeats = repeats(&mentions, &compared);
    // The group of each mention: those for which the same place decides.
    let mut groups: Vec<ToolGroup> = Vec::new();
    let mut numbers = HashMap::new();
    let mut placed = Vec::with_capacity(mentions.len());
    for (number, (mention, (decides, verdict))) in mentions.iter().zip(&compared).enumerate() {
        let group = (!repeats.contains(&number)).then(|| {
            *numbers.entry(decides.map(std::ptr::from_ref)).or_insert_with(|| {
                let baseline = decides.map(baseline);
                groups.push(ToolGroup { tool: mention.tool, baseline, mentions: Vec::new() });
                groups.len() - 1
            })
        });
        placed.push((group, *verdict));
    }
    for (mention, (group, verdict)) in mentions.into_iter().zip(placed) {
        if let Some(group) = group.and_then(|group| groups.get_mut(group)) {
            group.mentions.push(ComparedMention { mention, verdict });
        }
    }
    groups.iter_mut().for_each(leave_alone);
    groups
}

/// A single place that nothing pins agrees with nobody.
fn leave_alone(group: &mut ToolGroup) {
    let is_pinned = group.baseline.as_ref().is_some_and(|one| one.kind == MentionKind::Pin);
    if let ([alone], false) = (group.mentions.as_mut_slice(), is_pinned) {
        alone.verdict = Verdict::Alone;
    }
}

/// What decides for the mentions of one tool.
struct Deciding<'a> {
    /// The strongest pin of each folder that has one.
    pins: HashMap<&'a Path, &'a Mention>,
    /// The first of those that request the same.
    different_pins: Vec<&'a Mention>,
    /// The nearest pin above the project's folder.
    above: Option<&'a Mention>,
    /// The first constraint of each folder that has one.
    constraints: HashMap<&'a Path, &'a Mention>,
    /// For each folder what most of its other places say, as far as that is definite.
    usual: HashMap<&'a Path, &'a Mention>,
}

impl<'a> Deciding<'a> {
    fn new(mentions: &'a [Mention], pins_above: &'a [Mention]) -> Self {
        let tool = mentions.first().map(|mention| mention.tool.name);
        let mut deciding = Self {
            pins: HashMap::new(),
            different_pins: Vec::new(),
            above: pins_above.iter().find(|pin| Some(pin.tool.name) == tool),
            constraints: HashMap::new(),
            usual: HashMap::new(),
        };
        let mut others = HashMap::<&Path, Vec<&Mention>>::new();
        let mut requested = BTreeSet::new();
        for mention in mentions {
            let is_definite =
                !mention.requests.is_empty() && mention.requests.iter().all(is_definite);
            match (mention.kind, &mention.scope) {
                (MentionKind::Reference | MentionKind::VirtualEnvironment, _) => {}
                (MentionKind::Pin, _) => {
                    if let Entry::Vacant(folder) = deciding.pins.entry(mention.folder()) {
                        folder.insert(mention);
                        let request = mention.requests.first().map(Request::as_str);
                        if requested.len() < MAX_PINS && requested.insert(request) {
                            deciding.different_pins.push(mention);
                        }
                    }
                }
                _ if !is_definite => {}
                (MentionKind::Constraint, _) => {
                    deciding.constraints.entry(mention.folder()).or_insert(mention);
                }
                _ => others.entry(mention.folder()).or_default().push(mention),
            }
        }
        for (folder, others) in others {
            deciding.usual.extend(usual(&others).map(|one| (folder, one)));
        }
        deciding
    }

    /// What decides for a mention, of several any, and how bad a difference is.
    fn of(&self, mention: &Mention) -> (Vec<&'a Mention>, Level) {
        let folder = mention.folder();
        let is_job = mention.scope == MentionScope::Repository;
        if let Some(pin) = nearest(&self.pins, folder).or(self.above) {
            // A job may be about any folder.
            let others = is_job.then_some(&self.different_pins).into_iter().flatten().copied();
            return ([pin].into_iter().chain(others).collect(), Level::Error);
        }
        if let Some(constraint) = nearest(&self.constraints, folder) {
            return (vec![constraint], Level::Warning);
        }
        if is_job && !self.different_pins.is_empty() {
            return (self.different_pins.clone(), Level::Error);
        }
        let usual = self.usual.get(folder).copied();
        let is_between_jobs =
            is_job && usual.is_some_and(|usual| usual.scope == MentionScope::Repository);
        let level = if is_between_jobs { Level::Note } else { Level::Warning };
        (usual.into_iter().collect(), level)
    }
}

/// What there is for a folder, or for the nearest above.
fn nearest<'a>(all: &HashMap<&Path, &'a Mention>, folder: &Path) -> Option<&'a Mention> {
    if all.is_empty() {
        return None;
    }
    folder.ancestors().find_map(|folder| all.get(folder).copied())
}

/// The first of those mentions that request the same as most of them.
fn usual<'a>(mentions: &[&'a Mention]) -> Option<&'a Mention> {
    let requested = |mention: &'a Mention| mention.requests.first().map(Request::as_str);
    let mut counts: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for mention in mentions {
        *counts.entry(requested(mention)).or_default() += 1;
    }
    let most = counts.values().copied().max()?;
    mentions.iter().copied().find(|mention| counts.get(&requested(mention)) == Some(&most))
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
    // `engines.node: *` lets any version be used.
    let is_any = |request: &Request| *request.kind() == RequestKind::Latest;
    if mention.kind == MentionKind::Reference
        || (mention.kind == MentionKind::Constraint && mention.requests.iter().any(is_any))
    {
        return Verdict::Agrees;
    }
    let mut verdict = Verdict::Alone;
    for one in decides {
        if std::ptr::eq(*one, mention) {
            return Verdict::Agrees;
        }
        let requests = &one.requests;
        // What decides may mean any version: nothing can be compared with it.
        let is_same =
            |one: &Request| mention.requests.iter().any(|other| other.kind() == one.kind());
        if !requests.iter().any(is_definite) && !requests.iter().any(is_same) {
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
        (Verdict::Differs(_), None) if is_named_after_version(mention) => {
            Verdict::Exempt("its file or folder is named after it")
        }
        (verdict, _) => verdict,
    }
}

/// Whether a file or a folder of a place has its version in the name, `docker/jdk8/Dockerfile`: there
/// are others for other versions.
fn is_named_after_version(mention: &Mention) -> bool {
    let names = mention.place.path.iter().filter_map(|name| name.to_str());
    let mut named = names.map(|name| is_named_after(name, &mention.requests));
    mention.kind != MentionKind::Pin && named.any(|is_named| is_named)
}

/// The numbers of mentions that say the same as another one: a place that several CI jobs use is told
/// once, as the first one that differs.
fn repeats(mentions: &[Mention], compared: &[(Option<&Mention>, Verdict)]) -> BTreeSet<usize> {
    let mut told: HashMap<(&MentionPlace, Vec<&str>), usize> = HashMap::new();
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
fn excuse_jobs(mentions: &[Mention], compared: &mut [(Option<&Mention>, Verdict)]) {
    let job = |mention: &'_ Mention| mention.job.map(|job| (mention.place.path.clone(), job));
    let agreeing: BTreeSet<_> = mentions
        .iter()
        .zip(&*compared)
        .filter(|(_, (_, verdict))| *verdict == Verdict::Agrees)
        .filter_map(|(mention, _)| job(mention))
        .collect();
    for (mention, (_, verdict)) in mentions.iter().zip(compared) {
        if matches!(verdict, Verdict::Differs(_))
            && job(mention).is_some_and(|job| agreeing.contains(&job))
        {
            *verdict = Verdict::Exempt("another step of the job agrees");
        }
    }
}

#[cfg(test)]
mod tests {
    use usher_shims::request::RequestTrust;
    use usher_shims::tool::TOOLS;

    use super::*;

    /// A mention of node, from a line such as `pin a/.nvmrc 20`, `job ci.yml#2 18 20`.
    fn mention(line: &str) -> Mention {
        let tool = Tool::named(TOOLS, "node").unwrap();
        let mut words = line.split_whitespace();
        let kind = words.next().unwrap();
        let (path, job) = match words.next().unwrap().split_once('#') {
            Some((path, job)) => (path, job.parse().ok()),
            None => (line.split_whitespace().nth(1).unwrap(), None),
        };
        let folder = Path::new(path.trim_start_matches(".devcontainer/")).parent().unwrap();
        let parse = |text| Request::parse(text, tool, RequestTrust::Project).unwrap();
        Mention {
            tool,
            requests: words.map(parse).collect(),
            place: MentionPlace { path: path.into(), line: job.unwrap_or(1) },
            kind: match kind {
                "pin" => MentionKind::Pin,
                "constraint" => MentionKind::Constraint,
                "reference" => MentionKind::Reference,
                _ => MentionKind::Image,
            },
            shown: line.to_owned(),
            scope: match kind {
                "job" | "reference" | "may-fail" => MentionScope::Repository,
                _ => MentionScope::Folder(folder.to_path_buf()),
            },
            job,
            exempt: (kind == "may-fail").then_some("continue-on-error"),
            unquoted: None,
        }
    }

    /// Lines of mentions, each with its verdict in front: `=` agrees, `E`, `W` and `N` differ at that
    /// level, `x` is exempt, `?` unknown, `-` alone.
    #[track_caller]
    fn check(above: &[&str], lines: &[&str]) {
        let above: Vec<Mention> = above.iter().map(|line| mention(line)).collect();
        let mentions = lines.iter().map(|line| mention(&line[2..])).collect();
        let groups = compare(mentions, &above);
        let compared = groups.iter().flat_map(|group| &group.mentions);
        let mut answers: Vec<String> = compared
            .map(|one| {
                let verdict = match one.verdict {
                    Verdict::Agrees => '=',
                    Verdict::Differs(Level::Error) => 'E',
                    Verdict::Differs(Level::Warning) => 'W',
                    Verdict::Differs(Level::Note) => 'N',
                    Verdict::Exempt(_) => 'x',
                    Verdict::Unknown(_) => '?',
                    Verdict::Alone => '-',
                };
                format!("{verdict} {}", one.mention.shown)
            })
            .collect();
        answers.sort_by_key(|answer| lines.iter().position(|line| line[2..] == answer[2..]));
        assert_eq!(answers, lines);
    }

    #[test]
    fn the_nearest_pin_decides() {
        check(
            &[],
            &[
                "= pin .nvmrc 20",
                "E pin .node-version 18",
                "E image Dockerfile 16",
                "= image Dockerfile.web 20.1",
                "E image web/Dockerfile 18",
                "= pin old/.nvmrc 18",
                "= image old/Dockerfile 18",
                "E image old/deep/Dockerfile 20",
                "E constraint package.json ^18",
                "? image x.Dockerfile latest",
                "= job ci.yml#1 18",
                "E job ci.yml#2 16",
            ],
        );
        check(&["pin /above/.nvmrc 20"], &["E image Dockerfile 18", "= image web/Dockerfile 20"]);
    }

    #[test]
    fn without_a_pin_differences_are_warnings() {
        check(
            &[],
            &[
                "= constraint package.json >=20",
                "W image docker/Dockerfile 18",
                "= image docker/web.Dockerfile 22",
                "W job ci.yml#1 18",
                "= job ci.yml#2 18 20",
            ],
        );
        check(
            &[],
            &["W image Dockerfile 18", "= image a.Dockerfile 20", "= image b.Dockerfile 20"],
        );
        check(&[], &["- image a/Dockerfile 18", "- image b/Dockerfile 20"]);
        check(&[], &["N job ci.yml#1 18", "= job ci.yml#2 20", "= job ci.yml#3 20"]);
        check(&[], &["- job ci.yml#1 18", "- image a/Dockerfile 20"]);
        check(
            &[],
            &["W image .devcontainer/Dockerfile 18", "= job ci.yml#2 20", "= job ci.yml#3 20"],
        );
    }

    #[test]
    fn a_job_belongs_to_all_folders() {
        check(
            &[],
            &[
                "= pin a/.nvmrc 20",
                "= pin b/.nvmrc 18",
                "= job ci.yml#1 18",
                "E job ci.yml#2 16",
                "- image c/Dockerfile 16",
            ],
        );
        check(
            &[],
            &["= constraint package.json >=16", "= pin website/.nvmrc 20", "= job ci.yml#1 18"],
        );
    }

    #[test]
    fn what_is_meant_so_differs_from_nothing() {
        check(
            &[],
            &[
                "= pin .nvmrc 20",
                "x may-fail ci.yml#1 18",
                "= may-fail ci.yml#2 20",
                "= reference ci.yml#3",
                "x job ci.yml#3 18",
                "E job ci.yml#4 18",
            ],
        );
    }

    #[test]
    fn a_file_may_be_named_after_its_version() {
        check(
            &[],
            &[
                "= pin .nvmrc 20",
                "x image node18/Dockerfile 18.1.0",
                "x image docker/18.1/Dockerfile 18.1.0",
                "x image Dockerfile.node18 18",
                "E image Dockerfile 18",
                "E image docker/180/Dockerfile 18",
                "E image docker/20/Dockerfile 18",
            ],
        );
    }

    #[test]
    fn nothing_is_compared_with_a_pin_of_any_version() {
        check(&[], &["= pin .nvmrc lts/*", "- image Dockerfile 18", "= image web.Dockerfile lts"]);
    }
}
