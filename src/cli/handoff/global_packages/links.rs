//! Programs that a call installed into a folder that isn't usher's: one of the user's account, the same
//! for all versions, or that of another manager's version. Links in usher's own folder record what is
//! new there, so that it gets shims. The folders themselves aren't changed. The registry lists such
//! calls and the account's folders.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, Result};
use usher_shims::index::fingerprint;
use usher_shims::name::Name;
use usher_shims::tool::Tool;
use usher_shims::world::World as _;

use crate::config::folders;
use crate::files::account::with_owners_rights;
use crate::files::durable::{make_folders, sync_names};
use crate::files::remove::remove_files;
use crate::files::replace::Staged;
use crate::files::write_access::WriteAccess;
use crate::session::Session;
use crate::shim_folder::replace::UNFINISHED;

/// The programs in a call's folders, with the fingerprints of their files.
type ProgramFingerprints = BTreeMap<PathBuf, String>;

/// What was in the folders of a call before it.
pub(super) struct FolderSnapshot {
    folders: Vec<PathBuf>,
    /// The folder of the links to what is new.
    links: PathBuf,
    programs: ProgramFingerprints,
}

impl FolderSnapshot {
    /// The programs in the folders now.
    pub(super) fn of(session: &Session, folders: Vec<PathBuf>, links: PathBuf) -> Self {
        let programs = programs(session, &folders);
        Self { folders, links, programs }
    }

    /// Links to new programs, and removes links to programs that no longer exist.
    pub(super) fn link_new(&self, session: &Session, tool: &Tool) -> Result<()> {
        if self.folders.is_empty() {
            return Ok(());
        }
        let links = &self.links;
        let mut now = programs(session, &self.folders);
        now.retain(|path, fingerprint| self.programs.get(path) != Some(fingerprint));
        let access = folders::write_access(&session.folders)?;
        // Links to programs that no longer exist.
        remove_files(&access, links, &|link| {
            fs::metadata(link).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        })?;
        for program in now.keys() {
            let name = program.file_name().and_then(|name| Name::parse(name.to_str()?));
            match name {
                Some(name) if can_have_shim(session, tool, &name) => {
                    link(&access, program, links, name.as_str())?;
                }
                Some(_) | None => {}
            }
        }
        sync_names(links);
        Ok(())
    }
}

/// The programs in the folders; files that can't be read don't count.
fn programs(session: &Session, folders: &[PathBuf]) -> ProgramFingerprints {
    let list = |folder: &PathBuf| with_owners_rights(folder, || fs::read_dir(folder)).ok();
    let entries = folders.iter().filter_map(list).flatten().flatten();
    let stamped = entries.filter_map(|entry| {
        let path = entry.path();
        let seen = session.world.metadata(&path).ok().flatten().filter(|seen| seen.is_program)?;
        // A new link to a program that existed before is new as well.
        let own = entry.metadata().ok()?;
        let own = own.modified().ok().map(|time| format!("{time:?}")).unwrap_or_default();
        Some((path, format!("{} {own}", fingerprint(&seen))))
    });
    stamped.collect()
}

/// Whether a global package may have a shim of that name.
fn can_have_shim(session: &Session, tool: &Tool, name: &Name) -> bool {
    !tool.programs.contains(&name.as_str()) && session.registry.allows_shim(name.as_str())
}

/// Links to a program. A rename puts the link in place, so that the name always exists.
fn link(_: &WriteAccess, program: &Path, links: &Path, name: &str) -> Result<()> {
    let path = links.join(name);
    if fs::read_link(&path).is_ok_and(|target| target == program) {
        return Ok(());
    }
    make_folders(links)?;
    let staged = Staged::create(links, UNFINISHED, |staged| symlink(program, staged));
    staged.map_err(|error| Error::io("make a link in", links, error))?.rename_to(&path)
}
