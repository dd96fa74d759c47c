//! `use check --fix`: the places that disagree with a pin, changed to what it pins.
//!
//! ```text
//! report ─▶ places to change ─▶ each file's new text, read again ─▶ FixPlan ─▶ shown (diff), replaced
//!        └▶ places that are left, and why
//! ```
//!
//! Readers don't say where in a line a version is. So its text is looked for there, as a whole word and
//! only once, and the changed text is read by the same reader: exactly this place must now request the
//! wanted version, and all others what they did. What doesn't pass is left as it is.

mod diff;
mod spelling;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, Result};
use usher_shims::read::{RawRequest, read};
use usher_shims::request::{Request, RequestTrust};
use usher_shims::tool::{Tool, VersionFile};
use usher_shims::world::World as _;

use self::spelling::{Wanted, in_place_of};
use super::compare::{Baseline, ComparedMention, Level, ToolGroup, Verdict};
use super::mention::{Mention, MentionKind, MentionPlace, Note};
use super::overlap::{Overlap, overlap};
use super::readers;
use super::report::CheckReport;
use crate::files::confined::{ConfinedFile, ConfinedFolder};
use crate::registry::Registry;
use crate::session::Session;

/// What `use check --fix` changes, and what it leaves.
#[derive(Debug)]
pub struct FixPlan {
    /// The files that change.
    pub files: Vec<FileFix>,
    /// The places that disagree with a pin and stay as they are.
    pub left: Vec<LeftPlace>,
}

/// A file with places to change.
#[derive(Debug)]
pub struct FileFix {
    /// Its path, relative to the project's folder.
    pub path: PathBuf,
    /// How many places change.
    pub places: usize,
    before: String,
    after: String,
    file: ConfinedFile,
}

/// A place that stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftPlace {
    /// Where.
    pub place: MentionPlace,
    /// Why.
    pub why: String,
}

/// The most places of a file that are changed: the file is read again for each.
const MAX_PLACES: usize = 100;

/// How many places are tried for a hint.
const MAX_TRIED: usize = 3;

/// A value, or why a place stays as it is.
type OrLeft<T> = std::result::Result<T, &'static str>;

impl FixPlan {
    /// How many places change.
    pub fn places(&self) -> usize {
        self.files.iter().map(|file| file.places).sum()
    }
}

impl FileFix {
    /// The change as a unified diff that `patch -p1` takes in the project's folder.
    pub fn diff(&self) -> String {
        diff::unified(&self.path, &self.before, &self.after)
    }

    /// Replaces the file, which keeps its owner and mode; an error if it has changed meanwhile.
    pub fn apply(&self) -> Result<()> {
        self.file.replace(&self.after)
    }
}

/// What would make the places agree that disagree with a pin. Writes nothing.
pub fn plan_fixes(session: &Session, report: &CheckReport) -> Result<FixPlan> {
    let folder = open_project(session, report)?;
    let known = KnownPlaces::of(report);
    let mut plan = FixPlan { files: Vec::new(), left: Vec::new() };
    let mut of_files: BTreeMap<&Path, Vec<PlaceFix<'_>>> = BTreeMap::new();
    for (mention, baseline) in report.groups.iter().flat_map(disagreeing) {
        let fixes = of_files.entry(&mention.place.path).or_default();
        match place_fix(&session.registry, &known, mention, baseline) {
            Ok(fix) if fixes.iter().any(|known| known.is_same(&fix)) => {}
            Ok(_) if fixes.len() == MAX_PLACES => plan.leave(mention, "its file has too many"),
            Ok(fix) => fixes.push(fix),
            Err(why) => plan.leave(mention, why),
        }
    }
    for (path, fixes) in of_files {
        let (fixes, disputed): (Vec<_>, Vec<_>) =
            fixes.iter().partition(|fix| !fixes.iter().any(|other| fix.is_disputed_by(other)));
        for fix in disputed {
            plan.leave(fix.mention, "several places have it, and want different versions");
        }
        if !fixes.is_empty() {
            plan.add_file(&session.registry, (&folder, &report.root, path), &fixes);
        }
    }
    plan.left.sort();
    plan.left.dedup();
    Ok(plan)
}

