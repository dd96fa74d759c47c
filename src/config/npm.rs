//! The npm registry's address and access, from the user's own configuration.
//!
//! Strongest first: usher's own setting, `npm_config_registry`, the user's `.npmrc`, the machine's,
//! an installed npm. A project's `.npmrc` is never read, and no registry's address is in the code.
//! Nothing here reads the disk or the network.

use std::path::{Path, PathBuf};

use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};

use super::settings::Address;
use super::sources::{ConfigSources, ConfigValue};
use crate::http::{CaFile, Credentials, Proxies};

mod credentials;
pub mod npmrc;

/// Where the machine's `.npmrc` may be: npm itself looks below the folder it was installed in.
const MACHINE: [&str; 3] = ["/etc/npmrc", "/usr/local/etc/npmrc", "/usr/etc/npmrc"];

/// Runs an installed npm, if there is one.
pub type Ask<'a> = Option<&'a dyn Fn() -> Result<Address>>;

/// The npm registry, and how it is reached.
///
/// `Debug` shows no password and no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpmAccess {
    /// The registry's address, with a slash at its end.
    pub registry: Address,
    /// Its origin: `registry= in ~/.npmrc:3`.
    pub origin: String,
    /// A file of additional trusted certificates.
    pub cafile: Option<CaFile>,
    /// The proxy for http.
    pub proxy: Option<Address>,
    /// The proxy for https.
    pub https_proxy: Option<Address>,
    /// Hosts that are reached without a proxy, separated by commas.
    pub noproxy: Option<String>,
    /// The credentials for each address.
    pub credentials: Credentials,
}

impl NpmAccess {
    /// Finds the registry. `ask` runs an installed npm
    /// ([`client::npm_registry`](super::client::npm_registry)) or returns its cached output; it is
    /// called only without other configuration. `None` if no npm is installed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoRegistry`] without configuration; [`ErrorKind::BadFile`] for invalid
    /// configuration; a failed read of an existing file.
    pub fn load(sources: &ConfigSources<'_>, ask: Ask<'_>) -> Result<Self> {
        let values = gather(sources)?;
        let (registry, origin) = registry(sources, &values, ask)?;
        let registry = registry.into_folder();
        Ok(Self {
            credentials: credentials::read_credentials(&values, &registry)?,
            registry,
            origin,
            cafile: find_value(&values, "cafile")
                .map(|value| value.ca_file(sources.home))
                .transpose()?,
            proxy: proxy(&values, "proxy")?,
            https_proxy: proxy(&values, "https-proxy")?,
            noproxy: find_value(&values, "noproxy").map(ConfigValue::hosts).transpose()?,
        })
    }

    /// The proxies in npm's configuration, if there are any.
    pub fn proxies(&self) -> Option<Proxies> {
        if self.proxy.is_none() && self.https_proxy.is_none() {
            return None;
        }
        let text = |address: &Option<Address>| address.as_ref().map(Address::with_secrets);
        Some(Proxies {
            http: text(&self.proxy),
            https: text(&self.https_proxy),
            except: self.noproxy.clone(),
        })
    }
}

/// The strongest value of a key, unless it is an empty one.
fn find_value<'a>(values: &'a [ConfigValue], key: &str) -> Option<&'a ConfigValue> {
    values.iter().find(|value| value.key == key).filter(|value| value.is_set())
}

