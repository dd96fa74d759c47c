//! The network clients of a run: one for each package registry, and one for everything else.

mod keyed_mutex;
mod package_managers;

use std::ffi::OsString;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use usher_shims::error::{Error, ErrorKind, Escaped, Result};
use usher_shims::folders::Folders;
use usher_shims::path::Shim;
use usher_shims::world::{AnyWorld, World as _};

use super::release_part::FetchClient;
use crate::config::network;
use crate::config::npm::NpmAccess;
use crate::config::pip::PipAccess;
use crate::config::settings::{Address, Settings};
use crate::config::sources::ConfigSources;
use crate::files::account::with_owners_rights;
use crate::files::write_access::{ThreadAccess, WriteAccess};
use crate::http::{AllowedSources, CaFile, Client, NetworkConfig, PlainHttp, Proxies};
use crate::session::Session;
pub(super) use keyed_mutex::KeyedMutex;
use package_managers::PackageManagers;

/// What the network configuration is read from.
pub(super) struct NetworkEnvironment<'a> {
    pub(super) world: &'a AnyWorld,
    /// usher's own shims, which are skipped where package managers are looked up on PATH.
    pub(super) shim: &'a Shim,
    pub(super) folders: &'a Folders,
    pub(super) settings: &'a Settings,
    /// The only hosts that may be asked; `None` if all may.
    pub(super) allowed_sources: Option<&'a AllowedSources>,
    /// The environment.
    pub(super) variables: Vec<(OsString, OsString)>,
}

/// The network clients. Each is created when it is first needed.
pub struct Network<'a> {
    environment: NetworkEnvironment<'a>,
    /// The right to write to the cache; without it nothing is cached.
    writer: Option<ThreadAccess<'a>>,
    plain: OnceLock<Client>,
    npm: OnceLock<Npm>,
    pypi: OnceLock<Pypi>,
    /// Held while a registry's address is looked up, so that its package manager is run only once.
    lookup_lock: Mutex<()>,
    /// Held while an index is fetched.
    indexes: KeyedMutex,
    /// The servers that all clients asked over plain http.
    plain_http: Arc<PlainHttp>,
    /// Prints a note about these at the end.
    session: Option<&'a Session>,
}

/// The npm registry and its client.
pub struct Npm {
    /// The registry's address, as a folder.
    pub registry: Address,
    /// Has the registry's credentials.
    pub client: Client,
}

/// The `PyPI` index and its client.
pub struct Pypi {
    /// The index's address, as a folder.
    pub address: Address,
    /// Trusts the certificate that pip is configured with.
    pub client: Client,
}

impl<'a> Network<'a> {
    /// The network clients of a session. They only read the cache.
    pub fn new(session: &'a Session) -> Self {
        session.report_unused_cache();
        let Session { world, shim, folders, settings, .. } = session;
        let variables = session.variables();
        let allowed_sources = session.policy.sources.as_ref();
        let environment =
            NetworkEnvironment { world, shim, folders, settings, allowed_sources, variables };
        let mut network = Self::in_environment(environment);
        network.session = Some(session);
        network
    }

    /// As [`new`](Self::new), but indexes and registry addresses are cached.
    pub fn with_cache(session: &'a Session, access: &'a WriteAccess) -> Self {
        let mut network = Self::new(session);
        network.writer = Some(access.for_threads());
        network
    }

    /// As [`with_cache`](Self::with_cache) if there is write access, otherwise as [`new`](Self::new).
    pub fn with_cache_if(session: &'a Session, access: Option<&'a WriteAccess>) -> Self {
        access.map_or_else(|| Self::new(session), |access| Self::with_cache(session, access))
    }

    /// The network clients that are configured in this environment.
    pub(super) fn in_environment(environment: NetworkEnvironment<'a>) -> Self {
        Self {
            environment,
            writer: None,
            plain: OnceLock::new(),
            npm: OnceLock::new(),
            pypi: OnceLock::new(),
            lookup_lock: Mutex::new(()),
            indexes: KeyedMutex::default(),
            plain_http: Arc::default(),
            session: None,
        }
    }