/// Whether one of the first places that disagree can be changed.
pub fn has_fix(session: &Session, report: &CheckReport) -> bool {
    let Ok(folder) = open_project(session, report) else { return false };
    let known = KnownPlaces::of(report);
    let places = report.groups.iter().flat_map(disagreeing);
    let fixes =
        places.filter_map(|(mention, pin)| place_fix(&session.registry, &known, mention, pin).ok());
    fixes.take(MAX_TRIED).any(|fix| {
        let mut plan = FixPlan { files: Vec::new(), left: Vec::new() };
        let file = (&folder, report.root.as_path(), fix.mention.place.path.as_path());
        plan.add_file(&session.registry, file, &[&fix]);
        !plan.files.is_empty()
    })
}

fn open_project(session: &Session, report: &CheckReport) -> Result<ConfinedFolder> {
    let directory = session.world.directory();
    let directory =
        directory.map_err(|error| Error::io("find", Path::new("the working directory"), error))?;
    ConfinedFolder::open_above(&directory, &report.root, "this project")
}

/// The places of a group that disagree with a pin.
fn disagreeing(group: &ToolGroup) -> impl Iterator<Item = (&Mention, &Baseline)> {
    let pin = group.baseline.as_ref().filter(|baseline| baseline.kind == MentionKind::Pin);
    pin.into_iter().flat_map(|pin| {
        let errors = group.differing().filter(|(_, level)| *level == Level::Error);
        errors.map(move |(mention, _)| (mention, pin))
    })
}

/// A place and the request that it gets.
struct PlaceFix<'a> {
    mention: &'a Mention,
    baseline: &'a Baseline,
    wanted: Wanted<'a>,
}

impl PlaceFix<'_> {
    /// Whether another mention of the same text gets the same: a value that several jobs use.
    fn is_same(&self, other: &Self) -> bool {
        text_of(self.mention) == text_of(other.mention) && self.wanted == other.wanted
    }

    /// Whether another mention of the same text gets something else.
    fn is_disputed_by(&self, other: &Self) -> bool {
        text_of(self.mention) == text_of(other.mention) && self.wanted != other.wanted
    }
}

/// What a report says of other places than the one that changes.
struct KnownPlaces<'a> {
    /// The texts that agree somewhere.
    agreeing: BTreeSet<(&'a MentionPlace, &'static str, Vec<&'a str>)>,
    /// The folders in which a version file decides.
    pin_folders: BTreeMap<(&'a MentionPlace, &'static str), Vec<&'a Path>>,
    /// The images that have versions of several tools, which go together.
    shared_images: BTreeSet<&'a MentionPlace>,
    /// What a tool's pins request.
    pinned: BTreeMap<&'static str, BTreeSet<String>>,
}

impl<'a> KnownPlaces<'a> {
    fn of(report: &'a CheckReport) -> Self {
        let agreeing = report.mentions().filter(|one| one.verdict == Verdict::Agrees);
        let agreeing = agreeing.map(|one| text_of(&one.mention)).collect();
        let mut known = Self {
            agreeing,
            pin_folders: BTreeMap::new(),
            shared_images: BTreeSet::new(),
            pinned: BTreeMap::new(),
        };
        let mut images: BTreeMap<&MentionPlace, &str> = BTreeMap::new();
        for ComparedMention { mention, .. } in report.mentions() {
            if mention.kind == MentionKind::Image
                && *images.entry(&mention.place).or_insert(mention.tool.name) != mention.tool.name
            {
                known.shared_images.insert(&mention.place);
            }
            if mention.kind == MentionKind::Pin {
                let key = (&mention.place, mention.tool.name);
                known.pin_folders.entry(key).or_default().push(mention.folder());
            }
        }
        for group in &report.groups {
            let pin = group.baseline.as_ref().filter(|pin| pin.kind == MentionKind::Pin);
            let pinned = known.pinned.entry(group.tool.name).or_default();
            pinned.extend(pin.map(Baseline::requested));
        }
        known
    }

