//! One of npm's settings, with who made it.

use std::fmt;
use std::path::{Path, PathBuf};

use usher_shims::error::{Error, ErrorKind, Result};

use crate::config::settings::Address;

/// A key and its value, and who says so; `Debug` leaves the value out.
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
    /// Whether it says anything; npm writes `null` for nothing.
    pub(super) fn is_set(&self) -> bool {
        !matches!(self.value.as_str(), "" | "null" | "undefined" | "true" | "false")
    }

    pub(super) fn refused(&self, form: &str) -> Error {
        Error::new(ErrorKind::BadSetting, format!("{} must be {form}", self.origin))
    }

    pub(super) fn address(&self) -> Result<Address> {
        Address::parse(&self.value).ok_or_else(|| self.refused(Address::FORM))
    }

    /// npm completes a relative path with the working directory: a project could then put its
    /// own file there.
    pub(super) fn path(&self, home: Option<&Path>) -> Result<PathBuf> {
        let path = match (self.value.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => home.join(rest),
            (_, _) => PathBuf::from(&self.value),
        };
        if path.is_absolute() && self.is_plain() {
            return Ok(path);
        }
        Err(self.refused("an absolute path"))
    }

    pub(super) fn hosts(&self) -> Result<String> {
        if self.is_plain() {
            return Ok(self.value.clone());
        }
        Err(self.refused("names of hosts, separated by commas"))
    }

    /// Whether it is text without control characters and without what wasn't UTF-8.
    fn is_plain(&self) -> bool {
        !self.value.contains(|c: char| c.is_control() || c == '\u{fffd}')
    }
}
