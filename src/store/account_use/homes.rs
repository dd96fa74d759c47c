//! What one account's own folders use: its defaults, other managers' among them, versioned shims,
//! global packages, environments.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use usher_shims::call::Call;
use usher_shims::error::Error;
use usher_shims::folders::Folders;
use usher_shims::index::{Index, index_file};
use usher_shims::pin::{FileLocation, Pin};
use usher_shims::process::index_in;
use usher_shims::request::{Request, RequestTrust};
use usher_shims::search::{Finding, Skipped, search};
use usher_shims::tool::{TOOLS, Tool};
use usher_shims::version::Version;
use usher_shims::world::{AnyWorld, World as _};

use super::UseKind;
use crate::inventory::account_world::AccountWorld;
use crate::inventory::accounts::{AccountFolders, MachineAccount};
use crate::session::Session;
use crate::store::venvs::Venv;

/// How deep packages are searched for a file: a folder that npm made for its settings has none.
const PACKAGE_DEPTH: usize = 4;

/// What an account's folders use.
#[derive(Debug, Default)]
pub(super) struct AccountContent {
    /// Requests.
    pub(super) requests: Vec<FoundRequest>,
    /// Versions of the store by their folders, and the folder that needs each.
    pub(super) versions: Vec<(PathBuf, UseKind, PathBuf)>,
    /// What can't be read.
    pub(super) unread: Vec<Error>,
}

/// A request in an account's folder.
#[derive(Debug)]
pub(super) struct FoundRequest {
    pub(super) tool: &'static Tool,
    pub(super) request: Request,
    pub(super) kind: UseKind,
    /// Where it is: a file, and its line if it has some.
    pub(super) location: FileLocation,
}

impl AccountContent {
    /// Reads an account's folders.
    pub(super) fn read(&mut self, session: &Session, account: &MachineAccount, roots: &[PathBuf]) {
        let world = AccountWorld::new(account);
        if let Err(error) = world.metadata(&account.home) {
            self.unread.push(Error::io("read", &account.home, error));
            return;
        }
        for folders in &account.folders {
            self.read_defaults(session, account, (&world, folders));
            self.read_shims(&world, folders);
            self.read_packages(session, &world, folders);
        }
        self.read_environments(session, account, (world, roots));
    }

    /// The defaults: usher's own and other managers'.
    fn read_defaults(
        &mut self,
        session: &Session,
        account: &MachineAccount,
        (world, folders): (&AccountWorld, &AccountFolders),
    ) {
        let index = index_of(session, account, (world, folders));
        for known in session.registry.all() {
            let Some(call) = Call::for_main_program(known.tool) else { continue };
            let searched = search(world, &index, &call, &mut |finding| {
                match finding {
                    Finding::Default(pin) => self.add_default(known.tool, pin),
                    Finding::Broken(error, _) | Finding::Skipped(Skipped::UnusableFile(error)) => {
                        self.add_unread(error);
                    }
                    Finding::Pin(_) | Finding::Constraint(_) | Finding::Skipped(_) => {}
                }
                ControlFlow::Continue(())
            });
            if let Err(error) = searched {
                self.add_unread(error);
            }
        }
    }

    fn add_default(&mut self, tool: &'static Tool, pin: Pin) {
        let Some(location) = pin.origin.location() else { return };
        let found = |request| {
            let location = location.clone();
            FoundRequest { tool, request, kind: UseKind::Default, location }
        };
        self.requests.extend(pin.requests.into_iter().map(found));
    }

    /// The versioned shims that `use shim` made.
    fn read_shims(&mut self, world: &AccountWorld, folders: &AccountFolders) {
        let folder = folders.config.join("shims");
        for name in self.names(world, &folder) {
            let Some((tool, word)) = name.split_once('@') else { continue };
            let Some(tool) = Tool::named(TOOLS, tool) else { continue };
            if let Ok(request) = Request::parse(word, tool, RequestTrust::User) {
                let location = FileLocation::of_file(folder.join(&name), false);
                self.requests.push(FoundRequest { tool, request, kind: UseKind::Shim, location });
            }
        }
    }