    /// Whether it is clear which pin a place must agree with: one above it, or the only one below.
    fn has_one_pin(&self, mention: &Mention, baseline: &Baseline) -> bool {
        let tool = mention.tool.name;
        let folders = self.pin_folders.get(&(&baseline.place, tool));
        let is_above = |folder: &&Path| mention.folder().starts_with(folder);
        folders.is_none_or(|folders| folders.iter().all(is_above))
            || self.pinned.get(tool).is_none_or(|pinned| pinned.len() < 2)
    }
}

/// What two mentions of one text have alike.
fn text_of(mention: &Mention) -> (&MentionPlace, &'static str, Vec<&str>) {
    let requests = mention.requests.iter().map(Request::as_str).collect();
    (&mention.place, mention.tool.name, requests)
}

/// What a place gets, or why it is left.
fn place_fix<'a>(
    registry: &Registry,
    known: &KnownPlaces<'_>,
    mention: &'a Mention,
    baseline: &'a Baseline,
) -> OrLeft<PlaceFix<'a>> {
    match mention.kind {
        MentionKind::Lock => return Err("a program writes this file"),
        MentionKind::VirtualEnvironment => return Err("its files are of that version"),
        MentionKind::Constraint | MentionKind::Reference => return Err("it is no single version"),
        MentionKind::Pin
        | MentionKind::UnreadPin
        | MentionKind::Image
        | MentionKind::Variable
        | MentionKind::Input => {}
    }
    let [request] = mention.requests.as_slice() else { return Err("it names several versions") };
    if let Some(why) = version_files(registry, &mention.place.path).find_map(why_kept) {
        return Err(why);
    }
    if known.shared_images.contains(&mention.place) {
        return Err("its image has versions of several tools, which go together");
    }
    if !known.has_one_pin(mention, baseline) {
        return Err("several version files pin it, and differ");
    }
    if known.agreeing.contains(&text_of(mention)) {
        return Err("another place has its value from there, and agrees");
    }
    let pin = baseline.requests.first().ok_or("the pin names no version")?;
    let wanted = in_place_of(request, mention.unquoted.as_ref(), pin, mention.tool)?;
    Ok(PlaceFix { mention, baseline, wanted })
}

/// The tools that have their versions in this file, and how it is read.
fn version_files<'a>(
    registry: &'a Registry,
    path: &'a Path,
) -> impl Iterator<Item = (&'static Tool, &'static VersionFile)> {
    registry.all().flat_map(move |known| {
        let own = known.tool.files.iter().filter(move |file| file.is_at(path));
        own.map(move |file| (known.tool, file))
    })
}

/// Why a version file is never changed.
fn why_kept((_, file): (&'static Tool, &'static VersionFile)) -> Option<&'static str> {
    match () {
        () if file.secret => Some("this file may have secrets"),
        () if file.generated => Some("a program writes this file"),
        () => None,
    }
}

impl FixPlan {
    fn leave(&mut self, mention: &Mention, why: impl Into<String>) {
        self.left.push(LeftPlace { place: mention.place.clone(), why: why.into() });
    }

