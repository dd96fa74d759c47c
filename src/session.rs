//! What every command runs with: the process, the folders, the settings, the registry, the index.

pub mod active;
pub mod end_of_life;
mod home_world;
#[cfg(test)]
pub(crate) mod in_memory;
pub mod policy;
pub mod reporter;
pub mod retired;
pub mod short_paths;

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::SystemTime;

use usher_shims::error::{Error, Result};
use usher_shims::exec::ProcessArgs;
use usher_shims::folders::Folders;
use usher_shims::index::Index;
use usher_shims::ownership::ROOT;
use usher_shims::path::Shim;
use usher_shims::policy::policy_file;
use usher_shims::process::{RunningShim, add_variables, is_secure, read_index};
use usher_shims::resolve::Resolver;
use usher_shims::world::{AnyWorld, Os, World, read_optional};

use self::policy::{FetchPolicy, MachinePolicy};
use self::reporter::{Reporter, Silent};
use crate::config::folders::{self, Homes};
use crate::config::settings::Settings;
use crate::files::own_folder::{self, OwnFolder, Refusal};
use crate::inventory::{MachineScan, ProbeReuse, expand_folder, machine_of_account, scan};
use crate::registry::{self, Registry};

/// What a command runs with; created once, in [`crate::run`].
pub struct Session {
    /// The operating system, or a world in memory for tests.
    pub world: AnyWorld,
    /// The arguments and the environment of the process.
    pub given: ProcessArgs,
    /// usher's folders.
    pub folders: Folders,
    /// The machine's data folder, whether there is one or not.
    pub machine: PathBuf,
    /// The running `use`.
    pub program: PathBuf,
    /// The user's settings.
    pub settings: Settings,
    /// What no account can override.
    pub policy: MachinePolicy,
    /// All tools.
    pub registry: Registry,
    /// The shims' index, rescanned for this process.
    pub index: Index,
    /// usher's own shims, which are skipped where programs are looked up on PATH.
    pub shim: Shim,
    /// Prints notes and progress.
    pub reporter: Box<dyn Reporter + Sync>,
    /// When the command began.
    pub now: SystemTime,
    /// Whether it was reported that the cache isn't used.
    cache_report: Once,
}

/// Creates the reporter; the argument is `true` on a terminal that can draw progress bars.
pub type NewReporter = fn(bool) -> Box<dyn Reporter + Sync>;

impl Session {
    /// Loads the settings and the registry, and scans the machine.
    ///
    /// An error if a settings file is invalid or can't be read, or if usher's home isn't found.
    pub fn new(given: ProcessArgs, running: RunningShim, reporter: NewReporter) -> Result<Self> {
        let mut session = Self::load(given, running, reporter)?;
        session.refresh()?;
        Ok(session)
    }

    /// As [`new`](Self::new), but with the index that was written last: the machine isn't scanned. It
    /// never uses the network, and prints nothing.
    pub fn unscanned(given: ProcessArgs, running: RunningShim) -> Result<Self> {
        let written = read_index(&Os, &running, None)?;
        let mut session = Self::load(given, running, |_| Box::new(Silent))?;
        session.settings.go_offline();
        session.index = written.unwrap_or_else(|| Index {
            folders: session.folders.clone(),
            tools: session.registry.tools().clone(),
            ..Index::default()
        });
        Ok(session)
    }

    fn load(given: ProcessArgs, running: RunningShim, reporter: NewReporter) -> Result<Self> {
        let Homes { folders, machine } = folders::find_folders(&Os, &running)?;
        let world = home_world::world(&folders);
        let files = [folders.settings_file(), folders.machine_settings_file()];
        let texts = files.map(|path| own_text(&path).map(|text| (path, text)));
        let texts: Vec<(PathBuf, Option<String>)> = texts.into_iter().collect::<Result<_>>()?;
        let mut settings = Settings::load(&texts, &|name| world.variable(name))?;
        if is_secure() {
            settings.go_offline();
        }
        let own = registry::files(&folders)?;
        let registry = Registry::load()?.with_custom_tools(&own).with_mirrors(&settings.source)?;
        let policy = machine_policy(&registry)?;
        let (program, mut shim) = (running.file, running.known);
        if !shim.folders.contains(&folders.shims()) {
            shim.folders.insert(0, folders.shims());
        }
        shim.binary = Some(folders.shim_binary());
        let index = Index::default();
        let reporter = match settings.quiet {
            true => Box::new(Silent),
            false => reporter(draws(&world)),
        };
        let cache_report = Once::new();
        Ok(Self {
            world,
            given,
            folders,
            machine,
            program,
            settings,
            policy,
            registry,
            index,
            shim,
            reporter,
            now: SystemTime::now(),
            cache_report,
        })
    }

    /// Whether this account administers the machine's versions, so that the limits of accounts don't
    /// concern it.
    pub fn is_administrator(&self) -> bool {
        let is_machines = self.folders.is_system_wide && self.folders.data == self.machine;
        is_machines || self.world.account() == ROOT
    }

    /// Whether this account may install versions.
    pub fn may_fetch(&self) -> bool {
        self.policy.fetch == FetchPolicy::Accounts || self.is_administrator()
    }

    /// Whether this account may request versions from the machine, which installs them.
    pub fn may_request(&self) -> bool {
        self.policy.fetch == FetchPolicy::Requests && self.machine_home().is_some()
    }

