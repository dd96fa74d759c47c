//! Where the `PyPI` index is, from what the user has already set up for pip and uv.
//!
//! The order is: usher's own setting, the variables of uv and pip, `pip.conf` (the file that
//! `PIP_CONFIG_FILE` names, the user's, the machine's), what an installed pip says. A project's
//! files are never read, and no index's address is written in here. Nothing here touches the disk
//! or the network; what is asked of pip, it is given.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, ErrorKind, Escaped, Result, Shown};

use crate::config::settings::{Address, Settings};

/// The variables that name the index, strongest first.
const VARIABLES: [&str; 3] = ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"];

/// The interpreters that may have a pip to ask.
pub const INTERPRETERS: [&str; 2] = ["python3", "python"];

/// What a Python is asked: pip's setting, else what pip itself takes.
pub const QUESTIONS: [&[&str]; 2] = [
    &["-m", "pip", "--disable-pip-version-check", "config", "get", "global.index-url"],
    &["-c", "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"],
];

/// The longest `pip.conf` that is read, in bytes.
const LONGEST: usize = 1024 * 1024;

/// What is needed to find the index.
pub struct ConfigSources<'a> {
    /// usher's own settings.
    pub settings: &'a Settings,
    /// The account's `config.toml`, for the hint where to write the setting.
    pub config: &'a Path,
    /// The environment.
    pub variables: &'a [(OsString, OsString)],
    /// The user's home folder.
    pub home: Option<&'a Path>,
    /// Reads a file.
    pub read: &'a dyn Fn(&Path) -> io::Result<Vec<u8>>,
    /// Asks an installed pip or remembers what it said; called only where nothing else speaks.
    pub ask: &'a dyn Fn() -> Option<Address>,
}

/// The `PyPI` index, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipAccess {
    /// The index's address, with a slash at its end.
    pub index: Address,
    /// Who says so: `index-url in ~/.config/pip/pip.conf, line 3`.
    pub origin: String,
    /// A file of certificates that are trusted as well.
    pub cert: Option<PathBuf>,
}

impl PipAccess {
    /// Finds the index.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoRegistry`] where nothing says where it is; [`ErrorKind::BadFile`] where what says it can't
    /// be used; what reading a file gives, unless it isn't there.
    pub fn load(surroundings: &ConfigSources<'_>) -> Result<Self> {
        let files = files(surroundings)?;
        let (index, origin) = index(surroundings, &files)?;
        let cert = surroundings.variable("PIP_CERT").map(|text| (text, "PIP_CERT".to_owned()));
        let cert = cert.or_else(|| said(&files, "cert")).map(|(text, _)| PathBuf::from(text));
        Ok(Self {
            index: index.into_folder(),
            origin,
            cert: cert.filter(|path| path.is_absolute()),
        })
    }
}

impl ConfigSources<'_> {
    /// A variable that is set and not empty.
    fn variable(&self, name: &str) -> Option<String> {
        let found = self.variables.iter().find(|(known, _)| known == name)?;
        Some(found.1.to_str()?.trim().to_owned()).filter(|value| !value.is_empty())
    }
}

/// A line of a file: key, value, who says so.
type Line = (String, String, String);

/// Of two lines with one key in a file the last counts; files come strongest first.
fn said(files: &[Vec<Line>], key: &str) -> Option<(String, String)> {
    let of_file = |lines: &Vec<Line>| lines.iter().rev().find(|line| line.0 == key).cloned();
    files.iter().find_map(of_file).map(|(_, value, origin)| (value, origin))
}

fn index(surroundings: &ConfigSources<'_>, files: &[Vec<Line>]) -> Result<(Address, String)> {
    const KEY: &str = "pypi_index";
    if let Some(address) = &surroundings.settings.pypi_index {
        let origin = surroundings.settings.origin(KEY);
        return Ok((address.clone(), format!("usher's setting {KEY} ({origin})")));
    }
    let by_variable = VARIABLES.iter().find_map(|name| {
        let text = surroundings.variable(name)?;
        Some((without_name(&text).to_owned(), (*name).to_owned()))
    });
    if let Some((text, origin)) = by_variable.or_else(|| said(files, "index-url")) {
        let address = Address::parse(&text).ok_or_else(|| {
            Error::new(ErrorKind::BadSetting, format!("{origin} must be {}", Address::FORM))
        })?;
        return Ok((address, origin));
    }
    if let Some(address) = (surroundings.ask)() {
        return Ok((address, "pip".to_owned()));
    }
    let config = surroundings.config.to_string_lossy();
    Err(Error::new(ErrorKind::NoRegistry, "nothing says where the PyPI index is").hint(format!(
        "pip config set global.index-url ADDRESS, or write {KEY} = \"ADDRESS\" into {}",
        Escaped(&config)
    )))
}

