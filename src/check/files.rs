//! The project's folders, and the files in them whose names are known. Nothing is read here but
//! names and `.gitignore`, and no link is followed out of the project.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};
use usher_shims::error::{Error, Result};
use usher_shims::search::VERSION_CONTROL;
use usher_shims::tool::{IGNORED_FOLDERS, IgnoredFolder};

use super::mention::Note;

/// How many folders deep a project is searched.
const MAX_DEPTH: usize = 32;

/// The most files and folders that are searched.
const MAX_ENTRIES: usize = 200_000;

/// The folders and files of a project.
#[derive(Debug, Default)]
pub(super) struct ProjectFiles {
    /// All folders, the project's own first.
    pub(super) folders: Vec<PathBuf>,
    /// The folders with version files, and the places at which those are: `.nvmrc`,
    /// `.config/mise.toml`.
    pub(super) version_files: BTreeMap<PathBuf, Vec<&'static str>>,
    /// The files with a relevant name.
    pub(super) files: Vec<PathBuf>,
    /// What was skipped.
    pub(super) notes: Vec<Note>,
}

/// Walks a project, sorted by file name. `places` are those of version files, relative to a folder.
pub(super) fn walk(
    root: &Path,
    places: &[&'static str],
    is_relevant: &dyn Fn(&Path) -> bool,
) -> Result<ProjectFiles> {
    let mut found = ProjectFiles::default();
    let walk = WalkBuilder::new(root)
        .hidden(false)
        .ignore(false)
        .git_global(false)
        .parents(false)
        .require_git(false)
        .max_depth(Some(MAX_DEPTH))
        .sort_by_file_name(Ord::cmp)
        .filter_entry(|entry| entry.depth() == 0 || !is_ignored(entry))
        .build();
    for (count, entry) in walk.enumerate() {
        if count == MAX_ENTRIES {
            found.note(format!("only the first {MAX_ENTRIES} files and folders are searched"));
            break;
        }
        match entry {
            Ok(entry) => found.add(root, &entry, places, is_relevant),
            Err(error) if found.folders.is_empty() => return Err(unreadable(root, &error)),
            Err(error) => found.note(error.to_string()),
        }
    }
    Ok(found)
}

impl ProjectFiles {
    fn add(
        &mut self,
        root: &Path,
        entry: &DirEntry,
        places: &[&'static str],
        is_relevant: &dyn Fn(&Path) -> bool,
    ) {
        let Some(kind) = entry.file_type() else { return };
        let path = entry.path();
        if kind.is_dir() {
            self.folders.push(path.to_path_buf());
            return;
        }
        for place in places.iter().filter(|place| path.ends_with(place)) {
            let owner = path.ancestors().nth(Path::new(place).components().count());
            let owner = owner.filter(|owner| owner.starts_with(root));
            if let Some(owner) = owner {
                self.version_files.entry(owner.to_path_buf()).or_default().push(place);
            }
        }
        if is_relevant(path) && (kind.is_file() || (kind.is_symlink() && links_inside(root, path)))
        {
            self.files.push(path.to_path_buf());
        }
    }

    fn note(&mut self, what: String) {
        self.notes.push(Note::about(None, what));
    }
}

fn links_inside(root: &Path, link: &Path) -> bool {
    fs::canonicalize(link).is_ok_and(|target| target.starts_with(root) && target.is_file())
}

/// Whether a folder isn't part of the project: version control's own, another repository, or a folder
/// of other people's code.
fn is_ignored(entry: &DirEntry) -> bool {
    if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
        return false;
    }
    let path = entry.path();
    let is_own = |name: &str| entry.file_name() == name;
    VERSION_CONTROL.iter().any(|name| is_own(name) || is_there(&path.join(name)))
        || IGNORED_FOLDERS.iter().any(|rule| is_ignored_by(path, rule))
}

fn is_ignored_by(folder: &Path, rule: &IgnoredFolder) -> bool {
    let beside = |name: &&str| folder.parent().is_some_and(|parent| is_there(&parent.join(name)));
    folder.ends_with(rule.folder) && (rule.beside.is_empty() || rule.beside.iter().any(beside))
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn unreadable(root: &Path, error: &ignore::Error) -> Error {
    let kind = error.io_error().map_or(io::ErrorKind::Other, io::Error::kind);
    Error::io("search", root, kind.into())
}
