//! Where the npm registry is and how it is reached, from what the user has already set up.
//!
//! The order is: usher's own setting, `npm_config_registry`, the user's `.npmrc`, the machine's,
//! what an installed npm says. A project's `.npmrc` is never read, and no registry's address is
//! written in here. Nothing here touches the disk or the network; what is asked
//! of npm, it is given.

use std::path::{Path, PathBuf};

use usher_shims::error::{Error, ErrorKind, Escaped, Result};

use super::settings::Address;
use super::sources::{ConfigSources, ConfigValue};
use crate::http::{CaFile, Credentials, Proxies};

mod credentials;
pub mod npmrc;

/// Where the machine's `.npmrc` may lie: npm itself looks below the folder it was installed in.
const MACHINE: [&str; 3] = ["/etc/npmrc", "/usr/local/etc/npmrc", "/usr/etc/npmrc"];

/// Asks an installed npm, if there is one.
pub type Ask<'a> = Option<&'a dyn Fn() -> Result<Address>>;

/// The npm registry, and how it is reached.
///
/// `Debug` shows no password and no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpmAccess {
    /// The registry's address, with a slash at its end.
    pub registry: Address,
    /// Who says so: `registry= in ~/.npmrc:3`.
    pub origin: String,
    /// A file of certificates that are trusted as well.
    pub cafile: Option<CaFile>,
    /// The proxy for http.
    pub proxy: Option<Address>,
    /// The proxy for https.
    pub https_proxy: Option<Address>,
    /// Hosts that are reached without a proxy, separated by commas.
    pub noproxy: Option<String>,
    /// Who we are, to whom.
    pub credentials: Credentials,
}

impl NpmAccess {
    /// Finds the registry. `ask` asks an installed npm ([`client::ask`](super::client::ask)) or
    /// remembers what it said; called only where nothing else speaks. `None` where no npm is
    /// installed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoRegistry`] where nothing says where it is; [`ErrorKind::BadFile`] where what says it can't
    /// be used; what reading a file gives, unless it isn't there.
    pub fn load(sources: &ConfigSources<'_>, ask: Ask<'_>) -> Result<Self> {
        let said = gather(sources)?;
        let (registry, origin) = registry(sources, &said, ask)?;
        let registry = registry.into_folder();
        Ok(Self {
            credentials: credentials::gather(&said, registry.url())?,
            registry,
            origin,
            cafile: find(&said, "cafile").map(|said| said.ca_file(sources.home)).transpose()?,
            proxy: proxy(&said, "proxy")?,
            https_proxy: proxy(&said, "https-proxy")?,
            noproxy: find(&said, "noproxy").map(ConfigValue::hosts).transpose()?,
        })
    }

    /// The proxies that npm is set up with, if it is.
    pub fn proxies(&self) -> Option<Proxies> {
        if self.proxy.is_none() && self.https_proxy.is_none() {
            return None;
        }
        let text =
            |address: &Option<Address>| address.as_ref().map(|address| address.as_str().to_owned());
        Some(Proxies {
            http: text(&self.proxy),
            https: text(&self.https_proxy),
            except: self.noproxy.clone(),
        })
    }
}

/// The strongest that speaks of a key, unless it says that there is nothing.
fn find<'a>(said: &'a [ConfigValue], key: &str) -> Option<&'a ConfigValue> {
    said.iter().find(|said| said.key == key).filter(|said| said.is_set())
}

fn registry(
    sources: &ConfigSources<'_>,
    said: &[ConfigValue],
    ask: Ask<'_>,
) -> Result<(Address, String)> {
    const KEY: &str = "npm_registry";
    if let Some(address) = &sources.settings.npm_registry {
        let origin = sources.settings.origin(KEY);
        return Ok((address.clone(), format!("usher's setting {KEY} ({origin})")));
    }
    // Unlike elsewhere, `registry=null` leaves the word to the next one: there is no "none".
    if let Some(said) = said.iter().find(|said| said.key == "registry" && said.is_set()) {
        return Ok((said.address()?, said.origin.clone()));
    }
    let config = sources.config.to_string_lossy();
    let unknown =
        Error::new(ErrorKind::NoRegistry, "nothing says where the npm registry is").hint(format!(
            "npm config set registry ADDRESS, or write {KEY} = \"ADDRESS\" into {}",
            Escaped(&config)
        ));
    let Some(ask) = ask else {
        return Err(unknown);
    };
    match ask() {
        Ok(address) => Ok((address, "npm config get registry".to_owned())),
        Err(error) => {
            Err(error.causes.into_iter().fold(unknown.because(error.what), Error::because))
        }
    }
}

