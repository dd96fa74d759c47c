//! PATH: the next program with a name that isn't a shim, and PATH with the shim folder; and paths by
//! their text.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf};

use crate::index::INDEX_FILE;
use crate::world::{FileMeta, World};

/// The PATH if it isn't set, as in shells.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The running shim, which must never be run as the program.
#[derive(Debug, Clone, Default)]
pub struct Shim {
    /// Its folder, by each known path.
    pub folders: Vec<PathBuf>,
    /// A file that all shims are hard links of.
    pub binary: Option<PathBuf>,
}

/// The next program with this name on PATH that isn't usher's, outside the folders `passed`.
///
/// Empty and relative entries are in the working directory, and never searched.
pub fn next_on_path(
    world: &impl World,
    shim: &Shim,
    name: &str,
    passed: &[PathBuf],
) -> Option<PathBuf> {
    next_on_path_where(world, shim, name, passed, &|_| true)
}

/// Like [`next_on_path`], limited to programs that `fits` accepts.
pub fn next_on_path_where(
    world: &impl World,
    shim: &Shim,
    name: &str,
    passed: &[PathBuf],
    fits: &dyn Fn(&Path) -> bool,
) -> Option<PathBuf> {
    let path = world
        .variable("PATH")
        .filter(|path| !path.is_empty())
        .unwrap_or_else(|| DEFAULT_PATH.into());
    for folder in entries(&path) {
        let is_out = |known: &PathBuf| known == folder;
        if !folder.is_absolute() || shim.folders.iter().any(is_out) || passed.iter().any(is_out) {
            continue;
        }
        let candidate = folder.join(name);
        let Ok(Some(seen)) = world.metadata(&candidate) else { continue };
        let is_ours = is_shim(world, shim, &candidate, &seen)
            || world.existing_names(folder, &[INDEX_FILE]).is_ok_and(|found| found != 0);
        if seen.is_program && !is_ours && fits(&candidate) {
            return Some(candidate);
        }
    }
    None
}

/// Whether a file is a shim under another name: a link, or a copy.
fn is_shim(world: &impl World, shim: &Shim, file: &Path, seen: &FileMeta) -> bool {
    let Some(binary) = &shim.binary else { return false };
    let Ok(Some(own)) = world.metadata(binary) else { return false };
    let content = |path: &Path| world.read(path).ok().map(|content| content.bytes);
    own.identity == seen.identity
        || own.size == seen.size && content(binary).is_some_and(|own| content(file) == Some(own))
}

/// PATH with the shim folder in front, or `None` if it has it already.
pub fn path_with_shims(world: &impl World, shim: &Shim) -> Option<OsString> {
    let first = shim.folders.first()?;
    let path = world.variable("PATH").filter(|path| !path.is_empty());
    let held = path.as_deref().is_some_and(|path| {
        entries(path).any(|entry| shim.folders.iter().any(|known| known == entry))
            || holds(world, path, first)
    });
    if held {
        return None;
    }
    let mut longer = first.as_os_str().as_bytes().to_vec();
    longer.push(b':');
    longer.extend(path.as_deref().unwrap_or(OsStr::new(DEFAULT_PATH)).as_bytes());
    Some(OsString::from_vec(longer))
}

/// Whether an entry is the shim folder by another path.
fn holds(world: &impl World, path: &OsStr, shims: &Path) -> bool {
    let Some(folder) = world.identity(shims) else { return false };
    let mut absolute = entries(path).filter(|entry| entry.is_absolute());
    absolute.any(|entry| world.identity(entry) == Some(folder))
}

/// The paths of a list such as PATH.
pub(crate) fn entries(path: &OsStr) -> impl Iterator<Item = &Path> {
    path.as_bytes().split(|byte| *byte == b':').map(|entry| Path::new(OsStr::from_bytes(entry)))
}

/// The entries of a variable with paths, and the path in each: a list such as PATH, or options such as
/// `-W0 -r/a/b`.
pub fn listed_paths(value: &OsStr) -> impl Iterator<Item = (&Path, &Path)> {
    let separator = separator(value);
    let path = |bytes| Path::new(OsStr::from_bytes(bytes));
    value.as_bytes().split(move |byte| *byte == separator).map(move |entry| {
        let is_option = entry.first() == Some(&b'-');
        let start = entry.iter().position(|byte| is_option && *byte == b'/').unwrap_or(0);
        (path(entry), path(entry.get(start..).unwrap_or_default()))
    })
}

