//! `use check`: every version that a project names, compared with what pins it.
//!
//! ```text
//! folders ─▶ version files ────────▶ Mention ─┐
//! files ───▶ a reader of each format ▶ Mention ┴▶ compare (what decides in its scope) ─▶ CheckReport ─▶ Finding
//! ```
//!
//! | what | file |
//! |---|---|
//! | the project's folders and files | [`walk`] |
//! | version files, overridden ones included | [`pins`] |
//! | all other files: a reader for each format | [`readers`] |
//! | virtual environments | [`venvs`] |
//! | what isn't repeated of them | [`hidden`] |
//! | whether two requests can mean the same version | [`overlap`](mod@overlap) |
//! | what decides in a scope, and how bad a difference is | [`compare`](mod@compare) |
//! | the result, and the findings that follow | [`report`] |
//! | what `use check --fix` changes, and what it leaves | [`fix`] |
//!
//! Only reads, but for a [`FileFix`] that is applied: nothing is executed, downloaded or installed.

mod compare;
mod fix;
mod hidden;
mod mention;
mod overlap;
mod pins;
mod readers;
mod report;
mod venvs;
mod walk;

use std::path::Path;

use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::world::World as _;

pub use compare::{Baseline, ComparedMention, Level, ToolGroup, Verdict};
pub use fix::{FileFix, FixPlan, LeftPlace, plan_fixes};
pub use mention::{
    BrokenFile, FileMentions, Mention, MentionKind, MentionPlace, MentionScope, Note,
    UnquotedNumber,
};
pub use readers::read_file;
pub use report::{CheckReport, Finding, Rule};

use self::hidden::{Reached, without_secrets};
use self::mention::MAX_NOTES;
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
    let Some(root) = project::project_root(session, &directory)? else {
        return Err(no_project(&directory));
    };
    let found = read_project(session, &root, options)?;
    let above = pins_above(session, &root);
    let FileMentions { mentions, notes, broken } = found;
    let groups = compare::compare(mentions, &above);
    let rest = FileMentions { mentions: Vec::new(), notes, broken };
    Ok(CheckReport::new(root, groups, rest, options.strict))
}

fn no_project(directory: &Path) -> Error {
    let what = format!("no project here: {}", usher_shims::error::Shown(directory));
    Error::new(ErrorKind::Usage, what).hint("cd to a project's folder, then: use check")
}

fn read_project(session: &Session, root: &Path, _options: CheckOptions) -> Result<FileMentions> {
    let is_relevant = |path: &Path| {
        readers::is_read(&session.registry, path) || venvs::is_venv_file(&session.registry, path)
    };
    let places = pins::version_file_places(session);
    let found = walk::walk(root, &places, &is_relevant)?;
    let mut all = ProjectMentions::default();
    all.found.notes = found.notes.clone();
    all.add(venvs::read(session, root, &found)?);
    for (folder, present) in &found.version_files {
        if all.is_full {
            break;
        }
        all.add(pins::read(session, root, folder, present));
    }
    for file in &found.files {
        if all.is_full {
            break;
        }
        all.add(read_project_file(session, root, file));
    }
    Ok(all.found)
}

fn read_project_file(session: &Session, root: &Path, file: &Path) -> FileMentions {
    let path = pins::relative_path(root, file);
    match session.world.read(file) {
        Ok(content) => {
            let found = readers::read_file(&session.registry, &path, &content.bytes);
            let direct = session.world.identity_without_links(file);
            let reached = match direct == Some(content.meta.identity) {
                true => Reached::Directly,
                false => Reached::ByLink,
            };
            without_secrets(found, reached)
        }
        Err(error) => {
            let place = Some(MentionPlace { path, line: 0 });
            let notes = vec![Note::about(place, format!("can't be read: {error}"))];
            FileMentions { notes, ..FileMentions::default() }
        }
    }
}

/// The pins between the project's folder and its repository's, nearest first.
fn pins_above(session: &Session, root: &Path) -> Vec<Mention> {
    let repository = project::repository(session, root);
    let places = pins::version_file_places(session);
    let folders = root.ancestors().skip(1).take_while(|folder| folder.starts_with(&repository));
    let all = folders.flat_map(|folder: &Path| pins::read(session, root, folder, &places).mentions);
    all.filter(|mention| mention.kind == MentionKind::Pin).collect()
}

/// What was found in a project, of bounded size.
#[derive(Default)]
struct ProjectMentions {
    found: FileMentions,
    /// How many requests the mentions have.
    requests: usize,
    /// Whether the rest of the project is skipped.
    is_full: bool,
}

impl ProjectMentions {
    fn add(&mut self, file: FileMentions) {
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