    /// Changes what can be changed in a file.
    fn add_file(
        &mut self,
        registry: &Registry,
        (folder, root, path): (&ConfinedFolder, &Path, &Path),
        fixes: &[&PlaceFix<'_>],
    ) {
        let (file, before) = match open(folder, root, path) {
            Ok(opened) => opened,
            Err(why) => return fixes.iter().for_each(|fix| self.leave(fix.mention, &*why)),
        };
        let mut after = before.clone();
        let mut places = 0;
        let mut left = Vec::new();
        for fix in fixes {
            match changed(registry, &after, fix) {
                Ok(text) => {
                    after = text;
                    places += 1;
                }
                Err(why) => left.push((fix, why)),
            }
        }
        for (fix, why) in left {
            let reading = FileReading::of(registry, fix.mention, &after);
            // One that has its value from another place has changed with that.
            if !reading.places.iter().any(|place| place.is_at(fix.mention) && place.agrees(fix)) {
                self.leave(fix.mention, why);
            }
        }
        if places > 0 {
            self.files.push(FileFix { path: path.to_path_buf(), places, before, after, file });
        }
    }
}

/// A file of the project and its text, or why it isn't changed.
fn open(
    folder: &ConfinedFolder,
    root: &Path,
    path: &Path,
) -> std::result::Result<(ConfinedFile, String), String> {
    let file = folder.file(path).map_err(|error| error.line())?;
    if file.is_linked() || file.path() != root.join(path) {
        return Err("a link leads to it".to_owned());
    }
    let text = file.text().ok_or("it is gone")?.to_owned();
    // Replacing it would need no permission on the file itself. That it has none is meant.
    if file.is_read_only() {
        return Err("it is read-only".to_owned());
    }
    Ok((file, text))
}

/// A file's text with one place changed, or why it can't be.
fn changed(registry: &Registry, text: &str, fix: &PlaceFix<'_>) -> OrLeft<String> {
    let PlaceFix { mention, wanted, .. } = fix;
    let lines = lines_of(text, mention.place.line).ok_or("it isn't there any more")?;
    let found = word_in(&text[lines.clone()], wanted.old)?;
    let found = lines.start + found.start..lines.start + found.end;
    if !is_written_there(&text[lines], mention, wanted.old) {
        return Err("its value is set elsewhere");
    }
    let digest = text[found.end..].split(|c: char| c.is_whitespace() || "\"'".contains(c)).next();
    if digest.is_some_and(|rest| rest.contains('@')) {
        return Err("its digest is of that version");
    }
    let before = FileReading::of(registry, mention, text);
    // In YAML, 3.10 is a number and '3.10' is a version.
    for written in [wanted.new.clone(), format!("'{}'", wanted.new)] {
        let changed = format!("{}{written}{}", &text[..found.start], &text[found.end..]);
        if changed != text && before.becomes(&FileReading::of(registry, mention, &changed), fix) {
            return Ok(changed);
        }
    }
    Err("its file would be read otherwise")
}

/// The bytes of a line, with those that continue it; all of the text if the line is unknown.
fn lines_of(text: &str, line: u32) -> Option<Range<usize>> {
    let Some(skipped) = usize::try_from(line).ok()?.checked_sub(1) else {
        return Some(0..text.len());
    };
    let mut lines = text.split_inclusive('\n').skip(skipped);
    let start = text.split_inclusive('\n').take(skipped).map(str::len).sum();
    let mut end = start;
    loop {
        let line = lines.next().or((end > start).then_some(""))?;
        end += line.len();
        if !line.trim_end().ends_with('\\') {
            return Some(start..end);
        }
    }
}

/// The only place of a version in a text where it isn't a part of something longer.
fn word_in(text: &str, word: &str) -> OrLeft<Range<usize>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._+".contains(c);
    let mut found = text.match_indices(word).map(|(start, _)| start..start + word.len());
    let is_whole = |found: &Range<usize>| {
        !text[..found.start].ends_with(is_part) && !text[found.end..].starts_with(is_part)
    };
    let mut whole = found.by_ref().filter(is_whole);
    match (whole.next(), whole.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err("that version is on its line twice"),
        (None, _) if text.contains(word) => Err("it is a part of something longer"),
        (None, _) => Err("its value is set elsewhere"),
    }
}

