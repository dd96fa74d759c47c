//! What comes before the shims on PATH: programs there run in place of the shims.

use std::path::{Path, PathBuf};

use usher_shims::world::World as _;

use crate::session::Session;
use crate::store::venvs::Venv;

/// PATH up to the shims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPath {
    /// The folders before the shims.
    before: Vec<PathBuf>,
    /// The first folder of shims on it.
    pub shims: PathBuf,
}

impl SearchPath {
    /// The PATH of this process; `None` if it has no shims. The machine's shims serve an account that
    /// has none of its own.
    pub fn of(session: &Session) -> Option<Self> {
        let path = session.world.variable("PATH").unwrap_or_default();
        let mut before: Vec<PathBuf> = std::env::split_paths(&path).collect();
        let is_shims =
            |entry: &PathBuf| session.shim.folders.iter().any(|one| is_same(session, entry, one));
        let index = before.iter().position(is_shims)?;
        let shims = before.swap_remove(index);
        before.truncate(index);
        Some(Self { before, shims })
    }

    /// Whether the folder of shims has a program of this name.
    pub fn has_shim(&self, session: &Session, program: &str) -> bool {
        is_program(session, &self.shims.join(program))
    }

    /// The program that runs in place of a shim of this name.
    pub fn hiding(&self, session: &Session, program: &str) -> Option<PathBuf> {
        let mut paths = self.before.iter().map(|folder| folder.join(program));
        paths.find(|path| is_program(session, path))
    }

    /// As [`Self::hiding`], but those of virtual environments come first on purpose.
    pub fn hiding_by_mistake(&self, session: &Session, program: &str) -> Option<PathBuf> {
        let others = self.before.iter().filter(|folder| !is_of_venv(session, folder));
        let mut paths = others.map(|folder| folder.join(program));
        paths.find(|path| is_program(session, path))
    }
}

/// Whether a folder has the programs of a virtual environment.
fn is_of_venv(session: &Session, programs: &Path) -> bool {
    let mut tools = session.registry.all();
    programs.parent().is_some_and(|folder| {
        tools.any(|known| Venv::read(&session.world, known, folder).is_some())
    })
}

fn is_program(session: &Session, path: &Path) -> bool {
    session.world.metadata(path).ok().flatten().is_some_and(|file| file.is_program)
}

fn is_same(session: &Session, entry: &Path, shims: &Path) -> bool {
    let identity =
        |path: &Path| session.world.metadata(path).ok().flatten().map(|file| file.identity);
    entry == shims
        || (entry.is_absolute() && identity(entry).is_some() && identity(entry) == identity(shims))
}
