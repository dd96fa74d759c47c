//! usher's folders: their names, and where they are by default.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result, Shown};

/// The machine's home, made by `install.sh --system`.
pub const MACHINE_DATA: &str = "/opt/usher";

/// The machine's settings and default.
const MACHINE_CONFIG: &str = "/etc/usher";

/// usher's folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folders {
    /// Toolchains, shims, locks and staging.
    pub data: PathBuf,
    /// `config.toml`, custom tools, the default.
    pub config: PathBuf,
    /// Indexes and downloads, which can be fetched again.
    pub cache: PathBuf,
    /// The user's own home folder, if it is known.
    pub user_home: Option<PathBuf>,
    /// The machine's folder of the same kind as `config`.
    pub machine_config: PathBuf,
    /// Whether this is the machine's home, for all users.
    pub is_system_wide: bool,
}

impl Folders {
    /// All in one folder: the one that `USHER_HOME` names.
    pub fn under(usher_home: &Path, user_home: Option<PathBuf>) -> Self {
        Self {
            data: usher_home.to_path_buf(),
            config: usher_home.join("config"),
            cache: usher_home.join("cache"),
            user_home,
            machine_config: MACHINE_CONFIG.into(),
            is_system_wide: false,
        }
    }

    /// The machine's home.
    pub fn machine(data: &Path) -> Self {
        Self { config: MACHINE_CONFIG.into(), is_system_wide: true, ..Self::under(data, None) }
    }

    /// A user's own folders, by the XDG base directory specification on every system; `None` if the
    /// home folder is needed for that and isn't known.
    ///
    /// A relative path counts as unset, by the specification
    /// (<https://specifications.freedesktop.org/basedir-spec/latest/>).
    pub fn of_account(
        variable: &dyn Fn(&str) -> Option<OsString>,
        user_home: Option<PathBuf>,
    ) -> Option<Self> {
        let base = |name, default| xdg_base(variable, name, default, user_home.as_deref());
        Some(Self {
            data: Self::data_of_account(variable, user_home.as_deref())?,
            config: base("XDG_CONFIG_HOME", ".config")?,
            cache: base("XDG_CACHE_HOME", ".cache")?,
            user_home,
            machine_config: MACHINE_CONFIG.into(),
            is_system_wide: false,
        })
    }

    /// The data folder of a user: the one that a shim needs.
    pub fn data_of_account(
        variable: &dyn Fn(&str) -> Option<OsString>,
        user_home: Option<&Path>,
    ) -> Option<PathBuf> {
        xdg_base(variable, "XDG_DATA_HOME", ".local/share", user_home)
    }

    /// The one folder for PATH.
    pub fn shims(&self) -> PathBuf {
        self.data.join("shims")
    }

    /// The binary that all shims are links or copies of.
    pub fn shim_binary(&self) -> PathBuf {
        self.data.join("shim")
    }

    /// The store, one folder per tool.
    pub fn toolchains(&self) -> PathBuf {
        self.data.join("toolchains")
    }

    /// This user's global packages for toolchains outside usher's own store.
    pub fn additions(&self) -> PathBuf {
        self.data.join("additions")
    }

    /// Unfinished files; safe to delete at any time.
    pub fn staging(&self) -> PathBuf {
        self.data.join("staging")
    }

    /// Lock files; never deleted.
    pub fn locks(&self) -> PathBuf {
        self.data.join("locks")
    }

    /// Versioned shims that the user requested with `use shim`, one entry each.
    pub fn requested_shims(&self) -> PathBuf {
        self.config.join("shims")
    }

    /// The user's settings.
    pub fn settings_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// The machine's settings.
    pub fn machine_settings_file(&self) -> PathBuf {
        self.machine_config.join("config.toml")
    }

    /// The file of the user's default.
    pub fn default_file(&self) -> PathBuf {
        self.config.join("tool-versions")
    }

    /// The file of the machine's default.
    pub fn machine_default_file(&self) -> PathBuf {
        self.machine_config.join("tool-versions")
    }
}

fn xdg_base(
    variable: &dyn Fn(&str) -> Option<OsString>,
    name: &str,
    default: &str,
    user_home: Option<&Path>,
) -> Option<PathBuf> {
    let absolute = |path: PathBuf| Some(path).filter(|path| path.is_absolute());
    let set = variable(name).map(PathBuf::from).and_then(absolute);
    let base = set.or_else(|| absolute(user_home?.join(default)))?;
    Some(base.join("usher"))
}

/// The folder that `USHER_HOME` names.
pub fn usher_home(value: OsString) -> Result<PathBuf> {
    let usher_home = PathBuf::from(value);
    if usher_home.is_relative() {
        let what = format!("USHER_HOME={} is not an absolute path", Shown(&usher_home));
        return Err(Error::new(ErrorKind::Usage, what).hint("unset USHER_HOME"));
    }
    Ok(usher_home)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(set: &[(&str, &str)], user_home: Option<&str>, expected: Option<[&str; 3]>) {
        let value =
            |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
        let variable = |name: &str| value(name).map(OsString::from);
        let folders = Folders::of_account(&variable, user_home.map(PathBuf::from));
        let found = folders.map(|folders| [folders.data, folders.config, folders.cache]);
        assert_eq!(found, expected.map(|paths| paths.map(PathBuf::from)), "{set:?} {user_home:?}");
    }

    #[test]
    fn a_users_folders_follow_xdg() {
        let usual = ["/u/.local/share/usher", "/u/.config/usher", "/u/.cache/usher"];
        check(&[], Some("/u"), Some(usual));
        check(&[("XDG_DATA_HOME", "relative")], Some("/u"), Some(usual));
        check(&[("XDG_DATA_HOME", "/d")], Some("/u"), Some(["/d/usher", usual[1], usual[2]]));
        check(&[("XDG_CACHE_HOME", "/c")], Some("/u"), Some([usual[0], usual[1], "/c/usher"]));
        let all = [("XDG_DATA_HOME", "/d"), ("XDG_CONFIG_HOME", "/f"), ("XDG_CACHE_HOME", "/c")];
        check(&all, None, Some(["/d/usher", "/f/usher", "/c/usher"]));
        check(&all[..2], None, None);
        check(&[], Some("u"), None);
    }
}