/// Whether a line has what a mention shows, but for its quotes and blanks: an expression or a variable
/// has its value from elsewhere, where others may use it.
fn is_written_there(line: &str, mention: &Mention, old: &str) -> bool {
    let expected = match mention.kind {
        MentionKind::Image => {
            let image = mention.shown.rsplit('/').next().unwrap_or_default();
            let name = image.split_once(old).map_or(image, |(name, _)| name);
            name.rsplit([' ', '=']).next().unwrap_or_default()
        }
        MentionKind::Variable | MentionKind::Input => {
            let label = mention.shown.split([':', '=']).next().unwrap_or_default();
            label.rsplit([' ', '.']).next().unwrap_or_default()
        }
        _ => "",
    };
    line.contains(expected)
}

/// What a file says: everything that must stay the same, but for one request.
struct FileReading {
    places: Vec<ReadPlace>,
    notes: Vec<Note>,
}

/// A place in a file.
#[derive(Debug, PartialEq)]
struct ReadPlace {
    tool: &'static str,
    line: u32,
    requests: Vec<Request>,
    is_unquoted: bool,
    /// Why it may differ: a comment that names a version may say so of the new one.
    exempt: Option<&'static str>,
    /// What it belongs to.
    belongs_to: String,
}

impl FileReading {
    /// Reads a text in place of a mention's file, as its reader does.
    fn of(registry: &Registry, mention: &Mention, text: &str) -> Self {
        let path = &mention.place.path;
        if mention.kind == MentionKind::Pin {
            let places = version_files(registry, path).flat_map(|(tool, file)| {
                let found = read(text, file, tool).unwrap_or_default();
                found.into_iter().map(move |raw| ReadPlace::of_version_file(tool, &raw))
            });
            return Self { places: places.collect(), notes: Vec::new() };
        }
        let found = readers::read_file(registry, path, text.as_bytes());
        let places = found.mentions.into_iter().map(ReadPlace::of_mention);
        Self { places: places.collect(), notes: found.notes }
    }

    /// Whether the other one is this one with the wanted request in one place, which then agrees, as
    /// others may that have their value from there and disagreed.
    fn becomes(&self, other: &Self, fix: &PlaceFix<'_>) -> bool {
        let PlaceFix { mention, wanted, .. } = fix;
        let is_it = |place: &ReadPlace| {
            place.tool == mention.tool.name
                && place.line == mention.place.line
                && place.requests == mention.requests
        };
        let is_fixed = |before: &ReadPlace, after: &ReadPlace| {
            (after.tool, after.line) == (before.tool, before.line)
                && after.belongs_to == before.belongs_to
                && !after.is_unquoted
                && !before.agrees(fix)
                && after.agrees(fix)
        };
        let is_wanted =
            |after: &ReadPlace| matches!(&*after.requests, [one] if one.as_str() == wanted.new);
        self.places.iter().any(is_it)
            && self.notes == other.notes
            && self.places.len() == other.places.len()
            && self.places.iter().zip(&other.places).all(|(before, after)| match is_it(before) {
                true => is_fixed(before, after) && is_wanted(after),
                false => before == after || is_fixed(before, after),
            })
    }
}

impl ReadPlace {
    /// Whether it is where a mention is.
    fn is_at(&self, mention: &Mention) -> bool {
        (self.tool, self.line) == (mention.tool.name, mention.place.line)
    }

    /// Whether it agrees with the pin that decides for a place.
    fn agrees(&self, fix: &PlaceFix<'_>) -> bool {
        let pin = fix.baseline.requests.get(..1).unwrap_or_default();
        self.tool == fix.mention.tool.name
            && overlap(pin, &self.requests, fix.mention.tool) == Overlap::Some
    }

    fn of_mention(mention: Mention) -> Self {
        let Mention { tool, requests, place, kind, scope, job, exempt, unquoted, .. } = mention;
        Self {
            tool: tool.name,
            line: place.line,
            requests,
            is_unquoted: unquoted.is_some(),
            exempt,
            belongs_to: format!("{kind:?} {scope:?} {job:?}"),
        }
    }

