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
        let is_shims = |entry: &PathBuf| {
            let is_same = |one: &PathBuf| {
                entry == one || (entry.is_absolute() && session.world.is_same(entry, one))
            };
            session.shim.folders.iter().any(is_same)
        };
        let index = before.iter().position(is_shims)?;
        let shims = before.swap_remove(index);
        before.truncate(index);
        Some(Self { before, shims })
    }

    /// Whether the folder of shims has a program of this name.
    pub fn has_shim(&self, session: &Session, program: &str) -> bool {
        session.world.is_program(&self.shims.join(program))
    }

    /// The program that runs in place of a shim of this name.
    pub fn hiding(&self, session: &Session, program: &str) -> Option<PathBuf> {
        let mut paths = self.before.iter().map(|folder| folder.join(program));
        paths.find(|path| session.world.is_program(path))
    }

    /// PATH without virtual environments, which come before the shims on purpose.
    #[must_use]
    pub fn without_venvs(mut self, session: &Session) -> Self {
        self.before.retain(|folder| !is_of_venv(session, folder));
        self
    }
}

/// Whether a folder has the programs of a virtual environment.
fn is_of_venv(session: &Session, programs: &Path) -> bool {
    let mut tools = session.registry.all();
    programs.parent().is_some_and(|folder| {
        tools.any(|known| Venv::read(&session.world, known, folder).is_some())
    })
}
