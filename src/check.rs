//! `use check`: every version that a project names, compared with what pins it.
//!
//! ```text
//! folders ─▶ version files ────────▶ Mention ─┐
//! files ───▶ a reader of each format ▶ Mention ┴▶ compare (what decides in its scope) ─▶ CheckReport ─▶ Finding
//! ```
//!
//! | what | file |
//! |---|---|
//! | the project's files, without those that are left out | [`files`] |
//! | what its maintainers want ignored | [`ignores`] |
//! | version files, overridden ones included | [`pins`], [`version_folder`] |
//! | all other files: a reader for each format | [`readers`] |
//! | virtual environments | [`venvs`] |
//! | what isn't repeated of them | [`hidden`] |
//! | names that have a version in them | [`named`] |
//! | whether two requests can mean the same version | [`overlap`](mod@overlap) |
//! | what decides in a scope, and how bad a difference is | [`compare`](mod@compare) |
//! | the result, and the findings that follow | [`report`] |
//! | what `use check --fix` changes, and what it leaves | [`fix`] |
//!
//! Only reads, but for a [`FileFix`] that is applied: nothing is executed, downloaded or installed.

mod compare;
mod files;
mod fix;
mod hidden;
mod ignores;
mod mention;
mod named;
mod overlap;
mod parallel;
mod pins;
mod readers;
mod report;
mod venvs;
mod version_folder;

use std::io;
use std::path::Path;

use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::world::World as _;

pub use compare::{Baseline, ComparedMention, Level, ToolGroup, Verdict};
pub use fix::{FileFix, FixPlan, LeftPlace, has_fix, plan_fixes};
pub use mention::{
    BrokenFile, FileMentions, Mention, MentionKind, MentionPlace, MentionScope, Note,
    UnquotedNumber,
};
pub use readers::read_file;
pub use report::{CheckReport, Finding, Rule};

use self::files::{Samples, WalkLimits};
use self::hidden::{Reached, without_secrets};
use self::mention::MAX_NOTES;
use self::pins::PinFolder;
use self::readers::collector::MAX_REQUESTS;
use crate::project;
use crate::session::Session;

/// What is checked, and how strictly.
#[derive(Debug, Clone, Copy, Default)]
pub struct CheckOptions {
    /// Warnings fail the check.
    pub strict: bool,
    /// Fixtures, examples, templates and test data are checked, too.
    pub all: bool,
}

/// Reads the project of the working directory and compares all versions that it names.
pub fn check(session: &Session, options: CheckOptions) -> Result<CheckReport> {
    let directory = session
        .world
        .directory()
        .map_err(|error| Error::io("find", Path::new("the working directory"), error))?;
    let root = match project::marked_root(session, &directory)? {
        Some(root) => root,
        // A folder that nothing marks may still be one, for what is in it.
        None => match project::project_root(session, &directory)? {
            Some(root) if files::has_some(session, &root, WalkLimits::GLANCE)? => root,
            Some(_) | None => return Err(no_project(&directory)),
        },
    };
    let samples = if options.all { Samples::Read } else { Samples::LeftOut };
    let ProjectMentions { found, ignored, .. } = read_project(session, &root, samples)?;
    let above = pins_above(session, &root);
    let FileMentions { mentions, notes, broken } = found;
    let groups = compare::compare(mentions, &above);
    let rest = FileMentions { mentions: Vec::new(), notes, broken };
    Ok(CheckReport { ignored, ..CheckReport::new(root, groups, rest, options.strict) })
}

fn no_project(directory: &Path) -> Error {
    let what = format!("no project here: {}", Shown(directory));
    Error::new(ErrorKind::Usage, what).hint("cd to a project's folder, then: use check")
}

/// How many files are read before what they say is added up.
const BATCH: usize = 2048;

