//! The `PyPI` index's address, from the user's configuration for pip and uv.
//!
//! Strongest first: usher's own setting, the variables of uv and pip, `pip.conf` (the file in
//! `PIP_CONFIG_FILE`, the user's, the machine's), an installed pip. A project's files are never
//! read, and no index's address is in the code. Nothing here reads the disk or the network.

use std::path::{Path, PathBuf};

use usher_shims::error::{Error, ErrorKind, Result, Shown};

use super::settings::Address;
use super::sources::{ConfigSources, ConfigValue};
use crate::http::CaFile;

/// The variables that name the index, strongest first.
const VARIABLES: [&str; 3] = ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"];

/// The programs that may have a pip.
pub const INTERPRETERS: [&str; 2] = ["python3", "python"];

/// The arguments that print pip's setting, else pip's default.
pub const QUESTIONS: [&[&str]; 2] = [
    &["-m", "pip", "--disable-pip-version-check", "config", "get", "global.index-url"],
    &["-c", "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"],
];

/// The `PyPI` index, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipAccess {
    /// The index's address, with a slash at its end.
    pub index: Address,
    /// Its origin: `index-url in ~/.config/pip/pip.conf:3`.
    pub origin: String,
    /// A file of additional trusted certificates.
    pub cert: Option<CaFile>,
}

impl PipAccess {
    /// Finds the index. `ask` runs an installed pip or returns its cached output; it is called only
    /// without other configuration.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoRegistry`] without configuration; [`ErrorKind::BadFile`] for invalid
    /// configuration; a failed read of an existing file.
    pub fn load(sources: &ConfigSources<'_>, ask: &dyn Fn() -> Option<Address>) -> Result<Self> {
        let files = files(sources)?;
        let (index, origin) = index(sources, &files, ask)?;
        let cert = variable(sources, "PIP_CERT").map(|text| (text, "PIP_CERT".to_owned()));
        let cert = cert.or_else(|| value_in(&files, "cert"));
        let cert = cert.map(|(path, origin)| CaFile { path: PathBuf::from(path), origin });
        Ok(Self {
            index: index.into_folder(),
            origin,
            cert: cert.filter(|file| file.path.is_absolute()),
        })
    }
}

/// A variable that is set and not empty.
fn variable(sources: &ConfigSources<'_>, name: &str) -> Option<String> {
    let found = sources.variables.iter().find(|(known, _)| known == name)?;
    Some(found.1.to_str()?.trim().to_owned()).filter(|value| !value.is_empty())
}

/// A value in the strongest file; the last line with a key counts.
fn value_in(files: &[Vec<ConfigValue>], key: &str) -> Option<(String, String)> {
    let of_file =
        |lines: &Vec<ConfigValue>| lines.iter().rev().find(|line| line.key == key).cloned();
    files.iter().find_map(of_file).map(|line| (line.value, line.origin))
}

fn index(
    sources: &ConfigSources<'_>,
    files: &[Vec<ConfigValue>],
    ask: &dyn Fn() -> Option<Address>,
) -> Result<(Address, String)> {
    const KEY: &str = "pypi_index";
    if let Some(address) = &sources.settings.pypi_index {
        let origin = sources.settings.origin(KEY);
        return Ok((address.clone(), format!("usher's setting {KEY} ({origin})")));
    }
    let by_variable = VARIABLES.iter().find_map(|name| {
        let text = variable(sources, name)?;
        Some((without_name(&text).to_owned(), (*name).to_owned()))
    });
    if let Some((text, origin)) = by_variable.or_else(|| value_in(files, "index-url")) {
        let address = Address::configured(&text).ok_or_else(|| {
            Error::new(ErrorKind::BadSetting, format!("{origin} must be {}", Address::FORM))
        })?;
        return Ok((address, origin));
    }
    if let Some(address) = ask() {
        return Ok((address, "pip".to_owned()));
    }
    Err(Error::new(ErrorKind::NoRegistry, "no PyPI index is configured").hint(format!(
        "pip config set global.index-url ADDRESS, or write {KEY} = \"ADDRESS\" into {}",
        Shown(sources.config)
    )))
}

/// uv allows a name before an index's address: `name=https://…`.
fn without_name(text: &str) -> &str {
    match text.split_once('=') {
        Some((name, address)) if !name.contains([':', '/']) => address,
        _ => text,
    }
}

