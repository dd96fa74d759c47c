//! Puts a case to the resolver, over a world in memory that records what is looked up.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use usher_shims::call::{Call, calls};
use usher_shims::error::{Error, ErrorKind, Shown};
use usher_shims::folders::Folders;
use usher_shims::index::{AdoptedStore, Index, SystemProgram, fingerprint};
use usher_shims::path::Shim;
use usher_shims::pin::{FileLocation, Origin};
use usher_shims::resolve::{Outcome, Plan, Resolver, Selection};
use usher_shims::search::{Finding, search};
use usher_shims::settings::SharedSettings;
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::version::Version;
use usher_shims::world::{FileContent, FileMeta, Identity, MemoryWorld, ReadFailure, World};

use super::format::{Case, Cwd, Kind, place};
use super::machine::{DATA, adopted, programs, root};

/// What came of a case.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) gives: String,
    pub(super) by: String,
    pub(super) program: String,
    pub(super) arguments: String,
    pub(super) sets: BTreeMap<String, String>,
    /// What is skipped, and what can't be used: a line each.
    pub(super) notes: Vec<String>,
    /// The stores and programs that were looked up.
    pub(super) lookups: Vec<PathBuf>,
}

const HOME: &str = "/home/u";

/// Runs a case.
pub(super) fn run(case: &Case) -> Answer {
    let stores: Vec<AdoptedStore> = {
        let index = Path::new(HOME);
        case.versions().iter().filter_map(|installed| adopted(index, installed)).collect()
    };
    let memory = world(case, &stores);
    let index = index(case, stores, &memory);
    let world = Recording { memory, lookups: RefCell::default() };
    let shim = Shim { folders: vec![index.folders.shims()], binary: None };
    let resolver = Resolver { world: &world, index: &index, shim: &shim, unusable: None };
    let words = case.words();
    let (name, rest) = words.split_first().expect("a call has a name");
    let arguments: Vec<&OsStr> = rest.iter().map(OsStr::new).collect();
    let outcome = resolver.resolve(name, &arguments);
    let lookups = world.lookups.take();
    let calls = calls(&index, name, rest.first().map(String::as_str));
    let plan = match &outcome {
        Ok(Outcome::Run(plan)) => Some(plan),
        Ok(Outcome::Missing(_) | Outcome::Stale) | Err(_) => None,
    };
    Answer {
        gives: gives(&outcome),
        by: by(&resolver, &calls, &outcome),
        program: plan.map_or_else(String::new, |plan| file_name(&plan.program)),
        arguments: rest.get(plan.map_or(0, |plan| plan.skip - 1)..).unwrap_or_default().join(" "),
        sets: plan.map_or_else(BTreeMap::new, sets),
        notes: calls.iter().flat_map(|call| notes(&world, &index, call)).collect(),
        lookups,
    }
}

fn gives(outcome: &Result<Outcome, Error>) -> String {
    match outcome {
        Ok(Outcome::Run(Plan { toolchain: Some(toolchain), tool, .. })) => {
            format!("{} {}", tool.name, described(toolchain))
        }
        Ok(Outcome::Run(plan)) => format!("path {}", plan.program.display()),
        Ok(Outcome::Missing(missing)) => {
            let requests: Vec<String> =
                missing.pin.requests.iter().map(ToString::to_string).collect();
            format!("missing {} {}", missing.tool.name, requests.join(" or "))
        }
        Ok(Outcome::Stale) => "stale".to_owned(),
        Err(error) => {
            let code = if error.kind() == ErrorKind::NotFound { 127 } else { 126 };
            format!("error {code}: {error}")
        }
    }
}

