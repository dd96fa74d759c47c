//! Where usher keeps what: the one place that knows the names of its folders.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use directories::{BaseDirs, ProjectDirs};
use usher_shims::error::{Error, Exit, Result};
use usher_shims::home::{Home, index_file};
use usher_shims::process::is_secure;
use usher_shims::world::{World, read_optional};

use crate::files::write_access::{self, Readers, WriteAccess};

/// The machine's home, made by `install.sh --system`.
pub const MACHINE_DATA: &str = "/opt/usher";

/// The machine's settings and default.
const MACHINE_CONFIG: &str = "/etc/usher";

/// usher's folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// Toolchains, shims, locks and what is half-made.
    pub data: PathBuf,
    /// `config.toml`, own tools, the default.
    pub config: PathBuf,
    /// Indexes and downloads: what can be had again.
    pub cache: PathBuf,
    /// The user's own home folder, where it is known.
    pub user_home: Option<PathBuf>,
    /// The machine's folder of the same kind as `config`.
    pub machine_config: PathBuf,
    /// Whether this is the machine's home, for all accounts.
    pub is_for_all: bool,
}

impl Folders {
    /// The one folder for PATH.
    pub fn shims(&self) -> PathBuf {
        self.data.join("shims")
    }

    /// The binary that all shims are links or copies of.
    pub fn shim_binary(&self) -> PathBuf {
        self.data.join("shim")
    }

    /// The store.
    pub fn toolchains(&self) -> PathBuf {
        self.data.join("toolchains")
    }

    /// Half-made things; safe to delete at any time.
    pub fn staging(&self) -> PathBuf {
        self.data.join("staging")
    }

    /// Files that processes hold locks on; never deleted.
    pub fn locks(&self) -> PathBuf {
        self.data.join("locks")
    }

    /// Prepares to write in all of these; to be held while that is done.
    pub fn write_access(&self) -> Result<WriteAccess> {
        let inside = vec![self.shims(), self.toolchains(), self.staging(), self.locks()];
        let readers = match self.is_for_all {
            true => Readers::All,
            false => Readers::AsTheAccountWants,
        };
        WriteAccess::acquire(&write_access::HomeFolders { data: &self.data, inside, readers })
    }

    /// What sources said, a file each.
    pub fn indexes(&self) -> PathBuf {
        self.cache.join("indexes")
    }

    /// Names with versions that somebody asked for by `use shim`, an entry each.
    pub fn kept_shims(&self) -> PathBuf {
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

    /// All under one roof: what `USHER_HOME` names.
    pub fn under(roof: &Path, user_home: Option<PathBuf>) -> Self {
        Self {
            data: roof.to_path_buf(),
            config: roof.join("config"),
            cache: roof.join("cache"),
            user_home,
            machine_config: MACHINE_CONFIG.into(),
            is_for_all: false,
        }
    }

    /// The machine's home.
    pub fn machine(data: &Path) -> Self {
        Self { config: MACHINE_CONFIG.into(), is_for_all: true, ..Self::under(data, None) }
    }

    /// Finds the folders of this run of `use`.
    ///
    /// Strongest first: `USHER_HOME`; what the index beside the running file says, so that a shim
    /// called with an empty environment finds the same; XDG's folders. Where the running file is
    /// the machine's and the account may not write there, the account's own folders are meant.
    pub fn find(world: &impl World, own_folder: &Path) -> Result<Self> {
        let user_home = BaseDirs::new().map(|base| base.home_dir().to_path_buf());
        let roof = world.variable("USHER_HOME").filter(|roof| !roof.is_empty() && !is_secure());
        if let Some(roof) = roof {
            return under_variable(roof, user_home);
        }
        match indexed(world, own_folder)? {
            Some(home) if !home.is_for_all || may_write(&home.data) => Ok(Self::of(home)),
            Some(_) | None => Self::of_account(user_home),
        }
    }

    fn of(home: Home) -> Self {
        Self {
            data: home.data,
            config: home.config,
            cache: home.cache,
            user_home: home.user_home,
            machine_config: home.machine_config,
            is_for_all: home.is_for_all,
        }
    }

    fn of_account(user_home: Option<PathBuf>) -> Result<Self> {
        let Some(project) = ProjectDirs::from("", "", "usher") else {
            return Err(Error::new(Exit::CannotCreate, "your home folder can't be found")
                .because("HOME isn't set, and this account has no home")
                .hint("export USHER_HOME=/a/folder/of/yours"));
        };
        Ok(Self {
            data: project.data_dir().to_path_buf(),
            config: project.config_dir().to_path_buf(),
            cache: project.cache_dir().to_path_buf(),
            user_home,
            machine_config: MACHINE_CONFIG.into(),
            is_for_all: false,
        })
    }
}

fn under_variable(roof: OsString, user_home: Option<PathBuf>) -> Result<Folders> {
    let roof = PathBuf::from(roof);
    if roof.is_relative() {
        return Err(Error::new(
            Exit::Usage,
            format!("USHER_HOME={} is no absolute path", roof.display()),
        ));
    }
    Ok(Folders::under(&roof, user_home))
}

/// The home that the index in a folder names, if there is one and it is this folder's own.
fn indexed(world: &impl World, folder: &Path) -> Result<Option<Home>> {
    let file = index_file(folder);
    let index = read_optional(world, &file).map_err(|error| Error::io("read", &file, &error))?;
    let home = index.and_then(|index| Home::parse(&index));
    Ok(home.filter(|home| home.shims() == folder))
}

fn may_write(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}
