//! What every verb is given: the process, the folders, the settings, the registry, the index.

pub mod current;
#[cfg(test)]
pub(crate) mod in_memory;
pub mod reporter;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, Result};
use usher_shims::exec::ProcessArgs;
use usher_shims::folders::Folders;
use usher_shims::index::Index;
use usher_shims::path::Shim;
use usher_shims::process::{RunningShim, add_variables, is_secure};
use usher_shims::resolve::Resolver;
use usher_shims::world::{AnyWorld, Os, World as _, read_optional};

use self::reporter::{Reporter, Silent};
use crate::config::folders;
use crate::config::settings::Settings;
use crate::inventory::{MachineScan, ProbeCache, expand_folder, scan};
use crate::registry::{self, Registry};

/// All that a verb may need; made once, in [`crate::run`].
pub struct Session {
    /// All input.
    pub world: AnyWorld,
    /// What the process was given.
    pub given: ProcessArgs,
    /// Where usher keeps what.
    pub folders: Folders,
    /// What the user has set.
    pub settings: Settings,
    /// All tools.
    pub registry: Registry,
    /// What the shims know of the machine, as it is now, with the variables of this process.
    pub index: Index,
    /// usher's own shims, which are never what they stand for.
    pub shim: Shim,
    /// What is told and shown beside the answer.
    pub reporter: Box<dyn Reporter + Sync>,
}

/// Makes what shows things to a person; `true` on a terminal on which downloads can be drawn.
pub type NewReporter = fn(bool) -> Box<dyn Reporter + Sync>;

impl Session {
    /// Finds out where and what usher is here.
    pub fn new(given: ProcessArgs, running: RunningShim, reporter: NewReporter) -> Result<Self> {
        let world: AnyWorld = Box::new(Os);
        let folders = folders::find(&world, &running.folder)?;
        let files = [folders.settings_file(), folders.machine_settings_file()];
        let texts = files.map(|path| read_text(&path).map(|text| (path, text)));
        let texts: Vec<(PathBuf, Option<String>)> = texts.into_iter().collect::<Result<_>>()?;
        let trusted = |name: &str| world.variable(name).filter(|_| !is_secure());
        let settings = Settings::load(&texts, &trusted)?;
        let own = registry::files(&world, &folders);
        let registry = Registry::load()?.with_custom_tools(&own).with_mirrors(&settings.source)?;
        let mut shim = running.known;
        if !shim.folders.contains(&folders.shims()) {
            shim.folders.insert(0, folders.shims());
        }
        shim.binary = Some(folders.shim_binary());
        let index = Index::default();
        let reporter = match settings.quiet {
            true => Box::new(Silent),
            false => reporter(draws(&world)),
        };
        let mut session = Self { world, given, folders, settings, registry, index, shim, reporter };
        session.refresh()?;
        Ok(session)
    }

    /// The resolver of the shims, with this machine as it is now.
    pub fn resolver(&self) -> Resolver<'_, AnyWorld> {
        Resolver { world: &self.world, index: &self.index, shim: &self.shim }
    }

    /// Looks at the machine anew.
    pub fn refresh(&mut self) -> Result<()> {
        self.rescan(ProbeCache::All)
    }

    /// Looks at the machine anew, and believes what was found out before as far as told.
    pub fn rescan(&mut self, probe_cache: ProbeCache) -> Result<()> {
        let mut index = scan(&self.machine_scan(probe_cache))?;
        add_variables(&self.world, &mut index)?;
        self.index = index;
        Ok(())
    }

    /// The folders that one of a definition stands for.
    pub fn expand_folder(&self, folder: &str) -> Result<Vec<PathBuf>> {
        expand_folder(&self.world, &self.folders, folder)
    }

    fn machine_scan(&self, probe_cache: ProbeCache) -> MachineScan<'_> {
        let (world, folders, registry) = (&self.world, &self.folders, &self.registry);
        let (settings, known) = (self.settings.from_files(), &self.index);
        MachineScan { world, folders, settings, registry, known, probe_cache }
    }

    /// Tells nothing from now on, and shows no progress.
    pub fn set_quiet(&mut self) {
        self.settings.quiet = true;
        self.reporter = Box::new(Silent);
    }

    /// Tells the person something beside the answer.
    pub fn note(&self, text: &str) {
        self.reporter.note(text);
    }

    /// Tells what is wrong with own tools' files.
    pub fn report_registry_errors(&self) {
        for fault in self.registry.faults() {
            self.note(&fault.to_string());
        }
    }

    /// Does something with another store in the place of the own one, and with nothing else on
    /// disk, as if that were the machine's.
    pub fn with_store<T>(&mut self, store: &Path, act: impl FnOnce(&Self) -> T) -> T {
        let own =
            Folders { data: store.to_path_buf(), is_system_wide: true, ..self.folders.clone() };
        let tools = self.registry.tools().clone();
        let index = Index { folders: own.clone(), tools, ..Index::default() };
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
            let place = bytes.iter().position(|byte| *byte == b'=')?;
            let [name, value] = [&bytes[..place], &bytes[place + 1..]].map(<[u8]>::to_vec);
            Some((OsString::from_vec(name), OsString::from_vec(value)))
        });
        entries.collect()
    }
}

/// Whether standard error is a terminal that can move its cursor.
fn draws(world: &AnyWorld) -> bool {
    io::stderr().is_terminal() && world.variable("TERM").is_some_and(|terminal| terminal != "dumb")
}

/// A text that may be absent.
pub fn read_text(path: &Path) -> Result<Option<String>> {
    let no_text = |_| io::Error::new(io::ErrorKind::InvalidData, "it is no UTF-8 text");
    // What is no regular file is refused: a FIFO would be waited for.
    let text = read_optional(&Os, path).and_then(|content| {
        content.map(|text| String::from_utf8(text).map_err(no_text)).transpose()
    });
    text.map_err(|error| Error::io("read", path, error))
}