    /// The right to write to the cache.
    pub(super) fn writer(&self) -> Option<ThreadAccess<'a>> {
        self.writer
    }

    /// The locks that are held while an index is fetched, by its address.
    pub(super) fn index_locks(&self) -> &KeyedMutex {
        &self.indexes
    }

    /// The client for everything except package registries.
    pub fn client(&self) -> &Client {
        self.plain.get_or_init(|| Client::new(self.config()))
    }

    /// npm's registry. An error if its address can't be found.
    pub fn npm(&self) -> Result<&Npm> {
        let _lock = self.lookup_lock.lock().unwrap_or_else(PoisonError::into_inner);
        if self.npm.get().is_none() {
            let access = self.find_npm()?;
            let mut extra_ca_files = self.extra_ca_files();
            extra_ca_files.extend(access.cafile.clone());
            let registry = access.registry.clone();
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

    /// The `PyPI` index. An error if its address can't be found.
    pub fn pypi(&self) -> Result<&Pypi> {
        let _lock = self.lookup_lock.lock().unwrap_or_else(PoisonError::into_inner);
        if self.pypi.get().is_none() {
            let access = self.find_pypi()?;
            let mut extra_ca_files = self.extra_ca_files();
            extra_ca_files.extend(access.cert);
            let client = Client::new(NetworkConfig { extra_ca_files, ..self.config() });
            let _ = self.pypi.set(Pypi { address: access.index, client });
        }
        self.pypi
            .get()
            .ok_or_else(|| Error::new(ErrorKind::NoRegistry, "the PyPI index can't be found"))
    }

    /// The client of this kind.
    pub fn client_for(&self, client: FetchClient) -> Result<&Client> {
        Ok(match client {
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

    /// The addresses of the package registries, as far as they are configured or cached, each with its
    /// origin. Nothing is run.
    pub(super) fn known_registries(&self) -> Vec<(String, Address)> {
        let clients = PackageManagers { is_offline: true, ..self.package_managers() };
        // Without the network it only reads the cache.
        let ask_npm = || clients.npm_registry(Path::new("/"));
        let npm = self.with_sources(|sources| NpmAccess::load(sources, Some(&ask_npm)));
        let pypi = self.with_sources(|sources| PipAccess::load(sources, &|| clients.pypi_index()));
        let npm = npm.ok().map(|access| (access.origin, access.registry));
        npm.into_iter().chain(pypi.ok().map(|access| (access.origin, access.index))).collect()
    }

    /// Loads a package manager's configuration.
    fn with_sources<T>(&self, load: impl FnOnce(&ConfigSources<'_>) -> T) -> T {
        load(&ConfigSources {
            settings: self.environment.settings,
            config: &self.environment.folders.settings_file(),
            variables: &self.environment.variables,
            home: self.environment.folders.user_home.as_deref(),
            read: &|path| {
                let read = || self.environment.world.read(path);
                with_owners_rights(path, read).map(|content| content.bytes)
            },
        })
    }

    fn package_managers(&self) -> PackageManagers<'_> {
        PackageManagers {
            world: self.environment.world,
            shim: self.environment.shim,
            cache: &self.environment.folders.cache,
            writer: self.writer,
            is_offline: self.environment.settings.offline,
            variables: &self.environment.variables,
        }
    }

    /// The configuration that all clients share.
    fn config(&self) -> NetworkConfig {
        NetworkConfig {
            proxies: self.proxies(),
            authorities: network::authorities(&|name| self.environment.world.variable(name)),
            extra_ca_files: self.extra_ca_files(),
            plain_http: Arc::clone(&self.plain_http),
            allowed_sources: self.environment.allowed_sources.cloned(),
            ..NetworkConfig::default()
        }
    }

    fn extra_ca_files(&self) -> Vec<CaFile> {
        network::extra_ca_files(&|name| self.environment.world.variable(name))
    }

    /// The proxies in the environment. A variable that isn't UTF-8 is ignored.
    fn proxies(&self) -> Proxies {
        network::proxies(&|name| self.environment.world.variable(name)?.into_string().ok())
    }
}

/// Reports the servers that were asked over plain http, once a run.
impl Drop for Network<'_> {
    fn drop(&mut self) {
        let hosts = self.plain_http.hosts();
        if let (Some(session), false) = (self.session, hosts.is_empty()) {
            session.note(&plain_http_note(&hosts.join(", ")));
        }
    }
}

/// What is wrong with sources that these hosts serve over plain http.
pub fn plain_http_note(hosts: &str) -> String {
    format!(
        "plain http: {}: others on the network can change what it sends, the hashes included",
        Escaped(hosts)
    )
}
