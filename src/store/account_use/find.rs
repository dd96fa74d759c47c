//! Finding what all accounts use: their own folders, projects, running processes.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use usher_shims::error::{Escaped, Result, Shown};
use usher_shims::index::{INDEX_FILE, Index};
use usher_shims::pin::Origin;
use usher_shims::request::Request;
use usher_shims::store::{Lookup, best_match};
use usher_shims::tool::Tool;
use usher_shims::toolchain::Store;

use super::assigned::assigned_requests;
use super::homes::{AccountContent, FoundRequest};
use super::{AccountUse, UnreadUse, UseKind};
use crate::inventory::accounts::{AccountFolders, MachineAccount, machine_accounts};
use crate::session::Session;
use crate::store::contents::StoreContents;
use crate::store::prune::references::{ProjectFiles, References, store_index};
use crate::store::prune::running::Processes;
use crate::store::venvs::{is_venv_file, venvs_of};

/// Who uses which versions.
#[derive(Debug, Default)]
pub struct AccountUses {
    by_root: BTreeMap<PathBuf, Vec<AccountUse>>,
    /// What can't be read.
    pub unread: Vec<UnreadUse>,
}

/// The accounts of the machine, and the versions in the store.
struct Machine<'a> {
    session: &'a Session,
    accounts: Vec<MachineAccount>,
    /// The accounts' names by their numbers.
    names: BTreeMap<u32, String>,
    /// The folders of the versions.
    roots: Vec<PathBuf>,
}

/// Whether the session's store is for all accounts, and the caller can see what they use.
pub fn is_for_all(session: &Session) -> bool {
    let folders = &session.folders;
    let is_shared = session.index.stores().contains(&folders.data);
    geteuid().is_root() && (folders.is_system_wide || is_shared)
}

impl AccountUses {
    /// Who uses the versions of the session's store, and has projects in these folders. An error if
    /// the caller isn't root.
    pub fn find(session: &Session, projects: &[PathBuf]) -> Result<Self> {
        let (accounts, roots) = (machine_accounts()?, store_roots(session)?);
        let names = accounts.iter().rev().map(|one| (one.user, one.name.clone())).collect();
        let mut machine = Machine { session, accounts, names, roots };
        let files = project_files(session, projects)?;
        machine.add_homes(&files);
        let mut uses = Self::default();
        let mut store = StoreRequests::new(session);
        for account in &machine.accounts {
            let mut found = AccountContent::default();
            found.read(session, account, &machine.roots);
            uses.add_content(&account.name, found, &mut store)?;
        }
        uses.add_assigned(&machine, &mut store)?;
        uses.add_pins(&machine, &files);
        uses.add_environments(&machine, &files);
        uses.add_processes(&machine);
        for error in files.into_iter().flat_map(|files| files.unsearched) {
            uses.unread.push(UnreadUse { account: None, error });
        }
        for uses in uses.by_root.values_mut() {
            uses.sort();
            uses.dedup();
        }
        Ok(uses)
    }

    /// Who uses the version in this folder.
    pub fn of(&self, root: &Path) -> &[AccountUse] {
        self.by_root.get(root).map_or(&[], Vec::as_slice)
    }

    /// Adds what requests versions to other references.
    pub fn add_to(&self, references: &mut References) {
        for (root, uses) in &self.by_root {
            for AccountUse { account, kind, origin, .. } in uses {
                let owned = |what| format!("{}'s {what}, {origin}", Escaped(account));
                references.add_other_account(
                    root,
                    match kind {
                        UseKind::Pin => origin.clone(),
                        UseKind::Default => owned("default"),
                        UseKind::Shim => owned("versioned shim"),
                        UseKind::Packages => owned("global packages"),
                        UseKind::Environment | UseKind::Process => continue,
                    },
                );
            }
        }
    }

    /// The environments that need the version in a folder.
    pub fn environments(&self, root: &Path) -> Vec<PathBuf> {
        let uses = self.of(root).iter().filter(|one| one.kind == UseKind::Environment);
        uses.filter_map(|one| one.path.clone()).collect()
    }

    /// An error if something can't be read.
    pub fn require_all_read(&self) -> Result<()> {
        let Some(UnreadUse { error, .. }) = self.unread.first() else { return Ok(()) };
        let error = match self.unread.len() - 1 {
            0 => error.clone(),
            more => error.clone().because(format!("{more} more can't be read")),
        };
        let error = error.because("it may request any version, so nothing is removed");
        Err(error.hint("use list --accounts"))
    }

    fn add(&mut self, root: &Path, one: AccountUse) {
        self.by_root.entry(root.to_path_buf()).or_default().push(one);
    }

    /// Adds what was found in an account's folders.
    fn add_content(
        &mut self,
        account: &str,
        found: AccountContent,
        store: &mut StoreRequests<'_>,
    ) -> Result<()> {
        let account = account.to_owned();
        for FoundRequest { tool, request, kind, location } in found.requests {
            if let Some(root) = store.root_of(tool, &request)? {
                let (account, origin) = (account.clone(), location.to_string());
                self.add(&root, AccountUse { account, kind, origin, path: Some(location.path) });
            }
        }
        for (root, kind, folder) in found.versions {
            self.add(&root, AccountUse::in_folder(account.clone(), kind, folder));
        }
        let unread = found.unread.into_iter();
        self.unread.extend(unread.map(|error| UnreadUse { account: Some(account.clone()), error }));
        Ok(())
    }