/// The values in the files, strongest first.
fn files(sources: &ConfigSources<'_>) -> Result<Vec<Vec<ConfigValue>>> {
    let named = variable(sources, "PIP_CONFIG_FILE").map(PathBuf::from);
    let user = sources
        .home
        .into_iter()
        .flat_map(|home| [home.join(".config/pip/pip.conf"), home.join(".pip/pip.conf")]);
    let xdg =
        variable(sources, "XDG_CONFIG_HOME").map(|root| Path::new(&root).join("pip/pip.conf"));
    let machine = ["/etc/pip.conf", "/etc/xdg/pip/pip.conf"].map(PathBuf::from);
    // With that name, pip reads no configuration file.
    if named.as_deref() == Some(Path::new("/dev/null")) {
        return Ok(Vec::new());
    }
    let paths = named.into_iter().chain(xdg).chain(user).chain(machine);
    paths.filter(|path| path.is_absolute()).map(|path| file(sources, &path)).collect()
}

fn file(sources: &ConfigSources<'_>, path: &Path) -> Result<Vec<ConfigValue>> {
    let shown = Shown(path).to_string();
    let text = sources.text(path, &shown, "a pip.conf")?;
    Ok(text.map_or_else(Vec::new, |text| parse_config(&text, &shown)))
}

/// The lines of the sections for all of pip, or for downloads.
fn parse_config(text: &str, path: &str) -> Vec<ConfigValue> {
    let mut section = "";
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim();
        }
        let is_comment = line.starts_with(['#', ';', '[']);
        if is_comment || !matches!(section, "global" | "install" | "download") {
            continue;
        }
        let Some((key, value)) = line.split_once(['=', ':']) else { continue };
        let key = key.trim().to_lowercase().replace('_', "-");
        let origin = format!("{key} in {path}:{number}");
        found.push(ConfigValue { key, value: value.trim().to_owned(), origin });
    }
    found
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::io;

    use super::*;
    use crate::config::settings::Settings;

    /// Checks the address of the index with its origin, or the error.
    fn check(variables: &[(&str, &str)], conf: &str, from_pip: Option<&str>, expected: &str) {
        let owned = |(name, value): &(&str, &str)| (OsString::from(name), OsString::from(value));
        let variables: Vec<_> = variables.iter().map(owned).collect();
        let sources = ConfigSources {
            settings: &Settings::default(),
            config: Path::new("/home/me/.config/usher/config.toml"),
            variables: &variables,
            home: Some(Path::new("/home/me")),
            read: &|path| match path == Path::new("/home/me/.config/pip/pip.conf") {
                true if !conf.is_empty() => Ok(conf.as_bytes().to_vec()),
                _ => Err(io::ErrorKind::NotFound.into()),
            },
        };
        let found = PipAccess::load(&sources, &|| from_pip.and_then(Address::configured));
        let shown = match found {
            Ok(access) => format!("{} ({})", access.index, access.origin),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn the_strongest_configuration_wins() {
        let conf = "[list]\nindex-url = https://no.example/\n[global]\nindex_url: https://f.example/simple\n";
        let pip = ("PIP_INDEX_URL", "https://p.example/simple/");
        let uv = ("UV_DEFAULT_INDEX", "own=https://u.example/simple");
        let from_pip = Some("https://a.example/simple");
        check(&[pip, uv], conf, from_pip, "https://u.example/simple/ (UV_DEFAULT_INDEX)");
        check(
            &[pip, ("UV_INDEX_URL", "")],
            conf,
            from_pip,
            "https://p.example/simple/ (PIP_INDEX_URL)",
        );
        let in_file = "index-url in /home/me/.config/pip/pip.conf:4";
        check(&[], conf, from_pip, &format!("https://f.example/simple/ ({in_file})"));
        check(
            &[("PIP_CONFIG_FILE", "/dev/null")],
            conf,
            from_pip,
            "https://a.example/simple/ (pip)",
        );
        check(&[], "", from_pip, "https://a.example/simple/ (pip)");
    }

    #[test]
    fn a_missing_index_address_is_an_error_with_a_hint() {
        check(
            &[],
            "",
            None,
            "no PyPI index is configured\n  hint: pip config set global.index-url ADDRESS, \
             or write pypi_index = \"ADDRESS\" into /home/me/.config/usher/config.toml",
        );
        check(
            &[("PIP_INDEX_URL", "p.example")],
            "",
            None,
            "PIP_INDEX_URL must be an address that begins with http://, https:// or file://",
        );
    }
}