fn proxy(said: &[ConfigValue], key: &str) -> Result<Option<Address>> {
    let Some(said) = find(said, key) else {
        return Ok(None);
    };
    match said.address()? {
        address if address.url().scheme() == "file" => {
            Err(said.refused("an address that begins with http:// or https://"))
        }
        address => Ok(Some(address)),
    }
}

/// All that is said, strongest first: the variables, the user's file, the machine's.
fn gather(sources: &ConfigSources<'_>) -> Result<Vec<ConfigValue>> {
    let mut said = variables(sources);
    let user = match (find(&said, "userconfig"), sources.home) {
        (Some(said), home) => Some(said.path(home)?),
        (None, home) => home.map(|home| home.join(".npmrc")),
    };
    if let Some(path) = user {
        said.extend(file(sources, &path)?);
    }
    let machine = match find(&said, "globalconfig") {
        Some(said) => vec![said.path(sources.home)?],
        None => MACHINE.iter().map(PathBuf::from).collect(),
    };
    for path in machine {
        said.extend(file(sources, &path)?);
    }
    Ok(said)
}

/// What the variables `npm_config_…` say, which npm knows in any case of letters; the spelling in
/// small letters, which npm itself sets for what it starts, counts first.
fn variables(sources: &ConfigSources<'_>) -> Vec<ConfigValue> {
    const PREFIX: &str = "npm_config_";
    let mut said = Vec::new();
    for (name, value) in sources.variables {
        let name = name.to_string_lossy();
        let Some((prefix, key)) = name.split_at_checked(PREFIX.len()) else { continue };
        if !prefix.eq_ignore_ascii_case(PREFIX) || value.is_empty() {
            continue;
        }
        let key = match key {
            place if place.starts_with("//") => place.to_owned(),
            plain => plain.to_ascii_lowercase().replace('_', "-"),
        };
        let value = npmrc::expand(&value.to_string_lossy(), &lookup(sources));
        said.push(ConfigValue {
            key,
            value: value.trim().to_owned(),
            origin: Escaped(&name).to_string(),
        });
    }
    said.sort_by_key(|said| !said.origin.starts_with(PREFIX));
    said
}

/// What a file says; of two lines with one key the last counts.
fn file(sources: &ConfigSources<'_>, path: &Path) -> Result<Vec<ConfigValue>> {
    let shown = shown(path, sources.home);
    let Some(text) = sources.text(path, &shown, "an .npmrc")? else { return Ok(Vec::new()) };
    let entries = npmrc::parse(&text, &lookup(sources));
    Ok(entries
        .into_iter()
        .rev()
        .map(|npmrc::NpmrcEntry { key, value, line }| {
            // A place may hold a user name and password.
            let what = if key.starts_with("//") { "a credential" } else { &format!("{key}=") };
            let origin = format!("{} in {shown}:{line}", Escaped(what));
            ConfigValue { key, value, origin }
        })
        .collect())
}

/// A path as people write it, with `~` for their home folder.
fn shown(path: &Path, home: Option<&Path>) -> String {
    let below = home.and_then(|home| path.strip_prefix(home).ok());
    let text = match below {
        Some(rest) => format!("~/{}", rest.to_string_lossy()),
        None => path.to_string_lossy().into_owned(),
    };
    Escaped(&text).to_string()
}

fn lookup<'a>(sources: &'a ConfigSources<'_>) -> impl Fn(&str) -> Option<String> + 'a {
    move |name| {
        let found = sources.variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.to_string_lossy().into_owned())
    }
}

#[cfg(test)]
mod tests;
