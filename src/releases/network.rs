//! How this run reaches the network: one client for all, and one for each package registry.

mod keyed_mutex;
mod package_managers;

use std::ffi::OsString;
use std::sync::{Mutex, OnceLock, PoisonError};

use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::folders::Folders;
use usher_shims::path::Shim;
use usher_shims::world::{AnyWorld, World as _};

use super::release_part::FetchClient;
use crate::config::network;
use crate::config::npm::NpmAccess;
use crate::config::pip::PipAccess;
use crate::config::settings::{Address, Settings};
use crate::config::sources::ConfigSources;
use crate::files::write_access::{ThreadAccess, WriteAccess};
use crate::http::{CaFile, Client, NetworkConfig, Proxies};
use crate::session::Session;
pub(super) use keyed_mutex::KeyedMutex;
use package_managers::PackageManagers;

/// What decides how the network is reached.
pub(super) struct NetworkEnvironment<'a> {
    pub(super) world: &'a AnyWorld,
    /// usher's own shims, which are never asked for a registry's address.
    pub(super) shim: &'a Shim,
    pub(super) folders: &'a Folders,
    pub(super) settings: &'a Settings,
    /// The environment.
    pub(super) variables: Vec<(OsString, OsString)>,
}

/// The network, as the user has set it up; nothing is asked before it is needed.
pub struct Network<'a> {
    of: NetworkEnvironment<'a>,
    /// As whom answers are kept in the cache; without, none is.
    writer: Option<ThreadAccess<'a>>,
    plain: OnceLock<Client>,
    npm: OnceLock<Npm>,
    pypi: OnceLock<Pypi>,
    /// Held while a registry's address is found: asking its client once is enough.
    finding: Mutex<()>,
    /// Held while an index is asked for.
    indexes: KeyedMutex,
}

/// The npm registry and the client that may speak to it.
pub struct Npm {
    /// Its address, with a slash at the end.
    pub registry: String,
    /// Asks it.
    pub client: Client,
}

/// The `PyPI` index and the client that may speak to it.
pub struct Pypi {
    /// Its address, with a slash at the end.
    pub address: String,
    /// Asks it.
    pub client: Client,
}

impl<'a> Network<'a> {
    /// The network of this run, which only reads the cache; made once.
    pub fn new(session: &'a Session) -> Self {
        let Session { world, shim, folders, settings, .. } = session;
        let variables = session.variables();
        Self::of(NetworkEnvironment { world, shim, folders, settings, variables })
    }

    /// The same, which keeps in the cache what it is told.
    pub fn with_cache(session: &'a Session, access: &'a WriteAccess) -> Self {
        Self { writer: Some(access.for_threads()), ..Self::new(session) }
    }

    /// The same, for commands of which nothing depends on what is kept.
    pub fn with_cache_if(session: &'a Session, access: Option<&'a WriteAccess>) -> Self {
        access.map_or_else(|| Self::new(session), |access| Self::with_cache(session, access))
    }

    /// The network, where this decides how it is reached.
    pub(super) fn of(surroundings: NetworkEnvironment<'a>) -> Self {
        Self {
            of: surroundings,
            writer: None,
            plain: OnceLock::new(),
            npm: OnceLock::new(),
            pypi: OnceLock::new(),
            finding: Mutex::new(()),
            indexes: KeyedMutex::default(),
        }
    }

    /// As whom answers are kept in the cache.
    pub(super) fn writer(&self) -> Option<ThreadAccess<'a>> {
        self.writer
    }

    /// What is held while the index at an address is asked for.
    pub(super) fn index_locks(&self) -> &KeyedMutex {
        &self.indexes
    }

    /// The client for everything but package registries.
    pub fn client(&self) -> &Client {
        self.plain.get_or_init(|| Client::new(self.config()))
    }

    /// npm's registry.
    pub fn npm(&self) -> Result<&Npm> {
        let _finding = self.finding.lock().unwrap_or_else(PoisonError::into_inner);
        if self.npm.get().is_none() {
            let access = self.find_npm()?;
            let mut extra_ca_files = self.extra_ca_files();
            extra_ca_files.extend(access.cafile.clone());
            let registry = access.registry.as_str().to_owned();
            let client = Client::new(NetworkConfig {
                proxies: access.proxies().unwrap_or_else(|| self.proxies()),
                extra_ca_files,
                credentials: access.credentials,
                ..self.config()
            });
            let _ = self.npm.set(Npm { registry, client });
        }
        self.npm
            .get()
            .ok_or_else(|| Error::new(ErrorKind::NoRegistry, "npm's registry can't be found"))
    }

    /// The `PyPI` index.
    pub fn pypi(&self) -> Result<&Pypi> {
        let _finding = self.finding.lock().unwrap_or_else(PoisonError::into_inner);
        if self.pypi.get().is_none() {
            let access = self.find_pypi()?;
            let mut extra_ca_files = self.extra_ca_files();
            extra_ca_files.extend(access.cert);
            let client = Client::new(NetworkConfig { extra_ca_files, ..self.config() });
            let _ = self.pypi.set(Pypi { address: access.index.as_str().to_owned(), client });
        }
        self.pypi
            .get()
            .ok_or_else(|| Error::new(ErrorKind::NoRegistry, "the PyPI index can't be found"))
    }

    /// The client that fetches what comes this way.
    pub fn client_for(&self, via: FetchClient) -> Result<&Client> {
        Ok(match via {
            FetchClient::Web => self.client(),
            FetchClient::Npm => &self.npm()?.client,
            FetchClient::Pypi => &self.pypi()?.client,
        })
    }

    fn find_npm(&self) -> Result<NpmAccess> {
        let clients = self.package_managers();
        let ask = clients.npm().map(|npm| {
            let clients = &clients;
            move || clients.npm_registry(&npm)
        });
        let ask = ask.as_ref().map(|ask| ask as &dyn Fn() -> Result<Address>);
        self.with_sources(|sources| NpmAccess::load(sources, ask))
    }

    fn find_pypi(&self) -> Result<PipAccess> {
        let ask = || self.package_managers().pypi_index();
        self.with_sources(|sources| PipAccess::load(sources, &ask))
    }

    /// What other programs' configuration is read from.
    fn with_sources<T>(&self, load: impl FnOnce(&ConfigSources<'_>) -> T) -> T {
        load(&ConfigSources {
            settings: self.of.settings,
            config: &self.of.folders.settings_file(),
            variables: &self.of.variables,
            home: self.of.folders.user_home.as_deref(),
            read: &|path| self.of.world.read(path),
        })
    }

    fn package_managers(&self) -> PackageManagers<'_> {
        PackageManagers {
            world: self.of.world,
            shim: self.of.shim,
            cache: &self.of.folders.cache,
            writer: self.writer,
            is_offline: self.of.settings.offline,
            variables: &self.of.variables,
        }
    }

    /// What holds for everybody who is asked.
    fn config(&self) -> NetworkConfig {
        NetworkConfig {
            proxies: self.proxies(),
            authorities: network::authorities(&|name| self.of.world.variable(name)),
            extra_ca_files: self.extra_ca_files(),
            ..NetworkConfig::default()
        }
    }

    fn extra_ca_files(&self) -> Vec<CaFile> {
        network::extra_ca_files(&|name| self.of.world.variable(name))
    }

    /// What the environment says of proxies; a variable that isn't text says nothing.
    fn proxies(&self) -> Proxies {
        network::proxies(&|name| self.of.world.variable(name)?.into_string().ok())
    }
}
