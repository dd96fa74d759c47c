//! What requests which toolchains: here, by default, and in projects. Version files are read by the
//! shims' own search, so that none is understood in two ways.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};
use usher_shims::call::Call;
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::index::Index;
use usher_shims::pin::{Origin, Pin};
use usher_shims::request::{Request, RequestTrust};
use usher_shims::search::{Finding, VERSION_CONTROL, search};
use usher_shims::store::{Lookup, best_match};
use usher_shims::tool::{IGNORED_FOLDERS, TOOLS, Tool, VersionFile};
use usher_shims::toolchain::Store;
use usher_shims::world::World;

use crate::inventory::os_in_folder::{OsInFolder, Visibility};
use crate::session::Session;
use crate::shim_folder::requested;

/// The toolchains of our own that are requested, with the origins of the requests.
#[derive(Debug, Default)]
pub struct References {
    found: BTreeMap<PathBuf, Vec<Reference>>,
    /// The store that requests are looked up in, if it isn't the session's with all others.
    store: Option<Index>,
}

/// A request for a toolchain.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// Where it is, for people: `.nvmrc:1`.
    pub text: String,
    /// Where it is.
    pub place: ReferencePlace,
}

/// Where a request for a toolchain is.
#[derive(Debug, Clone, PartialEq)]
pub enum ReferencePlace {
    /// Where a request is written.
    Origin(Origin),
    /// What `use shim` was called with: `node@12`.
    Shim(String),
    /// What another account has.
    OtherAccount,
}

impl References {
    /// None yet, to be looked up in the session's own store alone: what other accounts request
    /// doesn't mean what only this one has elsewhere.
    pub fn of_store(session: &Session) -> Self {
        Self { store: Some(store_index(session)), ..Self::default() }
    }

    /// The origin of a request for the toolchain in this folder: `.nvmrc:1`.
    pub fn requester_of(&self, root: &Path) -> Option<&str> {
        self.requesters_of(root).next().map(|one| one.text.as_str())
    }

    /// The origins of all requests for the toolchain in this folder.
    pub fn requesters_of(&self, root: &Path) -> impl Iterator<Item = &Reference> {
        self.found.get(root).into_iter().flatten()
    }

    /// All requests: the toolchain's folder, the origin, and the text for it.
    pub fn all(&self) -> impl Iterator<Item = (&Path, Option<&Origin>, &str)> {
        self.found.iter().flat_map(|(root, all)| {
            all.iter().map(move |one| (&**root, one.place.origin(), &*one.text))
        })
    }

    /// Adds what another account has for the toolchain in a folder.
    pub fn add_other_account(&mut self, root: &Path, text: String) {
        let reference = Reference { text, place: ReferencePlace::OtherAccount };
        self.found.entry(root.to_owned()).or_default().push(reference);
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
                let text = format!("`use shim {entry}`");
                let place = ReferencePlace::Shim(entry.clone());
                self.add(session, tool, &request, Reference { text, place })?;
            }
        }
        Ok(())
    }

    /// Adds the requests of the projects below a folder. Only folders of version control and of
    /// other people's code are skipped; folders that can't be searched are reported.
    pub fn add_projects_below(&mut self, session: &Session, folder: &Path) -> Result<()> {
        let files = ProjectFiles::below(folder, &|_| false)?;
        for error in &files.unsearched {
            session.note(&format!("skipped: {}", error.what));
        }
        files.folders().try_for_each(|folder| self.add_project(session, folder))
    }

    /// Adds the requests in the version files of one folder.
    pub fn add_project(&mut self, session: &Session, folder: &Path) -> Result<()> {
        let world = OsInFolder { folder, visibility: Visibility::FolderOnly };
        session.registry.all().try_for_each(|known| self.add_all(session, &world, known.tool))
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
                let text = origin.to_string();
                let place = ReferencePlace::Origin(origin.clone());
                self.add(session, tool, request, Reference { text, place })?;
            }
        }
        Ok(())
    }

    /// Adds the toolchain that a request runs, if it is in usher's own store or linked.
    fn add(
        &mut self,
        session: &Session,
        tool: &'static Tool,
        request: &Request,
        reference: Reference,
    ) -> Result<()> {
        let index = self.store.as_ref().unwrap_or(&session.index);
        let root = match index.link(tool, request.as_str()) {
            Some(link) => link.root.clone(),
            None => match best_match(&session.world, index, tool, request)? {
                Lookup::Toolchain(found)
                    if matches!(found.store, Store::Own | Store::Linked(_)) =>
                {
                    found.root
                }
                Lookup::Toolchain(_) | Lookup::Nothing | Lookup::Stale => return Ok(()),
            },
        };
        let all = self.found.entry(root).or_default();
        if !all.contains(&reference) {
            all.push(reference);
        }
        Ok(())
    }
}

impl ReferencePlace {
    fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Origin(origin) => Some(origin),
            Self::Shim(_) | Self::OtherAccount => None,
        }
    }
}

/// An index of the session's own store alone.
pub(in crate::store) fn store_index(session: &Session) -> Index {
    let (folders, tools) = (session.folders.clone(), session.index.tools.clone());
    Index { folders, tools, ..Index::default() }
}

/// The files below a folder of projects.
#[derive(Debug, Default)]
pub struct ProjectFiles {
    /// The folders with version files.
    folders: BTreeSet<PathBuf>,
    /// Other files that were looked for.
    pub others: Vec<PathBuf>,
    /// Why folders can't be searched.
    pub unsearched: Vec<Error>,
}

impl ProjectFiles {
    /// Searches a folder, once for everything: for version files, and for other files.
    pub fn below(folder: &Path, is_other: &dyn Fn(&Path) -> bool) -> Result<Self> {
        let places: BTreeSet<&str> = TOOLS
            .iter()
            .flat_map(|tool| tool.files)
            .flat_map(VersionFile::places)
            .copied()
            .collect();
        let root = fs::canonicalize(folder).map_err(|error| Error::io("search", folder, error))?;
        let mut found = Self::default();
        for entry in walk_projects(&root) {
            match entry {
                Ok(entry) => {
                    let path = entry.path();
                    found.folders.extend(folder_of(path, &places).map(Path::to_path_buf));
                    if is_other(path) {
                        found.others.push(entry.into_path());
                    }
                }
                Err(error) if error.depth() == Some(0) => {
                    return Err(Error::new(ErrorKind::Io, "can't search a project's folder")
                        .because(error.to_string()));
                }
                Err(error) => {
                    found.unsearched.push(Error::new(ErrorKind::Io, error.to_string()));
                }
            }
        }
        Ok(found)
    }

    /// The folders with version files.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        self.folders.iter().map(PathBuf::as_path)
    }
}

/// The files below a folder of projects whose paths are relevant. Folders that can't be searched are
/// reported.
pub(in crate::store) fn files_below(
    session: &Session,
    folder: &Path,
    is_relevant: &dyn Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>> {
    let found = ProjectFiles::below(folder, is_relevant)?;
    for error in &found.unsearched {
        session.note(&format!("skipped: {}", error.what));
    }
    Ok(found.others)
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