/// What is read in one piece.
enum ReadUnit<'a> {
    /// The version files of a folder, at these places.
    Folder(&'a Path, &'a [&'static str]),
    /// Another file.
    File(&'a Path),
}

fn read_project(session: &Session, root: &Path, samples: Samples) -> Result<ProjectMentions> {
    let found = files::find(session, root, samples)?;
    let places = pins::version_file_places(session);
    let mut all = ProjectMentions::default();
    all.found.notes.clone_from(&found.notes);
    all.add(venvs::read(session, root, &found)?, 0);
    let folders = found.version_files.iter();
    let folders = folders.map(|(folder, present)| ReadUnit::Folder(folder, present));
    let files = found.files.iter().map(|file| ReadUnit::File(file));
    let units: Vec<ReadUnit<'_>> = folders.chain(files).collect();
    let read = |unit: &ReadUnit<'_>| match unit {
        ReadUnit::Folder(folder, present) => {
            pins::read(session, PinFolder { root, folder, places: &places, present })
        }
        ReadUnit::File(file) => read_project_file(session, root, file),
    };
    for batch in units.chunks(BATCH) {
        let room = MAX_REQUESTS.saturating_sub(all.requests);
        for (found, ignored) in parallel::map(batch, &read, (|(found, _)| found.requests(), room)) {
            if !all.is_full {
                all.add(found, ignored);
            }
        }
        if all.is_full {
            break;
        }
    }
    Ok(all)
}

/// What a file says, and how many of its places a comment ignores.
fn read_project_file(session: &Session, root: &Path, file: &Path) -> (FileMentions, usize) {
    let path = mention::relative_path(root, file);
    match session.world.read(file) {
        Ok(content) => {
            let found = readers::read_file(&session.registry, &path, &content.bytes);
            let direct = session.world.identity_without_links(file);
            let reached = match direct == Some(content.meta.identity) {
                true => Reached::Directly,
                false => Reached::ByLink,
            };
            let mut found = without_secrets(found, reached);
            let ignored = ignores::without_ignored(&path, &content.bytes, &mut found);
            (found, ignored)
        }
        // It was deleted meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => (FileMentions::default(), 0),
        Err(error) => {
            let place = Some(MentionPlace { path, line: 0 });
            let notes = vec![Note::about(place, format!("can't be read: {error}"))];
            (FileMentions { notes, ..FileMentions::default() }, 0)
        }
    }
}

/// The pins between the project's folder and its repository's, nearest first.
fn pins_above(session: &Session, root: &Path) -> Vec<Mention> {
    let repository = project::repository(session, root);
    let places = pins::version_file_places(session);
    let folders = root.ancestors().skip(1).take_while(|folder| folder.starts_with(&repository));
    let all = folders.flat_map(|folder: &Path| {
        let present = pins::present(folder, &places);
        let of = PinFolder { root, folder, places: &places, present: &present };
        pins::read(session, of).0.mentions
    });
    all.filter(|mention| mention.kind == MentionKind::Pin).collect()
}

/// What was found in a project, of bounded size.
#[derive(Default)]
struct ProjectMentions {
    found: FileMentions,
    /// How many requests the mentions have.
    requests: usize,
    /// How many places a comment ignores.
    ignored: usize,
    /// Whether the rest of the project is skipped.
    is_full: bool,
}

impl ProjectMentions {
    fn add(&mut self, file: FileMentions, ignored: usize) {
        self.ignored += ignored;
        for mention in file.mentions {
            self.requests += mention.requests.len();
            if self.requests > MAX_REQUESTS {
                self.is_full = true;
                let why =
                    format!("the rest isn't compared: more than {MAX_REQUESTS} versions are named");
                self.found.notes.push(Note::about(None, why));
                break;
            }
            self.found.mentions.push(mention);
        }
        let room = MAX_NOTES.saturating_sub(self.found.notes.len());
        self.found.notes.extend(file.notes.into_iter().take(room));
        self.found.broken.extend(file.broken);
    }
}
