//! What this machine has: a configured npm, a Python, pyenv.
//!
//! Only this module reads the environment of the test run. It changes nothing.

use std::env;
use std::ffi::OsString;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use url::Url;

use crate::support::stdout_if_success;

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The variables, beside npm's settings, that a program needs to reach a registry. They are also
/// read in lower case.
const NETWORK_VARIABLES: &[&str] = &[
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
];

/// npm's settings for its registry.
const NPM_SETTINGS: &[&str] = &["registry", "cafile", "proxy", "https-proxy", "noproxy"];

/// Those of them that are read from npm's configuration if no variable sets them.
const SETTINGS_FROM_NPM: &[&str] = &["registry", "cafile"];

/// The variables that give a sandbox access to the npm registry that this machine's npm is
/// configured for. The error is the reason why it can't be reached.
pub(crate) fn registry() -> Result<&'static [(OsString, OsString)], &'static str> {
    static REGISTRY: OnceLock<Result<Vec<(OsString, OsString)>, String>> = OnceLock::new();
    let found = REGISTRY.get_or_init(find_registry);
    found.as_ref().map(Vec::as_slice).map_err(String::as_str)
}

/// Whether to test the whole published list.
pub(crate) fn is_full_run() -> bool {
    variable("USHER_TEST_ALL").is_some()
}

/// A Python of this machine.
#[derive(Debug)]
pub(crate) struct Python {
    /// `3.7.16`.
    pub(crate) version: String,
    /// `3.7`.
    pub(crate) request: String,
    /// Its installation folder: `sys.prefix`.
    pub(crate) prefix: PathBuf,
    /// The real file of its program: no link, no shim.
    pub(crate) program: PathBuf,
    /// The folder of its standard library: `…/lib/python3.7`.
    pub(crate) library: PathBuf,
    /// Whether it can create venvs with pip in them.
    pub(crate) has_pip: bool,
    /// The folder of its own pip.
    pub(crate) pip: Option<PathBuf>,
    /// Whether its distribution changed where packages are installed, as Debian does with
    /// `dist-packages`.
    pub(crate) is_rearranged: bool,
}

/// The Python to test with: pyenv's 3.7, else another of pyenv's, else the system's.
pub(crate) fn python() -> Option<&'static Python> {
    static PYTHON: OnceLock<Option<Python>> = OnceLock::new();
    PYTHON.get_or_init(find_python).as_ref()
}

/// pyenv's folder, if it exists.
pub(crate) fn pyenv() -> Option<PathBuf> {
    let beside_home = || Some(PathBuf::from(variable("HOME")?).join(".pyenv"));
    let root = variable("PYENV_ROOT").map(PathBuf::from).or_else(beside_home)?;
    root.join("versions").is_dir().then_some(root)
}

#[expect(clippy::disallowed_methods, reason = "the test run's variables lead to the real registry")]
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// The variables that give a sandbox access to the `PyPI` index that this machine's pip is
/// configured for. The user's `pip.conf` is passed by path, because the sandbox has another home;
/// the machine's is found anyway.
pub(crate) fn index() -> Vec<(OsString, OsString)> {
    const VARIABLES: &[&str] =
        &["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL", "PIP_CONFIG_FILE", "PIP_CERT"];
    let of = |name: &&str| Some((OsString::from(*name), variable(name)?));
    let mut variables: Vec<_> = VARIABLES.iter().chain(NETWORK_VARIABLES).filter_map(of).collect();
    let home = variable("HOME").map(PathBuf::from).unwrap_or_default();
    let own = home.join(".config/pip/pip.conf");
    if variable("PIP_CONFIG_FILE").is_none() && own.is_file() {
        variables.push(("PIP_CONFIG_FILE".into(), own.into()));
    }
    variables
}

