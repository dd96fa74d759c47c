//! The folders that definitions name: their variables, `~` and `*` filled in.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, Result};
use usher_shims::world::World;

use usher_shims::folders::Folders;

/// The folders that one of a definition stands for, the highest version first; none where its
/// variable isn't set. The machine's home knows no account's.
pub fn expand_folder(world: &impl World, folders: &Folders, folder: &str) -> Result<Vec<PathBuf>> {
    let (first, rest) = folder.split_once('/').unwrap_or((folder, ""));
    let start = match first.strip_prefix('$') {
        Some(_) if folders.is_system_wide => None,
        Some(variable) => {
            let value = world.variable(variable).map(PathBuf::from);
            value.filter(|path| path.is_absolute())
        }
        None if first == "~" => folders.user_home.clone(),
        None => Some(PathBuf::from("/")),
    };
    start.map_or_else(|| Ok(Vec::new()), |start| fitting(&start, rest))
}

/// The folders below another one that a path with a `*` in one of its names stands for, the highest
/// first. Only the definition's own `*` counts.
fn fitting(start: &Path, path: &str) -> Result<Vec<PathBuf>> {
    let joined = |path: &str| if path.is_empty() { start.to_owned() } else { start.join(path) };
    let Some((before, after)) = path.split_once('*') else { return Ok(vec![joined(path)]) };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let (suffix, below) = after.split_once('/').unwrap_or((after, ""));
    let (parent, pattern) = (joined(parent), format!("{prefix}*{suffix}"));
    let names = names(&parent)?.into_iter().rev();
    let fitting = names.filter(|name| fits(name, &pattern).is_some());
    Ok(fitting.map(|name| parent.join(name).join(below)).collect())
}

/// The folders that were listed: many tools ask for the same.
#[derive(Default)]
pub(super) struct FolderListings(BTreeMap<PathBuf, BTreeSet<String>>);

impl FolderListings {
    /// As [`names`], once for each folder.
    pub(super) fn names(&mut self, folder: &Path) -> Result<&BTreeSet<String>> {
        Ok(match self.0.entry(folder.to_owned()) {
            Entry::Occupied(listed) => listed.into_mut(),
            Entry::Vacant(place) => place.insert(names(folder)?),
        })
    }
}

/// The names in a folder; none where it isn't there, or isn't for us to look into. What can't be
/// listed for any other reason is not absent: shims would go that are needed.
pub(super) fn names(folder: &Path) -> Result<BTreeSet<String>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_absence(&error) => return Ok(BTreeSet::new()),
        Err(error) => return Err(Error::io("list", folder, error)),
    };
    Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
}

fn is_absence(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    matches!(error.kind(), NotFound | NotADirectory | PermissionDenied)
}

/// What a name has in the place of the `*`, if it fits: nothing, or numbers with dots.
pub(super) fn fits<'a>(name: &'a str, pattern: &str) -> Option<&'a str> {
    let Some((start, end)) = pattern.split_once('*') else {
        return (name == pattern).then_some("");
    };
    let suffix = name.strip_prefix(start)?.strip_suffix(end)?;
    suffix.chars().all(|c| c.is_ascii_digit() || c == '.').then_some(suffix)
}
