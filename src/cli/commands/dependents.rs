//! Who needs a version, for the commands that remove it: requests, processes, virtual environments.

use std::path::{Path, PathBuf};

use usher_shims::error::{Result, Shown};
use usher_shims::world::World as _;

use crate::project::project_root;
use crate::session::Session;
use crate::store::account_use::{AccountUses, UnreadUse, is_for_all};
use crate::store::prune::references::References;
use crate::store::venvs::{Venvs, find_venvs};

/// What was found to need versions.
#[derive(Debug, Default)]
pub(super) struct Dependents {
    /// The requests.
    pub(super) references: References,
    /// The virtual environments of this account.
    venvs: Venvs,
    /// What other accounts use, if the store is for all and the caller is root.
    accounts: Option<AccountUses>,
}

impl Dependents {
    /// The requests of the projects in these folders; the environments there, in the project of the
    /// working directory, and in the folders that usher knows. Of a store for all accounts, also what
    /// those have in their homes.
    pub(super) fn of_projects(session: &Session, folders: &[PathBuf]) -> Result<Self> {
        let here = session.world.directory().ok();
        let project = here.map_or(Ok(None), |here| project_root(session, &here))?;
        let mut references = References::default();
        if is_for_all(session) {
            let accounts = AccountUses::find(session, folders)?;
            accounts.add_to(&mut references);
            let venvs = find_venvs(session, project.as_slice())?;
            return Ok(Self { references, venvs, accounts: Some(accounts) });
        }
        for folder in folders {
            references.add_projects_below(session, folder)?;
        }
        let projects: Vec<PathBuf> = folders.iter().cloned().chain(project).collect();
        Ok(Self { references, venvs: find_venvs(session, &projects)?, accounts: None })
    }

    /// The environments that need the version in a folder.
    pub(super) fn venvs(&self, session: &Session, root: &Path) -> Vec<PathBuf> {
        let mut venvs = self.venvs.that_need(session, root);
        let others = self.accounts.iter().flat_map(|accounts| accounts.environments(root));
        venvs.extend(others);
        venvs.sort();
        venvs.dedup();
        venvs
    }

    /// An error if an account may use any version, since what it has can't be read.
    pub(super) fn require_all_read(&self) -> Result<()> {
        self.accounts.as_ref().map_or(Ok(()), AccountUses::require_all_read)
    }

    /// What can't be read of other accounts.
    pub(super) fn unread(&self) -> &[UnreadUse] {
        self.accounts.as_ref().map_or(&[], |accounts| &accounts.unread)
    }
}

/// An environment that needs a version: `the virtual environment /p/.venv needs it`.
pub(super) fn venv_text(folder: impl AsRef<Path>) -> String {
    format!("the virtual environment {} needs it", Shown(folder.as_ref()))
}