    /// Adds the defaults that root set for accounts and groups.
    fn add_assigned(&mut self, machine: &Machine<'_>, store: &mut StoreRequests<'_>) -> Result<()> {
        let folders = &machine.session.folders;
        let account =
            |number: u32| machine.names.get(&number).cloned().unwrap_or_else(|| number.to_string());
        let group = |number: u32| format!("group {number}");
        let kinds: [(PathBuf, &dyn Fn(u32) -> String); 2] =
            [(folders.account_defaults(), &account), (folders.group_defaults(), &group)];
        for (folder, name) in kinds {
            for (number, found) in assigned_requests(machine.session, &folder)? {
                let mut content = AccountContent::default();
                match found {
                    Ok(request) => content.requests.push(request),
                    Err(error) => content.unread.push(error),
                }
                self.add_content(&name(number), content, store)?;
            }
        }
        Ok(())
    }

    /// Adds the pins of projects, each for the account that owns the file.
    fn add_pins(&mut self, machine: &Machine<'_>, files: &[ProjectFiles]) {
        let mut references = References::of_store(machine.session);
        for folder in files.iter().flat_map(ProjectFiles::folders) {
            if let Err(error) = references.add_project(machine.session, folder) {
                let account = Some(machine.owner(folder));
                self.unread.push(UnreadUse { account, error });
            }
        }
        for (root, origin, text) in references.all() {
            if let Some(Origin::File(location)) = origin {
                let (account, path) = (machine.owner(&location.path), Some(location.path.clone()));
                let (kind, origin) = (UseKind::Pin, text.to_owned());
                self.add(root, AccountUse { account, kind, origin, path });
            }
        }
    }

    /// Adds the environments of projects.
    fn add_environments(&mut self, machine: &Machine<'_>, files: &[ProjectFiles]) {
        for venv in venvs_of(machine.session, files.iter().flat_map(|files| &files.others)) {
            let world = &machine.session.world;
            for root in machine.roots.iter().filter(|root| venv.needs(world, root)) {
                let account = machine.owner(&venv.folder);
                let folder = venv.folder.clone();
                self.add(root, AccountUse::in_folder(account, UseKind::Environment, folder));
            }
        }
    }

    /// Adds the processes that run from the store.
    fn add_processes(&mut self, machine: &Machine<'_>) {
        let processes = Processes::list();
        for root in &machine.roots {
            for process in processes.of(root) {
                let account = machine.account_name(process.user);
                let (kind, origin) = (UseKind::Process, format!("process {}", process.id));
                self.add(root, AccountUse { account, kind, origin, path: None });
            }
        }
    }
}

impl AccountUse {
    fn in_folder(account: String, kind: UseKind, folder: PathBuf) -> Self {
        Self { account, kind, origin: Shown(&folder).to_string(), path: Some(folder) }
    }
}

impl Machine<'_> {
    /// The name of the account that owns a file; its number if it has none.
    fn owner(&self, path: &Path) -> String {
        let Ok(seen) = path.symlink_metadata() else { return "unknown".to_owned() };
        self.account_name(seen.uid())
    }

    /// The name of an account; its number if it has none.
    fn account_name(&self, user: u32) -> String {
        self.names.get(&user).cloned().unwrap_or_else(|| user.to_string())
    }

    /// Adds the homes of usher's in projects to the accounts that own them: an `USHER_HOME` is known by
    /// its shims' index.
    fn add_homes(&mut self, files: &[ProjectFiles]) {
        for file in files.iter().flat_map(|files| &files.others) {
            let (Some(data), Ok(seen)) = (file.ancestors().nth(2), file.symlink_metadata()) else {
                continue;
            };
            let is_home = is_index(file) && data != self.session.folders.data;
            let owners = self.accounts.iter_mut().filter(|one| is_home && one.user == seen.uid());
            for account in owners.take(1) {
                if !account.folders.iter().any(|known| known.data == data) {
                    let (data, config) = (data.to_path_buf(), data.join("config"));
                    account.folders.push(AccountFolders { data, config });
                }
            }
        }
    }
}

/// The files of projects that may request or need versions.
fn project_files(session: &Session, projects: &[PathBuf]) -> Result<Vec<ProjectFiles>> {
    let is_other = |path: &Path| is_index(path) || is_venv_file(session, path);
    projects.iter().map(|folder| ProjectFiles::below(folder, &is_other)).collect()
}

/// Whether a file is the index of a shim folder.
fn is_index(path: &Path) -> bool {
    path.ends_with(Path::new("shims").join(INDEX_FILE))
}

/// The folders of the versions in the session's own store.
fn store_roots(session: &Session) -> Result<Vec<PathBuf>> {
    let store = session.folders.toolchains();
    let contents = StoreContents::of(&session.registry, &store, &Store::Own)?;
    Ok(contents.locations.into_iter().map(|location| location.root).collect())
}

/// The versions that requests mean in a store, each looked up once.
struct StoreRequests<'a> {
    session: &'a Session,
    index: Index,
    known: BTreeMap<(&'static str, String), Option<PathBuf>>,
}

impl<'a> StoreRequests<'a> {
    /// For the session's own store alone: what another account has elsewhere isn't what root has.
    fn new(session: &'a Session) -> Self {
        Self { session, index: store_index(session), known: BTreeMap::new() }
    }

    /// The folder of the version that a request means.
    fn root_of(&mut self, tool: &'static Tool, request: &Request) -> Result<Option<PathBuf>> {
        let key = (tool.name, request.as_str().to_owned());
        if let Some(root) = self.known.get(&key) {
            return Ok(root.clone());
        }
        let found = best_match(&self.session.world, &self.index, tool, request)?;
        let root = match found {
            Lookup::Toolchain(found) => Some(found.root),
            Lookup::Nothing | Lookup::Stale => None,
        };
        self.known.insert(key, root.clone());
        Ok(root)
    }
}
