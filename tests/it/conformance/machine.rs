//! The paths of a case's versions on a machine, for both runners: as the registry describes them.

use std::path::{Path, PathBuf};

use usher_definition::Definition;
use usher_shims::index::AdoptedStore;
use usher_shims::tool::{DEFINITIONS, TOOLS, Tool};

use super::format::Installed;

/// Usher's own folder, from the user's home.
pub(super) const DATA: &str = ".local/share/usher";

/// The folder of a version.
pub(super) fn root(home: &Path, installed: &Installed<'_>, stores: &[AdoptedStore]) -> PathBuf {
    let own = || home.join(DATA).join("toolchains").join(installed.tool).join(installed.version);
    let is_of =
        |store: &&AdoptedStore| store.tool == installed.tool && store.manager == installed.manager;
    let Some(store) = stores.iter().find(is_of) else { return own() };
    let folder = match installed.folder {
        "" => format!("{}{}{}", store.prefix, installed.version, store.version_ends_at),
        folder => folder.to_owned(),
    };
    store.folder.join(folder).join(&store.subdir)
}

/// The names of the programs that a version has.
pub(super) fn programs(installed: &Installed<'_>) -> Vec<String> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect();
    match (installed.programs, Tool::named(TOOLS, installed.tool)) {
        ("", Some(tool)) => tool.programs.iter().map(|name| (*name).to_owned()).collect(),
        (programs, _) => words(programs),
    }
}

/// The store of a version, as the registry describes it, if it isn't usher's own.
pub(super) fn adopted(home: &Path, installed: &Installed<'_>) -> Option<AdoptedStore> {
    let (_, text) =
        DEFINITIONS.iter().find(|(name, _)| name.trim_end_matches(".toml") == installed.tool)?;
    let (_, definition) = Definition::parse(text).expect("a definition that was compiled in");
    let store = definition.store.iter().find(|store| store.manager == installed.manager)?;
    let folder = store.folders.iter().find_map(|folder| folder.strip_prefix("~/"))?;
    Some(AdoptedStore {
        tool: installed.tool.to_owned(),
        manager: store.manager.clone(),
        folder: home.join(folder),
        prefix: store.prefix.clone(),
        version_ends_at: store.version_ends_at.clone().unwrap_or_default(),
        subdir: store.subdir.clone(),
    })
}
