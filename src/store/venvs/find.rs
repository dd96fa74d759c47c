//! Finding virtual environments: in projects, and where tools keep them. A shim remembers nothing, so
//! others aren't known.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use usher_shims::error::Result;
use usher_shims::world::World as _;

use super::Venv;
use crate::inventory::names_in_folder;
use crate::session::Session;
use crate::store::prune::references::files_below;

/// The environments that were found.
#[derive(Debug, Default)]
pub struct Venvs(Vec<Venv>);

impl Venvs {
    /// The folders of those that need the version in a folder.
    pub fn that_need(&self, session: &Session, root: &Path) -> Vec<PathBuf> {
        let needing = self.0.iter().filter(|venv| venv.needs(&session.world, root));
        needing.map(|venv| venv.folder.clone()).collect()
    }
}

/// The environments in these projects, in the working directory, and in the folders that the registry
/// names.
pub fn find_venvs(session: &Session, projects: &[PathBuf]) -> Result<Venvs> {
    let mut folders = BTreeSet::new();
    for project in projects {
        let files = files_below(session, project, &|path| is_venv_file(session, path))?;
        folders.extend(files.iter().filter_map(|file| file.parent()).map(Path::to_path_buf));
    }
    let here = session.world.directory().ok();
    for (_, rules) in session.registry.with_venvs() {
        folders.extend(here.iter().flat_map(|here| rules.names.iter().map(|name| here.join(name))));
        for pattern in &rules.folders {
            folders.extend(matching_folders(session, pattern));
        }
    }
    let mut venvs = Venvs::default();
    let mut seen = BTreeSet::new();
    for folder in folders {
        // A link to an environment is the same one.
        let folder = session.world.physical(&folder).unwrap_or(folder);
        if seen.insert(folder.clone()) {
            venvs.0.extend(
                session
                    .registry
                    .with_venvs()
                    .filter_map(|(known, _)| Venv::read(&session.world, known, &folder)),
            );
        }
    }
    Ok(venvs)
}

/// The environments whose files these are.
pub fn venvs_of<'p>(session: &Session, files: impl Iterator<Item = &'p PathBuf>) -> Vec<Venv> {
    let folders = files.filter(|file| is_venv_file(session, file)).filter_map(|file| file.parent());
    let read = |folder: &Path| {
        let tools = session.registry.with_venvs();
        tools.filter_map(|(known, _)| Venv::read(&session.world, known, folder)).collect::<Vec<_>>()
    };
    folders.flat_map(read).collect()
}

/// Whether a file makes its folder an environment.
pub fn is_venv_file(session: &Session, path: &Path) -> bool {
    session.registry.with_venvs().any(|(_, rules)| path.ends_with(&rules.file))
}

/// The folders that a pattern of the registry matches: `~/.cache/pre-commit/repo*/py_env-*`.
fn matching_folders(session: &Session, pattern: &str) -> Vec<PathBuf> {
    let names: Vec<&str> = pattern.split('/').collect();
    let fixed = names.iter().position(|name| name.contains('*')).unwrap_or(names.len());
    let start = session.expand_folder(&names[..fixed].join("/")).unwrap_or_default();
    names[fixed..].iter().fold(start, |folders, name| match name.split_once('*') {
        None => folders.iter().map(|folder| folder.join(name)).collect(),
        Some((start, end)) => {
            let is_matching =
                |name: &String| name.strip_prefix(start).is_some_and(|rest| rest.ends_with(end));
            let below = |folder: &PathBuf| {
                let names = names_in_folder(folder).unwrap_or_else(|error| {
                    session.note(&format!("skipped: {}", error.what));
                    BTreeSet::new()
                });
                names.into_iter().filter(is_matching).map(|name| folder.join(name)).collect()
            };
            folders.iter().flat_map(|folder| -> Vec<PathBuf> { below(folder) }).collect()
        }
    })
}
