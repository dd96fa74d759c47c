//! The result of `use check`: what was compared, and the findings that follow from it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use usher_shims::error::Escaped;
use usher_shims::request::Request;
use usher_shims::tool::Tool;

use super::compare::{Baseline, ComparedMention, Level, ToolGroup, Verdict};
use super::mention::{
    BrokenFile, FileMentions, MAX_NOTES, Mention, MentionKind, MentionPlace, Note,
};
use super::overlap::why_unknown;

/// The result of `use check`.
#[derive(Debug)]
pub struct CheckReport {
    /// The project's folder.
    pub root: PathBuf,
    /// The mentions, grouped by what decides for them.
    pub groups: Vec<ToolGroup>,
    /// Version files that no shim could read.
    pub broken: Vec<BrokenFile>,
    /// What isn't compared, one of a kind and file.
    pub notes: Vec<Note>,
    /// How many places a comment ignores.
    pub ignored: usize,
    /// Whether warnings count as errors.
    pub strict: bool,
}

/// Something to tell the project's maintainers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// Its kind.
    pub rule: Rule,
    /// The tool, if it is about one.
    pub tool: Option<&'static Tool>,
    /// Where.
    pub place: Option<MentionPlace>,
    /// What, in a sentence that says what it was compared with.
    pub what: String,
}

/// The kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Two places can't both be met.
    VersionsDiffer,
    /// A version file can't be used.
    BrokenVersionFile,
    /// A number loses its last zeros.
    UnquotedNumber,
    /// A place can't be compared.
    NotCompared,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::VersionsDiffer, Self::BrokenVersionFile, Self::UnquotedNumber, Self::NotCompared];

    /// Its name in output for programs, which never changes.
    pub fn id(self) -> &'static str {
        match self {
            Self::VersionsDiffer => "versions-differ",
            Self::BrokenVersionFile => "broken-version-file",
            Self::UnquotedNumber => "unquoted-number",
            Self::NotCompared => "not-compared",
        }
    }

    /// What it is about, in a sentence.
    pub fn description(self) -> &'static str {
        match self {
            Self::VersionsDiffer => "Two places request versions that can't be the same.",
            Self::BrokenVersionFile => {
                "A version file can't be used, so that its programs don't run."
            }
            Self::UnquotedNumber => {
                "A version without quotes is a number, which loses its last zeros."
            }
            Self::NotCompared => "A place names a version that can't be compared.",
        }
    }
}

impl CheckReport {
    /// A report of what was compared and found.
    pub(super) fn new(
        root: PathBuf,
        groups: Vec<ToolGroup>,
        found: FileMentions,
        strict: bool,
    ) -> Self {
        let mut notes = found.notes;
        notes.extend(groups.iter().flat_map(group_notes));
        let mut broken = found.broken;
        broken.sort();
        // A file of several tools is broken for each of them.
        broken.dedup_by(|next, first| next.place == first.place);
        Self { root, groups, broken, notes: summarized(notes), ignored: 0, strict }
    }

    /// Every place that was compared.
    pub fn mentions(&self) -> impl Iterator<Item = &ComparedMention> {
        self.groups.iter().flat_map(|group| &group.mentions)
    }

    /// How many places were compared, and how many of them don't agree.
    pub fn counts(&self) -> (usize, usize) {
        let is_compared = |one: &&ComparedMention| {
            matches!(one.verdict, Verdict::Agrees | Verdict::Exempt(_) | Verdict::Differs(_))
        };
        let differs = |one: &&ComparedMention| one.verdict.difference().is_some();
        (self.mentions().filter(is_compared).count(), self.mentions().filter(differs).count())
    }

    /// Whether the check fails.
    pub fn fails(&self) -> bool {
        match self.worst() {
            Some(Level::Error) => true,
            Some(Level::Warning) => self.strict,
            Some(Level::Note) | None => false,
        }
    }

    /// The level of the worst finding.
    pub fn worst(&self) -> Option<Level> {
        let broken = self.broken.first().map(|_| Level::Error);
        let unquoted =
            |one: &ComparedMention| one.mention.unquoted.as_ref().map(|_| Level::Warning);
        let mentions =
            self.mentions().filter_map(|one| one.verdict.difference().or_else(|| unquoted(one)));
        let notes = self.notes.first().map(|_| Level::Note);
        broken.into_iter().chain(mentions).chain(notes).min()
    }

    /// Everything that is to be told, in the order of the tools and files; notes last.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.broken.iter().map(broken_finding).collect();
        for group in &self.groups {
            let differing = group.differing();
            findings.extend(differing.filter_map(|(one, level)| difference(group, one, level)));
        }
        let others = self.mentions().filter(|one| one.verdict.difference().is_none());
        findings.extend(others.filter_map(|one| unquoted(&one.mention)));
        findings.extend(self.notes.iter().map(note_finding));
        findings
    }
}

