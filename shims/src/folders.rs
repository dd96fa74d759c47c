//! usher's folders: the one place that knows their names, and where they are by default.

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
    /// Toolchains, shims, locks and what is half-made.
    pub data: PathBuf,
    /// `config.toml`, own tools, the default.
    pub config: PathBuf,
    /// Indexes and downloads: what can be fetched or made again.
    pub cache: PathBuf,
    /// The user's own home folder, where it is known.
    pub user_home: Option<PathBuf>,
    /// The machine's folder of the same kind as `config`.
    pub machine_config: PathBuf,
    /// Whether this is the machine's home, for all accounts.
    pub is_system_wide: bool,
}

impl Folders {
    /// All under one roof: what `USHER_HOME` names.
    pub fn under(roof: &Path, user_home: Option<PathBuf>) -> Self {
        Self {
            data: roof.to_path_buf(),
            config: roof.join("config"),
            cache: roof.join("cache"),
            user_home,
            machine_config: MACHINE_CONFIG.into(),
            is_system_wide: false,
        }
    }

    /// The machine's home.
    pub fn machine(data: &Path) -> Self {
        Self { config: MACHINE_CONFIG.into(), is_system_wide: true, ..Self::under(data, None) }
    }

    /// An account's own folders, by the XDG base directory specification on every system; `None`
    /// where its home folder is needed for that and isn't known.
    ///
    /// A path that isn't absolute counts as unset, as the specification has it
    /// (<https://specifications.freedesktop.org/basedir-spec/latest/>).
    pub fn of_account(
        variable: &dyn Fn(&str) -> Option<OsString>,
        user_home: Option<PathBuf>,
    ) -> Option<Self> {
        let base = |name, usual| xdg_base(variable, (name, usual), user_home.as_deref());
        Some(Self {
            data: Self::data_of_account(variable, user_home.as_deref())?,
            config: base("XDG_CONFIG_HOME", ".config")?,
            cache: base("XDG_CACHE_HOME", ".cache")?,
            user_home,
            machine_config: MACHINE_CONFIG.into(),
            is_system_wide: false,
        })
    }

    /// The data folder among an account's own: the one that a shim needs.
    pub fn data_of_account(
        variable: &dyn Fn(&str) -> Option<OsString>,
        user_home: Option<&Path>,
    ) -> Option<PathBuf> {
        xdg_base(variable, ("XDG_DATA_HOME", ".local/share"), user_home)
    }

    /// The one folder for PATH.
    pub fn shims(&self) -> PathBuf {
        self.data.join("shims")
    }

    /// The binary that all shims are links or copies of.
    pub fn shim_binary(&self) -> PathBuf {
        self.data.join("shim")
    }

    /// The store, one folder a tool.
    pub fn toolchains(&self) -> PathBuf {
        self.data.join("toolchains")
    }

    /// What this account adds to toolchains that aren't its own.
    pub fn additions(&self) -> PathBuf {
        self.data.join("additions")
    }

    /// Half-made things; safe to delete at any time.
    pub fn staging(&self) -> PathBuf {
        self.data.join("staging")
    }

    /// Files that processes hold locks on; never deleted.
    pub fn locks(&self) -> PathBuf {
        self.data.join("locks")
    }

    /// What sources said, a file each.
    pub fn indexes(&self) -> PathBuf {
        self.cache.join("indexes")
    }

    /// Names with versions that somebody requested by `use shim`, an entry each.
    pub fn requested_shims(&self) -> PathBuf {
        self.config.join("shims")
    }

    /// The account's settings.
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
    (name, usual): (&str, &str),
    user_home: Option<&Path>,
) -> Option<PathBuf> {
    let absolute = |path: PathBuf| Some(path).filter(|path| path.is_absolute());
    let set = variable(name).map(PathBuf::from).and_then(absolute);
    let base = set.or_else(|| absolute(user_home?.join(usual)))?;
    Some(base.join("usher"))
}

/// The roof that `USHER_HOME` names.
pub fn roof(value: OsString) -> Result<PathBuf> {
    let roof = PathBuf::from(value);
    if roof.is_relative() {
        let what = format!("USHER_HOME={} is no absolute path", Shown(&roof));
        return Err(Error::new(ErrorKind::Usage, what));
    }
    Ok(roof)
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
    fn an_accounts_folders_are_xdgs() {
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
