//! Searching a project's folders, on all cores. No link is followed out of the project, and the
//! result is the same in every run.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder, WalkState};
use usher_shims::error::{Error, Result};
use usher_shims::search::VERSION_CONTROL;
use usher_shims::tool::{IGNORED_FOLDERS, IgnoredFolder};

use crate::check::mention::{MentionPlace, Note, relative_path};

/// What is in the folder of a repository, also of a submodule or another work tree.
const GIT: &str = ".git";

/// How far a folder is searched.
#[derive(Debug, Clone, Copy)]
pub(in crate::check) struct WalkLimits {
    /// How many folders deep.
    depth: usize,
    /// The most files and folders.
    entries: usize,
}

impl WalkLimits {
    /// A project.
    pub(in crate::check) const PROJECT: Self = Self { depth: 32, entries: 200_000 };

    /// A folder that may be no project.
    pub(in crate::check) const GLANCE: Self = Self { depth: 4, entries: 20_000 };
}

/// The names of the files that are looked for.
pub(super) struct NamesOfFiles<'a> {
    /// The places of version files, relative to a folder: `.config/mise.toml`.
    pub(super) places: &'a [&'static str],
    /// The names of files with rules for others.
    pub(super) rules: &'a [&'static str],
    /// Whether a file is one that some reader reads.
    pub(super) is_read: &'a (dyn Fn(&Path) -> bool + Sync),
}

/// A file with one of the names.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FoundFile {
    /// Its path.
    pub(super) path: PathBuf,
    /// The places of version files that it is at.
    pub(super) places: Vec<&'static str>,
    /// Whether some reader reads it.
    pub(super) is_read: bool,
}

impl FoundFile {
    /// Whether it is called so.
    pub(super) fn has_name(&self, name: &str) -> bool {
        self.path.file_name().is_some_and(|own| own == name)
    }
}

/// What a search found.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// The files, in the order of their paths.
    pub(super) files: Vec<FoundFile>,
    /// What was skipped.
    pub(super) notes: Vec<Note>,
}

/// Searches a folder and those in it.
pub(super) fn walk(root: &Path, names: &NamesOfFiles<'_>, limits: WalkLimits) -> Result<Walked> {
    fs::read_dir(root).map_err(|error| Error::io("search", root, error))?;
    // Which ones the first are of too many depends on the threads: then one searches in order.
    let repositories = Repositories::default();
    let mut found = match walk_on_all_cores(root, names, limits, &repositories) {
        Some(found) => found,
        None => walk_in_order(root, names, limits, &repositories),
    };
    repositories.leave_out(&mut found);
    found.files.sort_by_cached_key(|file| in_order(&file.path));
    found.notes.sort();
    Ok(found)
}

/// The bytes of a path, which sort as the names in it do: `a/b` comes before `a-b`.
fn in_order(path: &Path) -> Vec<u8> {
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    bytes.map(|byte| if *byte == b'/' { 0 } else { *byte }).collect()
}

/// How many threads search. They wait for the disk, so that more than there are cores pay.
const THREADS: usize = 8;

