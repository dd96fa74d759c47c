//! usher's folders: their names, and where they are by default.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result, Shown};

/// The machine's home, made by `install.sh --system`.
pub const MACHINE_DATA: &str = "/opt/usher";

/// The shim folder's name in the data folder.
pub(crate) const SHIMS: &str = "shims";

/// The name of the folder of links in the data folder, and of that of the links' global packages.
pub(crate) const LINKS: &str = "links";

/// The names of the settings and of the default in a configuration folder.
pub(crate) const SETTINGS_FILE: &str = "config.toml";
pub(crate) const DEFAULT_FILE: &str = "tool-versions";

/// The name of the folder of custom tools there.
pub const CUSTOM_TOOLS: &str = "registry";

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
    /// The folders of the home that `USHER_HOME` names: all in one, but for the machine's own.
    pub fn named(usher_home: &Path, user_home: Option<PathBuf>) -> Self {
        let mut folders = Self::under(usher_home, user_home);
        if usher_home.as_os_str() == MACHINE_DATA {
            folders.config = MACHINE_CONFIG.into();
            folders.is_system_wide = true;
        }
        folders
    }

    /// All in one folder.
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
    pub fn machine() -> Self {
        Self::named(Path::new(MACHINE_DATA), None)
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
        let home = user_home.as_deref();
        Some(Self {
            data: Self::data_of_account(variable, home)?,
            config: Self::config_of_account(variable, home)?,
            cache: xdg_base(variable, "XDG_CACHE_HOME", ".cache", home)?,
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

    /// The configuration folder of a user.
    pub(crate) fn config_of_account(
        variable: &dyn Fn(&str) -> Option<OsString>,
        user_home: Option<&Path>,
    ) -> Option<PathBuf> {
        xdg_base(variable, "XDG_CONFIG_HOME", ".config", user_home)
    }

    /// The one folder for PATH.
    pub fn shims(&self) -> PathBuf {
        shims_in(&self.data)
    }

    /// The binary that all shims are links or copies of.
    pub fn shim_binary(&self) -> PathBuf {
        self.data.join("shim")
    }

    /// The store, one folder per tool.
    pub fn toolchains(&self) -> PathBuf {
        self.data.join("toolchains")
    }

    /// Folders that the user linked: one folder per tool, with one link per name.
    pub fn links(&self) -> PathBuf {
        self.data.join(LINKS)
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
        self.config.join(SETTINGS_FILE)
    }

    /// The machine's settings.
    pub fn machine_settings_file(&self) -> PathBuf {
        self.machine_config.join(SETTINGS_FILE)
    }

    /// The file of the user's default.
    pub fn default_file(&self) -> PathBuf {
        self.config.join(DEFAULT_FILE)
    }

    /// The folder of the defaults for single accounts, each a file named by the account's number.
    pub fn account_defaults(&self) -> PathBuf {
        self.machine_config.join("accounts")
    }

    /// The folder of the defaults for groups, each a file named by the group's number.
    pub fn group_defaults(&self) -> PathBuf {
        self.machine_config.join("groups")
    }

    /// The file of the machine's default.
    pub fn machine_default_file(&self) -> PathBuf {
        self.machine_config.join(DEFAULT_FILE)
    }
}

/// The shim folder in a data folder.
pub fn shims_in(data: &Path) -> PathBuf {
    data.join(SHIMS)
}

/// Where the paths of a home lead that was moved or copied since they were written.
#[derive(Debug)]
pub struct Relocation<'a> {
    /// The folders as written.
    written: &'a Folders,
    /// The data folder now.
    data: &'a Path,
    /// The user's home folder now, if it is known.
    user_home: Option<PathBuf>,
}

impl<'a> Relocation<'a> {
    /// For folders that were written, and whose data folder is `data` now.
    ///
    /// The user's home folder moved with the data folder if that is at the same place in it; else it
    /// is `home`, which the variable names.
    pub fn new(written: &'a Folders, data: &'a Path, home: Option<PathBuf>) -> Self {
        let inside = written.user_home.as_deref().and_then(|user| below(&written.data, user));
        let along = inside.and_then(|path| data.as_os_str().as_bytes().strip_suffix(path));
        let user_home = match along {
            Some(path) => Some(OsStr::from_bytes(path).into()),
            None => home.filter(|home| home.is_absolute()),
        };
        Self { written, data, user_home }
    }

    /// Where a path leads now.
    pub fn apply(&self, path: &Path) -> PathBuf {
        let users = self.written.user_home.as_deref().zip(self.user_home.as_deref());
        let moved = [Some((&*self.written.data, self.data)), users];
        for (before, now) in moved.into_iter().flatten() {
            if let Some(rest) = below(path, before) {
                let mut now = now.as_os_str().to_os_string();
                now.push(OsStr::from_bytes(rest));
                return now.into();
            }
        }
        path.to_path_buf()
    }
}

/// What follows a folder in the path of something in it, with the slash; empty for the folder itself.
fn below<'p>(path: &'p Path, folder: &Path) -> Option<&'p [u8]> {
    let rest = path.as_os_str().as_bytes().strip_prefix(folder.as_os_str().as_bytes())?;
    rest.first().is_none_or(|first| *first == b'/').then_some(rest)
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

    #[test]
    fn a_moved_home_has_its_paths_where_it_is() {
        let check = |user: &str, data: [&str; 2], home: Option<&str>, paths: &[[&str; 2]]| {
            let written = Folders::under(Path::new(data[0]), Some(user.into()));
            let moved = Relocation::new(&written, Path::new(data[1]), home.map(PathBuf::from));
            for [before, now] in paths {
                assert_eq!(moved.apply(Path::new(before)), Path::new(now), "{data:?} {home:?}");
            }
        };
        // The whole home folder, whatever HOME is.
        for home in [None, Some("/home/a"), Some("relative")] {
            let data = ["/home/a/.local/share/usher", "/home/b/.local/share/usher"];
            check(
                "/home/a",
                data,
                home,
                &[
                    ["/home/a/.local/share/usher", "/home/b/.local/share/usher"],
                    ["/home/a/.config/usher", "/home/b/.config/usher"],
                    ["/home/a", "/home/b"],
                    ["/home/abc", "/home/abc"],
                    ["/opt/usher/toolchains", "/opt/usher/toolchains"],
                ],
            );
        }
        // The data folder alone: the user's home folder is HOME, or as it was.
        let data = ["/home/a/.local/share/usher", "/tools"];
        check(
            "/home/a",
            data,
            None,
            &[
                ["/home/a/.local/share/usher/toolchains", "/tools/toolchains"],
                ["/home/a/.config/usher", "/home/a/.config/usher"],
            ],
        );
        check(
            "/home/a",
            data,
            Some("/home/b"),
            &[
                ["/home/a/.local/share/usher/toolchains", "/tools/toolchains"],
                ["/home/a/.config/usher", "/home/b/.config/usher"],
            ],
        );
        // All in one folder.
        check("/home/a", ["/srv/usher", "/tools"], None, &[["/srv/usher/config", "/tools/config"]]);
    }
}
