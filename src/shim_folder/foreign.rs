//! Files in the shim folder that aren't usher's, as `corepack enable` may put there: they would run
//! in place of a pinned version. They are moved out of it, and none is deleted.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, Escaped, Result, Shown};
use usher_shims::folders::Folders;

use super::inspection::is_foreign;
use crate::files::durable::{make_folders, sync_names};
use crate::files::write_access::WriteAccess;
use crate::session::Session;

/// Where such files are moved. It is beside the shim folder, so that relative links still lead to
/// their targets.
const MOVED: &str = "moved-from-shims";

/// The most names in a message.
const MAX_LISTED: usize = 6;

/// Moves files out of the shim folder, and says so. Returns those that can't be moved; each is
/// reported.
pub(super) fn move_away(session: &Session, access: &WriteAccess, names: &[String]) -> Vec<String> {
    let folders = &session.folders;
    let (mut moved, mut left) = (Vec::new(), Vec::new());
    for name in names {
        match move_one(access, folders, name) {
            Ok(()) => moved.push(name.clone()),
            Err(error) => {
                session.note(&error.to_string());
                left.push(name.clone());
            }
        }
    }
    if !moved.is_empty() {
        session.note(&format!(
            "moved from {} to {}, since they aren't usher's: {}",
            Shown(&folders.shims()),
            Shown(&moved_folder(folders)),
            listed(&moved)
        ));
    }
    left
}

/// A notice for each of these programs that a foreign file hides.
pub fn note_hidden_shims<'a>(session: &Session, programs: impl IntoIterator<Item = &'a str>) {
    let shims = session.folders.shims();
    let paths = programs.into_iter().map(|program| shims.join(Path::new(OsStr::new(program))));
    for path in paths.filter(|path| is_foreign(&session.folders, path)) {
        session.note(&format!(
            "{} isn't usher's, and runs in place of the active version\n  hint: use reshim",
            Shown(&path)
        ));
    }
}

/// The notice about files that are still in the shim folder.
pub fn foreign_files_notice(session: &Session, names: &[String]) -> String {
    let shims = session.folders.shims();
    format!(
        "{} has files that aren't usher's, and hide its shims: {}",
        Shown(&shims),
        listed(names)
    )
}

fn moved_folder(folders: &Folders) -> PathBuf {
    folders.data.join(MOVED)
}

/// The names with commas between them; of more than six, the first six and how many more there are.
fn listed(names: &[String]) -> String {
    let first: Vec<String> =
        names.iter().take(MAX_LISTED).map(|name| Escaped(name).to_string()).collect();
    let first = first.join(", ");
    match names.len().saturating_sub(MAX_LISTED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// Moves one file; the caller holds the lock of the shims. An earlier one of that name stays.
fn move_one(_: &WriteAccess, folders: &Folders, name: &str) -> Result<()> {
    let (from, folder) = (folders.shims().join(name), moved_folder(folders));
    make_folders(&folder)?;
    let names = (1_u32..).map(|count| format!("{name}.{count}"));
    let is_free = |path: &PathBuf| {
        fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    };
    let paths = [name.to_owned()].into_iter().chain(names).map(|name| folder.join(name));
    let Some(to) = paths.take(1000).find(is_free) else {
        return Err(Error::io("move", &from, io::ErrorKind::AlreadyExists.into()));
    };
    fs::rename(&from, &to).map_err(|error| Error::io("move", &from, error))?;
    sync_names(&folder);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn files_are_moved_and_links_still_lead_to_their_targets() {
        let home = tempfile::tempdir().unwrap();
        let folders = Folders::under(home.path(), None);
        let shims = folders.shims();
        fs::create_dir_all(&shims).unwrap();
        fs::write(folders.data.join("target"), "target").unwrap();
        let moved = |name: &str| fs::read_to_string(moved_folder(&folders).join(name)).unwrap();
        for text in ["first", "second"] {
            fs::write(shims.join("pnpm"), text).unwrap();
            move_one(&WriteAccess::for_test(), &folders, "pnpm").unwrap();
        }
        symlink("../target", shims.join("yarn")).unwrap();
        move_one(&WriteAccess::for_test(), &folders, "yarn").unwrap();
        assert_eq!(["pnpm", "pnpm.1", "yarn"].map(moved), ["first", "second", "target"]);
        assert_eq!(fs::read_dir(&shims).unwrap().count(), 0);
    }

    #[test]
    fn many_names_are_counted() {
        let names = |count: u32| listed(&(1..=count).map(|n| n.to_string()).collect::<Vec<_>>());
        assert_eq!(
            [2, 6, 9].map(names),
            ["1, 2", "1, 2, 3, 4, 5, 6", "1, 2, 3, 4, 5, 6 and 3 more"]
        );
    }
}