    fn of_version_file(tool: &'static Tool, raw: &RawRequest) -> Self {
        let parse = |text: &String| match raw.field {
            Some(field) => Request::parse_field(text, tool, field).ok(),
            None => Request::parse(text, tool, RequestTrust::Project).ok(),
        };
        let requests: Option<Vec<Request>> = raw.texts.iter().map(parse).collect();
        Self {
            tool: tool.name,
            line: raw.line,
            belongs_to: match &requests {
                Some(_) => raw.field.map_or_else(String::new, |field| field.path.to_owned()),
                None => raw.texts.join(" "),
            },
            requests: requests.unwrap_or_default(),
            is_unquoted: false,
            exempt: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;
    use usher_shims::tool::TOOLS;

    use super::*;
    use crate::check::mention::MentionScope;

    fn request(text: &str, tool: &'static Tool) -> Request {
        Request::parse(text, tool, RequestTrust::Project).unwrap()
    }

    /// What a file says of a tool.
    fn mentions(registry: &Registry, path: &str, text: &str, tool: &'static Tool) -> Vec<Mention> {
        let path = Path::new(path);
        let pins = version_files(registry, path).flat_map(|(own, file)| {
            read(text, file, own).unwrap().into_iter().map(move |raw| (own, raw))
        });
        let pins = pins.map(|(own, raw)| Mention {
            tool: own,
            requests: raw.texts.iter().map(|text| request(text, own)).collect(),
            place: MentionPlace { path: path.to_path_buf(), line: raw.line },
            kind: MentionKind::Pin,
            shown: raw.texts.join(" "),
            scope: MentionScope::Folder(PathBuf::new()),
            job: None,
            exempt: None,
            unquoted: None,
        });
        let pins: Vec<Mention> = pins.collect();
        let others = readers::read_file(registry, path, text.as_bytes()).mentions;
        let all = pins.into_iter().chain(others);
        all.filter(|mention| mention.tool.name == tool.name).collect()
    }

    /// The text of a file in which all places agree with a pin, then the reasons why some are left.
    fn fixed(path: &str, text: &str, (tool, pin): (&str, &str)) -> String {
        let registry = Registry::load().unwrap();
        let tool = Tool::named(TOOLS, tool).unwrap();
        let baseline = Baseline {
            requests: vec![request(pin, tool)],
            place: MentionPlace { path: ".pin".into(), line: 1 },
            shown: pin.to_owned(),
            kind: MentionKind::Pin,
        };
        let mut now = text.to_owned();
        let mut left = String::new();
        let mut mentions = mentions(&registry, path, text, tool);
        mentions.dedup_by(|next, first| text_of(next) == text_of(first));
        for mention in mentions {
            if overlap(&baseline.requests, &mention.requests, tool) == Overlap::Some {
                continue;
            }
            let [request] = mention.requests.as_slice() else {
                left.push_str("(several)");
                continue;
            };
            let wanted =
                in_place_of(request, mention.unquoted.as_ref(), &baseline.requests[0], tool);
            let new = wanted.and_then(|wanted| {
                changed(
                    &registry,
                    &now,
                    &PlaceFix { mention: &mention, baseline: &baseline, wanted },
                )
            });
            match new {
                Ok(new) => now = new,
                Err(why) => {
                    let _ = write!(left, "({}: {why})", mention.place.line);
                }
            }
        }
        now + &left
    }

    #[track_caller]
    fn check(path: &str, text: &str, expected: &str) {
        assert_eq!(fixed(path, text, ("node", "20.1.0")), expected, "{path}: {text}");
    }

    #[test]
    fn dockerfiles_are_changed_in_place() {
        for (text, expected) in [
            ("FROM node:16", "FROM node:20"),
            ("FROM node:v16.3.0-alpine3.16 AS a\n", "FROM node:v20.1.0-alpine3.16 AS a\n"),
            (
                "\u{feff}from  --platform=x 'docker.io/library/node:16'\r\n\tRUN x\r\n",
                "\u{feff}from  --platform=x 'docker.io/library/node:20'\r\n\tRUN x\r\n",
            ),
            ("FROM node:16\nFROM node:18\n", "FROM node:20\nFROM node:20\n"),
            (
                "COPY --from=node:16 /a /16\n",
                "COPY --from=node:16 /a /16\n(1: that version is on its line twice)",
            ),
            (
                "ARG NODE_VERSION=16\nFROM node:${NODE_VERSION}\n",
                "ARG NODE_VERSION=20\nFROM node:${NODE_VERSION}\n",
            ),
            (
                "FROM x\nENV A=1 \\\n  NODE_VERSION=16.3.0 \\\n B=2\n",
                "FROM x\nENV A=1 \\\n  NODE_VERSION=20.1.0 \\\n B=2\n",
            ),
            ("FROM x\nENV NODE_VERSION 16\n", "FROM x\nENV NODE_VERSION 20\n"),
            (
                "FROM node:16 AS node-16\n",
                "FROM node:16 AS node-16\n(1: that version is on its line twice)",
            ),
            ("FROM node:16 AS node16\n", "FROM node:20 AS node16\n"),
            (
                "FROM node:16@sha256:0a16\n",
                "FROM node:16@sha256:0a16\n(1: its digest is of that version)",
            ),
            (
                "ARG TAG=16\nFROM node:$TAG\n",
                "ARG TAG=16\nFROM node:$TAG\n(2: its value is set elsewhere)",
            ),
            (
                "ARG V=16\nFROM node:$V-16\n",
                "ARG V=16\nFROM node:$V-16\n(2: its file would be read otherwise)",
            ),
            (
                "FROM gcr.io/distroless/nodejs16-debian12\n",
                "FROM gcr.io/distroless/nodejs16-debian12\n(1: it is a part of something longer)",
            ),
            ("FROM node:17-rc.1\n", "FROM node:17-rc.1\n(1: it isn't a plain version)"),
        ] {
            check("Dockerfile", text, expected);
        }
        assert_eq!(
            fixed("Dockerfile", "FROM eclipse-temurin:17.0.8_7-jre\n", ("java", "21.0.5")),
            "FROM eclipse-temurin:17.0.8_7-jre\n(1: it isn't a plain version)"
        );
        assert_eq!(
            fixed("Dockerfile", "FROM eclipse-temurin:17-jre\n", ("java", "21.0.5+11")),
            "FROM eclipse-temurin:21-jre\n"
        );
    }

    #[test]
    fn yaml_is_changed_in_place() {
        let job = |lines: &str| format!("on: push\njobs:\n  test:\n    {lines}\n");
        let ci = ".github/workflows/ci.yml";
        for (old, expected) in [
            ("steps: [{with: {node-version: 16}}]", "steps: [{with: {node-version: 20}}]"),
            (
                "steps: [{with: {node-version: \"v16.x\"}}] # 16",
                "steps: [{with: {node-version: \"v20.x\"}}] # 16",
            ),
            ("container: node:16-slim", "container: node:20-slim"),
            ("env: {NODE_VERSION: '16.3.0'}", "env: {NODE_VERSION: '20.1.0'}"),
        ] {
            check(ci, &job(old), &job(expected));
        }
        let env = "env:\n  NODE_VERSION: 16\njobs:\n  a:\n    steps: [{with: {node-version: '${{ env.NODE_VERSION }}'}}]\n  b:\n    steps: [{with: {node-version: '${{ env.NODE_VERSION }}'}}]\n";
        check(ci, env, &env.replace("16", "20"));
        let own = env.replace("NODE_VERSION", "NODE");
        check(ci, &own, &format!("{own}(2: its value is set elsewhere)"));
        let matrix = job(
            "strategy:\n      matrix:\n        node: [16, 18]\n    steps: [{with: {node-version: '${{ matrix.node }}'}}]",
        );
        check(ci, &matrix, &format!("{matrix}(several)"));
        let one = matrix.replace("16, 18", "16");
        check(ci, &one, &format!("{one}(6: its value is set elsewhere)"));
        check(
            "compose.yml",
            "services:\n  a:\n    image: node:16 # old\n",
            "services:\n  a:\n    image: node:20 # old\n",
        );
        check(
            "compose.yml",
            "services: {a: {environment: [NODE_VERSION=16]}}",
            "services: {a: {environment: [NODE_VERSION=20]}}",
        );
        check(
            ".gitlab-ci.yml",
            "variables: {NODE_VERSION: 16}\na: {image: 'node:$NODE_VERSION'}\n",
            "variables: {NODE_VERSION: 20}\na: {image: 'node:$NODE_VERSION'}\n(2: its value is set elsewhere)",
        );
    }

    #[test]
    fn a_version_that_would_be_a_number_gets_quotes() {
        let step = |version: &str| {
            format!("jobs: {{a: {{steps: [{{with: {{python-version: {version}}}}}]}}}}\n")
        };
        let check = |old, pin, expected| {
            let ci = ".github/workflows/ci.yml";
            assert_eq!(fixed(ci, &step(old), ("python", pin)), step(expected), "{old} for {pin}");
        };
        check("3.9", "3.10", "'3.10'");
        check("'3.9'", "3.10", "'3.10'");
        check("\"3.9\"", "3.10.2", "\"3.10\"");
        check("3.9", "3.11.1", "3.11");
        check("3.9.1", "3.10.2", "3.10.2");
        check("3.10", "3.10", "'3.10'");
        check("3.10", "3.11", "3.11");
    }

    #[test]
    fn version_files_are_changed_in_place() {
        for (path, old, expected) in [
            (".nvmrc", "v16", "v20"),
            (".node-version", "16.3.0\r\n", "20.1.0\r\n"),
            (
                ".tool-versions",
                "# 16\nruby 16\nnodejs  16 # 16.3\n",
                "# 16\nruby 16\nnodejs  20 # 16.3\n",
            ),
            (
                "package.json",
                "{ \"volta\": { \"node\": \"16.3.0\" } }",
                "{ \"volta\": { \"node\": \"20.1.0\" } }",
            ),
            (
                "mise.toml",
                "[tools]\nnode = '16'\npython = '3.16'\n",
                "[tools]\nnode = '20'\npython = '3.16'\n",
            ),
        ] {
            check(path, old, expected);
        }
        check(".tool-versions", "nodejs 16 18\n", "nodejs 16 18\n(several)");
        check(
            "package.json",
            "{ \"volta\": { \"node\": \"16\", \"npm\": \"16\" } }",
            "{ \"volta\": { \"node\": \"16\", \"npm\": \"16\" } }(0: that version is on its line twice)",
        );
    }

    proptest! {
        #[test]
        fn all_other_bytes_stay(
            before in proptest::collection::vec("(#[ -~é\t]{0,30}|RUN [a-z0-9.: é]{0,20}|ENV [A-Z]{1,3}=[0-9.]{1,5})?[ \t]{0,2}\r?\n", 0..6),
            after in proptest::collection::vec("\r?\n[ \t]{0,2}(#[ -~é\t]{0,30}|RUN [a-z0-9.: é]{0,20})?", 0..6),
            (old, new) in prop_oneof![
                Just(("16", "20")), Just(("16.3", "20.1")), Just(("v16.3.0", "v20.1.0")),
            ],
            // With a z, since no stage of a version has one: `16-rc` is another version than 16.
            behind in "(-[a-z]{0,3}z[a-z.]{0,5})?( AS [a-z]{1,4})?[ \t]{0,3}",
        ) {
            let text = |version: &str| {
                format!("{}FROM node:{version}{behind}{}", before.concat(), after.concat())
            };
            prop_assert_eq!(fixed("Dockerfile", &text(old), ("node", "20.1.0")), text(new));
        }
    }
}
