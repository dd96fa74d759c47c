//! All mentions of a project, each compared with the active version, grouped by that version.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use usher_shims::error::Result;
use usher_shims::request::{Request, RequestKind};
use usher_shims::tool::Tool;
use usher_shims::version::Version;

use super::agreement::{Agreement, compare_requests, is_definite};
use super::baseline::{Baseline, Expected, Requester, baseline_in};
use super::mention::{Mention, MentionKind, Note, limit_notes};
use super::pins::{self, folder_of};
use crate::session::Session;

/// The result of `use check`.
#[derive(Debug)]
pub struct CheckReport {
    /// The project's folder.
    pub root: PathBuf,
    /// The active versions, and the mentions compared with each.
    pub groups: Vec<ToolGroup>,
    /// What was skipped.
    pub notes: Vec<Note>,
}

/// The active version of a tool in some folders, and the mentions compared with it.
#[derive(Debug)]
pub struct ToolGroup {
    /// The tool.
    pub tool: &'static Tool,
    /// The folder, relative to the project's; empty for the project's own.
    pub folder: PathBuf,
    /// The active version there; `None` if the tool isn't pinned and no mention can be compared with.
    pub baseline: Option<Baseline>,
    /// The mentions, in the order of the files.
    pub mentions: Vec<ComparedMention>,
}

/// A mention, and whether it agrees.
#[derive(Debug)]
pub struct ComparedMention {
    /// The mention.
    pub mention: Mention,
    /// Whether it agrees.
    pub agreement: Agreement,
}

impl CheckReport {
    /// How many mentions have this result.
    pub fn count(&self, agreement: &Agreement) -> usize {
        let all = self.groups.iter().flat_map(|group| &group.mentions);
        all.filter(|mentions| mentions.agreement == *agreement).count()
    }

    /// Whether nothing disagrees.
    pub fn agrees(&self) -> bool {
        self.count(&Agreement::Disagrees) == 0
    }
}

/// Compares all mentions.
pub(super) fn compare(
    session: &Session,
    root: PathBuf,
    mentions: Vec<Mention>,
    mut notes: Vec<Note>,
) -> Result<CheckReport> {
    let mut of_tools: BTreeMap<&str, Vec<Mention>> = BTreeMap::new();
    for mention in mentions {
        of_tools.entry(mention.tool.name).or_default().push(mention);
    }
    let mut groups = Vec::new();
    for known in session.registry.all() {
        if let Some(mentions) = of_tools.remove(known.tool.name) {
            let constraints: Vec<_> = mentions
                .iter()
                .filter(|one| one.kind == MentionKind::Constraint)
                .cloned()
                .collect();
            let (root, tool) = (root.as_path(), known.tool);
            let baselines = Baselines { session, root, tool, constraints, known: BTreeMap::new() };
            groups.extend(baselines.compare(mentions)?);
        }
    }
    notes.extend(groups.iter().flat_map(|group| &group.mentions).filter_map(uncompared_note));
    limit_notes(&mut notes);
    Ok(CheckReport { root, groups, notes })
}

fn uncompared_note(mentions: &ComparedMention) -> Option<Note> {
    let Agreement::Unknown(why) = mentions.agreement else { return None };
    let Mention { place, shown, .. } = &mentions.mention;
    let what = format!("skipped {shown}: {why}");
    Some(Note { place: Some(place.clone()), what })
}

/// The active versions of a tool in the folders of a project.
struct Baselines<'a> {
    session: &'a Session,
    root: &'a Path,
    tool: &'static Tool,
    constraints: Vec<Mention>,
    known: BTreeMap<PathBuf, Option<Baseline>>,
}