fn registry(
    sources: &ConfigSources<'_>,
    values: &[ConfigValue],
    ask: Ask<'_>,
) -> Result<(Address, String)> {
    const KEY: &str = "npm_registry";
    if let Some(address) = &sources.settings.npm_registry {
        let origin = sources.settings.origin(KEY);
        return Ok((address.clone(), format!("usher's setting {KEY} ({origin})")));
    }
    // Unlike for other keys, `registry=null` means that the next source decides: there is no
    // "none".
    if let Some(value) = values.iter().find(|value| value.key == "registry" && value.is_set()) {
        return Ok((value.address()?, value.origin.clone()));
    }
    let unknown = Error::new(ErrorKind::NoRegistry, "no npm registry is configured").hint(format!(
        "npm config set registry ADDRESS, or write {KEY} = \"ADDRESS\" into {}",
        Shown(sources.config)
    ));
    let Some(ask) = ask else {
        return Err(unknown);
    };
    match ask() {
        Ok(address) => Ok((address, "npm config get registry".to_owned())),
        Err(error) if error.kind() == ErrorKind::Io => Err(error),
        Err(error) => {
            Err(error.causes.into_iter().fold(unknown.because(error.what), Error::because))
        }
    }
}

fn proxy(values: &[ConfigValue], key: &str) -> Result<Option<Address>> {
    let Some(value) = find_value(values, key) else {
        return Ok(None);
    };
    match value.address()? {
        address if address.is_file() => {
            Err(value.invalid_value_error("an address that begins with http:// or https://"))
        }
        address => Ok(Some(address)),
    }
}

/// All values, strongest first: the variables, the user's file, the machine's.
fn gather(sources: &ConfigSources<'_>) -> Result<Vec<ConfigValue>> {
    let mut values = variables(sources);
    let user = match (find_value(&values, "userconfig"), sources.home) {
        (Some(value), home) => Some(value.path(home)?),
        (None, home) => home.map(|home| home.join(".npmrc")),
    };
    if let Some(path) = user {
        values.extend(file(sources, &path)?);
    }
    let machine = match find_value(&values, "globalconfig") {
        Some(value) => vec![value.path(sources.home)?],
        None => MACHINE.iter().map(PathBuf::from).collect(),
    };
    for path in machine {
        values.extend(file(sources, &path)?);
    }
    Ok(values)
}

/// The values of the variables `npm_config_…`, in any case. Lower case is stronger, since npm
/// itself sets it for its child processes.
fn variables(sources: &ConfigSources<'_>) -> Vec<ConfigValue> {
    const PREFIX: &str = "npm_config_";
    let mut values = Vec::new();
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
        let is_place = key.starts_with("//");
        let value = npmrc::expand(&value.to_string_lossy(), &lookup(sources));
        values.push(ConfigValue {
            key,
            value: value.trim().to_owned(),
            // Such a key may contain a user name and password.
            origin: match is_place {
                true => format!("a credential in a variable {PREFIX}…"),
                false => Escaped(&name).to_string(),
            },
        });
    }
    values.sort_by_key(|value| !value.origin.starts_with(PREFIX));
    values
}

/// The values in a file; the last line with a key counts.
fn file(sources: &ConfigSources<'_>, path: &Path) -> Result<Vec<ConfigValue>> {
    let shown = shown(path, sources.home);
    let Some(text) = sources.text(path, &shown, "an .npmrc")? else { return Ok(Vec::new()) };
    let entries = npmrc::parse(&text, &lookup(sources));
    Ok(entries
        .into_iter()
        .rev()
        .map(|npmrc::NpmrcEntry { key, value, line }| {
            // The address may contain a user name and password.
            let what = if key.starts_with("//") { "a credential" } else { &format!("{key}=") };
            let origin = format!("{} in {shown}:{line}", Escaped(what));
            ConfigValue { key, value, origin }
        })
        .collect())
}

/// A path with `~` for the home folder.
fn shown(path: &Path, home: Option<&Path>) -> String {
    let below = home.and_then(|home| path.strip_prefix(home).ok());
    match below {
        Some(rest) => format!("~/{}", Shown(rest)),
        None => Shown(path).to_string(),
    }
}

fn lookup<'a>(sources: &'a ConfigSources<'_>) -> impl Fn(&str) -> Option<String> + 'a {
    move |name| {
        let found = sources.variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.to_string_lossy().into_owned())
    }
}

#[cfg(test)]
mod tests;
