//! What comes before the shims on PATH: programs there run in place of the shims.

use std::path::{Path, PathBuf};

use usher_shims::error::Shown;
use usher_shims::world::World as _;

use crate::cli::shell_setup::SYSTEM;
use crate::session::Session;
use crate::store::venvs::Venv;
use crate::text::short_list;

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

    /// Whether the shims come behind the system's programs: then the lines of `use setup` put them first.
    pub fn is_behind_system(&self) -> bool {
        self.before.iter().any(|folder| folder == Path::new(SYSTEM))
    }

    /// The programs that run in place of shims, of all tools.
    pub fn all_hiding(&self, session: &Session) -> Vec<PathBuf> {
        let programs = session.registry.all().flat_map(|known| known.tool.programs.iter().copied());
        self.hidden(session, programs).into_iter().map(|(_, program)| program).collect()
    }

    /// The names of these that other programs than the shims have, each once, and those programs.
    pub fn hidden<'p>(
        &self,
        session: &Session,
        programs: impl IntoIterator<Item = &'p str>,
    ) -> Vec<(&'p str, PathBuf)> {
        let mut hidden: Vec<(&str, PathBuf)> = Vec::new();
        for program in programs {
            let is_new = hidden.iter().all(|(name, _)| *name != program);
            if is_new
                && self.has_shim(session, program)
                && let Some(path) = self.hiding(session, program)
            {
                hidden.push((program, path));
            }
        }
        hidden
    }

    /// PATH without virtual environments, which come before the shims on purpose.
    #[must_use]
    pub fn without_venvs(mut self, session: &Session) -> Self {
        self.before.retain(|folder| !is_of_venv(session, folder));
        self
    }
}

/// That these programs come before the shims on PATH.
pub fn hiding_text(programs: &[PathBuf]) -> String {
    let shown = shown_paths(programs);
    match programs.len() {
        1 => format!("{shown} comes before the shims on PATH and hides one"),
        count => format!("{count} programs come before the shims on PATH and hide them: {shown}"),
    }
}

/// Paths; of many, the first two.
pub fn shown_paths(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| Shown(path).to_string()).collect();
    short_list(&paths)
}

/// Whether a folder has the programs of a virtual environment.
fn is_of_venv(session: &Session, programs: &Path) -> bool {
    let mut tools = session.registry.all();
    programs.parent().is_some_and(|folder| {
        tools.any(|known| Venv::read(&session.world, known, folder).is_some())
    })
}
