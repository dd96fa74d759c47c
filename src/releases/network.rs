//! How this run reaches the network: one client for all, and one that knows npm's registry.

mod keyed_mutex;

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::home::INDEX;
use usher_shims::path::next_on_path;
use usher_shims::world::World as _;

use crate::config::client;
use crate::config::network;
use crate::config::npm::NpmAccess;
use crate::config::pip::{self, PipAccess};
use crate::config::settings::Address;
use crate::config::sources::ConfigSources;
use crate::http::{CaFile, Client, NetworkConfig, Proxies};
use crate::releases::Via;
use crate::session::{Usher, read_text};
pub use keyed_mutex::KeyedGuard;
use keyed_mutex::KeyedMutex;

/// The network, as the user has set it up; nothing is asked before it is needed.
pub struct Network<'a> {
    usher: &'a Usher,
    plain: OnceLock<Client>,
    npm: OnceLock<Npm>,
    pypi: OnceLock<Pypi>,
    /// Held while a registry's address is found: asking its client once is enough.
    finding: Mutex<()>,
    /// The addresses that are being asked.
    asking: KeyedMutex,
}

/// The `PyPI` index and the client that may speak to it.
pub struct Pypi {
    /// Its address, with a slash at the end.
    pub address: String,
    /// Asks it.
    pub client: Client,
}

/// The npm registry and the client that may speak to it.
pub struct Npm {
    /// Its address, with a slash at the end.
    pub registry: String,
    /// Asks it.
    pub client: Client,
}

impl<'a> Network<'a> {
    /// The network of this run.
    pub fn new(usher: &'a Usher) -> Self {
        Self {
            usher,
            plain: OnceLock::new(),
            npm: OnceLock::new(),
            pypi: OnceLock::new(),
            finding: Mutex::new(()),
            asking: KeyedMutex::default(),
        }
    }

