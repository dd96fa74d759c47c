//! All mentions of a project with what is thought of them, grouped by what they were compared with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use usher_shims::error::Result;
use usher_shims::request::{Request, RequestTrust};
use usher_shims::tool::Tool;

use super::measure::{Asker, Measure, What, active_selection};
use super::mention::{Kind, Mention, Note};
use super::pins::{self, folder_of};
use super::verdict::{Verdict, is_definite, judge};
use crate::session::Session;

/// What came of a check.
#[derive(Debug)]
pub struct Report {
    /// The project's folder.
    pub root: PathBuf,
    /// What is in force, of each tool that is mentioned.
    pub groups: Vec<Group>,
    /// What was passed over.
    pub notes: Vec<Note>,
}

/// What is in force of a tool somewhere in the project, and who was compared with it.
#[derive(Debug)]
pub struct Group {
    /// The tool.
    pub tool: &'static Tool,
    /// The folder, from the project's; empty for the project's own.
    pub folder: PathBuf,
    /// What is in force there; `None` where nobody asks and nothing can be compared.
    pub measure: Option<Measure>,
    /// The mentions, in the order of the files.
    pub judged: Vec<Judged>,
}

/// A mention, and what is thought of it.
#[derive(Debug)]
pub struct Judged {
    /// The mention.
    pub mention: Mention,
    /// The verdict.
    pub verdict: Verdict,
}

impl Report {
    /// The mentions of which the verdict is this.
    pub fn count(&self, verdict: &Verdict) -> usize {
        let all = self.groups.iter().flat_map(|group| &group.judged);
        all.filter(|judged| judged.verdict == *verdict).count()
    }

    /// Whether nothing disagrees.
    pub fn agrees(&self) -> bool {
        self.count(&Verdict::Disagrees) == 0
    }
}

/// Compares all mentions.
pub(super) fn compare(
    session: &Session,
    root: PathBuf,
    (mentions, mut notes): (Vec<Mention>, Vec<Note>),
) -> Result<Report> {
    let mut of_tools: BTreeMap<&str, Vec<Mention>> = BTreeMap::new();
    for mention in mentions {
        of_tools.entry(mention.tool.name).or_default().push(mention);
    }
    let mut groups = Vec::new();
    for known in session.registry.all() {
        if let Some(mentions) = of_tools.remove(known.tool.name) {
            let constraints: Vec<_> =
                mentions.iter().filter(|one| one.kind == Kind::Constraint).cloned().collect();
            let (root, tool) = (root.as_path(), known.tool);
            let forces = Forces { session, root, tool, constraints, known: BTreeMap::new() };
            groups.extend(forces.compare(mentions)?);
        }
    }
    notes.extend(groups.iter().flat_map(|group| &group.judged).filter_map(open));
    notes.sort();
    notes.dedup();
    Ok(Report { root, groups, notes })
}

fn open(judged: &Judged) -> Option<Note> {
    let Verdict::Open(why) = judged.verdict else { return None };
    let Mention { place, shown, .. } = &judged.mention;
    let what = format!("{shown} is passed over: {why}");
    Some(Note { place: Some(place.clone()), what })
}

/// What is in force of a tool in the folders of a project.
struct Forces<'a> {
    session: &'a Session,
    root: &'a Path,
    tool: &'static Tool,
    constraints: Vec<Mention>,
    known: BTreeMap<PathBuf, Option<Measure>>,
}

impl Forces<'_> {
    fn compare(mut self, mentions: Vec<Mention>) -> Result<Vec<Group>> {
        let here = self.at(self.root.to_path_buf())?;
        let mut groups = vec![self.group(self.root, here)];
        let elsewhere = self.elsewhere(&mentions)?;
        let first = mentions.iter().find_map(of_mention);
        for mention in mentions {
            let folder = folder_of(self.root, &mention.place.path);
            let (measure, others) = match self.at(folder.clone())? {
                Some(measure) => (Some(measure), &[][..]),
                // Nobody asks in this folder: what is pinned further down is what may be meant.
                None => match elsewhere.split_first() {
                    Some((first, others)) => (Some(first.clone()), others),
                    None => (first.clone(), &[][..]),
                },
            };
            let verdict = verdict(&mention, measure.as_ref(), others);
            let known = groups.iter().position(|group| group.measure == measure);
            let place = known.unwrap_or(groups.len());
            if known.is_none() {
                groups.push(self.group(&folder, measure));
            }
            groups[place].judged.push(Judged { mention, verdict });
        }
        groups.retain(|group| group.measure.is_some() || !group.judged.is_empty());
        Ok(groups)
    }

    fn at(&mut self, folder: PathBuf) -> Result<Option<Measure>> {
        if let Some(known) = self.known.get(&folder) {
            return Ok(known.clone());
        }
        let mut measure = active_selection(self.session, (self.root, &folder), self.tool)?;
        if let Some(measure) = &mut measure {
            measure.is_constraint = self.constraints.iter().any(|one| is_asker(one, measure));
        }
        self.known.insert(folder, measure.clone());
        Ok(measure)
    }

    /// What is in force where the project's version files lie.
    fn elsewhere(&mut self, mentions: &[Mention]) -> Result<Vec<Measure>> {
        let mut found = Vec::new();
        for mention in mentions.iter().filter(|one| one.kind == Kind::Pin) {
            let measure = self.at(folder_of(self.root, &mention.place.path))?;
            found.extend(measure.filter(|measure| !found.contains(measure)));
        }
        Ok(found)
    }

    fn group(&self, folder: &Path, measure: Option<Measure>) -> Group {
        // Whoever is asked for by a file is in force from that file's folder on.
        let folder = match measure.as_ref().map(|measure| &measure.asker) {
            Some(Asker::File(place, _)) => folder_of(self.root, &place.path),
            Some(Asker::Outside(_) | Asker::Mention(..)) | None => folder.to_path_buf(),
        };
        let folder = pins::relative(self.root, &folder);
        Group { tool: self.tool, folder, measure, judged: Vec::new() }
    }
}

fn verdict(mention: &Mention, measure: Option<&Measure>, others: &[Measure]) -> Verdict {
    let Some(measure) = measure else {
        return Verdict::Open("nothing here says which version is meant");
    };
    if is_asker(mention, measure) {
        return Verdict::Agrees;
    }
    let agrees = |one: &Measure| judge(&mention.requests, one, mention.tool) == Verdict::Agrees;
    match others.iter().any(agrees) {
        true => Verdict::Agrees,
        false => judge(&mention.requests, measure, mention.tool),
    }
}

/// Whether a mention is the one that what is in force comes from.
fn is_asker(mention: &Mention, measure: &Measure) -> bool {
    let (Asker::File(place, _) | Asker::Mention(place, _)) = &measure.asker else { return false };
    // Several fields of one file may have no line.
    let asked = measure.requests.iter().map(Request::as_str);
    *place == mention.place && asked.eq(mention.requests.iter().map(String::as_str))
}

/// A mention as what others are compared with; `None` if it can't be.
fn of_mention(mention: &Mention) -> Option<Measure> {
    let parse = |text: &String| Request::parse(text, mention.tool, RequestTrust::Project).ok();
    let requests: Vec<Request> =
        mention.requests.iter().filter_map(parse).filter(is_definite).collect();
    let asker = Asker::Mention(mention.place.clone(), mention.shown.clone());
    let what = What::ToolRequest;
    (!requests.is_empty()).then_some(Measure { what, requests, asker, is_constraint: false })
}
