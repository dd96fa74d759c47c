//! How this run reaches the network: one client for all, and one that knows npm's registry.

mod turns;

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use usher_shims::error::{Error, Exit, Result};
use usher_shims::home::INDEX;
use usher_shims::path::next_on_path;
use usher_shims::world::World as _;

use crate::fetch::{Access, Client, Proxies};
use crate::npm_config::{NpmAccess, Surroundings, client};
use crate::settings::Address;
use crate::usher::{Usher, read_text};
pub use turns::Turn;
use turns::Turns;

/// The network, as the user has set it up; nothing is asked before it is needed.
pub struct Network<'a> {
    usher: &'a Usher,
    plain: OnceLock<Client>,
    npm: OnceLock<Npm>,
    /// Held while npm is asked for its registry: once is enough.
    finding: Mutex<()>,
    turns: Turns,
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
        let (plain, npm, finding) = (OnceLock::new(), OnceLock::new(), Mutex::new(()));
        Self { usher, plain, npm, finding, turns: Turns::default() }
    }

    /// Waits until nobody else asks for what lies at an address and may be kept then.
    pub fn turn(&self, address: &str) -> Turn<'_> {
        self.turns.of(address)
    }

    /// The client for everything but npm's registry.
    pub fn client(&self) -> &Client {
        self.plain.get_or_init(|| {
            Client::new(Access {
                proxies: self.proxies(),
                extra_ca_files: self.extra_ca(),
                ..Access::default()
            })
        })
    }

    /// npm's registry.
    pub fn npm(&self) -> Result<&Npm> {
        let _turn = self.finding.lock().unwrap_or_else(PoisonError::into_inner);
        if self.npm.get().is_none() {
            let access = self.find_npm()?;
            let mut extra_ca_files = self.extra_ca();
            extra_ca_files.extend(access.cafile.clone());
            let registry = access.registry.as_str().to_owned();
            let client = Client::new(Access {
                proxies: npm_proxies(&access).unwrap_or_else(|| self.proxies()),
                extra_ca_files,
                credentials: access.credentials,
                ..Access::default()
            });
            let _ = self.npm.set(Npm { registry, client });
        }
        self.npm.get().ok_or_else(|| Error::new(Exit::Network, "npm's registry can't be found"))
    }

    /// What Node.js's own programs are told to trust as well.
    fn extra_ca(&self) -> Vec<PathBuf> {
        self.usher.world.variable("NODE_EXTRA_CA_CERTS").map(PathBuf::from).into_iter().collect()
    }

    /// What the environment says of proxies; a variable that isn't text says nothing.
    fn proxies(&self) -> Proxies {
        Proxies::from_variables(&|name| self.usher.world.variable(name)?.into_string().ok())
    }

    fn find_npm(&self) -> Result<NpmAccess> {
        let npm = next_on_path(&self.usher.world, &self.usher.shim, "npm", &[]);
        let ask = npm.map(|npm| move || self.ask(&npm));
        NpmAccess::load(&Surroundings {
            settings: &self.usher.settings,
            config: &self.usher.folders.settings_file(),
            variables: &self.usher.variables(),
            home: self.usher.folders.user_home.as_deref(),
            read: &|path| self.usher.world.read(path),
            ask: ask.as_ref().map(|ask| ask as &dyn Fn() -> Result<Address>),
        })
    }

    /// What an installed npm says, asked at most once: the answer is kept with the cache.
    fn ask(&self, npm: &std::path::Path) -> Result<Address> {
        let remembered = self.usher.folders.cache.join("npm-registry");
        let known =
            read_text(&remembered).ok().flatten().and_then(|text| Address::parse(text.trim()));
        if let Some(known) = known {
            return Ok(known);
        }
        if self.usher.settings.offline {
            return Err(Error::new(Exit::Network, "npm isn't asked: usher is offline"));
        }
        let address = client::ask(npm, &self.without_shims(), client::PATIENCE)?;
        let kept = fs::create_dir_all(&self.usher.folders.cache)
            .and_then(|()| tempfile::NamedTempFile::new_in(&self.usher.folders.cache))
            .and_then(|mut file| file.write_all(address.as_str().as_bytes()).map(|()| file));
        if let Ok(file) = kept {
            let _ = file.persist(&remembered);
        }
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

/// The proxies that npm is set up with, if it is.
fn npm_proxies(access: &NpmAccess) -> Option<Proxies> {
    if access.proxy.is_none() && access.https_proxy.is_none() {
        return None;
    }
    let text =
        |address: &Option<Address>| address.as_ref().map(|address| address.as_str().to_owned());
    Some(Proxies {
        http: text(&access.proxy),
        https: text(&access.https_proxy),
        except: access.noproxy.clone(),
    })
}