    /// The folders of global packages: each is for one version.
    fn read_packages(&mut self, session: &Session, world: &AccountWorld, folders: &AccountFolders) {
        let additions = folders.data.join("additions");
        for name in self.names(world, &additions) {
            let Some(tool) = Tool::named(TOOLS, &name) else { continue };
            for version in self.names(world, &additions.join(&name)) {
                let folder = additions.join(&name).join(&version);
                let Some(version) = Version::parse(&version) else { continue };
                match has_file(world, &folder, PACKAGE_DEPTH) {
                    Ok(false) => {}
                    Ok(true) => {
                        let store = session.folders.toolchains();
                        let root = store.join(tool.name).join(version.as_str());
                        self.versions.push((root, UseKind::Packages, folder));
                    }
                    Err(error) => self.add_unread(Error::io("list", &folder, error)),
                }
            }
        }
    }

    /// The environments in the home, and where tools keep them.
    fn read_environments(
        &mut self,
        session: &Session,
        account: &MachineAccount,
        (world, roots): (AccountWorld, &[PathBuf]),
    ) {
        let mut folders = Vec::new();
        for (_, rules) in session.registry.with_venvs() {
            folders.extend(rules.names.iter().map(|name| account.home.join(name)));
            let in_home = rules.folders.iter().filter_map(|pattern| pattern.strip_prefix("~/"));
            for pattern in in_home {
                folders.extend(self.matching(&world, &account.home, pattern));
            }
        }
        let world: AnyWorld = Box::new(world);
        for folder in folders {
            for (known, _) in session.registry.with_venvs() {
                let Some(venv) = Venv::read(&world, known, &folder) else { continue };
                for root in roots.iter().filter(|root| venv.needs(&world, root)) {
                    self.versions.push((root.clone(), UseKind::Environment, folder.clone()));
                }
            }
        }
    }

    /// The folders below a home that a pattern matches.
    fn matching(&mut self, world: &AccountWorld, home: &Path, pattern: &str) -> Vec<PathBuf> {
        let mut folders = vec![home.to_path_buf()];
        for part in pattern.split('/') {
            folders = match part.split_once('*') {
                None => folders.into_iter().map(|folder| folder.join(part)).collect(),
                Some((start, end)) => {
                    let mut found = Vec::new();
                    for folder in folders {
                        let names = self.names(world, &folder).into_iter().filter(|name| {
                            name.strip_prefix(start).is_some_and(|rest| rest.ends_with(end))
                        });
                        found.extend(names.map(|name| folder.join(name)));
                    }
                    found
                }
            };
        }
        folders
    }

    /// The names in a folder that are text; what can't be listed is kept as such.
    fn names(&mut self, world: &AccountWorld, folder: &Path) -> Vec<String> {
        match world.names(folder) {
            Ok(names) => names.into_iter().filter_map(|name| name.into_string().ok()).collect(),
            Err(error) => {
                self.add_unread(Error::io("list", folder, error));
                Vec::new()
            }
        }
    }

    /// Adds what can't be read, once: every tool reads the same file.
    fn add_unread(&mut self, error: Error) {
        if !self.unread.iter().any(|known| known.what == error.what) {
            self.unread.push(error);
        }
    }
}

/// The account's index, for the names of its other managers' versions; of its folders alone if it has
/// none.
fn index_of(
    session: &Session,
    account: &MachineAccount,
    (world, folders): (&AccountWorld, &AccountFolders),
) -> Index {
    let shims = folders.data.join("shims");
    let text = world.read(&index_file(&shims)).ok();
    let index = text.and_then(|text| index_in(world, &shims, &text.bytes, None));
    let own = Folders {
        data: folders.data.clone(),
        config: folders.config.clone(),
        user_home: Some(account.home.clone()),
        // The machine's default is no account's.
        machine_config: PathBuf::from("/nonexistent"),
        ..Folders::default()
    };
    let tools = session.index.tools.clone();
    Index { folders: own, tools, ..index.unwrap_or_default() }
}

/// Whether something other than folders is in a folder.
fn has_file(world: &AccountWorld, folder: &Path, depth: usize) -> io::Result<bool> {
    for name in world.names(folder)? {
        let path = folder.join(name);
        let is_folder = world.entry(&path)?.is_some_and(|seen| seen.is_folder);
        if !is_folder || depth > 0 && has_file(world, &path, depth - 1)? {
            return Ok(true);
        }
    }
    Ok(false)
}
