//! What requests which toolchains: here, by default, and in projects. Version files are read by the
//! shims' own search, so that none is understood in two ways.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};
use usher_shims::call::Call;
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::pin::Pin;
use usher_shims::request::{Request, RequestTrust};
use usher_shims::search::{Finding, VERSION_CONTROL, search};
use usher_shims::store::{Lookup, best_match};
use usher_shims::tool::{IGNORED_FOLDERS, TOOLS, Tool, VersionFile};
use usher_shims::toolchain::Store;
use usher_shims::world::World;

use crate::inventory::os_in_folder::{OsInFolder, Visibility};
use crate::session::Session;
use crate::shim_folder::requested;

/// The toolchains of our own that are requested, with the origin of the request.
#[derive(Debug, Default)]
pub struct References(BTreeMap<PathBuf, String>);

impl References {
    /// The origin of a request for the toolchain in this folder: `.nvmrc:1`.
    pub fn requester_of(&self, root: &Path) -> Option<&str> {
        self.0.get(root).map(String::as_str)
    }

    /// Adds the requests that apply in the current folder: those of variables, of the files in this
    /// folder and its ancestors, of the user's and the machine's defaults, and of `use shim`.
    /// Overridden requests count too: in another folder they may choose the version.
    pub fn add_current_folder(&mut self, session: &Session) -> Result<()> {
        for known in session.registry.all() {
            self.add_all(session, &session.world, known.tool)?;
        }
        for entry in requested::read_entries(&session.folders)? {
            let Some((name, word)) = entry.split_once('@') else { continue };
            let Some(tool) = Tool::named(TOOLS, name) else { continue };
            if let Ok(request) = Request::parse(word, tool, RequestTrust::User) {
                self.add(session, tool, (&request, &format!("`use shim {entry}`")))?;
            }
        }
        Ok(())
    }

    /// Adds the requests of the projects below a folder. Only folders of version control and of
    /// other people's code are skipped; folders that can't be searched are reported.
    pub fn add_projects_below(&mut self, session: &Session, folder: &Path) -> Result<()> {
        let places: BTreeSet<&str> = TOOLS
            .iter()
            .flat_map(|tool| tool.files)
            .flat_map(VersionFile::places)
            .copied()
            .collect();
        let files = files_below(session, folder, &|path| folder_of(path, &places).is_some())?;
        let folders: BTreeSet<&Path> =
            files.iter().filter_map(|file| folder_of(file, &places)).collect();
        for folder in folders {
            let world = OsInFolder { folder, visibility: Visibility::FolderOnly };
            for known in session.registry.all() {
                self.add_all(session, &world, known.tool)?;
            }
        }
        Ok(())
    }

    /// Adds the requests for a tool that a world contains. A file that can't be parsed is an error:
    /// it may request any version.
    fn add_all(
        &mut self,
        session: &Session,
        world: &impl World,
        tool: &'static Tool,
    ) -> Result<()> {
        let Some(call) = Call::for_main_program(tool) else { return Ok(()) };
        let (mut pins, mut broken) = (Vec::new(), None);
        search(world, &session.index, &call, &mut |finding| {
            match finding {
                Finding::Pin(pin) | Finding::Constraint(pin) | Finding::Default(pin) => {
                    pins.push(pin);
                }
                Finding::Broken(error, _) => {
                    broken = Some(error);
                    return ControlFlow::Break(());
                }
                Finding::Skipped(_) => {}
            }
            ControlFlow::Continue(())
        })?;
        if let Some(error) = broken {
            return Err(error.because("it may request any version, so nothing is removed"));
        }
        for Pin { requests, origin } in &pins {
            for request in requests {
                self.add(session, tool, (request, &origin.to_string()))?;
            }
        }
        Ok(())
    }

    /// Adds the toolchain that a request runs, if it is in usher's own store.
    fn add(
        &mut self,
        session: &Session,
        tool: &'static Tool,
        (request, by): (&Request, &str),
    ) -> Result<()> {
        match best_match(&session.world, &session.index, tool, request)? {
            Lookup::Toolchain(found) if found.store == Store::Own => {
                self.0.entry(found.root).or_insert_with(|| by.to_owned());
            }
            Lookup::Toolchain(_) | Lookup::Nothing | Lookup::Stale => {}
        }
        Ok(())
    }
}

/// The files below a folder of projects whose paths are relevant. Folders that can't be searched are
/// reported.
pub(in crate::store) fn files_below(
    session: &Session,
    folder: &Path,
    is_relevant: &dyn Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>> {
    let root = fs::canonicalize(folder).map_err(|error| Error::io("search", folder, error))?;
    let mut found = Vec::new();
    for entry in walk_projects(&root) {
        match entry {
            Ok(entry) if is_relevant(entry.path()) => found.push(entry.into_path()),
            Ok(_) => {}
            Err(error) if error.depth() == Some(0) => {
                return Err(Error::new(ErrorKind::Io, "can't search a project's folder")
                    .because(error.to_string()));
            }
            Err(error) => session.note(&format!("skipped: {error}")),
        }
    }
    Ok(found)
}

/// The folder that a version file is one of; none for another file.
fn folder_of<'a>(path: &'a Path, places: &BTreeSet<&str>) -> Option<&'a Path> {
    let place = places.iter().find(|place| path.ends_with(place))?;
    path.ancestors().nth(Path::new(place).components().count())
}

/// All files below a folder, hidden and ignored ones too: a version file counts even if it isn't under
/// version control.
fn walk_projects(root: &Path) -> ignore::Walk {
    WalkBuilder::new(root)
        .standard_filters(false)
        .follow_links(false)
        .filter_entry(|entry| entry.depth() == 0 || !is_others(entry))
        .build()
}

/// Folders of version control, and those with other people's code.
fn is_others(entry: &DirEntry) -> bool {
    if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
        return false;
    }
    let mut rules = IGNORED_FOLDERS.iter();
    VERSION_CONTROL.iter().any(|name| entry.file_name() == *name)
        || rules.any(|rule| rule.beside.is_empty() && entry.path().ends_with(rule.folder))
}
