//! Expands the folders of definitions: variables, `~` and `*`.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, Result};
use usher_shims::world::World;

use usher_shims::folders::Folders;

use crate::files::account::with_owners_rights;

/// The folders that a folder pattern of a definition matches, the highest version first; none if
/// its variable isn't set. A machine-wide home uses no variable, since those are an account's.
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
    start.map_or_else(|| Ok(Vec::new()), |start| expand_star(&start, rest))
}

/// The folders below `start` that match a path with a `*` in one of its names, the highest first. A
/// `*` in `start` is part of a name.
fn expand_star(start: &Path, path: &str) -> Result<Vec<PathBuf>> {
    let joined = |path: &str| if path.is_empty() { start.to_owned() } else { start.join(path) };
    let Some((before, after)) = path.split_once('*') else { return Ok(vec![joined(path)]) };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let (suffix, below) = after.split_once('/').unwrap_or((after, ""));
    let (parent, pattern) = (joined(parent), format!("{prefix}*{suffix}"));
    let names = names_in_folder(&parent)?.into_iter().rev();
    let matching = names.filter(|name| match_pattern(name, &pattern).is_some());
    Ok(matching.map(|name| parent.join(name).join(below)).collect())
}

/// A cache of listed folders: many tools look into the same ones.
#[derive(Default)]
pub(super) struct FolderListings(BTreeMap<PathBuf, BTreeSet<String>>);

impl FolderListings {
    /// As [`names_in_folder`], but each folder is listed once.
    pub(super) fn names(&mut self, folder: &Path) -> Result<&BTreeSet<String>> {
        Ok(match self.0.entry(folder.to_owned()) {
            Entry::Occupied(listed) => listed.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(names_in_folder(folder)?),
        })
    }
}

/// The names in a folder; none if it doesn't exist, or if we may not list it. Any other failure is an
/// error: needed shims would be deleted.
pub fn names_in_folder(folder: &Path) -> Result<BTreeSet<String>> {
    let entries = match with_owners_rights(folder, || std::fs::read_dir(folder)) {
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

/// The text that the `*` of a pattern matches in a name: nothing, or numbers with dots. `None` if
/// the name doesn't match.
pub(super) fn match_pattern<'a>(name: &'a str, pattern: &str) -> Option<&'a str> {
    let Some((start, end)) = pattern.split_once('*') else {
        return (name == pattern).then_some("");
    };
    let suffix = name.strip_prefix(start)?.strip_suffix(end)?;
    suffix.chars().all(|c| c.is_ascii_digit() || c == '.').then_some(suffix)
}