fn separator(value: &OsStr) -> u8 {
    if value.as_bytes().first() == Some(&b'-') { b' ' } else { b':' }
}

/// A path whose `.` and `..` are resolved by its text.
pub fn without_dots(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut path, part| {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            part => path.push(part),
        }
        path
    })
}

/// The value of a variable with only these entries of [`listed_paths`]; `None` without any.
pub(crate) fn join(value: &OsStr, entries: &[&Path]) -> Option<OsString> {
    let bytes: Vec<&[u8]> = entries.iter().map(|entry| entry.as_os_str().as_bytes()).collect();
    (!bytes.is_empty()).then(|| OsString::from_vec(bytes.join(&separator(value))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::MemoryWorld;

    fn shim() -> Shim {
        Shim { folders: vec!["/u/shims".into()], binary: None }
    }

    #[test]
    fn paths_are_found_in_lists_and_in_options() {
        let check = |value: &str, expected: &[(&str, &str)]| {
            let found: Vec<_> = listed_paths(OsStr::new(value)).collect();
            let expected: Vec<_> =
                expected.iter().map(|(entry, path)| (Path::new(entry), Path::new(path))).collect();
            assert_eq!(found, expected, "{value}");
            let all: Vec<&Path> = found.iter().map(|(entry, _)| *entry).collect();
            assert_eq!(join(OsStr::new(value), &all).unwrap(), value);
        };
        check("/a/b", &[("/a/b", "/a/b")]);
        check("/a b:c/d:", &[("/a b", "/a b"), ("c/d", "c/d"), ("", "")]);
        check("-W0 -r/a/b:c", &[("-W0", "-W0"), ("-r/a/b:c", "/a/b:c")]);
        check("-I/a  -", &[("-I/a", "/a"), ("", ""), ("-", "-")]);
        check("", &[("", "")]);
        assert_eq!(join(OsStr::new("-W0"), &[]), None);
    }

    #[test]
    fn next_on_path_skips_shims_and_relative_folders() {
        let world = MemoryWorld::at("/app/bin")
            .file("/u/shims/node", "")
            .file("/other/shims/node", "")
            .file("/other/shims/.usher", "")
            .file("/app/bin/node", "")
            .file("/usr/bin/node", "")
            .file("/opt/bin/node", "");
        let next = |path: &str, passed: &[PathBuf]| {
            next_on_path(&world.clone().variable("PATH", path), &shim(), "node", passed)
        };
        let all = "/u/shims::.:bin:/other/shims:/absent:/usr/bin:/opt/bin";
        assert_eq!(next(all, &[]), Some("/usr/bin/node".into()));
        assert_eq!(next(all, &["/usr/bin".into()]), Some("/opt/bin/node".into()));
        assert_eq!(next("/u/shims:.", &[]), None);
        assert_eq!(next("", &[]), Some("/usr/bin/node".into()), "an empty PATH is an unset one");
    }

    #[test]
    fn a_copy_of_the_shim_is_never_run() {
        let world = MemoryWorld::at("/")
            .file("/u/shims/node", "the shim")
            .file("/copy/bin/node", "the shim")
            .file("/other/bin/node", "no shim!")
            .variable("PATH", "/copy/bin:/other/bin");
        let shim = Shim { binary: Some("/u/shims/node".into()), ..shim() };
        assert_eq!(next_on_path(&world, &shim, "node", &[]), Some("/other/bin/node".into()));
    }

    #[test]
    fn the_shims_folder_is_added_to_path_once() {
        let world = MemoryWorld::at("/").folder("/u/shims").folder("/usr/bin");
        let longer = |path: &str| path_with_shims(&world.clone().variable("PATH", path), &shim());
        assert_eq!(longer("/usr/bin:/bin"), Some("/u/shims:/usr/bin:/bin".into()));
        assert_eq!(longer("/u/shims:/usr/bin:/bin"), None);
        assert_eq!(longer("/usr/bin:/u/shims/"), None, "a trailing slash is the same folder");
        assert_eq!(longer(""), Some("/u/shims:/usr/local/bin:/usr/bin:/bin".into()));
    }
}
