//! The sources of other programs' configuration, and a value in them.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, ErrorKind, Result};

use super::settings::{Address, Settings};
use crate::http::CaFile;

/// The longest file that is read, in bytes.
const LONGEST: usize = 1024 * 1024;

/// The sources of another program's configuration.
pub struct ConfigSources<'a> {
    /// usher's own settings.
    pub settings: &'a Settings,
    /// The user's `config.toml`, for hints.
    pub config: &'a Path,
    /// The environment.
    pub variables: &'a [(OsString, OsString)],
    /// The user's home folder.
    pub home: Option<&'a Path>,
    /// Reads a file.
    pub read: &'a dyn Fn(&Path) -> io::Result<Vec<u8>>,
}

impl ConfigSources<'_> {
    /// A file's text, if it exists; `shown` is its name and `kind` its type, for messages.
    pub(super) fn text(&self, path: &Path, shown: &str, kind: &str) -> Result<Option<String>> {
        let bytes = match (self.read)(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", path, error)),
        };
        if bytes.len() > LONGEST {
            return Err(Error::new(ErrorKind::BadFile, format!("{shown} is too long for {kind}"))
                .because(format!("it has {} bytes, and {LONGEST} are read at most", bytes.len())));
        }
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

/// A key, its value and its origin; `Debug` leaves the value out.
#[derive(Clone)]
pub(super) struct ConfigValue {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) origin: String,
}

impl fmt::Debug for ConfigValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConfigValue({})", self.origin)
    }
}

impl ConfigValue {
    /// Whether it has a value; npm writes `null` for none.
    pub(super) fn is_set(&self) -> bool {
        !matches!(self.value.as_str(), "" | "null" | "undefined" | "true" | "false")
    }

    pub(super) fn invalid_value_error(&self, form: &str) -> Error {
        Error::new(ErrorKind::BadSetting, format!("{} must be {form}", self.origin))
    }

    pub(super) fn address(&self) -> Result<Address> {
        Address::configured(&self.value).ok_or_else(|| self.invalid_value_error(Address::FORM))
    }

    /// Only absolute: npm resolves a relative path from the working directory, where a project
    /// could put its own file.
    pub(super) fn path(&self, home: Option<&Path>) -> Result<PathBuf> {
        let path = match (self.value.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => home.join(rest),
            (_, _) => PathBuf::from(&self.value),
        };
        if path.is_absolute() && self.is_plain() {
            return Ok(path);
        }
        Err(self.invalid_value_error("an absolute path"))
    }

    pub(super) fn ca_file(&self, home: Option<&Path>) -> Result<CaFile> {
        Ok(CaFile { path: self.path(home)?, origin: self.origin.clone() })
    }

    pub(super) fn hosts(&self) -> Result<String> {
        if self.is_plain() {
            return Ok(self.value.clone());
        }
        Err(self.invalid_value_error("names of hosts, separated by commas"))
    }

    /// Whether it is UTF-8 without control characters.
    fn is_plain(&self) -> bool {
        !self.value.contains(|c: char| c.is_control() || c == '\u{fffd}')
    }
}