    /// The shims' resolver, with the current index.
    pub fn resolver(&self) -> Resolver<'_, AnyWorld> {
        self.resolver_in(&self.world)
    }

    /// The shims' resolver in another world: a folder of the project, for example.
    pub fn resolver_in<'a, W: World>(&'a self, world: &'a W) -> Resolver<'a, W> {
        Resolver { world, index: &self.index, shim: &self.shim, unusable: None }
    }

    /// Rescans the machine, reusing all cached probe results.
    pub fn refresh(&mut self) -> Result<()> {
        self.rescan(ProbeReuse::All)
    }

    /// Rescans the machine, reusing cached probe results according to `probe_reuse`.
    pub fn rescan(&mut self, probe_reuse: ProbeReuse) -> Result<()> {
        let mut index = scan(&self.machine_scan(probe_reuse))?;
        add_variables(&self.world, &mut index)?;
        index.policy = self.policy.versions.clone();
        self.index = index;
        Ok(())
    }

    /// The machine's data folder, if that is another home than this session's and is in use.
    pub fn machine_home(&self) -> Option<&Path> {
        machine_of_account(&self.world, &self.folders, &self.machine)
    }

    /// The existing folders that a folder pattern of a definition (`~/.nvm/versions/*`) matches.
    pub fn expand_folder(&self, folder: &str) -> Result<Vec<PathBuf>> {
        expand_folder(&self.world, &self.folders, folder)
    }

    fn machine_scan(&self, probe_reuse: ProbeReuse) -> MachineScan<'_> {
        let (world, folders, registry) = (&self.world, &self.folders, &self.registry);
        let (settings, known) = (self.settings.from_files(), &self.index);
        let (machine, toolchains) = (&self.machine, &self.settings.toolchains);
        MachineScan { world, folders, machine, settings, toolchains, registry, known, probe_reuse }
    }

    /// Prints no notes and no progress from now on.
    pub fn set_quiet(&mut self) {
        self.settings.quiet = true;
        self.reporter = Box::new(Silent);
    }

    /// Reports, once, a cache folder that isn't used because another account could have written it.
    pub fn report_unused_cache(&self) {
        self.cache_report.call_once(|| {
            if let Err(Refusal::Planted(error)) = cache_folders(&self.folders.cache) {
                self.note(&format!("the cache is not used: {}", error.what));
            }
        });
    }

    /// Prints a note to standard error.
    pub fn note(&self, text: &str) {
        self.reporter.note(text);
    }

    /// Prints the errors in the user's own registry files.
    pub fn report_registry_errors(&self) {
        for fault in self.registry.definition_errors() {
            self.note(&fault.to_string());
        }
    }

    /// Runs `act` with another store in place of usher's own: one for the whole machine, with no other
    /// installed version.
    pub fn with_store<T>(&mut self, store: &Path, act: impl FnOnce(&Self) -> T) -> T {
        let own =
            Folders { data: store.to_path_buf(), is_system_wide: true, ..self.folders.clone() };
        let (tools, policy) = (self.registry.tools().clone(), self.index.policy.clone());
        let index = Index { folders: own.clone(), tools, policy, ..Index::default() };
        let before =
            (std::mem::replace(&mut self.folders, own), std::mem::replace(&mut self.index, index));
        let done = act(self);
        (self.folders, self.index) = before;
        done
    }

    /// The environment's variables.
    pub fn variables(&self) -> Vec<(OsString, OsString)> {
        use std::os::unix::ffi::OsStringExt as _;
        let entries = self.given.environment.iter().filter_map(|entry| {
            let bytes = entry.to_bytes();
            let equals = bytes.iter().position(|byte| *byte == b'=')?;
            let [name, value] = [&bytes[..equals], &bytes[equals + 1..]].map(<[u8]>::to_vec);
            Some((OsString::from_vec(name), OsString::from_vec(value)))
        });
        entries.collect()
    }
}

/// The machine's policy. One that can't be used is an error: it may forbid anything.
fn machine_policy(registry: &Registry) -> Result<MachinePolicy> {
    let path = policy_file();
    let found = read_optional(&Os, &path).map_err(|error| Error::io("read", &path, error))?;
    found.map_or_else(
        || Ok(MachinePolicy::default()),
        |found| MachinePolicy::parse(&path, &found.bytes, registry),
    )
}

/// Whether standard error is a terminal that can move its cursor.
fn draws(world: &AnyWorld) -> bool {
    io::stderr().is_terminal() && world.variable("TERM").is_some_and(|terminal| terminal != "dumb")
}

/// Opens the cache folder and those in it, as their users do.
fn cache_folders(cache: &Path) -> std::result::Result<(), Refusal> {
    let Some(cache) = OwnFolder::open(cache)? else { return Ok(()) };
    cache.refuse_foreign()?;
    for name in ["indexes", "downloads"] {
        if let Some(folder) = cache.folder(OsStr::new(name))? {
            folder.refuse_foreign()?;
        }
    }
    Ok(())
}

/// The text of a file in one of usher's folders; `None` if it doesn't exist. An error if another
/// account could have put it there.
pub fn own_text(path: &Path) -> Result<Option<String>> {
    own_folder::read(path)?.map(|content| utf8(path, content.bytes)).transpose()
}

/// The text of a file; `None` if it doesn't exist.
pub fn read_text(path: &Path) -> Result<Option<String>> {
    // Only a regular file is read: a FIFO would block.
    let content = read_optional(&Os, path).map_err(|error| Error::io("read", path, error))?;
    content.map(|content| utf8(path, content.bytes)).transpose()
}

fn utf8(path: &Path, content: Vec<u8>) -> Result<String> {
    let not_utf8 = |_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text");
    String::from_utf8(content).map_err(not_utf8).map_err(|error| Error::io("read", path, error))
}