/// uv lets an index have a name in front of its address: `name=https://…`.
fn without_name(text: &str) -> &str {
    match text.split_once('=') {
        Some((name, address)) if !name.contains([':', '/']) => address,
        _ => text,
    }
}

/// What the files say, strongest first.
fn files(surroundings: &ConfigSources<'_>) -> Result<Vec<Vec<Line>>> {
    let named = surroundings.variable("PIP_CONFIG_FILE").map(PathBuf::from);
    let user = surroundings
        .home
        .into_iter()
        .flat_map(|home| [home.join(".config/pip/pip.conf"), home.join(".pip/pip.conf")]);
    let xdg =
        surroundings.variable("XDG_CONFIG_HOME").map(|root| Path::new(&root).join("pip/pip.conf"));
    let machine = ["/etc/pip.conf", "/etc/xdg/pip/pip.conf"].map(PathBuf::from);
    // With that name for a file, pip reads no file at all.
    if named.as_deref() == Some(Path::new("/dev/null")) {
        return Ok(Vec::new());
    }
    let paths = named.into_iter().chain(xdg).chain(user).chain(machine);
    paths.filter(|path| path.is_absolute()).map(|path| file(surroundings, &path)).collect()
}

fn file(surroundings: &ConfigSources<'_>, path: &Path) -> Result<Vec<Line>> {
    let bytes = match (surroundings.read)(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("read", path, error)),
    };
    let shown = Shown(path).to_string();
    if bytes.len() > LONGEST {
        return Err(Error::new(ErrorKind::BadFile, format!("{shown} is too long for a pip.conf")));
    }
    Ok(lines(&String::from_utf8_lossy(&bytes), &shown))
}

/// The lines of the sections that hold for all of pip, or for what fetches.
fn lines(text: &str, path: &str) -> Vec<Line> {
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
        let origin = format!("{key} in {path}, line {number}");
        found.push((key, value.trim().to_owned(), origin));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the index is found: its address and who says so, or the error.
    fn check(variables: &[(&str, &str)], conf: &str, asked: Option<&str>, expected: &str) {
        let owned = |(name, value): &(&str, &str)| (OsString::from(name), OsString::from(value));
        let variables: Vec<_> = variables.iter().map(owned).collect();
        let found = PipAccess::load(&ConfigSources {
            settings: &Settings::default(),
            config: Path::new("/home/me/.config/usher/config.toml"),
            variables: &variables,
            home: Some(Path::new("/home/me")),
            read: &|path| match path == Path::new("/home/me/.config/pip/pip.conf") {
                true if !conf.is_empty() => Ok(conf.as_bytes().to_vec()),
                _ => Err(io::ErrorKind::NotFound.into()),
            },
            ask: &|| asked.and_then(Address::parse),
        });
        let shown = match found {
            Ok(access) => format!("{} ({})", access.index, access.origin),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn the_strongest_that_speaks_counts() {
        let conf = "[list]\nindex-url = https://no.example/\n[global]\nindex_url: https://f.example/simple\n";
        let pip = ("PIP_INDEX_URL", "https://p.example/simple/");
        let uv = ("UV_DEFAULT_INDEX", "own=https://u.example/simple");
        let asked = Some("https://a.example/simple");
        check(&[pip, uv], conf, asked, "https://u.example/simple/ (UV_DEFAULT_INDEX)");
        check(
            &[pip, ("UV_INDEX_URL", "")],
            conf,
            asked,
            "https://p.example/simple/ (PIP_INDEX_URL)",
        );
        let in_file = "index-url in /home/me/.config/pip/pip.conf, line 4";
        check(&[], conf, asked, &format!("https://f.example/simple/ ({in_file})"));
        check(&[("PIP_CONFIG_FILE", "/dev/null")], conf, asked, "https://a.example/simple/ (pip)");
        check(&[], "", asked, "https://a.example/simple/ (pip)");
    }

    #[test]
    fn what_helps_nobody_is_said() {
        check(
            &[],
            "",
            None,
            "nothing says where the PyPI index is\n  hint: pip config set global.index-url ADDRESS, \
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