impl Baselines<'_> {
    fn compare(mut self, mentions: Vec<Mention>) -> Result<Vec<ToolGroup>> {
        let here = self.baseline_in(self.root.to_path_buf())?;
        let mut groups = vec![self.group(self.root, here)];
        let elsewhere = self.baselines_of_subfolders(&mentions)?;
        let first = mentions.iter().find_map(baseline_of_mention);
        for mention in mentions {
            let folder = folder_of(self.root, &mention.place.path);
            let (baseline, others) = match self.baseline_in(folder.clone())? {
                Some(baseline) => (Some(baseline), &[][..]),
                // The tool isn't pinned in this folder: a pin in a folder below may be meant.
                None => match elsewhere.split_first() {
                    Some((first, others)) => (Some(first.clone()), others),
                    None => (first.clone(), &[][..]),
                },
            };
            let agreement = agreement(&mention, baseline.as_ref(), others);
            let known = groups.iter().position(|group| group.baseline == baseline);
            let place = known.unwrap_or(groups.len());
            if known.is_none() {
                groups.push(self.group(&folder, baseline));
            }
            groups[place].mentions.push(ComparedMention { mention, agreement });
        }
        groups.retain(|group| group.baseline.is_some() || !group.mentions.is_empty());
        Ok(groups)
    }

    fn baseline_in(&mut self, folder: PathBuf) -> Result<Option<Baseline>> {
        if let Some(known) = self.known.get(&folder) {
            return Ok(known.clone());
        }
        let mut baseline = baseline_in(self.session, self.root, &folder, self.tool)?;
        if let Some(baseline) = &mut baseline {
            baseline.is_constraint = self.constraints.iter().any(|one| is_requester(one, baseline));
        }
        self.known.insert(folder, baseline.clone());
        Ok(baseline)
    }

    /// The active versions in the folders of the project's version files.
    fn baselines_of_subfolders(&mut self, mentions: &[Mention]) -> Result<Vec<Baseline>> {
        let mut found = Vec::new();
        for mention in mentions.iter().filter(|one| one.kind == MentionKind::Pin) {
            let baseline = self.baseline_in(folder_of(self.root, &mention.place.path))?;
            found.extend(baseline.filter(|baseline| !found.contains(baseline)));
        }
        Ok(found)
    }

    fn group(&self, folder: &Path, baseline: Option<Baseline>) -> ToolGroup {
        // A version that a file requests is active in that file's folder and below.
        let folder = match baseline.as_ref().map(|baseline| &baseline.requester) {
            Some(Requester::File(place, _)) => folder_of(self.root, &place.path),
            Some(Requester::Outside(_) | Requester::Mention(..)) | None => folder.to_path_buf(),
        };
        let folder = pins::relative_path(self.root, &folder);
        ToolGroup { tool: self.tool, folder, baseline, mentions: Vec::new() }
    }
}

fn agreement(mention: &Mention, baseline: Option<&Baseline>, others: &[Baseline]) -> Agreement {
    let Some(baseline) = baseline else {
        return Agreement::Unknown("no version is pinned here");
    };
    if is_requester(mention, baseline) {
        return Agreement::Agrees;
    }
    if mention.kind == MentionKind::VirtualEnvironment {
        return venv_agreement(mention, baseline);
    }
    let requests = mention.parsed();
    let agrees =
        |one: &Baseline| compare_requests(&requests, one, mention.tool) == Agreement::Agrees;
    match others.iter().any(agrees) {
        true => Agreement::Agrees,
        false => compare_requests(&requests, baseline, mention.tool),
    }
}

/// An environment agrees if its version matches the request, even if it isn't the active one.
fn venv_agreement(mention: &Mention, baseline: &Baseline) -> Agreement {
    let version = mention.requests.first().and_then(|text| Version::parse(text));
    let matches =
        |version: &Version| baseline.requests.iter().any(|one| one.matches(version, mention.tool));
    let is_definite = |one: &Request| {
        !matches!(one.kind(), RequestKind::System | RequestKind::Path(_) | RequestKind::Named(_))
    };
    match version {
        Some(version) if matches(&version) => Agreement::Agrees,
        Some(_) if baseline.requests.iter().any(is_definite) => Agreement::Disagrees,
        Some(_) | None => Agreement::Unknown("the version that is requested has no number"),
    }
}

/// Whether a mention is the one that requests the active version.
fn is_requester(mention: &Mention, baseline: &Baseline) -> bool {
    let (Requester::File(place, _) | Requester::Mention(place, _)) = &baseline.requester else {
        return false;
    };
    // Several fields of one file may have no line.
    let requested = baseline.requests.iter().map(Request::as_str);
    *place == mention.place && requested.eq(mention.requests.iter().map(String::as_str))
}

/// A mention for others to be compared with; `None` if its versions are unknown.
fn baseline_of_mention(mention: &Mention) -> Option<Baseline> {
    if mention.kind == MentionKind::VirtualEnvironment {
        return None;
    }
    let requests: Vec<Request> =
        mention.parsed().into_iter().flatten().filter(is_definite).collect();
    let requester = Requester::Mention(mention.place.clone(), mention.shown.clone());
    let expected = Expected::NotInstalled;
    (!requests.is_empty()).then_some(Baseline {
        expected,
        requests,
        requester,
        is_constraint: false,
    })
}
