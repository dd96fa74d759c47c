//! The files of a project that are read: those with a known name, without what git or `.usherignore`
//! ignores, and without fixtures, examples and the like.
//!
//! | what | file |
//! |---|---|
//! | the folders, searched on all cores | [`walk`](mod@walk) |
//! | fixtures, examples, templates, test data; workflows that no service runs | [`left_out`] |
//! | generated and vendored files, by `.gitattributes` | [`attributes`] |
//!
//! No content is read here but that of `.gitignore`, `.usherignore` and `.gitattributes`.

mod attributes;
mod left_out;
mod walk;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use usher_shims::error::Result;

use self::attributes::Attributes;
use self::left_out::{LeftOut, why_left_out};
use self::walk::{FoundFile, NamesOfFiles, Walked, walk};
use super::ignores::IgnoreFiles;
use super::mention::{Note, relative_path};
use super::pins;
use super::readers::FileNames;
use crate::registry::Registry;
use crate::session::Session;

pub(super) use self::walk::WalkLimits;

/// The file whose patterns leave files out of the check.
const IGNORE_FILE: &str = ".usherignore";

/// The file in which git keeps what a file is.
const ATTRIBUTES_FILE: &str = ".gitattributes";

/// The files of a project that are read.
#[derive(Debug, Default)]
pub(super) struct ProjectFiles {
    /// The folders with version files, and the places at which those are: `.nvmrc`,
    /// `.config/mise.toml`.
    pub(super) version_files: Vec<(PathBuf, Vec<&'static str>)>,
    /// The other files.
    pub(super) files: Vec<PathBuf>,
    /// What was skipped.
    pub(super) notes: Vec<Note>,
}

/// Whether fixtures, examples, templates and test data are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Samples {
    /// They are left out, with a note.
    LeftOut,
    /// They are read as other files are.
    Read,
}

/// Finds the files of a project, in the order of their paths.
pub(super) fn find(session: &Session, root: &Path, samples: Samples) -> Result<ProjectFiles> {
    let Walked { files, notes } = search(session, root, WalkLimits::PROJECT)?;
    let is_rule = |file: &FoundFile| file.has_name(IGNORE_FILE) || file.has_name(ATTRIBUTES_FILE);
    let (rules, files): (Vec<FoundFile>, Vec<FoundFile>) = files.into_iter().partition(is_rule);
    let named = |name: &'static str| {
        rules.iter().filter(move |file| file.has_name(name)).map(|file| file.path.as_path())
    };
    let mut ignores = IgnoreFiles::read(session, root, named(IGNORE_FILE));
    let attributes = Attributes::read(session, named(ATTRIBUTES_FILE));
    let mut found = ProjectFiles { notes, ..ProjectFiles::default() };
    let mut left_out = Vec::new();
    let mut folders = HashMap::new();
    for file in files {
        if ignores.ignores(root, &file.path) {
            continue;
        }
        let why = match samples {
            Samples::Read => None,
            Samples::LeftOut => why_left_out(&relative_path(root, &file.path))
                .or_else(|| attributes.leaves_out(&file.path).then_some(LeftOut::Sample)),
        };
        match why {
            Some(why) => left_out.push(why),
            None => found.add(root, file, &mut folders),
        }
    }
    found.notes.extend(ignores.notes());
    found.notes.extend(left_out::notes(&left_out));
    Ok(found)
}

/// Whether a folder has files that would be read, as far as these limits let it be searched.
pub(super) fn has_some(session: &Session, root: &Path, limits: WalkLimits) -> Result<bool> {
    let found = search(session, root, limits)?;
    Ok(found.files.iter().any(|file| file.is_read || !file.places.is_empty()))
}

fn search(session: &Session, root: &Path, limits: WalkLimits) -> Result<Walked> {
    let registry = &session.registry;
    let places = pins::version_file_places(session);
    let known = FileNames::of(registry);
    let is_read = |path: &Path| known.is_read(path) || is_venv_file(registry, path);
    let rules = [IGNORE_FILE, ATTRIBUTES_FILE];
    let names = NamesOfFiles { places: &places, rules: &rules, is_read: &is_read };
    walk(root, &names, limits)
}

impl ProjectFiles {
    /// Adds a file; `folders` are the numbers of those with version files.
    fn add(&mut self, root: &Path, file: FoundFile, folders: &mut HashMap<PathBuf, usize>) {
        for place in &file.places {
            let owner = file.path.ancestors().nth(Path::new(place).components().count());
            let Some(owner) = owner.filter(|owner| owner.starts_with(root)) else { continue };
            let number = *folders.entry(owner.to_path_buf()).or_insert_with(|| {
                self.version_files.push((owner.to_path_buf(), Vec::new()));
                self.version_files.len() - 1
            });
            self.version_files[number].1.push(place);
        }
        if file.is_read {
            self.files.push(file.path);
        }
    }
}

/// Whether a file makes its folder an environment.
pub(super) fn is_venv_file(registry: &Registry, path: &Path) -> bool {
    registry.with_venvs().any(|(_, rules)| path.ends_with(&rules.file))
}