/// Searches a folder with several threads; `None` if there are too many files.
fn walk_on_all_cores(
    root: &Path,
    names: &NamesOfFiles<'_>,
    limits: WalkLimits,
    repositories: &Repositories,
) -> Option<Walked> {
    let (found, count) = (Mutex::new(Walked::default()), AtomicUsize::new(0));
    builder(root, limits, repositories).threads(THREADS).build_parallel().run(|| {
        Box::new(|entry| {
            if count.fetch_add(1, Ordering::Relaxed) >= limits.entries {
                return WalkState::Quit;
            }
            let (file, note) = seen(root, names, entry);
            if file.is_some() || note.is_some() {
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                found.files.extend(file);
                found.notes.extend(note);
            }
            WalkState::Continue
        })
    });
    (count.into_inner() <= limits.entries)
        .then(|| found.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn walk_in_order(
    root: &Path,
    names: &NamesOfFiles<'_>,
    limits: WalkLimits,
    repositories: &Repositories,
) -> Walked {
    let mut found = Walked::default();
    let mut entries = builder(root, limits, repositories).sort_by_file_name(Ord::cmp).build();
    for entry in entries.by_ref().take(limits.entries) {
        let (file, note) = seen(root, names, entry);
        found.files.extend(file);
        found.notes.extend(note);
    }
    if entries.next().is_some() {
        let what = format!("only the first {} files and folders are searched", limits.entries);
        found.notes.push(Note::about(None, what));
    }
    found
}

fn builder(root: &Path, limits: WalkLimits, repositories: &Repositories) -> WalkBuilder {
    let repositories = repositories.clone();
    let mut builder = WalkBuilder::new(root);
    builder
        .hidden(false)
        .ignore(false)
        .git_global(false)
        .parents(false)
        .require_git(false)
        .max_depth(Some(limits.depth))
        .filter_entry(move |entry| entry.depth() == 0 || !is_ignored(entry, &repositories));
    builder
}

/// What an entry is: a file that is looked for, or something that can't be searched.
fn seen(
    root: &Path,
    names: &NamesOfFiles<'_>,
    entry: std::result::Result<DirEntry, ignore::Error>,
) -> (Option<FoundFile>, Option<Note>) {
    match entry {
        Ok(entry) => (found_file(root, names, &entry), None),
        Err(error) => (None, unreadable(root, &error)),
    }
}

fn found_file(root: &Path, names: &NamesOfFiles<'_>, entry: &DirEntry) -> Option<FoundFile> {
    let kind = entry.file_type().filter(|kind| !kind.is_dir())?;
    let (path, name) = (entry.path(), entry.file_name());
    // Their ends are compared first: nearly all files are at none of them.
    let bytes = name.as_encoded_bytes();
    let is_place =
        |place: &&&'static str| place.as_bytes().ends_with(bytes) && path.ends_with(place);
    let places: Vec<&'static str> = names.places.iter().filter(is_place).copied().collect();
    let is_regular = || kind.is_file() || (kind.is_symlink() && leads_to_file_inside(root, path));
    let is_read = (names.is_read)(path) && is_regular();
    let is_rule = || names.rules.iter().any(|rule| name == *rule) && is_regular();
    (is_read || !places.is_empty() || is_rule()).then(|| FoundFile {
        path: path.to_path_buf(),
        places,
        is_read,
    })
}

fn leads_to_file_inside(root: &Path, link: &Path) -> bool {
    fs::canonicalize(link).is_ok_and(|target| target.starts_with(root) && target.is_file())
}

/// The folders in the project that are repositories of their own, of other systems than git: told by
/// what is in them. Looking for these in every folder would double the cost of a search.
#[derive(Debug, Clone, Default)]
struct Repositories(Arc<Mutex<Vec<PathBuf>>>);

impl Repositories {
    fn add(&self, folder: &Path) {
        let mut folders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        folders.push(folder.to_path_buf());
    }

    /// Leaves out what is in them.
    fn leave_out(&self, found: &mut Walked) {
        let folders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.files.retain(|file| !folders.iter().any(|folder| file.path.starts_with(folder)));
    }
}

/// Whether a folder isn't part of the project: version control's own, another repository, or a folder
/// of other people's code.
fn is_ignored(entry: &DirEntry, repositories: &Repositories) -> bool {
    if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
        return false;
    }
    let path = entry.path();
    if VERSION_CONTROL.iter().any(|name| entry.file_name() == *name) {
        if entry.depth() > 1 {
            repositories.add(path.parent().unwrap_or(path));
        }
        return true;
    }
    // A `.gitignore` may hide it from the listing.
    is_there(&path.join(GIT)) || IGNORED_FOLDERS.iter().any(|rule| is_ignored_by(path, rule))
}

fn is_ignored_by(folder: &Path, rule: &IgnoredFolder) -> bool {
    let beside = |name: &&str| folder.parent().is_some_and(|parent| is_there(&parent.join(name)));
    folder.ends_with(rule.folder) && (rule.beside.is_empty() || rule.beside.iter().any(beside))
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// The note for a folder that can't be searched; none if it was deleted meanwhile.
fn unreadable(root: &Path, error: &ignore::Error) -> Option<Note> {
    let kind = error.io_error().map(io::Error::kind);
    if kind == Some(io::ErrorKind::NotFound) {
        return None;
    }
    let path = path_of(error).map(|path| relative_path(root, path));
    let why = kind.map_or_else(|| error.to_string(), |kind| kind.to_string());
    let place = path.map(|path| MentionPlace { path, line: 0 });
    Some(Note::about(place, format!("can't be searched: {why}")))
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(root: &Path, limits: WalkLimits) -> (Vec<String>, Vec<String>) {
        let is_read = |path: &Path| path.extension().is_some_and(|end| end == "yml");
        let names = NamesOfFiles { places: &[".a", "b/c"], rules: &[".r"], is_read: &is_read };
        let Walked { files, notes } = walk(root, &names, limits).unwrap();
        let line = |file: &FoundFile| {
            let path = relative_path(root, &file.path);
            format!("{} {:?} {}", path.display(), file.places, file.is_read)
        };
        (files.iter().map(line).collect(), notes.into_iter().map(|note| note.why).collect())
    }

    #[test]
    fn files_are_found_by_name_in_the_order_of_their_paths() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        for path in ["x/.a", "b/c", "a.yml", "x/y/.r", "x/other", "x/z/.git/a.yml", "x/z/a.yml"] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let expected = ["a.yml [] true", r#"b/c ["b/c"] false"#, r#"x/.a [".a"] false"#];
        let rule = "x/y/.r [] false";
        let (files, notes) = found(&root, WalkLimits::PROJECT);
        assert_eq!(files, [&expected[..], &[rule]].concat());
        assert_eq!(notes, [""; 0]);
        // The root, a.yml, b, b/c, x and x/.a.
        let (files, notes) = found(&root, WalkLimits { depth: 32, entries: 6 });
        assert_eq!(files, expected);
        assert_eq!(notes, ["only the first 6 files and folders are searched"]);
        let (files, _) = found(&root, WalkLimits { depth: 1, entries: 99 });
        assert_eq!(files, expected[..1]);
    }

    #[test]
    fn only_folders_that_are_still_there_are_told_of() {
        let note = |kind: io::ErrorKind| {
            let error = ignore::Error::WithPath {
                path: "/p/a".into(),
                err: Box::new(ignore::Error::Io(kind.into())),
            };
            let error = ignore::Error::WithDepth { depth: 1, err: Box::new(error) };
            unreadable(Path::new("/p"), &error)
        };
        assert_eq!(note(io::ErrorKind::NotFound), None);
        let place = MentionPlace { path: "a".into(), line: 0 };
        let expected = Note::about(Some(place), "can't be searched: permission denied");
        assert_eq!(note(io::ErrorKind::PermissionDenied), Some(expected));
    }
}