    /// Waits until nobody else asks for what lies at an address and may be kept then.
    pub fn lock_address(&self, address: &str) -> KeyedGuard<'_> {
        self.asking.lock(address)
    }

    /// The client for everything but npm's registry.
    pub fn client(&self) -> &Client {
        self.plain.get_or_init(|| Client::new(self.access()))
    }

    /// npm's registry.
    pub fn npm(&self) -> Result<&Npm> {
        let _turn = self.finding.lock().unwrap_or_else(PoisonError::into_inner);
        if self.npm.get().is_none() {
            let access = self.find_npm()?;
            let mut extra_ca_files = self.extra_ca();
            extra_ca_files.extend(access.cafile.clone());
            let registry = access.registry.as_str().to_owned();
            let client = Client::new(NetworkConfig {
                proxies: access.proxies().unwrap_or_else(|| self.proxies()),
                extra_ca_files,
                credentials: access.credentials,
                ..self.access()
            });
            let _ = self.npm.set(Npm { registry, client });
        }
        self.npm
            .get()
            .ok_or_else(|| Error::new(ErrorKind::NoRegistry, "npm's registry can't be found"))
    }

    /// The `PyPI` index.
    pub fn pypi(&self) -> Result<&Pypi> {
        let _turn = self.finding.lock().unwrap_or_else(PoisonError::into_inner);
        if self.pypi.get().is_none() {
            let access = self.find_pypi()?;
            let mut extra_ca_files = self.extra_ca();
            extra_ca_files.extend(access.cert);
            let client = Client::new(NetworkConfig { extra_ca_files, ..self.access() });
            let _ = self.pypi.set(Pypi { address: access.index.as_str().to_owned(), client });
        }
        self.pypi
            .get()
            .ok_or_else(|| Error::new(ErrorKind::NoRegistry, "the PyPI index can't be found"))
    }

    /// The client that fetches what comes this way.
    pub fn client_for(&self, via: Via) -> Result<&Client> {
        Ok(match via {
            Via::Web => self.client(),
            Via::Npm => &self.npm()?.client,
            Via::Pypi => &self.pypi()?.client,
        })
    }

    fn find_pypi(&self) -> Result<PipAccess> {
        self.with_sources(|sources| PipAccess::load(sources, &|| self.ask_pip()))
    }

    /// What other programs' configuration is read from.
    fn with_sources<T>(&self, load: impl FnOnce(&ConfigSources<'_>) -> T) -> T {
        load(&ConfigSources {
            settings: &self.usher.settings,
            config: &self.usher.folders.settings_file(),
            variables: &self.usher.variables(),
            home: self.usher.folders.user_home.as_deref(),
            read: &|path| self.usher.world.read(path),
        })
    }

    /// What an installed pip says, asked at most once: the answer is kept with the cache.
    fn ask_pip(&self) -> Option<Address> {
        const REMEMBERED: &str = "pypi-index";
        let remembered = self.remembered(REMEMBERED);
        if remembered.is_some() || self.usher.settings.offline {
            return remembered;
        }
        let find = |name| next_on_path(&self.usher.world, &self.usher.shim, name, &[]);
        let python = pip::INTERPRETERS.iter().find_map(|name| find(name))?;
        let variables = self.without_shims();
        let address = pip::QUESTIONS
            .iter()
            .find_map(|question| client::answer(&python, question, &variables).ok())?;
        self.remember(REMEMBERED, &address);
        Some(address)
    }

    fn remembered(&self, name: &str) -> Option<Address> {
        let path = self.usher.folders.cache.join(name);
        read_text(&path).ok().flatten().and_then(|text| Address::parse(text.trim()))
    }

    /// Where that can't be written, it is asked for once more the next time.
    fn remember(&self, name: &str, address: &Address) {
        let cache = &self.usher.folders.cache;
        let kept = fs::create_dir_all(cache)
            .and_then(|()| tempfile::NamedTempFile::new_in(cache))
            .and_then(|mut file| file.write_all(address.as_str().as_bytes()).map(|()| file));
        if let Ok(file) = kept {
            let _ = file.persist(cache.join(name));
        }
    }

    /// What holds for everybody who is asked.
    fn access(&self) -> NetworkConfig {
        let variable = |name: &str| self.usher.world.variable(name);
        NetworkConfig {
            proxies: self.proxies(),
            authorities: network::authorities(&variable),
            extra_ca_files: self.extra_ca(),
            ..NetworkConfig::default()
        }
    }

    fn extra_ca(&self) -> Vec<CaFile> {
        network::extra_ca_files(&|name| self.usher.world.variable(name))
    }

    /// What the environment says of proxies; a variable that isn't text says nothing.
    fn proxies(&self) -> Proxies {
        network::proxies(&|name| self.usher.world.variable(name)?.into_string().ok())
    }

    fn find_npm(&self) -> Result<NpmAccess> {
        let npm = next_on_path(&self.usher.world, &self.usher.shim, "npm", &[]);
        let ask = npm.map(|npm| move || self.ask(&npm));
        let ask = ask.as_ref().map(|ask| ask as &dyn Fn() -> Result<Address>);
        self.with_sources(|sources| NpmAccess::load(sources, ask))
    }

    /// What an installed npm says, asked at most once: the answer is kept with the cache.
    fn ask(&self, npm: &std::path::Path) -> Result<Address> {
        const REMEMBERED: &str = "npm-registry";
        if let Some(known) = self.remembered(REMEMBERED) {
            return Ok(known);
        }
        if self.usher.settings.offline {
            return Err(Error::new(ErrorKind::Offline, "npm isn't asked: usher is offline"));
        }
        let address = client::ask(npm, &self.without_shims(), client::PATIENCE)?;
        self.remember(REMEMBERED, &address);
        Ok(address)
    }

    /// The environment, without any usher's shims on its PATH: npm is to run on its own node.
    fn without_shims(&self) -> Vec<(OsString, OsString)> {
        let mut variables = self.usher.variables();
        for (_, path) in variables.iter_mut().filter(|(name, _)| name == "PATH") {
            let holds_shims = |folder: &PathBuf| {
                self.usher.world.probe(folder, &[INDEX]).is_ok_and(|found| found != 0)
            };
            let others = std::env::split_paths(path).filter(|folder| !holds_shims(folder));
            *path = std::env::join_paths(others).unwrap_or_default();
        }
        variables
    }
}