fn find_registry() -> Result<Vec<(OsString, OsString)>, String> {
    let mut variables = Vec::new();
    for name in NETWORK_VARIABLES {
        for name in [(*name).to_owned(), name.to_ascii_lowercase()] {
            variables.extend(variable(&name).map(|value| (name.into(), value)));
        }
    }
    for key in NPM_SETTINGS {
        let name = format!("npm_config_{}", key.replace('-', "_"));
        let set = variable(&name).or_else(|| variable(&name.to_ascii_uppercase()));
        let from_npm = || {
            SETTINGS_FROM_NPM.contains(key).then(|| npm_setting(key)).flatten().map(OsString::from)
        };
        let value = set.or_else(from_npm);
        variables.extend(value.map(|value| (name.into(), value)));
    }
    let find = |name: &str| {
        let found = variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.to_string_lossy().into_owned())
    };
    let Some(registry) = find("npm_config_registry") else {
        return Err("neither npm_config_registry nor an npm client names a registry".to_owned());
    };
    let proxies =
        ["npm_config_https_proxy", "npm_config_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"];
    let first = proxies.iter().find_map(|name| find(name)).unwrap_or(registry);
    check_reachable(&first)
        .map_err(|cause| format!("the npm registry can't be reached: {cause}"))?;
    Ok(variables)
}

/// A setting of npm. `null` means that it isn't set.
fn npm_setting(key: &str) -> Option<String> {
    let mut command = Command::new("npm");
    // In other folders, a project's `.npmrc` could apply.
    command.args(["config", "get", key]).current_dir("/");
    // Don't let it write a log or check for a newer npm.
    command.env("npm_config_logs_max", "0").env("npm_config_update_notifier", "false");
    let output = stdout_if_success(&mut command)?;
    let value = output.trim();
    (!matches!(value, "" | "null" | "undefined" | "true" | "false")).then(|| value.to_owned())
}

/// Checks that a server listens at an address. Errors don't quote it: it may contain a password.
fn check_reachable(address: &str) -> Result<(), String> {
    let url = Url::parse(address).map_err(|error| error.to_string())?;
    let host = url.host_str().ok_or("its address has no host")?;
    let port = url.port_or_known_default().ok_or("its address has no port")?;
    let place = format!("{host}:{port}");
    let mut addresses = place.to_socket_addrs().map_err(|error| format!("{host}: {error}"))?;
    let connect = |address| TcpStream::connect_timeout(&address, CONNECT_TIMEOUT);
    match addresses.any(|address| connect(address).is_ok()) {
        true => Ok(()),
        false => Err(format!("no server answers at {place}")),
    }
}

fn find_python() -> Option<Python> {
    let mut candidates = pythons_of(pyenv().as_deref());
    candidates.extend(["/usr/bin/python3", "/usr/local/bin/python3"].map(PathBuf::from));
    candidates.iter().find_map(|program| query_python(program))
}

/// pyenv's versions, 3.7 first.
fn pythons_of(pyenv: Option<&Path>) -> Vec<PathBuf> {
    let Some(pyenv) = pyenv else { return Vec::new() };
    let folders = pyenv.join("versions").read_dir().into_iter().flatten().flatten();
    let is_python_3 = |name: &OsString| name.to_string_lossy().starts_with("3.");
    let mut names: Vec<OsString> =
        folders.map(|entry| entry.file_name()).filter(is_python_3).collect();
    names.sort_by_key(|name| !name.to_string_lossy().starts_with("3.7."));
    names.iter().map(|name| pyenv.join("versions").join(name).join("bin/python")).collect()
}

fn query_python(program: &Path) -> Option<Python> {
    const QUESTION: &str = "\
import importlib.util, os, platform, sys, sysconfig
print(platform.python_version())
print(sys.prefix)
print(os.path.realpath(sys.executable))
print(sysconfig.get_path('stdlib'))
print(importlib.util.find_spec('ensurepip') is not None)
pip = importlib.util.find_spec('pip')
print(os.path.dirname(pip.origin) if pip and pip.origin else '')
print(os.path.basename(sysconfig.get_path('purelib')) != 'site-packages' or
      'posix_local' in sysconfig.get_scheme_names())";
    let mut command = Command::new(program);
    command.args(["-c", QUESTION]).env_clear().env("PYTHONDONTWRITEBYTECODE", "1");
    let output = stdout_if_success(&mut command)?;
    let mut lines = output.lines().map(str::to_owned);
    let version = lines.next()?;
    let request = version.rsplit_once('.')?.0.to_owned();
    let mut path = || lines.next().map(PathBuf::from);
    let (prefix, program, library) = (path()?, path()?, path()?);
    let has_pip = lines.next()? == "True";
    let pip = Some(lines.next()?).filter(|path| !path.is_empty()).map(PathBuf::from);
    let is_rearranged = lines.next()? == "True";
    Some(Python { version, request, prefix, program, library, has_pip, pip, is_rearranged })
}