fn described(toolchain: &Toolchain) -> String {
    let known = toolchain.version.as_ref().map(ToString::to_string);
    let version = known.unwrap_or_else(|| file_name(&toolchain.root));
    match &toolchain.store {
        Store::Own | Store::Shared => version,
        Store::Adopted(manager) => format!("{version} of {manager}"),
        Store::System(_) => format!("{version} of the system"),
        Store::Linked(name) => format!("{name}, linked to {}", toolchain.root.display()),
        Store::Folder => format!("at {}", toolchain.root.display()),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn sets(plan: &Plan) -> BTreeMap<String, String> {
    let own = plan.set.iter().filter(|(name, _)| !matches!(*name, "PATH" | "USHER_REENTRY"));
    let text = |value: &OsString| value.to_string_lossy().into_owned();
    let value =
        |value: &Option<OsString>| value.as_ref().map_or_else(|| "removed".to_owned(), text);
    own.map(|(name, set)| ((*name).to_owned(), value(set))).collect()
}

/// The origin of the request behind the result.
fn by<W: World>(
    resolver: &Resolver<'_, W>,
    calls: &[Call],
    outcome: &Result<Outcome, Error>,
) -> String {
    let origin = match outcome {
        Ok(Outcome::Missing(missing)) => Some(missing.pin.origin.clone()),
        Ok(Outcome::Run(plan)) => calls
            .iter()
            .filter(|call| call.tool.name == plan.tool.name)
            .filter_map(|call| resolver.selector().select(call).ok())
            .filter(|selection| match (selection, &plan.toolchain) {
                (Selection::Toolchain(found, _), Some(planned)) => found.root == planned.root,
                (Selection::System(..) | Selection::Toolchain(..), None) => true,
                _ => false,
            })
            .find_map(|selection| selection.origin().cloned()),
        Ok(Outcome::Stale) | Err(_) => return String::new(),
    };
    origin.map_or_else(|| "not pinned".to_owned(), |origin| printed(&origin))
}

/// An origin as messages print it, with the file as cases name it.
fn printed(origin: &Origin) -> String {
    let place = match origin {
        Origin::File(place) => place,
        Origin::Default(place) if is_own_default(place) => return "the default".to_owned(),
        Origin::Default(place) => return format!("the default, {}", named(place)),
        Origin::Account(_) => return "the account's default".to_owned(),
        Origin::Group(_) => return "the group's default".to_owned(),
        Origin::Machine(_) => return "the machine's default".to_owned(),
        Origin::Argument | Origin::Name(_) | Origin::Variable(_) | Origin::CommandLine => {
            return origin.to_string();
        }
    };
    let name = if place.is_in_directory { file_name(&place.path) } else { shown(&place.path) };
    let whole = place.to_string();
    let rest = whole.strip_prefix(&name).unwrap_or_else(|| panic!("{whole} names {name}"));
    format!("{}{rest}", named(place))
}

/// Whether a default is in usher's own file.
fn is_own_default(place: &FileLocation) -> bool {
    place.path.ends_with("usher/tool-versions")
}

fn shown(path: &Path) -> String {
    Shown(path).to_string()
}

fn named(place: &FileLocation) -> String {
    let project = Path::new(HOME).join("project");
    // Such a path may lead up and down again.
    let path = place.path.components().fold(PathBuf::new(), |mut path, part| {
        match part.as_os_str() == ".." {
            true => drop(path.pop()),
            false => path.push(part),
        }
        path
    });
    match (path.strip_prefix(project), path.strip_prefix(HOME)) {
        (Ok(below), _) => below.display().to_string(),
        (_, Ok(below)) => format!("~/{}", below.display()),
        _ => path.display().to_string(),
    }
}

fn notes(world: &impl World, index: &Index, call: &Call) -> Vec<String> {
    let mut notes = Vec::new();
    let searched = search(world, index, call, &mut |finding| {
        match finding {
            Finding::Skipped(passed) => notes.push(passed.to_string()),
            Finding::Broken(error, _) => notes.push(format!("error: {error}")),
            Finding::Pin(_) | Finding::Constraint(_) | Finding::Default(_) => {}
        }
        ControlFlow::Continue(())
    });
    notes.extend(searched.err().map(|error| format!("error: {error}")));
    notes
}

fn world(case: &Case, stores: &[AdoptedStore]) -> MemoryWorld {
    let index = Path::new(HOME);
    let directory = match case.cwd {
        Some(_) => index.join("project"),
        None => place(index, &case.directory),
    };
    let mut world = MemoryWorld::at(directory)
        .folder(index.join("project"))
        .folder(index.join(DATA).join("shims"))
        .variable("HOME", HOME)
        .variable("PATH", format!("{HOME}/{DATA}/shims:/usr/local/bin:/usr/bin:/bin"));
    for (name, value) in &case.env {
        world = world.variable(name, value);
    }
    for installed in case.versions() {
        let root = root(index, &installed, stores);
        for program in programs(&installed) {
            world = world.file(root.join("bin").join(program), "");
        }
    }
    for text in &case.path {
        world = world.file(text.split(' ').next().unwrap_or_default(), "");
    }
    let config = index.join(".config/usher/tool-versions");
    for (file, text) in
        [(config, &case.default), ("/etc/usher/tool-versions".into(), &case.machine)]
    {
        if let Some(text) = text {
            world = world.file(file, text.clone());
        }
    }
    for (name, content) in &case.files {
        let path = place(index, name);
        world = match content.bytes() {
            Ok(bytes) => world.file(path, bytes),
            Err(kind) => put(world, path, kind),
        };
    }
    match case.cwd {
        Some(Cwd::Deleted) => world.without_directory(io::ErrorKind::NotFound),
        Some(Cwd::Deep) => world.without_directory(io::ErrorKind::InvalidFilename),
        None => world,
    }
}

fn put(world: MemoryWorld, path: PathBuf, kind: Kind) -> MemoryWorld {
    match kind {
        Kind::Folder => world.folder(path),
        Kind::Fifo | Kind::Socket | Kind::Device => world.failing(path, ReadFailure::NotRegular),
        Kind::Dangling => world.failing(path, ReadFailure::Dangling),
        Kind::Loop => world.failing(path, ReadFailure::Loop),
        Kind::Sparse => world.failing(path, ReadFailure::TooLarge),
        Kind::Closed => world.file(&path, "12\n").unreadable(path),
        Kind::ClosedFolder => world.folder(&path).unreadable(path),
    }
}

fn index(case: &Case, mut adopted: Vec<AdoptedStore>, world: &MemoryWorld) -> Index {
    adopted.dedup();
    Index {
        folders: Folders {
            data: Path::new(HOME).join(DATA),
            config: "/home/u/.config/usher".into(),
            user_home: Some(HOME.into()),
            machine_config: "/etc/usher".into(),
            ..Folders::default()
        },
        settings: SharedSettings {
            ignore_variables: case.ignore.clone(),
            ceiling: case.ceiling.as_ref().map(|folder| place(Path::new(HOME), folder)),
            ..SharedSettings::default()
        },
        adopted_stores: adopted,
        system_programs: case.path.iter().filter_map(|text| system(text, world)).collect(),
        ..Index::default()
    }
}

/// A program on PATH whose version the index knows.
fn system(text: &str, world: &MemoryWorld) -> Option<SystemProgram> {
    let mut words = text.split(' ');
    let (path, tool, version) = (words.next()?, words.next()?, words.next()?);
    let name = path.rsplit('/').next().unwrap_or_default();
    let suffix = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    let seen = world.metadata(Path::new(path)).ok()??;
    Some(SystemProgram {
        tool: tool.to_owned(),
        version: Version::parse(version)?,
        path: path.into(),
        suffix: suffix.to_owned(),
        fingerprint: fingerprint(&seen),
    })
}

/// A world that records which stores and programs are looked up, and checks their paths.
struct Recording {
    memory: MemoryWorld,
    lookups: RefCell<Vec<PathBuf>>,
}

impl Recording {
    fn check(path: &Path) {
        let is_sound = path.is_absolute() && path.components().all(|part| part.as_os_str() != "..");
        assert!(is_sound, "the file system was read at {}", path.display());
    }

    fn record(&self, path: &Path) {
        Self::check(path);
        self.lookups.borrow_mut().push(path.to_path_buf());
    }
}

impl World for Recording {
    fn variable(&self, name: &str) -> Option<OsString> {
        World::variable(&self.memory, name)
    }

    fn variables(&self) -> Vec<(OsString, OsString)> {
        self.memory.variables()
    }

    fn process(&self) -> u32 {
        self.memory.process()
    }

    fn account(&self) -> u32 {
        self.memory.account()
    }

    fn groups(&self) -> Vec<u32> {
        World::groups(&self.memory)
    }

    fn directory(&self) -> io::Result<PathBuf> {
        self.memory.directory()
    }

    fn visit_existing(
        &self,
        folder: &Path,
        names: &[&str],
        visit: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> io::Result<()> {
        Self::check(folder);
        self.memory.visit_existing(folder, names, visit)
    }

    /// The one path that a project's file may name: that of another one like it.
    fn read(&self, path: &Path) -> io::Result<FileContent> {
        self.memory.read(path)
    }

    fn folders(&self, folder: &Path, visit: &mut dyn FnMut(&OsStr)) -> io::Result<()> {
        self.record(folder);
        self.memory.folders(folder, visit)
    }

    fn metadata(&self, path: &Path) -> io::Result<Option<FileMeta>> {
        self.record(path);
        self.memory.metadata(path)
    }

    fn entry(&self, path: &Path) -> io::Result<Option<FileMeta>> {
        Self::check(path);
        self.memory.entry(path)
    }

    fn identity_without_links(&self, path: &Path) -> Option<Identity> {
        self.memory.identity_without_links(path)
    }

    fn physical(&self, path: &Path) -> io::Result<PathBuf> {
        self.memory.physical(path)
    }

    fn is_writable(&self, path: &Path) -> bool {
        self.record(path);
        self.memory.is_writable(path)
    }
}