impl ToolGroup {
    /// The places that don't agree, with how bad that is.
    pub fn differing(&self) -> impl Iterator<Item = (&Mention, Level)> {
        self.mentions.iter().filter_map(|one| Some((&one.mention, one.verdict.difference()?)))
    }
}

impl Mention {
    /// The text there, and what becomes of a number without quotes.
    pub fn text(&self) -> String {
        let shown = Escaped(&self.shown);
        match &self.unquoted {
            Some(number) => format!("{shown}, which is {} without quotes", number.read),
            None => shown.to_string(),
        }
    }
}

impl Baseline {
    /// What decides, in a sentence without its subject: `.nvmrc:1 pins 20`.
    pub fn sentence(&self) -> String {
        let (place, shown) = (&self.place, Escaped(&self.shown));
        match self.kind {
            MentionKind::Pin => format!("{place} pins {}", Escaped(&self.requested())),
            _ => format!("nothing pins it, and {place} says {shown}"),
        }
    }

    /// What it requests: of a version file the first, which would be installed.
    pub fn requested(&self) -> String {
        let count = if self.kind == MentionKind::Pin { 1 } else { self.requests.len() };
        let requests: Vec<&str> = self.requests.iter().take(count).map(Request::as_str).collect();
        requests.join(" ")
    }
}

fn broken_finding(file: &BrokenFile) -> Finding {
    Finding {
        level: Level::Error,
        rule: Rule::BrokenVersionFile,
        tool: None,
        place: Some(file.place.clone()),
        what: file.what.clone(),
    }
}

fn difference(group: &ToolGroup, mention: &Mention, level: Level) -> Option<Finding> {
    let baseline = group.baseline.as_ref()?;
    let what = format!("{}: {}, but {}", group.tool.name, mention.text(), baseline.sentence());
    Some(Finding {
        level,
        rule: Rule::VersionsDiffer,
        tool: Some(group.tool),
        place: Some(mention.place.clone()),
        what,
    })
}

fn unquoted(mention: &Mention) -> Option<Finding> {
    let number = mention.unquoted.as_ref()?;
    let place = MentionPlace { path: mention.place.path.clone(), line: number.line };
    let what = format!("{0} is {1} without quotes: write '{0}'", number.written, number.read);
    Some(Finding {
        level: Level::Warning,
        rule: Rule::UnquotedNumber,
        tool: Some(mention.tool),
        place: Some(place),
        what,
    })
}

fn note_finding(note: &Note) -> Finding {
    Finding {
        level: Level::Note,
        rule: Rule::NotCompared,
        tool: None,
        place: note.place.clone(),
        what: note.what(),
    }
}

impl Note {
    /// What isn't compared and why, in one line.
    pub fn what(&self) -> String {
        match self.shown.as_str() {
            "" => self.why.clone(),
            shown => format!("not compared, {}: {shown}", self.why),
        }
    }
}

/// The notes that follow from comparing: places of unknown meaning, and CI jobs that differ.
fn group_notes(group: &ToolGroup) -> Vec<Note> {
    let note = |mention: &Mention, why: String| Note {
        place: Some(mention.place.clone()),
        why,
        shown: mention.shown.clone(),
    };
    let mut notes: Vec<Note> = group
        .mentions
        .iter()
        .filter_map(|one| match one.verdict {
            Verdict::Unknown(why) => Some(note(&one.mention, why.to_owned())),
            Verdict::Differs(Level::Note) => {
                let why = format!("nothing pins {}, and its CI jobs differ", group.tool.name);
                Some(note(&one.mention, why))
            }
            _ => None,
        })
        .collect();
    if let Some(baseline) = &group.baseline
        && let Some(why) = baseline.requests.first().and_then(why_unknown)
        && group.mentions.iter().any(|one| one.verdict == Verdict::Alone)
    {
        notes.push(Note {
            place: Some(baseline.place.clone()),
            why: format!("no place is compared with it, {why}"),
            shown: baseline.shown.clone(),
        });
    }
    notes
}

/// One note of each kind and file, which says how many more there are.
fn summarized(mut notes: Vec<Note>) -> Vec<Note> {
    notes.sort();
    notes.dedup();
    let mut kinds: BTreeMap<(Option<PathBuf>, String), Vec<Note>> = BTreeMap::new();
    for note in notes {
        let path = note.place.as_ref().map(|place| place.path.clone());
        kinds.entry((path, note.why.clone())).or_default().push(note);
    }
    let mut summarized: Vec<Note> = kinds
        .into_values()
        .filter_map(|notes| {
            let more = notes.len() - 1;
            let mut first = notes.into_iter().next()?;
            if more > 0 {
                let last = if first.shown.is_empty() { &mut first.why } else { &mut first.shown };
                let _ = write!(last, " (and {more} more)");
            }
            Some(first)
        })
        .collect();
    if summarized.len() > MAX_NOTES {
        summarized.truncate(MAX_NOTES);
        summarized.push(Note::about(None, "more notes are left out"));
    }
    summarized
}
