//! Who needs a version, for the commands that remove it: requests, processes, virtual environments.

use std::path::{Path, PathBuf};

use usher_shims::error::{Result, Shown};
use usher_shims::world::World as _;

use crate::project::project_root;
use crate::session::Session;
use crate::store::prune::references::References;
use crate::store::venvs::{Venvs, find_venvs};

/// What was found to need versions.
#[derive(Debug, Default)]
pub(super) struct Dependents {
    /// The requests.
    pub(super) references: References,
    /// The virtual environments.
    pub(super) venvs: Venvs,
}

impl Dependents {
    /// The requests of the projects in these folders; the environments there, in the project of the
    /// working directory, and in the folders that usher knows.
    pub(super) fn of_projects(session: &Session, folders: &[PathBuf]) -> Result<Self> {
        let mut references = References::default();
        for folder in folders {
            references.add_projects_below(session, folder)?;
        }
        let here = session.world.directory().ok();
        let project = here.map_or(Ok(None), |here| project_root(session, &here))?;
        let projects: Vec<PathBuf> = folders.iter().cloned().chain(project).collect();
        Ok(Self { references, venvs: find_venvs(session, &projects)? })
    }
}

/// An environment that needs a version: `the virtual environment /p/.venv needs it`.
pub(super) fn venv_text(folder: impl AsRef<Path>) -> String {
    format!("the virtual environment {} needs it", Shown(folder.as_ref()))
}
